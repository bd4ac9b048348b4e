#include "store/deliveries.h"

#include "base/scope.h"
#include "jobs_row.h"
#include "page.h"

/* JSON of a batch, and its rows: six bytes for the worst character, and room to grow. */
#define TAKE_MEMORY ((size_t)DELIVERY_MAX_BYTES * 32)

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

static bool same_delivery(const struct delivery *d, struct str integration, struct str id)
{
	return str_eq(d->id, id) && str_eq(d->integration, integration);
}

/* Is it in the batch before? A statement may meet a row only once. */
static bool came_before(const struct taking *t, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_delivery(&t->items[k], t->items[i].integration, t->items[i].id))
			return true;
	return false;
}

static json_t *row_of(const struct delivery *d, int64_t now)
{
	return json_pack("[o o s s o o o I o o o I]", json_of(d->integration), json_of(d->id),
			 states[d->state], event_kind_name(d->kind), json_of(d->name),
			 json_of(d->tenant), json_of(d->repository), (json_int_t)d->number,
			 json_of(d->sender), json_of(d->reason), json_of(d->event),
			 (json_int_t)(d->received ? d->received : now));
}

/* A row comes back for each new one, and for each that had failed. */
static int insert(struct store *store, const struct taking *t, struct arena *mem,
		  struct sql_rows *rows, struct err *err)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n; i++)
		if (!came_before(t, i))
			json_array_append_new(list, row_of(&t->items[i], t->now));
	return SQL(store, mem, rows, err,
		   "INSERT INTO delivery (integration, id, state, kind, name, tenant, repository,"
		   " number, sender, reason, event, received, times)"
		   " SELECT r.value->>0, r.value->>1, r.value->>2, r.value->>3, r.value->>4,"
		   " r.value->>5, r.value->>6, CAST(r.value->>7 AS {int}), r.value->>8, r.value->>9,"
		   " r.value->>10, CAST(r.value->>11 AS {int}), 1 FROM {rows}$1{as}"
		   " ON CONFLICT (integration, id) DO UPDATE SET state = excluded.state,"
		   " kind = excluded.kind, name = excluded.name, tenant = excluded.tenant,"
		   " repository = excluded.repository, number = excluded.number,"
		   " sender = excluded.sender, reason = excluded.reason, event = excluded.event,"
		   " times = delivery.times + 1 WHERE delivery.state = 'failed'"
		   " RETURNING integration, id", T(json_text(mem, list)));
}

static bool is_new(const struct taking *t, size_t i, const struct sql_rows *rows)
{
	bool found = false;

	for (size_t r = 0; r < rows->n && !found; r++)
		found = same_delivery(&t->items[i], row_str(rows, r, 0), row_str(rows, r, 1));
	return found && !came_before(t, i);
}

static int take(struct store *store, void *payload, struct err *err)
{
	const struct taking *t = payload;
	AUTO_ARENA struct arena mem;
	struct sql_rows rows, ids;
	struct job_add *adds;
	size_t n = 0;

	arena_init(&mem, TAKE_MEMORY);
	adds = ARENA_ARRAY(&mem, t->n * DELIVERY_MAX_JOBS, struct job_add);
	if (sql_lock(store, LOCK_ADD, err) < 0 || insert(store, t, &mem, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		t->taken[i] = is_new(t, i, &rows) ? TAKEN_NEW : TAKEN_DUPLICATE;
		if (t->taken[i] == TAKEN_DUPLICATE && note_again(store, &t->items[i], err) < 0)
			return -1;
		for (size_t k = 0; k < t->items[i].n_jobs && t->taken[i] == TAKEN_NEW; k++)
			adds[n++] = (struct job_add){ &t->items[i].jobs[k], t->items[i].supersede };
	}
	return n ? job_insert(store, adds, n, t->now, &ids, &mem, err) : 0;
}

/* What the texts of a batch come to. */
static size_t bytes_of(const struct delivery *items, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		bytes += items[i].event.len;
		for (size_t k = 0; k < items[i].n_jobs; k++)
			bytes += items[i].jobs[k].payload.len;
	}
	return bytes;
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
	if (bytes_of(items, n) > DELIVERY_MAX_BYTES)
		return err_input(err, "the deliveries of a batch are larger than %d bytes", DELIVERY_MAX_BYTES);
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
