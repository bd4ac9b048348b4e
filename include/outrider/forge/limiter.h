/*
 * limiter.h - how fast a forge may be asked, as plain arithmetic: no clock, no lock, no store.
 *
 * GitHub counts four things for each credential (docs: "Rate limits for the REST API"): requests an hour, points a minute (a read 1, a
 * write 5), requests that create content a minute and an hour. Others count requests a minute or say only "later".
 * Each is a bucket that refills evenly. What the forge says in its answers always wins over our count. The state is
 * plain numbers: whoever shares a credential between nodes keeps it in a database and does read, ask, write in one transaction.
 */
#pragma once
#include "http/message.h"

enum bucket_kind { BUCKET_REQUESTS, BUCKET_POINTS, BUCKET_CONTENT, BUCKET_CONTENT_HOUR, BUCKETS };

struct bucket {
	double  level;   /* what may be spent now */
	int64_t at_ms;   /* when the level was right; 0: never used, full */
};

struct limiter {
	struct bucket buckets[BUCKETS];
	int64_t       blocked_until_ms; /* by a Retry-After, a spent quota or a secondary limit; 0: not */
	uint32_t      strikes;          /* secondary limits in a row: each doubles the wait */
	uint32_t      active;           /* requests under way in this process: not to be kept in a database */
};

struct limits {
	struct {
		double  size;       /* 0: not counted */
		int64_t refill_ms;  /* from empty to full */
	} buckets[BUCKETS];
	uint32_t concurrent;        /* 0: not counted */
};

struct cost {
	bool writes;   /* anything but a read */
	bool content;  /* creates what people are told of: a comment, a review, a check */
};

enum {
	LIMITER_FIRST_WAIT_MS = 60 * 1000,       /* GitHub: wait a minute at least, then longer each time */
	LIMITER_MAX_WAIT_MS = 60 * 60 * 1000,
	LIMITER_MAX_STRIKES = 6,
};

/*
 * 0: go; the cost is charged and one more is active. Otherwise the milliseconds to wait before asking
 * again; nothing is changed. Time that runs backwards counts as standing still.
 */
int64_t limiter_ask(struct limiter *limiter, const struct limits *limits, struct cost cost, int64_t now_ms);
/*
 * What came of it; `response` NULL when there was no answer. Obeys Retry-After, then X-RateLimit-Remaining: 0 with its reset (and
 * RateLimit-* of others), then for a 403 or 429 that is a secondary limit the growing wait.
 */
void limiter_tell(struct limiter *limiter, const struct limits *limits, const struct http_response *response,
		  int64_t now_ms);
/* True when this answer says "slow down" and not "you may not": such a request may be repeated unchanged. */
bool limiter_refused(const struct http_response *response);
