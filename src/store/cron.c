#include "base/scope.h"
#include "jobs_row.h"
#include "store/nodes.h"

int cron_put(struct store *store, const struct cron_row *row, struct err *err)
{
	const struct job *j = &row->job;

	if (row->name.len == 0)
		return err_input(err, "a schedule needs a name");
	if (job_check(j, err) < 0 || sql_check(row->name, STORE_MAX_KEY, "the name of a schedule", err) < 0 ||
	    sql_check(row->spec, STORE_MAX_KEY, "a schedule", err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "INSERT INTO cron (name, spec, enabled, next, last, kind, tenant, integration,"
			 " repository, number, lane, unique_key, priority, max_attempts, payload)"
			 " VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
			 " ON CONFLICT (name) DO UPDATE SET"
			 " next = CASE WHEN cron.spec = excluded.spec THEN cron.next ELSE excluded.next END,"
			 " spec = excluded.spec, enabled = excluded.enabled, kind = excluded.kind,"
			 " tenant = excluded.tenant, integration = excluded.integration,"
			 " repository = excluded.repository, number = excluded.number,"
			 " lane = excluded.lane, unique_key = excluded.unique_key,"
			 " priority = excluded.priority, max_attempts = excluded.max_attempts,"
			 " payload = excluded.payload",
			 T(row->name), T(row->spec), N(row->enabled), N(row->next), T(j->kind),
			 T(j->tenant), T(j->integration), T(j->repository), N((int64_t)j->number),
			 T(j->lane), T(j->unique), N(j->priority), N(j->max_attempts), T(j->payload));
}

int cron_delete(struct store *store, struct str name, struct err *err)
{
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err, "DELETE FROM cron WHERE name = $1",
			 T(name));
}

static struct cron_row read_row(const struct sql_rows *rows, size_t row)
{
	return (struct cron_row){
		.name = row_str(rows, row, 0),
		.spec = row_str(rows, row, 1),
		.enabled = row_int(rows, row, 2),
		.next = row_int(rows, row, 3),
		.last = row_int(rows, row, 4),
		.job = {
			.kind = row_str(rows, row, 5),
			.tenant = row_str(rows, row, 6),
			.integration = row_str(rows, row, 7),
			.repository = row_str(rows, row, 8),
			.number = row_u64(rows, row, 9),
			.lane = row_str(rows, row, 10),
			.unique = row_str(rows, row, 11),
			.priority = (int)row_int(rows, row, 12),
			.max_attempts = row_u32(rows, row, 13),
			.payload = row_str(rows, row, 14),
		},
	};
}

int cron_due(struct store *store, int64_t due, struct cron_list *out, struct arena *mem,
	     struct err *err)
{
	struct cron_list list = { 0 };
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT name, spec, enabled, next, last, kind, tenant, integration, repository,"
		      " number, lane, unique_key, priority, max_attempts, payload FROM cron"
		      " WHERE ($2 = 1 OR enabled = 1) AND next <= $1 ORDER BY next, name LIMIT 1000",
		      N(due), N(due == INT64_MAX)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	*out = list;
	return 0;
}

struct firing {
	const struct cron_row *row;
	int64_t                next, now;
	bool                   ours;
};

/* Whoever still finds the old time there is the first. */
static int fire(struct store *store, void *payload, struct err *err)
{
	struct firing *f = payload;
	AUTO_ARENA struct arena mem;
	struct job_add add = { &f->row->job, false };
	struct sql_rows rows;

	arena_init(&mem, 16 * (size_t)JOB_MAX_PAYLOAD);
	if (sql_lock(store, LOCK_ADD, err) < 0)
		return -1;
	if (SQL(store, NULL, &rows, err,
		"UPDATE cron SET last = $3, next = $4 WHERE name = $1 AND next = $2 AND enabled = 1",
		T(f->row->name), N(f->row->next), N(f->now), N(f->next)) < 0)
		return -1;
	f->ours = rows.changed > 0;
	if (!f->ours)
		return 0;
	return job_insert(store, &add, 1, f->now, &rows, &mem, err);
}

int cron_fire(struct store *store, const struct cron_row *row, int64_t next, int64_t now, bool *ours,
	      struct err *err)
{
	struct firing f = { row, next, now, false };

	if (job_check(&row->job, err) < 0 || sql_transact(store, SQL_DURABLE, fire, &f, err) < 0)
		return -1;
	*ours = f.ours;
	return 0;
}
