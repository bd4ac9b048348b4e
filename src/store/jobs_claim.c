/*
 * jobs_claim.c - who runs next. Claims take turns (LOCK_CLAIM), so that caps hold whoever claims; the candidates come in the order of the
 * index job_queue, without those of tenants and repositories that are at their cap.
 */
#include "base/scope.h"
#include "jobs_row.h"

enum { CANDIDATES = 100 }; /* looked at in one go */

/* How many jobs of one tenant, or of one repository, run. */
struct load {
	struct str name;
	uint32_t   n;
};

struct loads {
	struct load *items;
	size_t       n, cap;
	uint32_t     max; /* 0: no cap */
};

struct claiming {
	const struct claim *claim;
	int64_t             now;
	struct job_list     got;
	struct arena       *out; /* whole jobs */
	struct arena       *mem; /* all else */
	struct loads        tenants, repositories;
	struct sql_value    at[3]; /* the last candidate: priority, run_at, id */
};

static struct load *find_load(struct claiming *c, struct loads *loads, struct str name)
{
	struct load fresh = { name, 0 };

	for (size_t i = 0; i < loads->n; i++)
		if (str_eq(loads->items[i].name, name))
			return &loads->items[i];
	ARENA_PUSH(c->mem, loads, fresh);
	return &loads->items[loads->n - 1];
}

static struct str repository_of(struct claiming *c, struct str integration, struct str repository)
{
	return arena_printf(c->mem, "%.*s\n%.*s", STR_ARG(integration), STR_ARG(repository));
}

static int count_running(struct store *store, struct claiming *c, struct err *err)
{
	struct sql_rows rows;

	if (sql_run(store, c->mem, &rows,
		    "SELECT tenant, integration, repository, count(*) FROM job WHERE state = 'leased'"
		    " GROUP BY tenant, integration, repository", NULL, 0, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++) {
		struct str name = repository_of(c, row_str(&rows, i, 1), row_str(&rows, i, 2));
		uint32_t n = row_u32(&rows, i, 3);

		find_load(c, &c->tenants, row_str(&rows, i, 0))->n += n;
		/* jobs without a repository share no repository */
		if (row_str(&rows, i, 2).len)
			find_load(c, &c->repositories, name)->n += n;
	}
	return 0;
}

/* The names that are at their cap, as a JSON array. */
static struct str saturated(struct claiming *c, const struct loads *loads)
{
	json_t *array = json_array();

	for (size_t i = 0; i < loads->n; i++)
		if (loads->max && loads->items[i].n >= loads->max)
			json_array_append_new(array, json_of(loads->items[i].name));
	return json_text(c->mem, array);
}

static struct str kinds(struct claiming *c)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->claim->n_kinds; i++)
		json_array_append_new(array, json_of(c->claim->kinds[i]));
	return json_text(c->mem, array);
}

static int candidates(struct store *store, struct claiming *c, struct sql_rows *rows,
		      struct err *err)
{
	return SQL(store, c->mem, rows, err,
		   "SELECT priority, run_at, id, tenant, integration, repository FROM job"
		   " WHERE state = 'queued' AND run_at <= $1"
		   " AND (priority, run_at, id) > ($2, $3, $4)"
		   " AND tenant NOT IN ({each}$5{end})"
		   " AND integration || '\n' || repository NOT IN ({each}$6{end})"
		   " AND ($7 = 0 OR kind IN ({each}$8{end}))"
		   " AND (lane = '' OR NOT EXISTS (SELECT 1 FROM job AS r WHERE r.state = 'leased'"
		   " AND r.lane <> '' AND r.lane = job.lane))"
		   " ORDER BY priority, run_at, id LIMIT $9 {skip}",
		   N(c->now), c->at[0], c->at[1], c->at[2], T(saturated(c, &c->tenants)),
		   T(saturated(c, &c->repositories)), N(c->claim->kinds != NULL), T(kinds(c)),
		   N(CANDIDATES));
}

