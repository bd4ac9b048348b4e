#include "store/threads.h"

#include "base/scope.h"
#include "sql.h"

struct putting {
	struct str               integration, repository;
	uint64_t                 number;
	const struct thread_row *rows;
	size_t                   n;
	int64_t                  now;
};

static int put(struct store *store, void *payload, struct err *err)
{
	const struct putting *p = payload;

	for (size_t i = 0; i < p->n; i++) {
		const struct thread_row *r = &p->rows[i];

		if (SQL(store, NULL, NULL, err,
			"INSERT INTO thread (integration, repository, number, fingerprint, path, rule,"
			" line, thread, comment, state, first_head, last_head, created, changed)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)"
			" ON CONFLICT (integration, repository, number, fingerprint) DO UPDATE SET"
			" path = excluded.path, rule = excluded.rule, line = excluded.line,"
			" state = excluded.state, last_head = excluded.last_head,"
			" thread = CASE WHEN excluded.thread = '' THEN thread.thread"
			" ELSE excluded.thread END,"
			" comment = CASE WHEN excluded.comment = '' THEN thread.comment"
			" ELSE excluded.comment END,"
			" first_head = CASE WHEN excluded.first_head = '' THEN thread.first_head"
			" ELSE excluded.first_head END, changed = excluded.changed",
			T(p->integration), T(p->repository), N((int64_t)p->number), Z(r->fingerprint),
			T(r->path), T(r->rule), N(r->line), T(r->thread), T(r->comment),
			T(r->status), Z(r->first_oid), Z(r->last_oid), N(p->now)) < 0)
			return -1;
	}
	return 0;
}

int threads_put(struct store *store, struct str integration, struct str repository, uint64_t number,
		const struct thread_row *rows, size_t n, int64_t now, struct err *err)
{
	struct putting p = { integration, repository, number, rows, n, now };

	if (n > THREADS_MAX)
		return err_input(err, "a pull request has at most %d threads", THREADS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct sql_check checks[] = {
			{ integration, STORE_MAX_KEY, "the integration of a thread" },
			{ repository, STORE_MAX_KEY, "the repository of a thread" },
			{ rows[i].path, 4 * STORE_MAX_KEY, "the path of a thread" },
			{ rows[i].rule, STORE_MAX_KEY, "the rule of a thread" },
			{ rows[i].thread, STORE_MAX_KEY, "the id of a thread" },
			{ rows[i].comment, STORE_MAX_KEY, "the id of a comment" },
			{ rows[i].status, STORE_MAX_KEY, "the status of a thread" },
		};

		if (sql_check_all(checks, COUNT(checks), err) < 0)
			return -1;
	}
	return sql_transact(store, SQL_DURABLE, put, &p, err);
}

static struct thread_row read_row(const struct sql_rows *rows, size_t row)
{
	struct thread_row out = {
		.path = row_str(rows, row, 1),
		.rule = row_str(rows, row, 2),
		.line = row_u32(rows, row, 3),
		.thread = row_str(rows, row, 4),
		.comment = row_str(rows, row, 5),
		.status = row_str(rows, row, 6),
		.created = row_int(rows, row, 9),
		.changed = row_int(rows, row, 10),
	};

	row_z(out.fingerprint, sizeof out.fingerprint, rows, row, 0);
	row_z(out.first_oid, sizeof out.first_oid, rows, row, 7);
	row_z(out.last_oid, sizeof out.last_oid, rows, row, 8);
	return out;
}

int threads_of_pull(struct store *store, struct str integration, struct str repository,
		    uint64_t number, struct thread_rows *out, struct arena *mem, struct err *err)
{
	struct thread_rows list = { 0 };
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT fingerprint, path, rule, line, thread, comment, state, first_head,"
		      " last_head, created, changed FROM thread WHERE integration = $1"
		      " AND repository = $2 AND number = $3 ORDER BY seq",
		      T(integration), T(repository), N((int64_t)number)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	*out = list;
	return 0;
}
