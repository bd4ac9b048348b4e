#include "review_sample.h"

#include "base/scope.h"
#include "review/outcome.h"

static struct outcome_count counts_of(uint32_t fixed, uint32_t ignored, uint32_t down)
{
	struct outcome_count c = { .rule = STR("r") };

	c.n[OUTCOME_FIXED] = fixed;
	c.n[OUTCOME_IGNORED] = ignored;
	c.n[OUTCOME_DOWN] = down;
	return c;
}

/* Against figures of Wilson's interval worked out by hand: 5 of 10 is 0.2366..0.7634. */
static void test_rate(void **state)
{
	struct outcome_count c = counts_of(5, 0, 5), none = counts_of(0, 0, 0);
	struct outcome_rate rate = outcome_rate_of(&c);

	(void)state;
	assert_true(rate.low > 0.2365 && rate.low < 0.2367);
	assert_true(rate.high > 0.7633 && rate.high < 0.7635);
	rate = outcome_rate_of(&none);
	assert_true(rate.low == 0 && rate.high == 1 && rate.shown == 0);
	c = counts_of(1, 9, 0);
	assert_true(outcome_rate_of(&c).shown > 3.99 && outcome_rate_of(&c).shown < 4.01);
}

static size_t mutes_of(struct outcome_counts *counts, struct arena *mem, struct mute_list *mutes)
{
	struct outcome_policy policy = outcome_policy_default();

	*mutes = (struct mute_list){ 0 };
	outcome_mutes(mutes, mem, counts, &policy);
	return mutes->n;
}

static void test_mutes(void **state)
{
	AUTO_ARENA struct arena mem;
	struct outcome_counts counts = { 0 };
	struct mute_list mutes;

	(void)state;
	arena_init(&mem, 1 << 20);
	/* three people said no: not enough to decide */
	ARENA_PUSH(&mem, &counts, counts_of(0, 0, 3));
	assert_int_equal(mutes_of(&counts, &mem, &mutes), 0);
	counts.items[0] = counts_of(0, 0, 8);
	assert_int_equal(mutes_of(&counts, &mem, &mutes), 1);
	assert_true(str_has(mutes.items[0].reason, STR("0 of its last 8")));
	counts.items[0].kept = true;
	assert_int_equal(mutes_of(&counts, &mem, &mutes), 0);
	counts.items[0] = counts_of(20, 10, 2);
	assert_int_equal(mutes_of(&counts, &mem, &mutes), 0);
	/* merged without a word is weak evidence, yet many times it is some */
	counts.items[0] = counts_of(0, 8, 0);
	assert_int_equal(mutes_of(&counts, &mem, &mutes), 0);
	counts.items[0] = counts_of(1, 60, 0);
	assert_int_equal(mutes_of(&counts, &mem, &mutes), 1);
}

static void test_prefixes(void **state)
{
	AUTO_ARENA struct arena mem;
	struct outcome_counts counts = { 0 };
	struct outcome bad = { .kind = OUTCOME_DOWN, .rule = STR("r"), .path = STR("tests/a/x.py") };
	struct outcome good = { .kind = OUTCOME_FIXED, .rule = STR("r"), .path = STR("src/y.py") };
	struct str prefixes[OUTCOME_PREFIXES];
	struct mute_list mutes;

	(void)state;
	arena_init(&mem, 1 << 20);
	assert_int_equal(outcome_prefixes(prefixes, STR("a/b/c/d")), 3);
	assert_true(str_eq(prefixes[2], STR("a/b/")));
	assert_int_equal(outcome_prefixes(prefixes, STR("top.c")), 1);
	for (int i = 0; i < 10; i++) {
		outcome_add(&counts, &mem, &bad);
		outcome_add(&counts, &mem, &good);
	}
	/* muted where it is of no use, and once: below tests/, not in each folder of it */
	assert_int_equal(mutes_of(&counts, &mem, &mutes), 1);
	assert_true(str_eq(mutes.items[0].prefix, STR("tests/")));
}

static void test_at_merge(void **state)
{
	struct sample s;
	struct outcome_list out;
	struct thread t[4] = { 0 };
	struct thread_list threads = { t, 4, 4 };
	struct thread_states states = { 0 };
	struct finding f;

	(void)state;
	sample_init(&s);
	sample_file(&s, "a.py", STR("eval(a)\neval(b)\neval(c)\nd\n"), 1, 4);
	/* still there: a (dismissed), b (ignored), c (down); gone: the fourth */
	for (size_t i = 0; i < 3; i++) {
		const char *const texts[] = { "eval(a)", "eval(b)", "eval(c)" };

		f = sample_finding(&s, "a.py", texts[i]);
		sample_add(&s, f);
	}
	struct thread_plan plan;
	struct err err;

	assert_int_equal(thread_plan_make(&plan, &s.mem,
					  &(struct thread_input){ .review = &s.review,
								  .threads = &(struct thread_list){ 0 },
								  .states = &states },
					  &err), 0);
	assert_int_equal(plan.count[THREAD_NEW], 3);
	for (size_t i = 0; i < 3; i++) {
		memcpy(t[i].fingerprint, plan.items[i].marker, sizeof t[i].fingerprint);
		t[i].line = plan.items[i].finding->anchor_line;
	}
	memcpy(t[3].fingerprint, "ffffffffffffffffffffffffffffffff", FINGERPRINT_HEX);
	for (size_t i = 0; i < 4; i++) {
		t[i].path = STR("a.py");
		t[i].rule = STR("python-eval-input");
	}
	t[0].resolved = t[0].by_person = true;
	t[2].down = 1;
	assert_int_equal(outcome_of_merge(&out, &s.mem, &threads, &plan.next, &s.review, &err), 0);
	assert_int_equal(out.n, 4);
	assert_int_equal(out.items[0].kind, OUTCOME_DISMISSED);
	assert_int_equal(out.items[1].kind, OUTCOME_IGNORED);
	assert_int_equal(out.items[2].kind, OUTCOME_DOWN);
	assert_int_equal(out.items[3].kind, OUTCOME_FIXED);
	/* without a look at the merge: the last plan's word */
	assert_int_equal(outcome_of_merge(&out, &s.mem, &threads, &plan.next, NULL, &err), 0);
	assert_int_equal(out.n, 4);
	assert_int_equal(out.items[1].kind, OUTCOME_IGNORED);
	sample_release(&s);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < OUTCOMES; i++) {
		enum outcome_kind kind;

		assert_true(outcome_parse(str_of(outcome_name((enum outcome_kind)i)), &kind));
		assert_int_equal(kind, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),	 cmocka_unit_test(test_mutes),
		cmocka_unit_test(test_prefixes), cmocka_unit_test(test_at_merge),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
