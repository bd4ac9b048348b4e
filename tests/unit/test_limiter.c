#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "forge/limiter.h"

static const struct limits github = {
	.buckets = { { 5000, 3600 * 1000 },
		     { 900, 60 * 1000 },
		     { 80, 60 * 1000 },
		     { 500, 3600 * 1000 } },
	.concurrent = 50,
};
static const struct cost read_cost = { false, false }, comment_cost = { true, true };
static const int64_t start = 1700000000000;

static struct http_response answer(int status, struct http_headers *headers, struct str body)
{
	return (struct http_response){ .status = status, .headers = *headers, .body = body };
}

static int64_t ask(struct limiter *limiter, struct cost cost, int64_t now)
{
	int64_t wait = limiter_ask(limiter, &github, cost, now);

	if (wait == 0)
		limiter_tell(limiter, &github, NULL, now);
	return wait;
}

static void test_content_a_minute(void **state)
{
	struct limiter limiter = { 0 };
	int64_t wait;
	int n = 0;

	(void)state;
	while (ask(&limiter, comment_cost, start) == 0)
		n++;
	assert_int_equal(80, n);
	wait = ask(&limiter, comment_cost, start);
	assert_true(wait > 0 && wait <= 60 * 1000 / 80 + 1);
	assert_int_equal(0, ask(&limiter, comment_cost, start + wait));
	/* reads go on */
	assert_int_equal(0, ask(&limiter, read_cost, start));
}

/* Over an hour of asking as fast as it lets us, no window of GitHub's is exceeded. */
static void test_never_too_many(void **state)
{
	struct limiter limiter = { 0 };
	int64_t now = start, sent[2000];
	size_t n = 0, minute = 0;

	(void)state;
	while (now < start + 3600 * 1000) {
		int64_t wait = ask(&limiter, comment_cost, now);

		if (wait) {
			now += wait;
			continue;
		}
		assert_true(n < 2000);
		sent[n++] = now;
		while (sent[minute] < now - 60 * 1000)
			minute++;
		/* a bucket that starts full may pass its size once more while it refills, over the window */
		assert_true(n - minute <= 2 * 80);
	}
	assert_true(n <= 2 * 500 && n >= 500);
}

static void test_retry_after(void **state)
{
	struct http_header header = { STR("Retry-After"), STR("30") };
	struct http_headers headers = { &header, 1, 1 };
	struct http_response response = answer(403, &headers, STR(""));
	struct limiter limiter = { 0 };

	(void)state;
	assert_true(limiter_refused(&response));
	assert_int_equal(0, limiter_ask(&limiter, &github, read_cost, start));
	limiter_tell(&limiter, &github, &response, start);
	assert_int_equal(30000, limiter_ask(&limiter, &github, read_cost, start));
	assert_int_equal(0, limiter_ask(&limiter, &github, read_cost, start + 30000));
}

static void test_spent_until_reset(void **state)
{
	struct http_header list[] = { { STR("x-ratelimit-remaining"), STR("0") },
				      { STR("x-ratelimit-reset"), STR("1700000100") } };
	struct http_headers headers = { list, 2, 2 };
	struct http_response response = answer(403, &headers, STR(""));
	struct limiter limiter = { 0 };

	(void)state;
	limiter_tell(&limiter, &github, &response, start);
	assert_int_equal(101000, limiter_ask(&limiter, &github, read_cost, start));
	/* a full answer that used the last one tells nothing to wait for by itself, but the bucket is empty */
	response.status = 200;
	limiter = (struct limiter){ 0 };
	limiter_tell(&limiter, &github, &response, start);
	assert_true(limiter_ask(&limiter, &github, read_cost, start) > 0);
}

static void test_secondary_grows(void **state)
{
	struct http_headers none = { 0 };
	struct http_response response = answer(
		403, &none, STR("{\"message\":\"You have exceeded a secondary rate limit.\"}"));
	struct http_response forbidden =
		answer(403, &none, STR("{\"message\":\"Resource not accessible by integration\"}"));
	struct http_response fine = answer(200, &none, STR("{}"));
	struct limiter limiter = { 0 };

	(void)state;
	assert_false(limiter_refused(&forbidden));
	limiter_tell(&limiter, &github, &response, start);
	assert_int_equal(60000, limiter_ask(&limiter, &github, read_cost, start));
	limiter_tell(&limiter, &github, &response, start + 60000);
	assert_int_equal(120000, limiter_ask(&limiter, &github, read_cost, start + 60000));
	for (int i = 0; i < 20; i++)
		limiter_tell(&limiter, &github, &response, start + 180000);
	assert_int_equal(LIMITER_MAX_WAIT_MS,
			 limiter_ask(&limiter, &github, read_cost, start + 180000));
	limiter_tell(&limiter, &github, &fine, start);
	limiter.blocked_until_ms = 0;
	limiter_tell(&limiter, &github, &response, start);
	assert_int_equal(60000, limiter_ask(&limiter, &github, read_cost, start));
}

static void test_concurrent(void **state)
{
	struct limits few = { .concurrent = 2 };
	struct limiter limiter = { 0 };

	(void)state;
	assert_int_equal(0, limiter_ask(&limiter, &few, read_cost, start));
	assert_int_equal(0, limiter_ask(&limiter, &few, read_cost, start));
	assert_true(limiter_ask(&limiter, &few, read_cost, start) > 0);
	limiter_tell(&limiter, &few, NULL, start);
	assert_int_equal(0, limiter_ask(&limiter, &few, read_cost, start));
}

static void test_time_backwards(void **state)
{
	struct limiter limiter = { 0 };
	int n = 0;

	(void)state;
	assert_int_equal(0, ask(&limiter, comment_cost, start));
	while (ask(&limiter, comment_cost, start - 1000 * n) == 0)
		n++;
	assert_int_equal(79, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_a_minute), cmocka_unit_test(test_never_too_many),
		cmocka_unit_test(test_retry_after),      cmocka_unit_test(test_spent_until_reset),
		cmocka_unit_test(test_secondary_grows),  cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_time_backwards),
	};

	return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