/* The conditions are asked again: a candidate of the same page may have taken the lane. */
static int lease_one(struct store *store, struct claiming *c, int64_t id, bool *got, struct err *err)
{
	struct sql_rows rows;
	struct job job;

	if (SQL(store, c->out, &rows, err,
		"UPDATE job SET state = 'leased', token = token + 1, attempt = attempt + 1,"
		" worker = $2, deadline = $3, started = $4, stage = '', progress = ''"
		" WHERE id = $1 AND state = 'queued' AND (lane = '' OR NOT EXISTS ("
		"SELECT 1 FROM job AS r WHERE r.state = 'leased' AND r.lane <> ''"
		" AND r.lane = job.lane)) RETURNING " JOB_SHORT ", payload, ''",
		N(id), T(c->claim->worker), N(c->now + c->claim->lease), N(c->now)) < 0)
		return -1;
	*got = rows.n > 0;
	if (*got) {
		job_read(&job, &rows, 0);
		ARENA_PUSH(c->out, &c->got, job);
	}
	return 0;
}

static bool full(const struct loads *loads, const struct load *load)
{
	return load && loads->max && load->n >= loads->max;
}

static int consider(struct store *store, struct claiming *c, const struct sql_rows *rows, size_t row,
		    struct err *err)
{
	struct str repository = row_str(rows, row, 5);
	struct load *tenant = find_load(c, &c->tenants, row_str(rows, row, 3));
	struct load *repo = NULL;
	bool got;

	if (repository.len)
		repo = find_load(c, &c->repositories,
				 repository_of(c, row_str(rows, row, 4), repository));
	if (full(&c->tenants, tenant) || full(&c->repositories, repo))
		return 0;
	if (lease_one(store, c, row_int(rows, row, 2), &got, err) < 0)
		return -1;
	tenant->n += got;
	if (repo)
		repo->n += got;
	return 0;
}

static int claim(struct store *store, void *payload, struct err *err)
{
	struct claiming *c = payload;
	uint32_t want = c->claim->n < JOBS_MAX_CLAIM ? c->claim->n : JOBS_MAX_CLAIM;
	struct sql_rows rows = { .n = CANDIDATES };

	c->got = (struct job_list){ 0 };
	c->tenants = (struct loads){ .max = c->claim->per_tenant };
	c->repositories = (struct loads){ .max = c->claim->per_repository };
	for (size_t i = 0; i < COUNT(c->at); i++)
		c->at[i] = N(-1);
	if (sql_lock(store, LOCK_CLAIM, err) < 0 || count_running(store, c, err) < 0)
		return -1;
	while (c->got.n < want && rows.n == CANDIDATES) {
		if (candidates(store, c, &rows, err) < 0)
			return -1;
		for (size_t i = 0; i < rows.n && c->got.n < want; i++)
			if (consider(store, c, &rows, i, err) < 0)
				return -1;
		for (size_t i = 0; rows.n && i < COUNT(c->at); i++)
			c->at[i] = N(row_int(&rows, rows.n - 1, i));
	}
	return 0;
}

int jobs_claim(struct store *store, const struct claim *wanted, int64_t now, struct job_list *out,
	       struct arena *mem, struct err *err)
{
	AUTO_ARENA struct arena work;
	struct claiming c = { .claim = wanted, .now = now, .out = mem, .mem = &work };

	arena_init(&work, 256 << 20);
	if (sql_check(wanted->worker, JOB_MAX_KEY, "the name of a worker", err) < 0)
		return -1;
	if (wanted->n == 0) {
		*out = (struct job_list){ 0 };
		return 0;
	}
	if (sql_transact(store, SQL_DURABLE, claim, &c, err) < 0)
		return -1;
	*out = c.got;
	return 0;
}

int jobs_next(struct store *store, int64_t *run_at, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	if (sql_alone(store, SQL_READ, &mem, &rows,
		      "SELECT run_at FROM job WHERE state = 'queued' ORDER BY run_at LIMIT 1", NULL, 0,
		      err) < 0)
		return -1;
	*run_at = rows.n ? row_int(&rows, 0, 0) : 0;
	return 0;
}
