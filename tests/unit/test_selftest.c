/* What the self-test makes of its verdicts: scores, the baseline, reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "selftest/selftest.h"

/* STR() is no constant */
#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
#define TRICK(name, of, bare, build, sealed)                                                     \
	{                                                                                        \
		.id = TEXT(name), .family = TEXT(of), .effect = TEXT("tool"),                    \
		.title = TEXT("a way of " name),                                                 \
		.verdict = { [WALL_BARE] = bare, [WALL_BUILD] = build, [WALL_SEALED] = sealed }, \
		.why = { [WALL_BUILD] = TEXT("seen") }                                           \
	}

static struct selftest_trick tricks[] = {
	TRICK("E01", "exec", TRICK_WORKED, TRICK_STOPPED, TRICK_STOPPED),
	TRICK("E09", "exec", TRICK_WORKED, TRICK_WORKED, TRICK_STOPPED), /* in the baseline */
	TRICK("F01", "files", TRICK_WORKED, TRICK_STOPPED, TRICK_STOPPED),
	TRICK("F62", "devices", TRICK_STOPPED, TRICK_STOPPED, TRICK_STOPPED), /* n/a */
};

static struct selftest sample(void)
{
	struct selftest test = { .tricks = { tricks, COUNT(tricks), COUNT(tricks) } };

	test.walls[WALL_BARE] = test.walls[WALL_BUILD] = test.walls[WALL_SEALED] =
		(struct selftest_wall_result){ .wanted = true, .there = true };
	return test;
}

static struct selftest_score score_of(const struct selftest *test, enum selftest_wall wall,
				      struct str family)
{
	struct selftest_score score;

	selftest_score(&score, test, wall, family);
	return score;
}

static void scores(void **state)
{
	struct selftest test = sample();
	struct selftest_score build = score_of(&test, WALL_BUILD, STR("")),
			      exec = score_of(&test, WALL_BUILD, STR("exec")),
			      sealed = score_of(&test, WALL_SEALED, STR(""));

	(void)state;
	assert_int_equal(score_of(&test, WALL_BARE, STR("")).tried, 3);
	assert_int_equal(build.tried, 3);
	assert_int_equal(build.stopped, 2);
	assert_int_equal(build.explained, 1);
	assert_int_equal(build.unexpected, 0);
	assert_int_equal(exec.tried, 2);
	assert_int_equal(sealed.stopped, 3);
	assert_true(selftest_holds(&test));
}

/* Each of these must make the service refuse. */
static void does_not_hold(void **state)
{
	struct selftest_trick kept[COUNT(tricks)];
	struct selftest test = sample();

	(void)state;
	memcpy(kept, tricks, sizeof kept);
	tricks[0].verdict[WALL_BUILD] = TRICK_WORKED;
	assert_false(selftest_holds(&test));
	memcpy(tricks, kept, sizeof kept);
	tricks[0].verdict[WALL_SEALED] = TRICK_BROKEN;
	assert_false(selftest_holds(&test));
	memcpy(tricks, kept, sizeof kept);
	/* the baseline is for one wall only */
	tricks[1].verdict[WALL_SEALED] = TRICK_WORKED;
	assert_false(selftest_holds(&test));
	memcpy(tricks, kept, sizeof kept);
	/* what does not even work bare */
	tricks[3].verdict[WALL_SEALED] = TRICK_WORKED;
	assert_false(selftest_holds(&test));
	memcpy(tricks, kept, sizeof kept);
	test.walls[WALL_SEALED].there = false;
	assert_false(selftest_holds(&test));
	test.walls[WALL_SEALED].wanted = false;
	assert_true(selftest_holds(&test));
}

static void reports(void **state)
{
	struct selftest test = sample();
	struct buf text = { 0 }, page = { 0 }, json = { 0 };
	json_t *root;
	struct err err;

	(void)state;
	selftest_text(&text, &test);
	assert_true(str_has(buf_str(&text),
			    STR("build      2 of 3 stopped (66.7 %), 1 allowed, 0 unexpected")));
	assert_true(str_has(buf_str(&text), STR("n/a")));
	selftest_markdown(&page, &test);
	assert_true(str_has(buf_str(&page), STR("| **all** | 4 | 3 | 2 | 3 |")));
	assert_true(str_has(buf_str(&page),
			    STR("- **E09**, a way of E09: a build runs what it brings")));
	assert_true(str_has(buf_str(&page), STR("mode sealed\n\nNothing.")));
	assert_int_equal(selftest_json(&json, &test, &err), 0);
	root = json_loadb(json.bytes, json.len, 0, NULL);
	assert_true(json_is_true(json_object_get(root, "holds")));
	assert_int_equal(json_array_size(json_object_get(root, "tricks")), COUNT(tricks));
	json_decref(root);
	buf_release(&text);
	buf_release(&page);
	buf_release(&json);
}

static void walls_have_names(void **state)
{
	enum selftest_wall wall;

	(void)state;
	for (int i = 0; i < WALLS; i++) {
		assert_true(selftest_wall_read(&wall,
					       str_of(selftest_wall_name((enum selftest_wall)i))));
		assert_int_equal(wall, i);
	}
	assert_false(selftest_wall_read(&wall, STR("wall")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores),
		cmocka_unit_test(does_not_hold),
		cmocka_unit_test(reports),
		cmocka_unit_test(walls_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
