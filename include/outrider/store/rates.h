/*
 * rates.h - request budgets of forges and models, shared by all nodes: token buckets.
 *
 * A bucket belongs to (credential, name): "github-app:42/installation:7", "core". The credential is a name, never the secret.
 */
#pragma once
#include "store/store.h"

struct rate {
	struct str credential, bucket;
	int64_t    limit;     /* tokens when full */
	int64_t    period;    /* ms in which `limit` tokens come back; 0: only by a report's reset */
};

/*
 * Takes `cost` tokens. *wait is 0 when they were taken, otherwise ms until it is worth asking again, and nothing was taken.
 * An unknown bucket begins full.
 */
int rates_take(struct store *store, const struct rate *rate, int64_t cost, int64_t now,
	       int64_t *wait, struct err *err);
/* What the forge's headers said: so many are left until `reset` (0: unknown). A smaller number always wins until its reset. */
int rates_report(struct store *store, const struct rate *rate, int64_t left, int64_t reset,
		 int64_t now, struct err *err);
/* Retry-After, secondary limits: nothing is given out before `until`. Never shortens an earlier block. */
int rates_block(struct store *store, const struct rate *rate, int64_t until, int64_t now,
		struct err *err);

struct rate_row {
	struct str credential, bucket;
	int64_t    left, limit, reset, blocked; /* blocked: until */
};

struct rate_list {
	struct rate_row *items;
	size_t           n, cap;
};
/* For operators; STORE_MAX_PAGE at most. */
int rates_list(struct store *store, int64_t now, struct rate_list *out, struct arena *mem,
	       struct err *err);
