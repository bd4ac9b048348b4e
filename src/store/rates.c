/*
 * rates.c - token buckets. Read, decided by the pure functions below, written back; the row is locked meanwhile. Tokens are counted in
 * thousandths, so that a slow bucket that is asked often fills at all.
 */
#include "store/rates.h"

#include "base/scope.h"
#include "sql.h"

enum { MILLI = 1000 };

struct bucket {
	int64_t milli, reset, blocked, changed;
};

/* What has come back since the last change: all at `reset`, or bit by bit. */
static struct bucket refill(struct bucket b, const struct rate *rate, int64_t now)
{
	int64_t full = rate->limit * MILLI;
	int64_t passed = now > b.changed ? now - b.changed : 0;
	int64_t gain;

	if (b.reset && now >= b.reset) {
		b = (struct bucket){ full, 0, b.blocked, now };
	} else if (!b.reset && rate->period > 0 && passed >= rate->period) {
		/* nothing large is multiplied */
		b.milli = full;
		b.changed = now;
	} else if (!b.reset && rate->period > 0) {
		/* time that was too short for a whole thousandth stays on account */
		gain = passed * full / rate->period;
		b.milli += gain;
		b.changed += gain * rate->period / full;
	}
	if (b.milli > full)
		b.milli = full;
	return b;
}

/* ms until `cost` could be there; at least 1. */
static int64_t time_until(const struct bucket *b, const struct rate *rate, int64_t cost, int64_t now)
{
	int64_t missing = cost * MILLI - b->milli;
	int64_t wait = 1000; /* nobody knows when: ask again */

	if (b->blocked > now)
		wait = b->blocked - now;
	else if (b->reset > now)
		wait = b->reset - now;
	else if (rate->period > 0)
		wait = missing * rate->period / (rate->limit * MILLI) + 1;
	return wait < 1 ? 1 : wait;
}

struct working {
	const struct rate *rate;
	int64_t            now, cost, wait;
	int64_t            left, reset, until; /* of reports and blocks */
};

static int read_bucket(struct store *store, const struct working *w, struct bucket *out,
		       struct err *err)
{
	const struct rate *r = w->rate;
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	if (SQL(store, NULL, NULL, err,
		"INSERT INTO rate (credential, bucket, capacity, period, milli, reset, blocked, changed)"
		" VALUES ($1, $2, $3, $4, $5, 0, 0, $6) ON CONFLICT (credential, bucket) DO NOTHING",
		T(r->credential), T(r->bucket), N(r->limit), N(r->period), N(r->limit * MILLI),
		N(w->now)) < 0)
		return -1;
	if (SQL(store, &mem, &rows, err,
		"SELECT milli, reset, blocked, changed FROM rate WHERE credential = $1 AND bucket = $2"
		" {lock}", T(r->credential), T(r->bucket)) < 0)
		return -1;
	*out = refill((struct bucket){ row_int(&rows, 0, 0), row_int(&rows, 0, 1),
				       row_int(&rows, 0, 2), row_int(&rows, 0, 3) }, r, w->now);
	return 0;
}

static int write_bucket(struct store *store, const struct working *w, struct bucket b,
			struct err *err)
{
	const struct rate *r = w->rate;

	return SQL(store, NULL, NULL, err,
		   "UPDATE rate SET milli = $3, reset = $4, blocked = $5, changed = $6, capacity = $7,"
		   " period = $8 WHERE credential = $1 AND bucket = $2",
		   T(r->credential), T(r->bucket), N(b.milli), N(b.reset), N(b.blocked), N(b.changed),
		   N(r->limit), N(r->period));
}

static int take(struct store *store, void *payload, struct err *err)
{
	struct working *w = payload;
	struct bucket b;

	if (read_bucket(store, w, &b, err) < 0)
		return -1;
	if (b.blocked > w->now || b.milli < w->cost * MILLI) {
		w->wait = time_until(&b, w->rate, w->cost, w->now);
	} else {
		w->wait = 0;
		b.milli -= w->cost * MILLI;
	}
	return write_bucket(store, w, b, err);
}

static int check(const struct rate *rate, struct err *err)
{
	const struct sql_check checks[] = {
		{ rate->credential, STORE_MAX_KEY, "the credential of a rate" },
		{ rate->bucket, STORE_MAX_KEY, "the bucket of a rate" },
	};

	/* so that limit * MILLI * period stays far from overflow (2^63) */
	if (rate->limit < 1 || rate->limit > 1000000 || rate->period < 0 ||
	    rate->period > 86400000)
		return err_input(err, "a rate has 1 to 1000000 tokens in at most a day");
	return sql_check_all(checks, COUNT(checks), err);
}

int rates_take(struct store *store, const struct rate *rate, int64_t cost, int64_t now,
	       int64_t *wait, struct err *err)
{
	struct working w = { .rate = rate, .now = now, .cost = cost };

	if (check(rate, err) < 0)
		return -1;
	if (cost < 0 || cost > rate->limit)
		return err_input(err, "a request may cost 0 to %lld tokens", (long long)rate->limit);
	if (sql_transact(store, SQL_LAZY, take, &w, err) < 0)
		return -1;
	*wait = w.wait;
	return 0;
}

static int report(struct store *store, void *payload, struct err *err)
{
	struct working *w = payload;
	struct bucket b;

	if (read_bucket(store, w, &b, err) < 0)
		return -1;
	/* answers overtake each other: within one window the smallest number is the newest */
	if (w->left * MILLI < b.milli || w->reset > b.reset)
		b.milli = w->left * MILLI;
	if (w->reset > b.reset)
		b.reset = w->reset;
	return write_bucket(store, w, b, err);
}

int rates_report(struct store *store, const struct rate *rate, int64_t left, int64_t reset,
		 int64_t now, struct err *err)
{
	struct working w = { .rate = rate, .now = now, .left = left, .reset = reset };

	if (check(rate, err) < 0)
		return -1;
	if (left < 0 || reset < 0)
		return err_input(err, "a rate limit is not negative");
	w.left = left > rate->limit ? rate->limit : left;
	return sql_transact(store, SQL_LAZY, report, &w, err);
}

static int block(struct store *store, void *payload, struct err *err)
{
	struct working *w = payload;
	struct bucket b;

	if (read_bucket(store, w, &b, err) < 0)
		return -1;
	if (w->until > b.blocked)
		b.blocked = w->until;
	return write_bucket(store, w, b, err);
}

int rates_block(struct store *store, const struct rate *rate, int64_t until, int64_t now,
		struct err *err)
{
	struct working w = { .rate = rate, .now = now, .until = until };

	if (check(rate, err) < 0)
		return -1;
	return sql_transact(store, SQL_DURABLE, block, &w, err);
}

int rates_list(struct store *store, int64_t now, struct rate_list *out, struct arena *mem,
	       struct err *err)
{
	struct rate_list list = { 0 };
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT credential, bucket, capacity, period, milli, reset, blocked, changed"
		      " FROM rate ORDER BY credential, bucket LIMIT $1", N(STORE_MAX_PAGE)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++) {
		struct rate rate = { row_str(&rows, i, 0), row_str(&rows, i, 1), row_int(&rows, i, 2),
				     row_int(&rows, i, 3) };
		struct bucket b = refill((struct bucket){ row_int(&rows, i, 4), row_int(&rows, i, 5),
							  row_int(&rows, i, 6), row_int(&rows, i, 7) },
					 &rate, now);
		struct rate_row row = { rate.credential, rate.bucket, b.milli / MILLI, rate.limit,
					b.reset, b.blocked };

		ARENA_PUSH(mem, &list, row);
	}
	*out = list;
	return 0;
}
