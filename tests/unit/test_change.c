#include "model/change.h"

#include <cmocka.h>

/*
 *   @@ -10,4 +10,5 @@   context 10, added 11 and 12 (for old 11), context 13 and 14
 *   @@ -30,2 +31,1 @@   context 31, and a removed line
 *   @@ -50,3 +50,0 @@   only removed lines
 */
static struct diff_line first[] = { { 10, 10, ' ' }, { 11, 0, '-' },  { 0, 11, '+' },
				    { 0, 12, '+' },  { 12, 13, ' ' }, { 13, 14, ' ' } };
static struct diff_line second[] = { { 30, 31, ' ' }, { 31, 0, '-' } };
static struct diff_line third[] = { { 50, 0, '-' }, { 51, 0, '-' }, { 52, 0, '-' } };
static struct hunk hunks[] = {
	{ 10, 4, 10, 5, first, COUNT(first) },
	{ 30, 2, 31, 1, second, COUNT(second) },
	{ 50, 3, 50, 0, third, COUNT(third) },
};
static const struct change change = { .hunks = hunks, .n_hunks = COUNT(hunks) };

static void assert_anchor(uint32_t start, uint32_t end, struct anchor want)
{
	struct anchor got;

	assert_true(change_anchor(&change, start, end, &got));
	assert_int_equal(got.start_line, want.start_line);
	assert_int_equal(got.line, want.line);
	assert_int_equal(got.hunk, want.hunk);
	assert_int_equal(got.exact, want.exact);
}

static void anchor_inside(void **state)
{
	(void)state;
	assert_anchor(10, 10, (struct anchor){ 10, 10, 0, true });
	assert_anchor(11, 12, (struct anchor){ 11, 12, 0, true });
	assert_anchor(10, 14, (struct anchor){ 10, 14, 0, true });
	assert_anchor(14, 14, (struct anchor){ 14, 14, 0, true });
	assert_anchor(31, 31, (struct anchor){ 31, 31, 1, true });
}

static void anchor_cut(void **state)
{
	(void)state;
	assert_anchor(5, 11, (struct anchor){ 10, 11, 0, false });
	assert_anchor(13, 20, (struct anchor){ 13, 14, 0, false });
	assert_anchor(1, UINT32_MAX, (struct anchor){ 10, 14, 0, false });
	assert_anchor(12, 31, (struct anchor){ 12, 14, 0, false }); /* over two hunks */
	assert_anchor(20, 40, (struct anchor){ 31, 31, 1, false });
}

static void anchor_nowhere(void **state)
{
	static const uint32_t ranges[][2] = { { 1, 9 },   { 15, 30 }, { 32, 49 }, { 50, 52 },
					      { 12, 11 }, { 0, 0 },   { UINT32_MAX, UINT32_MAX } };
	const struct change empty = { 0 };
	struct anchor got = { .line = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT(ranges); i++)
		assert_false(change_anchor(&change, ranges[i][0], ranges[i][1], &got));
	assert_false(change_anchor(&empty, 1, 2, &got));
	assert_int_equal(got.line, 77); /* untouched */
}

static void touches(void **state)
{
	(void)state;
	assert_true(change_touches(&change, 11, 11));
	assert_true(change_touches(&change, 12, 12));
	assert_true(change_touches(&change, 1, 11));
	assert_true(change_touches(&change, 12, 400));
	assert_true(change_touches(&change, 1, UINT32_MAX));
}

static void touches_not(void **state)
{
	const struct change empty = { 0 };

	(void)state;
	assert_false(change_touches(&change, 10, 10)); /* context */
	assert_false(change_touches(&change, 13, 14));
	assert_false(change_touches(&change, 31, 31)); /* beside a removed line */
	assert_false(change_touches(&change, 50, 52)); /* only removed lines */
	assert_false(change_touches(&change, 1, 9));
	assert_false(change_touches(&change, 13, 10));
	assert_false(change_touches(&empty, 1, 100));
}

/* Every reason has a word and a phrase, and no two share one. */
static void skip_names(void **state)
{
	(void)state;
	for (int i = 0; i < SKIP_COUNT; i++) {
		assert_non_null(change_skip_name((enum change_skip)i));
		assert_non_null(change_skip_text((enum change_skip)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(change_skip_name((enum change_skip)i),
						change_skip_name((enum change_skip)j));
	}
	assert_string_equal(change_skip_name(SKIP_BINARY), "binary");
	assert_string_equal(change_skip_text(SKIP_LIMIT), "more changed files than the limit");
	assert_string_equal(change_status_name(CHANGE_ADDED), "added");
	assert_string_equal(change_status_name(CHANGE_MODE), "mode");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anchor_inside),  cmocka_unit_test(anchor_cut),
		cmocka_unit_test(anchor_nowhere), cmocka_unit_test(touches),
		cmocka_unit_test(touches_not),	  cmocka_unit_test(skip_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
