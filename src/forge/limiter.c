#include "forge/limiter.h"

static const char *const secondary_words[] = { "secondary rate limit", "abuse detection",
					       "rate limit exceeded" };

static double level_now(const struct bucket *bucket, double size, int64_t refill_ms, int64_t now_ms)
{
	double level;

	if (!bucket->at_ms)
		return size;
	level = bucket->level;
	if (now_ms > bucket->at_ms)
		level += size * (double)(now_ms - bucket->at_ms) / (double)refill_ms;
	return level > size ? size : level;
}

/* What one request costs in each bucket; GitHub's own table of points. */
static void price(double out[BUCKETS], struct cost cost)
{
	out[BUCKET_REQUESTS] = 1;
	out[BUCKET_POINTS] = cost.writes ? 5 : 1;
	out[BUCKET_CONTENT] = out[BUCKET_CONTENT_HOUR] = cost.content;
}

/* Milliseconds until all buckets hold enough. */
static int64_t wait_for(const struct limiter *limiter, const struct limits *limits,
			const double *prices, int64_t now_ms)
{
	int64_t longest = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		double size = limits->buckets[i].size, lacks;
		int64_t refill = limits->buckets[i].refill_ms, wait;

		if (size <= 0 || prices[i] <= 0)
			continue;
		lacks = prices[i] - level_now(&limiter->buckets[i], size, refill, now_ms);
		wait = lacks > 0 ? (int64_t)(lacks * (double)refill / size) + 1 : 0;
		if (wait > longest)
			longest = wait;
	}
	return longest;
}

int64_t limiter_ask(struct limiter *limiter, const struct limits *limits, struct cost cost,
		    int64_t now_ms)
{
	enum { BUSY_MS = 100 /* until another request may have ended */ };
	double prices[BUCKETS];
	int64_t wait;

	if (limiter->blocked_until_ms > now_ms)
		return limiter->blocked_until_ms - now_ms;
	if (limits->concurrent && limiter->active >= limits->concurrent)
		return BUSY_MS;
	price(prices, cost);
	wait = wait_for(limiter, limits, prices, now_ms);
	if (wait)
		return wait;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct bucket *bucket = &limiter->buckets[i];

		if (limits->buckets[i].size <= 0)
			continue;
		bucket->level = level_now(bucket, limits->buckets[i].size,
					  limits->buckets[i].refill_ms, now_ms) -
				prices[i];
		if (now_ms > bucket->at_ms)
			bucket->at_ms = now_ms;
	}
	limiter->active++;
	return 0;
}

static struct str header(const struct http_response *response, const char *first,
			 const char *second)
{
	struct str value = http_header_get(&response->headers, str_of(first));

	return value.len ? value : http_header_get(&response->headers, str_of(second));
}

static bool says_secondary(struct str body)
{
	struct str head = str_sub(body, 0, 2000);

	for (size_t i = 0; i < COUNT(secondary_words); i++)
		if (str_has(head, str_of(secondary_words[i])))
			return true;
	return false;
}

static bool is_spent(const struct http_response *response)
{
	return str_eq(header(response, "X-RateLimit-Remaining", "RateLimit-Remaining"), STR("0"));
}

bool limiter_refused(const struct http_response *response)
{
	if (response->status == 429)
		return true;
	if (response->status == 503)
		return http_header_get(&response->headers, STR("Retry-After")).len > 0;
	return response->status == 403 &&
	       (http_header_get(&response->headers, STR("Retry-After")).len > 0 ||
		is_spent(response) || says_secondary(response->body));
}

static void block(struct limiter *limiter, int64_t until_ms, int64_t now_ms)
{
	if (until_ms > now_ms + LIMITER_MAX_WAIT_MS)
		until_ms = now_ms + LIMITER_MAX_WAIT_MS;
	if (until_ms > limiter->blocked_until_ms)
		limiter->blocked_until_ms = until_ms;
}

static int64_t growing_wait(uint32_t strikes)
{
	return (int64_t)LIMITER_FIRST_WAIT_MS
	       << (strikes < LIMITER_MAX_STRIKES ? strikes : LIMITER_MAX_STRIKES);
}

/* The forge's own count of the hour. */
static void learn(struct limiter *limiter, const struct limits *limits,
		  const struct http_response *response, int64_t now_ms)
{
	struct bucket *bucket = &limiter->buckets[BUCKET_REQUESTS];
	uint64_t left;

	if (limits->buckets[BUCKET_REQUESTS].size <= 0 ||
	    !str_to_u64(header(response, "X-RateLimit-Remaining", "RateLimit-Remaining"), &left))
		return;
	if ((double)left < level_now(bucket, limits->buckets[BUCKET_REQUESTS].size,
				     limits->buckets[BUCKET_REQUESTS].refill_ms, now_ms))
		*bucket = (struct bucket){ (double)left, now_ms };
}

void limiter_tell(struct limiter *limiter, const struct limits *limits,
		  const struct http_response *response, int64_t now_ms)
{
	int64_t after;
	uint64_t reset;

	limiter->active -= limiter->active > 0;
	if (!response)
		return;
	learn(limiter, limits, response, now_ms);
	after = http_retry_after(http_header_get(&response->headers, STR("Retry-After")),
				 now_ms / 1000);
	if (!limiter_refused(response)) {
		limiter->strikes = 0;
	} else if (after >= 0) {
		block(limiter, now_ms + after * 1000, now_ms);
		limiter->strikes++;
	} else if (is_spent(response) &&
		   str_to_u64(header(response, "X-RateLimit-Reset", "RateLimit-Reset"), &reset)) {
		/* GitHub and GitLab tell a time, the draft of a standard tells seconds from now */
		block(limiter,
		      reset < 1000000000
			      ? now_ms + (int64_t)reset * 1000
			      : (int64_t)(reset < INT64_MAX / 2000 ? reset : 0) * 1000 + 1000,
		      now_ms);
	} else {
		block(limiter, now_ms + growing_wait(limiter->strikes), now_ms);
		limiter->strikes++;
	}
}
