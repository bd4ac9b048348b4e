/* Receipts: written, read back, capped, and harmless on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/scope.h"
#include "sandbox/receipt.h"

static struct arena mem;

static int set_up(void **state)
{
	(void)state;
	arena_init(&mem, 64 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&mem);
	return 0;
}

static void make(struct receipt *r)
{
	*r = (struct receipt){
		.id = "0123456789abcdef0123456789abcdef",
		.actor = STR("cli"),
		.on_behalf_of = STR("pull request 7"),
		.profile = STR("c"),
		.trust = TRUST_COMMAND,
		.exec_mode = EXEC_SEALED,
		.workdir = WORKDIR_COPY,
		.started_ms = 1700000000000,
		.end = END_LIMIT,
		.limit = LIMIT_MEMORY,
		.exit_code = -1,
		.wall_us = 1500000,
		.peak_memory = 123456789,
		.output_dropped = 3,
		.weak = true,
		.policy_hash = "ab",
		.filter_hash = "cd",
	};
	r->layers[LAYER_LANDLOCK] = (struct receipt_layer){ STATE_MISSING, STR("no such wall; mend: a kernel") };
	r->layers[LAYER_SECCOMP] = (struct receipt_layer){ STATE_IN_FORCE, STR("filter cd") };
	ARENA_PUSH(&mem, &r->command, STR("make"));
	ARENA_PUSH(&mem, &r->command, STR("te\x01st\xff"));
	receipt_exec(r, &mem, &(struct receipt_exec){ .pid = 2, .digest = "00ff", .path = STR("/usr/bin/make"),
						      .class = CLASS_INTERPRETER, .name = STR("toolchain") });
	receipt_deny(r, &mem, &(struct receipt_denial){ .layer = LAYER_GATE, .rule = STR("gate.digest"),
							.what = STR("exec /work/\x1b[2Jtool"), .advice = STR("never") });
	receipt_notice(r, &mem, "%d files", 3);
}

static void test_round(void **state)
{
	AUTO_BUF struct buf once = { 0 };
	AUTO_BUF struct buf twice = { 0 };
	struct receipt r, back;
	struct err err;

	(void)state;
	make(&r);
	assert_int_equal(receipt_write(&once, &r, &err), 0);
	if (receipt_read(&back, &mem, buf_str(&once), &err))
		fail_msg("%s", err.text);
	assert_int_equal(back.end, END_LIMIT);
	assert_int_equal(back.limit, LIMIT_MEMORY);
	assert_int_equal(back.trust, TRUST_COMMAND);
	assert_int_equal(back.workdir, WORKDIR_COPY);
	assert_int_equal(back.layers[LAYER_LANDLOCK].state, STATE_MISSING);
	assert_int_equal(back.execs.n, 1);
	assert_int_equal(back.execs.items[0].class, CLASS_INTERPRETER);
	assert_true(str_eq(back.denials.items[0].what, r.denials.items[0].what));
	assert_true(str_eq(back.command.items[1], STR("te\x01st\xef\xbf\xbd")));
	assert_int_equal(receipt_write(&twice, &back, &err), 0);
	assert_true(str_eq(buf_str(&once), buf_str(&twice)));
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", "{\"version\":2}", "{\"version\":1}", "{\"version\":1,\"version\":1}", "nonsense",
		"{\"version\":1,\"id\":7}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct receipt r;
		struct err err;

		assert_int_equal(receipt_read(&r, &mem, str_of(bad[i]), &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

/* Each byte cut away, and each key renamed, is an error and not a smaller receipt. */
static void test_cut(void **state)
{
	AUTO_BUF struct buf text = { 0 };
	struct receipt r, back;
	struct err err;

	(void)state;
	make(&r);
	assert_int_equal(receipt_write(&text, &r, &err), 0);
	for (size_t n = 0; n + 2 < text.len; n++)
		assert_int_equal(receipt_read(&back, &mem, (struct str){ text.bytes, n }, &err), -1);
	for (size_t i = 0; i + 3 < text.len; i++) {
		if (memcmp(text.bytes + i, "\":\"", 3) != 0 || str_starts((struct str){ text.bytes + i - 6, 6 }, STR("detail")))
			continue;
		text.bytes[i - 1] ^= 1;
		assert_int_equal(receipt_read(&back, &mem, buf_str(&text), &err), -1);
		text.bytes[i - 1] ^= 1;
	}
}

static void test_caps(void **state)
{
	struct receipt r = { 0 };

	(void)state;
	for (int i = 0; i < RECEIPT_MAX_DENIALS + 5; i++)
		receipt_deny(&r, &mem, &(struct receipt_denial){ .rule = STR("r"), .what = arena_printf(&mem, "%d", i) });
	receipt_deny(&r, &mem, &(struct receipt_denial){ .rule = STR("r"), .what = STR("0"), .count = 9 });
	assert_int_equal(r.denials.n, RECEIPT_MAX_DENIALS);
	assert_int_equal(r.denials_dropped, 5);
	assert_int_equal(r.denials.items[0].count, 10);
	for (int i = 0; i < RECEIPT_MAX_EXECS + 5; i++)
		receipt_exec(&r, &mem, &(struct receipt_exec){ .path = STR("/bin/true") });
	assert_int_equal(r.execs.n, RECEIPT_MAX_EXECS);
	assert_int_equal(r.execs_dropped, 5);
}

static void test_text(void **state)
{
	AUTO_BUF struct buf text = { 0 };
	struct receipt r;

	(void)state;
	make(&r);
	receipt_text(&text, &r);
	assert_true(str_has(buf_str(&text), STR("ended at its limit of memory")));
	assert_true(str_has(buf_str(&text), STR("landlock missing: no such wall; mend: a kernel")));
	assert_true(str_has(buf_str(&text), STR("denied (gate.digest): exec /work/\\x1b[2Jtool: never")));
	assert_int_equal(str_find_byte(buf_str(&text), '\x1b'), SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_caps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
