#include "store/jobs.h"

#include <stdlib.h>

#include "base/scope.h"
#include "jobs_row.h"

enum { WORK_MAX = 1 << 20 }; /* memory of a transaction that reads no long texts */

void job_read(struct job *out, const struct sql_rows *rows, size_t row)
{
	*out = (struct job){
		.id = row_int(rows, row, 0),
		.kind = row_str(rows, row, 1),
		.tenant = row_str(rows, row, 2),
		.integration = row_str(rows, row, 3),
		.repository = row_str(rows, row, 4),
		.number = row_u64(rows, row, 5),
		.head = row_str(rows, row, 6),
		.lane = row_str(rows, row, 7),
		.unique = row_str(rows, row, 8),
		.priority = (int)row_int(rows, row, 9),
		.run_at = row_int(rows, row, 10),
		.attempt = row_u32(rows, row, 13),
		.max_attempts = row_u32(rows, row, 14),
		.crashes = row_u32(rows, row, 15),
		.token = row_int(rows, row, 16),
		.deadline = row_int(rows, row, 17),
		.worker = row_str(rows, row, 18),
		.stage = row_str(rows, row, 19),
		.progress = row_str(rows, row, 20),
		.error = row_str(rows, row, 21),
		.created = row_int(rows, row, 22),
		.started = row_int(rows, row, 23),
		.ended = row_int(rows, row, 24),
	};
	job_state_parse(row_str(rows, row, 11), &out->state);
	job_stop_parse(row_str(rows, row, 12), &out->stop);
	if (rows->columns > 25) {
		out->payload = row_str(rows, row, 25);
		out->result = row_str(rows, row, 26);
	}
}

int job_check(const struct job *job, struct err *err)
{
	const struct sql_check checks[] = {
		{ job->kind, JOB_MAX_KEY, "the kind of a job" },
		{ job->tenant, JOB_MAX_KEY, "the tenant of a job" },
		{ job->integration, JOB_MAX_KEY, "the integration of a job" },
		{ job->repository, JOB_MAX_KEY, "the repository of a job" },
		{ job->head, JOB_MAX_KEY, "the head of a job" },
		{ job->lane, JOB_MAX_KEY, "the lane of a job" },
		{ job->unique, JOB_MAX_KEY, "the unique key of a job" },
		{ job->payload, JOB_MAX_PAYLOAD, "the payload of a job" },
	};

	if (job->kind.len == 0)
		return err_input(err, "a job needs a kind");
	if (job->priority < 0 || job->priority >= JOB_PRIORITIES)
		return err_input(err, "the priority of a job is 0 to %d", JOB_PRIORITIES - 1);
	return sql_check_all(checks, COUNT(checks), err);
}

/* Queued jobs of the lane end, the running one is told. */
static int supersede_lane(struct store *store, const struct job *job, int64_t id, int64_t now,
			  struct err *err)
{
	return SQL(store, NULL, NULL, err,
		   "UPDATE job SET"
		   " stop = CASE WHEN state = 'leased' THEN 'superseded' ELSE stop END,"
		   " ended = CASE WHEN state = 'leased' THEN 0 ELSE $4 END,"
		   " state = CASE WHEN state = 'leased' THEN 'leased' ELSE 'superseded' END"
		   " WHERE lane = $1 AND kind = $2 AND state IN ('queued', 'leased') AND id <> $3"
		   " AND stop = 'none'",
		   T(job->lane), T(job->kind), N(id), N(now));
}

static int find_unique(struct store *store, struct str unique, int64_t *id, struct arena *mem,
		       struct err *err)
{
	struct sql_rows rows;

	if (SQL(store, mem, &rows, err,
		"SELECT id FROM job WHERE unique_key = $1 AND unique_key <> ''"
		" AND state IN ('queued', 'leased')", T(unique)) < 0)
		return -1;
	*id = rows.n ? row_int(&rows, 0, 0) : 0;
	return 0;
}

int job_insert(struct store *store, const struct job *job, bool supersede, int64_t now,
	       int64_t *id, bool *added, struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL(store, mem, &rows, err,
		"INSERT INTO job (kind, tenant, integration, repository, number, head, lane,"
		" unique_key, priority, run_at, state, max_attempts, payload, created)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', $11, $12, $13)"
		" ON CONFLICT (unique_key) WHERE unique_key <> '' AND state IN ('queued', 'leased')"
		" DO NOTHING RETURNING id",
		T(job->kind), T(job->tenant), T(job->integration), T(job->repository),
		N((int64_t)job->number), T(job->head), T(job->lane), T(job->unique),
		N(job->priority), N(job->run_at ? job->run_at : now),
		N(job->max_attempts ? job->max_attempts : JOB_ATTEMPTS), T(job->payload), N(now)) < 0)
		return -1;
	*added = rows.n > 0;
	if (!*added)
		return find_unique(store, job->unique, id, mem, err);
	*id = row_int(&rows, 0, 0);
	if (supersede && job->lane.len && supersede_lane(store, job, *id, now, err) < 0)
		return -1;
	sql_notify(store);
	return 0;
}

struct add {
	const struct job *job;
	bool              supersede, added;
	int64_t           now, id;
};

static int add(struct store *store, void *payload, struct err *err)
{
	struct add *a = payload;
	AUTO_ARENA struct arena mem;

	arena_init(&mem, WORK_MAX);
	if (sql_lock(store, LOCK_ADD, err) < 0)
		return -1;
	return job_insert(store, a->job, a->supersede, a->now, &a->id, &a->added, &mem, err);
}

int jobs_add(struct store *store, const struct job *job, bool supersede, int64_t now, int64_t *id,
	     bool *added, struct err *err)
{
	struct add a = { job, supersede, false, now, 0 };

	if (job_check(job, err) < 0 || sql_transact(store, SQL_DURABLE, add, &a, err) < 0)
		return -1;
	*id = a.id;
	*added = a.added;
	return 0;
}
