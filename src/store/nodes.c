#include "store/nodes.h"

#include "base/scope.h"
#include "jobs_row.h"

enum { FORGET_WORKER = 24 * 3600 * 1000 }; /* ms */

int workers_see(struct store *store, const struct worker_row *w, int64_t now, struct err *err)
{
	const struct sql_check checks[] = {
		{ w->id, STORE_MAX_KEY, "the id of a worker" },
		{ w->host, STORE_MAX_KEY, "the host of a worker" },
		{ w->version, STORE_MAX_KEY, "the version of a worker" },
		{ w->detail, JOB_MAX_PROGRESS, "the detail of a worker" },
	};

	if (sql_check_all(checks, COUNT(checks), err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_LAZY, NULL, NULL, err,
			 "INSERT INTO worker (id, host, version, slots, busy, draining, detail, started,"
			 " seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE"
			 " SET host = excluded.host, version = excluded.version, slots = excluded.slots,"
			 " busy = excluded.busy, draining = excluded.draining, detail = excluded.detail,"
			 " started = excluded.started, seen = excluded.seen",
			 T(w->id), T(w->host), T(w->version), N(w->slots), N(w->busy), N(w->draining),
			 T(w->detail), N(w->started), N(now));
}

int workers_gone(struct store *store, struct str id, struct err *err)
{
	return SQL_ALONE(store, SQL_LAZY, NULL, NULL, err, "DELETE FROM worker WHERE id = $1", T(id));
}

static int forget_workers(struct store *store, int64_t now, struct err *err)
{
	return SQL_ALONE(store, SQL_LAZY, NULL, NULL, err, "DELETE FROM worker WHERE seen < $1",
			 N(now - FORGET_WORKER));
}

int workers_list(struct store *store, int64_t since, int64_t now, struct worker_list *out,
		 struct arena *mem, struct err *err)
{
	struct worker_list list = { 0 };
	struct sql_rows rows;

	if (forget_workers(store, now, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT id, host, version, slots, busy, draining, detail, started, seen"
		      " FROM worker WHERE seen >= $1 ORDER BY id LIMIT 10000", N(since)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++) {
		struct worker_row w = {
			.id = row_str(&rows, i, 0),
			.host = row_str(&rows, i, 1),
			.version = row_str(&rows, i, 2),
			.slots = row_u32(&rows, i, 3),
			.busy = row_u32(&rows, i, 4),
			.draining = row_int(&rows, i, 5),
			.detail = row_str(&rows, i, 6),
			.started = row_int(&rows, i, 7),
			.seen = row_int(&rows, i, 8),
		};

		ARENA_PUSH(mem, &list, w);
	}
	*out = list;
	return 0;
}

struct leading {
	struct str name, holder;
	int64_t    ttl, now, term;
	bool       leads;
};

/* The row changes only for its holder or when its time is over; who gets no row back does not lead. */
static int lead(struct store *store, void *payload, struct err *err)
{
	struct leading *l = payload;
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	if (SQL(store, &mem, &rows, err,
		"INSERT INTO leader (name, holder, term, deadline) VALUES ($1, $2, 1, $3)"
		" ON CONFLICT (name) DO UPDATE SET term = CASE WHEN leader.holder = excluded.holder"
		" THEN leader.term ELSE leader.term + 1 END, holder = excluded.holder,"
		" deadline = excluded.deadline WHERE leader.holder = excluded.holder"
		" OR leader.deadline < $4 RETURNING term",
		T(l->name), T(l->holder), N(l->now + l->ttl), N(l->now)) < 0)
		return -1;
	l->leads = rows.n > 0;
	l->term = rows.n ? row_int(&rows, 0, 0) : 0;
	return 0;
}

int leaders_take(struct store *store, struct str name, struct str holder, int64_t ttl, int64_t now,
		 bool *leads, int64_t *term, struct err *err)
{
	const struct sql_check checks[] = {
		{ name, STORE_MAX_KEY, "the name of a duty" },
		{ holder, STORE_MAX_KEY, "the name of a node" },
	};
	struct leading l = { name, holder, ttl, now, 0, false };

	if (sql_check_all(checks, COUNT(checks), err) < 0 ||
	    sql_transact(store, SQL_DURABLE, lead, &l, err) < 0)
		return -1;
	*leads = l.leads;
	*term = l.term;
	return 0;
}

int leaders_yield(struct store *store, struct str name, struct str holder, struct err *err)
{
	return SQL_ALONE(store, SQL_LAZY, NULL, NULL, err,
			 "UPDATE leader SET deadline = 0 WHERE name = $1 AND holder = $2", T(name),
			 T(holder));
}
