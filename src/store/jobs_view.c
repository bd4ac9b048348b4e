/* jobs_view.c - what people see of jobs and do with them. */
#include "base/scope.h"
#include "jobs_row.h"
#include "page.h"

enum { WORK_MAX = 1 << 20 };

struct act {
	struct view view;
	int64_t     id, now;
	bool        found;
};

static int cancel(struct store *store, void *payload, struct err *err)
{
	struct act *a = payload;
	struct sql_rows rows;

	if (SQL(store, NULL, &rows, err,
		"UPDATE job SET stop = CASE WHEN state = 'leased' THEN 'cancelled' ELSE stop END,"
		" ended = CASE WHEN state = 'leased' THEN 0 ELSE $4 END,"
		" state = CASE WHEN state = 'leased' THEN 'leased' ELSE 'cancelled' END"
		" WHERE id = $1 AND ($2 = 1 OR tenant = $3) AND state IN ('queued', 'leased')",
		N(a->id), N(a->view.all), T(a->view.tenant), N(a->now)) < 0)
		return -1;
	a->found = rows.changed > 0;
	return 0;
}

int jobs_cancel(struct store *store, struct view view, int64_t id, int64_t now, bool *found,
		struct err *err)
{
	struct act a = { view, id, now, false };

	if (sql_transact(store, SQL_DURABLE, cancel, &a, err) < 0)
		return -1;
	*found = a.found;
	return 0;
}

static int retry(struct store *store, void *payload, struct err *err)
{
	struct act *a = payload;
	struct sql_rows rows;

	if (sql_lock(store, LOCK_ADD, err) < 0)
		return -1;
	if (SQL(store, NULL, &rows, err,
		"UPDATE job SET state = 'queued', stop = 'none', attempt = 0, crashes = 0, run_at = $4,"
		" ended = 0 WHERE id = $1 AND ($2 = 1 OR tenant = $3)"
		" AND state IN ('dead', 'cancelled') AND NOT EXISTS (SELECT 1 FROM job AS o"
		" WHERE o.unique_key = job.unique_key AND o.unique_key <> ''"
		" AND o.state IN ('queued', 'leased'))",
		N(a->id), N(a->view.all), T(a->view.tenant), N(a->now)) < 0)
		return -1;
	a->found = rows.changed > 0;
	if (a->found)
		sql_notify(store);
	return 0;
}

int jobs_retry(struct store *store, struct view view, int64_t id, int64_t now, bool *found,
	       struct err *err)
{
	struct act a = { view, id, now, false };

	if (sql_transact(store, SQL_DURABLE, retry, &a, err) < 0)
		return -1;
	*found = a.found;
	return 0;
}

int jobs_get(struct store *store, struct view view, int64_t id, struct job *out, bool *found,
	     struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " JOB_LONG " FROM job WHERE id = $1 AND ($2 = 1 OR tenant = $3)",
		      N(id), N(view.all), T(view.tenant)) < 0)
		return -1;
	*found = rows.n > 0;
	if (rows.n)
		job_read(out, &rows, 0);
	return 0;
}

int jobs_list(struct store *store, struct view view, const struct job_filter *f, struct page *page,
	      struct job_list *out, struct arena *mem, struct err *err)
{
	struct job_list list = { 0 };
	struct sql_rows rows;
	int64_t before;
	size_t shown;
	bool more;

	if (page_numbers(page, &before, 1, INT64_MAX, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " JOB_SHORT " FROM job WHERE id < $1 AND ($2 = 1 OR tenant = $3)"
		      " AND ($4 = '' OR state = $4) AND ($5 = '' OR integration = $5)"
		      " AND ($6 = '' OR repository = $6) AND ($7 = '' OR kind = $7)"
		      " AND ($8 = 0 OR number = $8) ORDER BY id DESC LIMIT $9",
		      N(before), N(view.all), T(view.tenant),
		      Z(f->by_state ? job_state_name(f->state) : ""), T(f->integration),
		      T(f->repository), T(f->kind), N((int64_t)f->number), N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++) {
		struct job job;

		job_read(&job, &rows, i);
		ARENA_PUSH(mem, &list, job);
	}
	page->next = more ? page_put_numbers(mem, &list.items[shown - 1].id, 1) : STR("");
	*out = list;
	return 0;
}

struct counting {
	struct view       view;
	int64_t           now;
	struct job_counts counts;
};

static int count(struct store *store, void *payload, struct err *err)
{
	struct counting *c = payload;
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, WORK_MAX);
	c->counts = (struct job_counts){ 0 };
	if (SQL(store, &mem, &rows, err,
		"SELECT state, count(*) FROM job WHERE ($1 = 1 OR tenant = $2) GROUP BY state",
		N(c->view.all), T(c->view.tenant)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++) {
		enum job_state state;

		if (job_state_parse(row_str(&rows, i, 0), &state))
			c->counts.by_state[state] = row_u64(&rows, i, 1);
	}
	if (SQL(store, &mem, &rows, err,
		"SELECT count(*), coalesce(min(run_at), 0) FROM job WHERE state = 'queued'"
		" AND run_at <= $1 AND ($2 = 1 OR tenant = $3)",
		N(c->now), N(c->view.all), T(c->view.tenant)) < 0)
		return -1;
	c->counts.due = row_u64(&rows, 0, 0);
	c->counts.oldest_due = row_int(&rows, 0, 1);
	return 0;
}

int jobs_count(struct store *store, struct view view, int64_t now, struct job_counts *out,
	       struct err *err)
{
	struct counting c = { .view = view, .now = now };

	if (sql_transact(store, SQL_READ, count, &c, err) < 0)
		return -1;
	*out = c.counts;
	return 0;
}
