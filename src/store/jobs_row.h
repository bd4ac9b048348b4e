/* jobs_row.h - what the files about jobs share. */
#pragma once
#include "sql.h"
#include "store/jobs.h"

/* Columns in the order of job_read(). */
#define JOB_SHORT                                                                            \
	"id, kind, tenant, integration, repository, number, head, lane, unique_key, priority," \
	" run_at, state, stop, attempt, max_attempts, crashes, token, deadline, worker, stage," \
	" progress, error, created, started, ended"
#define JOB_LONG JOB_SHORT ", payload, result"

void job_read(struct job *out, const struct sql_rows *rows, size_t row);
/* Inside of a transaction that holds LOCK_ADD. See jobs_add(). */
int job_insert(struct store *store, const struct job *job, bool supersede, int64_t now,
	       int64_t *id, bool *added, struct arena *mem, struct err *err);
int job_check(const struct job *job, struct err *err);
/* The lease with this token, locked for change: *answer LEASE_OK and *job, or why not. */
int job_hold(struct store *store, int64_t id, int64_t token, struct job *job,
	     enum lease_answer *answer, struct arena *mem, struct err *err);
