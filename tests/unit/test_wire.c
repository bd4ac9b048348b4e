#include "queue/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/scope.h"

static struct err err;

static void round_trip(void **state)
{
	const struct wire messages[] = {
		{ .kind = WIRE_HELLO, .name = STR("w1"), .body = STR("{}") },
		{ .kind = WIRE_READY, .count = UINT32_MAX, .time = UINT32_MAX },
		{ .kind = WIRE_JOB, .id = INT64_MAX, .token = 3, .count = 1, .time = 60000,
		  .name = STR("review"), .body = STR("{\"a\":\"\xc3\xa4\"}") },
		{ .kind = WIRE_RESULT, .id = 1, .token = 3, .code = 2, .body = STR("{}") },
		{ .kind = WIRE_PING },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		AUTO_BUF struct buf bytes = { 0 }, again = { 0 };
		struct wire got;

		assert_int_equal(wire_encode(&bytes, &messages[i], &err), 0);
		assert_int_equal(wire_decode(&got, buf_str(&bytes), &err), 0);
		assert_int_equal(got.kind, messages[i].kind);
		assert_int_equal(got.id, messages[i].id);
		assert_int_equal(got.time, messages[i].time);
		assert_int_equal(got.count, messages[i].count);
		assert_true(str_eq(got.name, messages[i].name));
		assert_true(str_eq(got.body, messages[i].body));
		assert_int_equal(wire_encode(&again, &got, &err), 0);
		assert_true(str_eq(buf_str(&bytes), buf_str(&again)));
		/* every cut is refused */
		for (size_t n = 0; n < bytes.len; n++)
			assert_int_equal(wire_decode(&got, str_sub(buf_str(&bytes), 0, n), &err), -1);
	}
}

static void refused(const struct wire *m, const char *says)
{
	AUTO_BUF struct buf out = { 0 };

	assert_int_equal(wire_encode(&out, m, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(out.len, 0);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
}

static void caps(void **state)
{
	char *large = calloc(1, WIRE_MAX_BODY + 1);

	(void)state;
	assert_non_null(large);
	memset(large, 'x', WIRE_MAX_BODY + 1);
	refused(&(struct wire){ .kind = WIRE_PING, .id = 1 }, "PING has a field");
	refused(&(struct wire){ .kind = WIRE_JOB, .id = -1 }, "negative");
	refused(&(struct wire){ .kind = (enum wire_kind)99 }, "unknown kind 99");
	refused(&(struct wire){ .kind = WIRE_HELLO, .name = { large, WIRE_MAX_NAME + 1 } }, "name in HELLO");
	refused(&(struct wire){ .kind = WIRE_HELLO, .body = { large, WIRE_MAX_BODY + 1 } }, "body of HELLO");
	refused(&(struct wire){ .kind = WIRE_HELLO, .body = STR("a\0b") }, "UTF-8");
	free(large);
}

static void other_version(void **state)
{
	AUTO_BUF struct buf bytes = { 0 };
	struct wire got = { .id = 77 };

	(void)state;
	assert_int_equal(wire_encode(&bytes, &(struct wire){ .kind = WIRE_PING }, &err), 0);
	bytes.bytes[2] = 2;
	assert_int_equal(wire_decode(&got, buf_str(&bytes), &err), -1);
	assert_non_null(strstr(err.text, "version 2"));
	assert_int_equal(got.id, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(caps),
		cmocka_unit_test(other_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
