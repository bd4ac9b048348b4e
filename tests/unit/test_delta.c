#include "delta.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/*
 *   @@ -3,5 +3,6 @@   context 3, removed old 4, added 4 and 5, context 5/6 .. 7/8
 *   @@ -20,4 +21,3 @@ context 20/21, removed old 21, context 22/22 and 23/23
 */
static struct diff_line first[] = { { 3, 3, ' ' }, { 4, 0, '-' }, { 0, 4, '+' }, { 0, 5, '+' },
				    { 5, 6, ' ' }, { 6, 7, ' ' }, { 7, 8, ' ' } };
static struct diff_line second[] = {
	{ 20, 21, ' ' }, { 21, 0, '-' }, { 22, 22, ' ' }, { 23, 23, ' ' }
};
static struct hunk hunks[] = {
	{ 3, 5, 3, 6, first, COUNT(first) },
	{ 20, 4, 21, 3, second, COUNT(second) },
};
static const struct change change = { .hunks = hunks, .n_hunks = COUNT(hunks) };

enum { MAX = 8 };

static struct arena arena;
static bool old[MAX], used[MAX];

static void forget(void)
{
	memset(old, 0, sizeof old);
	memset(used, 0, sizeof used);
}

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	forget();
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct finding at(uint32_t line, const char *rule, const char *text)
{
	return (struct finding){ .rule_id = str_of(rule),
				 .text = str_of(text),
				 .span = { .start_line = line, .end_line = line } };
}

static void mark(struct finding *head, size_t n_head, struct finding *base, size_t n_base)
{
	struct finding_list heads = { head, n_head, n_head }, bases = { base, n_base, n_base };

	assert_true(n_head <= MAX && n_base <= MAX);
	delta_mark(&change, &heads, &bases, old, used, &arena);
}

#define MARK(head, base) mark(head, COUNT(head), base, COUNT(base))

static void nothing(void **state)
{
	struct finding one[] = { at(4, "r", "f(a)") };

	(void)state;
	mark(NULL, 0, NULL, 0);
	mark(one, 1, NULL, 0);
	assert_false(old[0]);
	mark(NULL, 0, one, 1);
	assert_false(used[0]);
}

static void key_ignores_white_space(void **state)
{
	struct finding a = at(1, "r", "f(a, b)"), b = at(9, "r", " f( a,\n\tb )"),
		       c = at(1, "q", "f(a, b)"), d = at(1, "r", "f(a, c)");

	(void)state;
	assert_true(delta_key(&a) == delta_key(&b));
	assert_false(delta_key(&a) == delta_key(&c));
	assert_false(delta_key(&a) == delta_key(&d));
}

static void moved(void **state)
{
	struct finding head[] = { at(4, "r", "f( a )") }, base[] = { at(40, "r", "f(a)") };

	(void)state;
	MARK(head, base);
	assert_true(old[0]);
	assert_true(used[0]);
}

static void other_rule(void **state)
{
	struct finding head[] = { at(4, "r", "f(a)") }, base[] = { at(4, "q", "f(a)") };

	(void)state;
	MARK(head, base);
	assert_false(old[0]);
	assert_false(used[0]);
}

/* Of two equal ones the one on an added line is new, wherever it stands. */
static void one_more(void **state)
{
	struct finding head[] = { at(4, "r", "f(a)"), at(30, "r", "f(a)") },
		       base[] = { at(31, "r", "f(a)") };

	(void)state;
	MARK(head, base);
	assert_false(old[0]);
	assert_true(old[1]);
	assert_true(used[0]);
}

static void each_once(void **state)
{
	struct finding head[] = { at(4, "r", "f(a)"), at(5, "r", "f(a)"), at(4, "r", "f(a)") },
		       base[] = { at(50, "r", "f(a)"), at(51, "r", "f(a)") };

	(void)state;
	MARK(head, base);
	assert_int_equal(old[0] + old[1] + old[2], 2);
	assert_int_equal(used[0] + used[1], 2);
}

