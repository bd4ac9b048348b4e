#include "store/jobs.h"

#include <stdlib.h>

#include "base/scope.h"
#include "jobs_row.h"


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

json_t *json_of(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.len);
}

struct str json_text(struct arena *mem, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);
	struct str out = arena_str(mem, str_of(text));

	free(text);
	json_decref(value);
	return out;
}

/* A job of a lane that something was added to. */
struct waiting {
	int64_t    id;
	struct str lane, kind;
	bool       supersedes; /* and is one of those that were added */
};

static int supersede_one(struct store *store, int64_t id, int64_t now, struct err *err)
{
	return SQL(store, NULL, NULL, err,
		   "UPDATE job SET"
		   " stop = CASE WHEN state = 'leased' THEN 'superseded' ELSE stop END,"
		   " ended = CASE WHEN state = 'leased' THEN 0 ELSE $2 END,"
		   " state = CASE WHEN state = 'leased' THEN 'leased' ELSE 'superseded' END"
		   " WHERE id = $1 AND state IN ('queued', 'leased') AND stop = 'none'",
		   N(id), N(now));
}

static struct waiting waiting_of(const struct sql_rows *rows, size_t row, int64_t first)
{
	return (struct waiting){ row_int(rows, row, 0), row_str(rows, row, 1), row_str(rows, row, 2),
				 row_int(rows, row, 3) && row_int(rows, row, 0) >= first };
}

static bool is_superseded(const struct sql_rows *rows, size_t row, int64_t first)
{
	struct waiting old = waiting_of(rows, row, first);

	for (size_t i = 0; i < rows->n; i++) {
		struct waiting new = waiting_of(rows, i, first);

		if (new.supersedes && new.id > old.id && str_eq(new.lane, old.lane) &&
		    str_eq(new.kind, old.kind))
			return true;
	}
	return false;
}

/*
 * Queued jobs of the lanes of what was added from `first` on end, the running ones are told. What is to end is decided here and not in one
 * statement: a server that has no figures of a young table plans that one badly.
 */
static int supersede_older(struct store *store, struct str lanes, int64_t first, int64_t now,
			   struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL(store, mem, &rows, err,
		"SELECT id, lane, kind, supersedes FROM job WHERE lane {among}$1{end_among}"
		" AND lane <> '' AND state IN ('queued', 'leased') AND stop = 'none'", T(lanes)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++)
		if (is_superseded(&rows, i, first) &&
		    supersede_one(store, row_int(&rows, i, 0), now, err) < 0)
			return -1;
	return 0;
}

static json_t *row_of(const struct job_add *add, int64_t now)
{
	const struct job *job = add->job;

	return json_pack("[o o o o I o o o i I i o i]", json_of(job->kind), json_of(job->tenant),
			 json_of(job->integration), json_of(job->repository), (json_int_t)job->number,
			 json_of(job->head), json_of(job->lane), json_of(job->unique), job->priority,
			 (json_int_t)(job->run_at ? job->run_at : now),
			 (int)(job->max_attempts ? job->max_attempts : JOB_ATTEMPTS),
			 json_of(job->payload), add->supersede);
}

int job_insert(struct store *store, const struct job_add *adds, size_t n, int64_t now,
	       struct sql_rows *ids, struct arena *mem, struct err *err)
{
	json_t *list = json_array(), *lane_list = json_array();
	struct str lanes;

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, row_of(&adds[i], now));
		if (adds[i].supersede && adds[i].job->lane.len)
			json_array_append_new(lane_list, json_of(adds[i].job->lane));
	}
	lanes = json_text(mem, lane_list);
	if (SQL(store, mem, ids, err,
		"INSERT INTO job (kind, tenant, integration, repository, number, head, lane,"
		" unique_key, priority, run_at, max_attempts, payload, supersedes, state, created)"
		" SELECT r.value->>0, r.value->>1, r.value->>2, r.value->>3,"
		" CAST(r.value->>4 AS {int}), r.value->>5, r.value->>6, r.value->>7,"
		" CAST(r.value->>8 AS {int}), CAST(r.value->>9 AS {int}), CAST(r.value->>10 AS {int}),"
		" r.value->>11, CAST(r.value->>12 AS {int}), 'queued', $2 FROM {rows}$1{as}"
		" ON CONFLICT (unique_key) WHERE unique_key <> '' AND state IN ('queued', 'leased')"
		" DO NOTHING RETURNING id",
		T(json_text(mem, list)), N(now)) < 0)
		return -1;
	if (ids->n == 0)
		return 0;
	sql_notify(store);
	if (str_eq(lanes, STR("[]")))
		return 0;
	return supersede_older(store, lanes, row_int(ids, 0, 0), now, mem, err);
}

struct add {
	struct job_add add;
	int64_t        now, id;
	bool           added;
};

static int find_unique(struct store *store, struct add *a, struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL(store, mem, &rows, err,
		"SELECT id FROM job WHERE unique_key = $1 AND unique_key <> ''"
		" AND state IN ('queued', 'leased')", T(a->add.job->unique)) < 0)
		return -1;
	a->id = rows.n ? row_int(&rows, 0, 0) : 0;
	return 0;
}

static int add(struct store *store, void *payload, struct err *err)
{
	struct add *a = payload;
	AUTO_ARENA struct arena mem;
	struct sql_rows ids;

	arena_init(&mem, 16 * (size_t)JOB_MAX_PAYLOAD);
	if (sql_lock(store, LOCK_ADD, err) < 0 ||
	    job_insert(store, &a->add, 1, a->now, &ids, &mem, err) < 0)
		return -1;
	a->added = ids.n > 0;
	if (!a->added)
		return find_unique(store, a, &mem, err);
	a->id = row_int(&ids, 0, 0);
	return 0;
}

int jobs_add(struct store *store, const struct job *job, bool supersede, int64_t now, int64_t *id,
	     bool *added, struct err *err)
{
	struct add a = { { job, supersede }, now, 0, false };

	if (job_check(job, err) < 0 || sql_transact(store, SQL_DURABLE, add, &a, err) < 0)
		return -1;
	*id = a.id;
	*added = a.added;
	return 0;
}
