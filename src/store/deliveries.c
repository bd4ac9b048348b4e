#include "store/deliveries.h"

#include "base/scope.h"
#include "jobs_row.h"
#include "page.h"

static const char *const states[DELIVERY_STATES] = {
	[DELIVERY_ACCEPTED] = "accepted",
	[DELIVERY_IGNORED] = "ignored",
	[DELIVERY_FAILED] = "failed",
};

const char *delivery_state_name(enum delivery_state state)
{
	return states[state];
}

static int check(const struct delivery *d, struct err *err)
{
	const struct sql_check checks[] = {
		{ d->integration, STORE_MAX_KEY, "the integration of a delivery" },
		{ d->id, STORE_MAX_KEY, "the id of a delivery" },
		{ d->name, STORE_MAX_KEY, "the name of an event" },
		{ d->tenant, STORE_MAX_KEY, "the tenant of a delivery" },
		{ d->repository, STORE_MAX_KEY, "the repository of a delivery" },
		{ d->sender, STORE_MAX_KEY, "the sender of a delivery" },
		{ d->reason, STORE_MAX_KEY, "the reason of a delivery" },
		{ d->event, STORE_MAX_TEXT, "the event of a delivery" },
	};

	if (d->integration.len == 0 || d->id.len == 0)
		return err_input(err, "a delivery needs an integration and an id");
	if (d->n_jobs > DELIVERY_MAX_JOBS)
		return err_input(err, "a delivery starts at most %d jobs", DELIVERY_MAX_JOBS);
	for (size_t i = 0; i < d->n_jobs; i++)
		if (job_check(&d->jobs[i], err) < 0)
			return -1;
	return sql_check_all(checks, COUNT(checks), err);
}

struct taking {
	const struct delivery *items;
	size_t                 n;
	int64_t                now;
	enum delivery_taken   *taken;
};

static int note_again(struct store *store, const struct delivery *d, struct err *err)
{
	return SQL(store, NULL, NULL, err,
		   "UPDATE delivery SET times = times + 1 WHERE integration = $1 AND id = $2",
		   T(d->integration), T(d->id));
}

/* A row comes back for a new one and for one that had failed. */
static int insert(struct store *store, const struct delivery *d, int64_t now, struct arena *mem,
		  struct sql_rows *rows, struct err *err)
{
	return SQL(store, mem, rows, err,
		   "INSERT INTO delivery (integration, id, state, kind, name, tenant, repository,"
		   " number, sender, reason, event, received, times)"
		   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)"
		   " ON CONFLICT (integration, id) DO UPDATE SET state = excluded.state,"
		   " kind = excluded.kind, name = excluded.name, tenant = excluded.tenant,"
		   " repository = excluded.repository, number = excluded.number,"
		   " sender = excluded.sender, reason = excluded.reason, event = excluded.event,"
		   " times = delivery.times + 1 WHERE delivery.state = 'failed' RETURNING times",
		   T(d->integration), T(d->id), Z(states[d->state]), Z(event_kind_name(d->kind)),
		   T(d->name), T(d->tenant), T(d->repository), N((int64_t)d->number), T(d->sender),
		   T(d->reason), T(d->event), N(d->received ? d->received : now));
}

static int take_one(struct store *store, const struct taking *t, size_t i, struct arena *mem,
		    struct err *err)
{
	const struct delivery *d = &t->items[i];
	struct sql_rows rows;

	if (insert(store, d, t->now, mem, &rows, err) < 0)
		return -1;
	t->taken[i] = rows.n ? TAKEN_NEW : TAKEN_DUPLICATE;
	if (rows.n == 0)
		return note_again(store, d, err);
	for (size_t k = 0; k < d->n_jobs; k++) {
		int64_t id;
		bool added;

		if (job_insert(store, &d->jobs[k], d->supersede, t->now, &id, &added, mem, err) < 0)
			return -1;
	}
	return 0;
}

static int take(struct store *store, void *payload, struct err *err)
{
	const struct taking *t = payload;
	AUTO_ARENA struct arena mem;

	arena_init(&mem, 64 << 20);
	if (sql_lock(store, LOCK_ADD, err) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++)
		if (take_one(store, t, i, &mem, err) < 0)
			return -1;
	return 0;
}

int deliveries_take(struct store *store, const struct delivery *items, size_t n, int64_t now,
		    enum delivery_taken *taken, struct err *err)
{
	enum delivery_taken answers[DELIVERY_MAX_BATCH];
	struct taking t = { items, n, now, answers };

	if (n > DELIVERY_MAX_BATCH)
		return err_input(err, "at most %d deliveries are taken at once", DELIVERY_MAX_BATCH);
	for (size_t i = 0; i < n; i++)
		if (check(&items[i], err) < 0)
			return -1;
	if (n == 0)
		return 0;
	if (sql_transact(store, SQL_DURABLE, take, &t, err) < 0)
		return -1;
	memcpy(taken, answers, n * sizeof *taken);
	return 0;
}

int deliveries_known(struct store *store, struct str integration, struct str id, bool *known,
		     struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	if (SQL_ALONE(store, SQL_READ, &mem, &rows, err,
		      "SELECT 1 FROM delivery WHERE integration = $1 AND id = $2 AND state <> 'failed'",
		      T(integration), T(id)) < 0)
		return -1;
	*known = rows.n > 0;
	return 0;
}

static enum event_kind kind_of(struct str word)
{
	for (size_t k = 0; k < EVENT_KINDS; k++)
		if (str_eq(word, str_of(event_kind_name((enum event_kind)k))))
			return (enum event_kind)k;
	return EVENT_OTHER;
}

static enum delivery_state state_of(struct str word)
{
	for (size_t s = 0; s < DELIVERY_STATES; s++)
		if (str_eq(word, str_of(states[s])))
			return (enum delivery_state)s;
	return DELIVERY_FAILED;
}

static struct delivery read_row(const struct sql_rows *rows, size_t row)
{
	return (struct delivery){
		.integration = row_str(rows, row, 1),
		.id = row_str(rows, row, 2),
		.state = state_of(row_str(rows, row, 3)),
		.kind = kind_of(row_str(rows, row, 4)),
		.name = row_str(rows, row, 5),
		.tenant = row_str(rows, row, 6),
		.repository = row_str(rows, row, 7),
		.number = row_u64(rows, row, 8),
		.sender = row_str(rows, row, 9),
		.reason = row_str(rows, row, 10),
		.received = row_int(rows, row, 11),
		.times = row_u32(rows, row, 12),
	};
}

int deliveries_list(struct store *store, struct view view, struct str integration, struct page *page,
		    struct delivery_list *out, struct arena *mem, struct err *err)
{
	struct delivery_list list = { 0 };
	struct sql_rows rows;
	int64_t before;
	size_t shown;
	bool more;

	if (page_numbers(page, &before, 1, INT64_MAX, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT seq, integration, id, state, kind, name, tenant, repository, number,"
		      " sender, reason, received, times FROM delivery WHERE seq < $1"
		      " AND ($2 = 1 OR tenant = $3) AND ($4 = '' OR integration = $4)"
		      " ORDER BY seq DESC LIMIT $5",
		      N(before), N(view.all), T(view.tenant), T(integration), N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	before = shown ? row_int(&rows, shown - 1, 0) : 0;
	page->next = more ? page_put_numbers(mem, &before, 1) : STR("");
	*out = list;
	return 0;
}