/* What a finding says may change though its line did not: a variable that got another value. */
static void same_line(void **state)
{
	/* new line: in front of the hunks, context, between, behind */
	static const struct {
		uint32_t now, then;
	} lines[] = {
		{ 1, 1 }, { 6, 5 }, { 8, 7 }, { 15, 14 }, { 21, 20 }, { 22, 22 }, { 99, 99 }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct finding head[] = { at(lines[i].now, "r", "one two three") },
			       base[] = { at(lines[i].then, "r", "quite other words") };

		forget();
		MARK(head, base);
		if (!old[0] || !used[0])
			fail_msg("new line %u is old line %u", lines[i].now, lines[i].then);
		forget();
		base[0].span.start_line++;
		MARK(head, base);
		if (old[0])
			fail_msg("new line %u is not old line %u", lines[i].now, lines[i].then + 1);
	}
}

static void edited(void **state)
{
	struct finding head[] = { at(4, "r", "query(a, b, 'x')") },
		       base[] = { at(4, "r", "query(a, b, 'y')") };

	(void)state;
	MARK(head, base);
	assert_true(old[0]);
	assert_true(used[0]);
}

static void edited_beyond_recognition(void **state)
{
	struct finding head[] = { at(4, "r", "query(c, d, 'x')") },
		       base[] = { at(4, "r", "run(a, b, 'y')") };

	(void)state;
	MARK(head, base);
	assert_false(old[0]);
}

static void edited_elsewhere(void **state)
{
	struct finding head[] = { at(4, "r", "query(a, b, 'x')") },
		       base[] = { at(21, "r", "query(a, b, 'y')"), at(4, "r", "query(a, b, 'z')") };

	(void)state;
	base[1].symbol = STR("other");
	MARK(head, base);
	assert_false(old[0]);
	assert_false(used[0] || used[1]);
}

static void another_secret_is_new(void **state)
{
	struct finding head[] = { at(4, "r", "key = 'one two three four'") },
		       base[] = { at(4, "r", "key = 'one two three five'") };

	(void)state;
	head[0].category = base[0].category = STR("secret");
	MARK(head, base);
	assert_false(old[0]);
	forget();
	head[0].category = base[0].category = STR("security");
	MARK(head, base);
	assert_true(old[0]);
}

/* Equal code takes its pair before the same line does, and that before edited code. */
static void best_pair_first(void **state)
{
	struct finding head[] = { at(4, "r", "f(a, b, c)"), at(5, "r", "f(a, b, d)") },
		       base[] = { at(4, "r", "f(a, b, d)"), at(60, "r", "f(a, b, e)") };

	(void)state;
	MARK(head, base);
	assert_false(old[0]);
	assert_true(old[1]);
	assert_true(used[0]);
	assert_false(used[1]);
}

/* A minified file: every finding finds its own, and of the one that there is more, one is new. */
static void many_equal(void **state)
{
	enum { MANY = 40000 };
	struct finding *head = ARENA_ARRAY(&arena, MANY + 1, struct finding);
	struct finding_list heads = { head, MANY + 1, MANY + 1 }, bases = { head, MANY, MANY };
	bool *was = ARENA_ARRAY(&arena, MANY + 1, bool), *taken = ARENA_ARRAY(&arena, MANY, bool);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i <= MANY; i++)
		head[i] = at(60, i % 2 ? "r" : "s", "f(a)");
	delta_mark(&change, &heads, &bases, was, taken, &arena);
	for (size_t i = 0; i <= MANY; i++)
		n += was[i];
	assert_int_equal(n, MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing),
		TEST(key_ignores_white_space),
		TEST(moved),
		TEST(other_rule),
		TEST(one_more),
		TEST(each_once),
		TEST(same_line),
		TEST(edited),
		TEST(edited_beyond_recognition),
		TEST(edited_elsewhere),
		TEST(another_secret_is_new),
		TEST(best_pair_first),
		TEST(many_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
