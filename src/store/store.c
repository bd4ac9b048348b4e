#include "store/store.h"

#include <stdlib.h>
#include <time.h>

#include "base/scope.h"
#include "sql.h"

#define DAY (24 * 3600 * INT64_C(1000))

const struct retention retention_default = {
	.deliveries = 30 * DAY,
	.jobs = 30 * DAY,
	.dead = 180 * DAY,
	.reviews = 30 * DAY,
	.ci = 30 * DAY,
	.audit = 180 * DAY,
	.outbox = 30 * DAY,
};

static const struct engine *const engines[] = { &engine_sqlite, &engine_postgres };

int store_open(struct store **out, const char *url, struct err *err)
{
	for (size_t i = 0; i < COUNT(engines); i++) {
		const struct engine *engine = engines[i];
		struct store store = { .engine = engine };
		struct store *made;

		if (!str_starts(str_of(url), str_of(engine->scheme)))
			continue;
		if (engine->open(&store.db, url + (engine->whole ? 0 : strlen(engine->scheme)), err) < 0)
			return -1;
		made = malloc(sizeof *made);
		if (!made || schema_migrate(&store, err) < 0) {
			engine->close(store.db);
			free(made);
			return made ? -1 : err_set(err, ERR_TEMP, "out of memory");
		}
		*made = store;
		*out = made;
		return 0;
	}
	return err_input(err, "the database URL must begin with sqlite: or postgres://");
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store->engine->close(store->db);
	free(store);
}

const char *store_engine(const struct store *store)
{
	return store->engine->name;
}

/* A query of one number. */
static int ask_number(struct store *store, const char *query, int64_t *out, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	if (sql_alone(store, SQL_READ, &mem, &rows, query, NULL, 0, err) < 0)
		return -1;
	*out = row_int(&rows, 0, 0);
	return 0;
}

int store_clock(struct store *store, int64_t *now, struct err *err)
{
	struct timespec t;

	if (store->engine->clock)
		return ask_number(store, store->engine->clock, now, err);
	clock_gettime(CLOCK_REALTIME, &t);
	*now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	return 0;
}

int store_ping(struct store *store, struct err *err)
{
	int64_t one;

	return ask_number(store, "SELECT version FROM outrider_schema", &one, err);
}

int store_try_write(struct store *store, struct err *err)
{
	/* a number that changes: SQLite writes no page that stays as it is */
	return sql_alone(store, SQL_DURABLE, NULL, NULL,
			 "INSERT INTO leader (name, holder, term, deadline) VALUES ('write', '', 1, 0)"
			 " ON CONFLICT (name) DO UPDATE SET term = leader.term + 1", NULL, 0, err);
}

int store_size(struct store *store, uint64_t *bytes, struct err *err)
{
	int64_t size;

	if (ask_number(store, store->engine->size, &size, err) < 0)
		return -1;
	*bytes = (uint64_t)size;
	return 0;
}

int store_changed(struct store *store, bool *changed, struct err *err)
{
	return store->engine->changed(store->db, changed, err);
}

int store_fd(const struct store *store)
{
	return store->engine->fd(store->db);
}

/* $1: rows up to this time, $2: at most so many. */
struct broom {
	int64_t     age;
	const char *text;
};

struct prune {
	const struct broom *broom;
	int64_t             before;
	uint32_t            batch;
	int64_t             gone;
};

static int sweep(struct store *store, void *payload, struct err *err)
{
	struct prune *prune = payload;
	struct sql_rows rows;

	if (SQL(store, NULL, &rows, err, prune->broom->text, N(prune->before), N(prune->batch)) < 0)
		return -1;
	prune->gone = rows.changed;
	return 0;
}

int store_prune(struct store *store, const struct retention *keep, int64_t now, uint32_t batch,
		uint64_t *gone, struct err *err)
{
	const struct broom brooms[] = {
		{ keep->deliveries, "DELETE FROM delivery WHERE seq IN (SELECT seq FROM delivery"
				    " WHERE received <= $1 ORDER BY received LIMIT $2)" },
		{ keep->outbox, "DELETE FROM outbox WHERE id IN (SELECT o.id FROM outbox AS o"
				" WHERE o.changed <= $1 AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = o.job"
				" AND job.state IN ('queued', 'leased')) ORDER BY o.changed LIMIT $2)" },
		{ keep->jobs, "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE ended > 0"
			      " AND state IN ('done', 'superseded', 'cancelled') AND ended <= $1 LIMIT $2)" },
		{ keep->dead, "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE ended > 0"
			      " AND state = 'dead' AND ended <= $1 LIMIT $2)" },
		{ keep->reviews, "DELETE FROM review WHERE id IN (SELECT id FROM review"
				 " WHERE created <= $1 ORDER BY created LIMIT $2)" },
		{ keep->ci, "DELETE FROM ci WHERE id IN (SELECT id FROM ci"
			    " WHERE changed <= $1 ORDER BY changed LIMIT $2)" },
		{ keep->audit, "DELETE FROM audit WHERE id IN (SELECT id FROM audit"
			       " WHERE at <= $1 ORDER BY at LIMIT $2)" },
		{ 1, "DELETE FROM session WHERE seq IN (SELECT seq FROM session"
		     " WHERE expires > 0 AND expires <= $1 LIMIT $2)" },
	};
	uint64_t all = 0;

	for (size_t i = 0; i < COUNT(brooms); i++) {
		struct prune prune = { &brooms[i], now - brooms[i].age, batch, 0 };

		if (brooms[i].age <= 0)
			continue;
		if (sql_transact(store, SQL_LAZY, sweep, &prune, err) < 0)
			return -1;
		all += (uint64_t)prune.gone;
	}
	*gone = all;
	return 0;
}
