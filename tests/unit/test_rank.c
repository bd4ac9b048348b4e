#include "review_sample.h"

#include "review/rank.h"

static struct finding make(const char *path, const char *rule, enum severity severity)
{
	return (struct finding){
		.tool = STR("outrider"),
		.rule_id = str_of(rule),
		.path = str_of(path),
		.severity = severity,
		.confidence = CONFIDENCE_MEDIUM,
		.in_diff = true,
		.span = { 0, 1, 1, 1, 1, 2 },
	};
}

static void test_order_of_weights(void **state)
{
	struct finding base = make("a", "r", SEVERITY_WARNING), better[5];

	(void)state;
	for (size_t i = 0; i < COUNT(better); i++)
		better[i] = base;
	better[0].severity = SEVERITY_ERROR;
	better[1].confidence = CONFIDENCE_HIGH;
	better[2].category = STR("security");
	base.category = STR("style");
	for (size_t i = 0; i < 3; i++)
		assert_true(rank_of(&better[i], NULL) > rank_of(&base, NULL));
	base.in_diff = false;
	assert_true(rank_of(&better[3], NULL) > rank_of(&base, NULL));
	base.severity = SEVERITY_OFF;
	assert_int_equal(rank_of(&base, NULL), 0);
}

static void test_added_lines_first(void **state)
{
	struct sample sample;
	struct finding added, context;
	struct hunk *hunk;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("one\ntwo\n"), 1, 2);
	hunk = sample.changes.items[0].hunks;
	hunk->lines[0].kind = ' ';
	context = sample_finding(&sample, "a.py", "one");
	added = sample_finding(&sample, "a.py", "two");
	sample_add(&sample, context);
	sample_add(&sample, added);
	rank_review(&sample.review, &(struct caps){ 0 });
	assert_int_equal(sample.review.findings.n, 2);
	assert_int_equal(sample.review.findings.items[0].span.start_line, 2);
	assert_true(sample.review.findings.items[0].rank > sample.review.findings.items[1].rank);
	sample_release(&sample);
}

static void fill(struct sample *sample)
{
	sample_init(sample);
	sample->review.changes = NULL;
	for (uint32_t i = 0; i < 10; i++) {
		struct finding finding = make(i < 6 ? "a" : "b", i % 2 ? "odd" : "even",
					      i == 9 ? SEVERITY_ERROR : SEVERITY_WARNING);

		finding.span.start = 100 - i;
		sample_add(sample, finding);
	}
}

static void assert_caps(struct caps caps, size_t kept)
{
	struct sample sample;
	const struct finding_list *list = &sample.review.findings;

	fill(&sample);
	rank_review(&sample.review, &caps);
	assert_int_equal(list->n, kept);
	assert_int_equal(list->n + sample.review.held_back.n, 10);
	assert_int_equal(list->items[0].severity, SEVERITY_ERROR);
	for (size_t i = 1; i < list->n; i++)
		assert_true(list->items[i - 1].rank >= list->items[i].rank);
	sample_release(&sample);
}

static void test_caps(void **state)
{
	(void)state;
	assert_caps((struct caps){ 0 }, 10);
	assert_caps((struct caps){ .per_review = 3 }, 3);
	assert_caps((struct caps){ .per_file = 2 }, 4);
	assert_caps((struct caps){ .per_rule = 1 }, 2);
	assert_caps((struct caps){ .per_review = 100, .per_file = 100, .per_rule = 100 }, 10);
}

static void test_scan_is_sorted_by_place(void **state)
{
	struct sample sample;
	const struct finding_list *list = &sample.review.findings;

	(void)state;
	fill(&sample);
	sample.review.is_change = false;
	rank_review(&sample.review, &(struct caps){ .per_review = 5 });
	assert_int_equal(list->n, 5);
	for (size_t i = 1; i < list->n; i++)
		assert_true(finding_order(&list->items[i - 1], &list->items[i]) < 0);
	sample_release(&sample);
}

static void test_empty(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	rank_review(&sample.review, &(struct caps){ .per_review = 5 });
	assert_int_equal(sample.review.findings.n, 0);
	sample_release(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_weights),
		cmocka_unit_test(test_added_lines_first),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_scan_is_sorted_by_place),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
