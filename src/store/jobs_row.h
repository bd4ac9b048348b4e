/* jobs_row.h - what the files about jobs share. */
#pragma once
#include <jansson.h>

#include "sql.h"
#include "store/jobs.h"

/* Columns in the order of job_read(). */
#define JOB_SHORT                                                                            \
	"id, kind, tenant, integration, repository, number, head, lane, unique_key, priority," \
	" run_at, state, stop, attempt, max_attempts, crashes, token, deadline, worker, stage," \
	" progress, error, created, started, ended"
#define JOB_LONG JOB_SHORT ", payload, result"

void job_read(struct job *out, const struct sql_rows *rows, size_t row);
struct job_add {
	const struct job *job;
	bool              supersede;
};

enum { JOB_MAX_ADD = 256 * 16 }; /* a batch of deliveries with all their jobs */

/*
 * Inside of a transaction that holds LOCK_ADD. See jobs_add(); gives the ids of those that were added, in their order. Statements count, not
 * rows: each is a round trip to the server.
 */
int job_insert(struct store *store, const struct job_add *adds, size_t n, int64_t now,
	       struct sql_rows *ids, struct arena *mem, struct err *err);
int job_check(const struct job *job, struct err *err);
/* The lease with this token, locked for change: *answer LEASE_OK and *job, or why not. */
int job_hold(struct store *store, int64_t id, int64_t token, struct job *job,
	     enum lease_answer *answer, struct arena *mem, struct err *err);
/* The text of a JSON value, which is given up. */
struct str json_text(struct arena *mem, json_t *value);
json_t *json_of(struct str s);
