#include "review_sample.h"

#include "review/dedupe.h"

static struct finding at(const char *rule, uint32_t line, uint32_t from, uint32_t to)
{
	return (struct finding){
		.tool = STR("outrider"),
		.rule_id = str_of(rule),
		.path = STR("a.py"),
		.severity = SEVERITY_WARNING,
		.category = STR("security"),
		.message = STR("m"),
		.in_diff = true,
		.span = { line * 100 + from, line * 100 + to, line, from, line, to },
	};
}

static struct dedupe_counts run(struct finding *items, size_t n, size_t *kept)
{
	struct arena mem;
	struct finding_list list = { items, n, n };
	struct dedupe_counts counts;

	arena_init(&mem, 64 << 20);
	counts = dedupe_findings(&list, &mem);
	*kept = list.n;
	arena_release(&mem);
	return counts;
}

static void test_repeated(void **state)
{
	struct finding items[] = { at("a", 1, 1, 5), at("b", 9, 1, 5), at("c", 20, 1, 5),
				   at("d", 30, 1, 5) };
	struct dedupe_counts counts;
	size_t kept;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		memset(items[i].fingerprint, 'a', FINGERPRINT_HEX);
	items[1].severity = SEVERITY_ERROR;
	items[2].path = STR("other.py");
	counts = run(items, COUNT(items), &kept);
	assert_int_equal(counts.repeated, 1);
	assert_int_equal(kept, 3);
	assert_int_equal(items[0].severity, SEVERITY_ERROR);
	assert_true(str_eq(items[1].path, STR("other.py")));
	assert_true(str_eq(items[2].rule_id, STR("d")));
}

static void test_same_cwe_at_same_lines(void **state)
{
	struct finding items[] = { at("theirs", 3, 1, 40), at("ours", 3, 10, 20),
				   at("far", 4, 10, 20) };
	struct dedupe_counts counts;
	size_t kept;

	(void)state;
	items[0].tool = STR("scanner");
	for (size_t i = 0; i < COUNT(items); i++)
		items[i].cwe = STR("CWE-89");
	counts = run(items, COUNT(items), &kept);
	assert_int_equal(counts.covered, 1);
	assert_int_equal(kept, 2);
	assert_true(str_eq(items[0].rule_id, STR("ours")));
}

static void test_confidence_beats_ours(void **state)
{
	struct finding items[] = { at("ours", 3, 10, 20), at("theirs", 3, 1, 40) };
	size_t kept;

	(void)state;
	items[1].tool = STR("scanner");
	items[1].confidence = CONFIDENCE_HIGH;
	items[0].cwe = items[1].cwe = STR("CWE-89");
	run(items, COUNT(items), &kept);
	assert_int_equal(kept, 1);
	assert_true(str_eq(items[0].rule_id, STR("theirs")));
}

static void test_category_needs_overlap(void **state)
{
	struct finding items[] = { at("a", 3, 1, 10), at("b", 3, 2, 8), at("c", 3, 20, 30),
				   at("d", 3, 3, 5) };
	struct dedupe_counts counts;
	size_t kept;

	(void)state;
	items[3].category = STR("correctness");
	counts = run(items, COUNT(items), &kept);
	assert_int_equal(counts.covered, 1);
	assert_int_equal(kept, 3);
	assert_true(str_eq(items[0].rule_id, STR("a")));
	assert_true(str_eq(items[1].rule_id, STR("c")));
	assert_true(str_eq(items[2].rule_id, STR("d")));
}

static void test_two_cwes_are_two_defects(void **state)
{
	struct finding items[] = { at("a", 3, 1, 10), at("b", 3, 1, 10) };
	size_t kept;

	(void)state;
	items[0].cwe = STR("CWE-89");
	items[1].cwe = STR("CWE-78");
	run(items, COUNT(items), &kept);
	assert_int_equal(kept, 2);
}

static void test_chain_keeps_outer(void **state)
{
	struct finding items[] = { at("a", 3, 1, 10), at("a", 3, 1, 20), at("a", 3, 1, 30),
				   at("a", 3, 40, 50) };
	struct dedupe_counts counts;
	size_t kept;

	(void)state;
	counts = run(items, COUNT(items), &kept);
	assert_int_equal(counts.nested, 2);
	assert_int_equal(kept, 2);
	assert_int_equal(items[0].span.end_column, 30);
}

static void test_nested_elsewhere_stays(void **state)
{
	struct finding items[] = { at("a", 3, 1, 10), at("a", 5, 2, 10), at("a", 3, 1, 4) };
	size_t kept;

	(void)state;
	items[0].span.end_line = 9;
	items[2].message = STR("another name");
	run(items, COUNT(items), &kept);
	assert_int_equal(kept, 3);
}

static void test_in_diff_never_gives_way(void **state)
{
	struct finding items[] = { at("a", 3, 1, 30), at("a", 3, 1, 10), at("b", 3, 1, 10) };
	size_t kept;

	(void)state;
	items[0].in_diff = false;
	items[0].severity = SEVERITY_ERROR;
	items[2].in_diff = false;
	items[2].severity = SEVERITY_ERROR;
	run(items, COUNT(items), &kept);
	for (size_t i = 0; i < kept; i++)
		if (items[i].in_diff)
			return;
	fail_msg("the finding in the diff is gone");
}

/* A hundred thousand findings on one line end soon, and without a crash. */
static void test_many_on_one_line(void **state)
{
	enum { MANY = 100000 };
	struct finding *items = test_calloc(MANY, sizeof *items);
	size_t kept;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		items[i] = at("a", 3, i + 1, i + 2);
		items[i].category = STR("");
	}
	run(items, MANY, &kept);
	assert_int_equal(kept, MANY);
	run(items, 0, &kept);
	assert_int_equal(kept, 0);
	test_free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_same_cwe_at_same_lines),
		cmocka_unit_test(test_confidence_beats_ours),
		cmocka_unit_test(test_category_needs_overlap),
		cmocka_unit_test(test_two_cwes_are_two_defects),
		cmocka_unit_test(test_chain_keeps_outer),
		cmocka_unit_test(test_nested_elsewhere_stays),
		cmocka_unit_test(test_in_diff_never_gives_way),
		cmocka_unit_test(test_many_on_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
