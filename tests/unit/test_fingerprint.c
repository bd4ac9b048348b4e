#include "review_sample.h"

#include "review/fingerprint.h"

static struct finding make(const char *text)
{
	return (struct finding){
		.tool = STR("outrider"),
		.rule_id = STR("rule"),
		.symbol = STR("Class.method"),
		.path = STR("a/b.py"),
		.text = str_of(text),
	};
}

static const char *print_of(struct finding *finding, unsigned ordinal)
{
	fingerprint_set(finding, ordinal);
	assert_int_equal(strlen(finding->fingerprint), FINGERPRINT_HEX);
	assert_int_equal(strspn(finding->fingerprint, "0123456789abcdef"), FINGERPRINT_HEX);
	return finding->fingerprint;
}

static void assert_same(const char *a, const char *b, bool same)
{
	struct finding x = make(a), y = make(b);

	assert_int_equal(strcmp(print_of(&x, 0), print_of(&y, 0)) == 0, same);
}

static void test_layout_does_not_matter(void **state)
{
	(void)state;
	assert_same("f(a, b)", "f(a,b)", true);
	assert_same("f(a, b)", "f(\n\ta,\r\n\tb\n)", true);
	assert_same("x  =  1", "x=1", true);
	assert_same("", "  \n", true);
}

static void test_words_matter(void **state)
{
	(void)state;
	assert_same("return x", "returnx", false);
	assert_same("f(a, b)", "f(b, a)", false);
	assert_same("caf\xc3\xa9 x", "caf\xc3\xa9x", false);
	assert_same("a", "A", false);
}

static void test_place_does_not_matter(void **state)
{
	struct finding x = make("f()"), y = make("f()");

	(void)state;
	y.path = STR("renamed.py");
	y.span = (struct span){ 900, 903, 40, 1, 40, 4 };
	y.message = STR("other words");
	y.severity = SEVERITY_ERROR;
	assert_string_equal(print_of(&x, 0), print_of(&y, 0));
}

static void test_fields_matter(void **state)
{
	struct finding x = make("f()");
	char first[FINGERPRINT_HEX + 1];
	struct finding others[] = { x, x, x, x };

	(void)state;
	memcpy(first, print_of(&x, 0), sizeof first);
	others[0].tool = STR("other");
	others[1].rule_id = STR("other");
	others[2].symbol = STR("Class.other");
	/* the border between two fields counts */
	others[3].rule_id = STR("ruleClass.");
	others[3].symbol = STR("method");
	for (size_t i = 0; i < COUNT(others); i++)
		assert_string_not_equal(first, print_of(&others[i], 0));
	assert_string_not_equal(first, print_of(&x, 1));
}

static void test_message_stands_in_for_text(void **state)
{
	struct finding x = make(""), y = make("");

	(void)state;
	x.message = STR("one");
	y.message = STR("two");
	assert_string_not_equal(print_of(&x, 0), print_of(&y, 0));
}

static void test_long_text(void **state)
{
	char text[5000];
	struct finding x, y;

	(void)state;
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	x = make(text);
	print_of(&x, 0);
	text[4000] = 'b';
	y = make(text);
	assert_string_not_equal(x.fingerprint, print_of(&y, 0));
}

/* Order of position counts, not order of the list; one place is one ordinal. */
static void test_ordinals(void **state)
{
	struct arena mem;
	struct finding items[5];
	struct finding_list list = { items, COUNT(items), COUNT(items) };
	char first[FINGERPRINT_HEX + 1];

	(void)state;
	arena_init(&mem, 1 << 20);
	for (size_t i = 0; i < COUNT(items); i++)
		items[i] = make("f()");
	memcpy(first, print_of(&items[0], 0), sizeof first);
	items[0].span.start = 50;
	items[1].span.start = 10;
	items[2].span.start = 50;
	items[3].span.start = 70;
	items[4].path = STR("c.py");
	items[4].span.start = 99;
	fingerprint_all(&list, &mem);
	assert_string_equal(items[1].fingerprint, first);
	assert_string_equal(items[4].fingerprint, first);
	assert_string_equal(items[0].fingerprint, items[2].fingerprint);
	assert_string_not_equal(items[0].fingerprint, first);
	assert_string_not_equal(items[3].fingerprint, items[0].fingerprint);
	assert_int_equal(items[0].span.start, 50);
	list.n = 0;
	fingerprint_all(&list, &mem);
	arena_release(&mem);
}

/* What is stored on forges must not change by accident. */
static void test_known_value(void **state)
{
	struct finding x = make("f(a, b)");

	(void)state;
	assert_string_equal(print_of(&x, 0), "58e4a857eca968b605da98ed6271e75c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout_does_not_matter),
		cmocka_unit_test(test_words_matter),
		cmocka_unit_test(test_place_does_not_matter),
		cmocka_unit_test(test_fields_matter),
		cmocka_unit_test(test_message_stands_in_for_text),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_ordinals),
		cmocka_unit_test(test_known_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
