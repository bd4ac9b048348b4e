/* test_regex.c - the dialect against verdicts of the real crate, then what only we promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "base/file.h"
#include "base/scope.h"
#include "rules/regex.h"

#ifndef TEST_DATA
#define TEST_DATA "tests/data"
#endif

enum { MEM = 256 << 20, UNTIL_JIT = 260 };

static int hex(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* %hh in the data is a byte. */
static struct str unescape(struct arena *mem, struct str s)
{
	char *out = arena_alloc(mem, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '%' && i + 2 < s.len) {
			out[n++] = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			i += 2;
		} else {
			out[n++] = s.p[i];
		}
	}
	return (struct str){ out, n };
}

static struct regex *make(struct arena *mem, const char *pattern)
{
	struct regex *regex = NULL;
	struct err err;

	if (regex_compile(&regex, mem, str_of(pattern), &err))
		fail_msg("%s: %s", pattern, err.text);
	return regex;
}

static bool has_required(const struct literal_set *set, struct str subject)
{
	for (size_t i = 0; i < set->n; i++)
		if (str_has(subject, set->items[i]))
			return true;
	return false;
}

/* The interpreter and the machine code must agree with the crate; so must the prefilter. */
static bool agrees(const struct regex *regex, struct arena *mem, struct str subject,
		   enum regex_result expected)
{
	struct literal_set set;
	bool same = true;

	for (int i = 0; i < UNTIL_JIT; i++)
		same = same && regex_search(regex, subject) == expected;
	if (expected == REGEX_YES && regex_required(regex, mem, &set))
		same = same && has_required(&set, subject);
	return same;
}

static bool check_replacement(struct arena *mem, const struct regex *regex, struct str subject,
			      struct str replacement, struct str expected)
{
	AUTO_BUF struct buf out = { 0 };

	regex_replace_all(&out, regex, subject, unescape(mem, replacement));
	return str_eq(buf_str(&out), unescape(mem, expected));
}

static bool check_line(struct arena *mem, struct str line)
{
	struct str field[5] = { 0 };
	struct regex *regex = NULL;
	struct err err = { 0 };
	size_t n = 0;

	for (; n < COUNT(field) && line.p; n++) {
		size_t tab = str_find_byte(line, '\t');
		field[n] = str_sub(line, 0, tab);
		line = tab == SIZE_MAX ? (struct str){ 0 } : str_from(line, tab + 1);
	}
	struct str subject = unescape(mem, field[1]);
	int rc = regex_compile(&regex, mem, unescape(mem, field[0]), &err);
	if (str_eq(field[2], STR("error")))
		return rc == -1 && strlen(err.text) > 0;
	if (rc)
		return false;
	bool same = agrees(regex, mem, subject,
			   str_eq(field[2], STR("yes")) ? REGEX_YES : REGEX_NO);
	if (n == 5)
		same = same && check_replacement(mem, regex, subject, field[3], field[4]);
	regex_release(regex);
	return same;
}

static void test_same_as_crate(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	struct str text, line;
	struct err err;
	size_t lines = 0, wrong = 0;

	arena_init(&mem, MEM);
	if (file_read(&text, &mem, TEST_DATA "/regex.tsv", 1 << 20, &err))
		fail_msg("%s", err.text);
	while (str_cut_line(&text, &line)) {
		if (str_starts(line, STR("# ")))
			continue;
		lines++;
		if (check_line(&mem, line))
			continue;
		wrong++;
		print_error("differs: %.*s\n", STR_ARG(line));
	}
	assert_true(lines > 500);
	assert_int_equal(wrong, 0);
}

static void test_error_says_where(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
	} cases[] = {
		{ "ab(?=c)", "pattern, byte 2: look-around is not supported" },
		{ "a\\1", "pattern, byte 1: back-references and octal are not supported" },
		{ "a[z-b]", "pattern, byte 2: the range goes backwards" },
		{ "x(?P<n>a)(?P<n>b)", "pattern, byte 13: the group name 'n' occurs twice" },
		{ "a\\h", "pattern, byte 1: unknown escape '\\h'" },
		{ "ab)", "pattern, byte 2: the ')' closes no group" },
		{ "(ab", "pattern, byte 0: the group has no ')'" },
		{ "a\xff", "pattern, byte 0: not UTF-8" },
	};
	AUTO_ARENA struct arena mem;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct regex *regex = NULL;
		struct err err = { 0 };

		assert_int_equal(regex_compile(&regex, &mem, str_of(cases[i].pattern), &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_string_equal(err.text, cases[i].text);
		assert_null(regex);
	}
}

/* Subjects that make a backtracking engine take seconds to centuries. */
static void test_never_runs_away(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		char        fill;
	} cases[] = {
		{ "^(a+)+$", 'a' },	     { "(?s)a.*[0-9]", 'a' },
		{ "\\w+[!?]", 'a' },	     { "(?s)a.*a.*a.*a.*a.*[0-9]", 'a' },
		{ "(a|aa)+[0-9]", 'a' },     { "\\w+\\s*[=:]\\s*[0-9]", 'a' },
		{ "(?:\\s*\\s*)*[0-9]", ' ' },
	};
	AUTO_ARENA struct arena mem;
	enum { LONG = 40000 };

	arena_init(&mem, MEM);
	char *many = arena_alloc(&mem, LONG);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct regex *regex = make(&mem, cases[i].pattern);

		memset(many, cases[i].fill, LONG);
		many[LONG - 1] = '-';
		if (regex_search(regex, (struct str){ many, LONG }) != REGEX_NO ||
		    regex_search(regex, (struct str){ many, 2000 }) !=
			    (i == 0 ? REGEX_YES : REGEX_NO))
			fail_msg("%s", cases[i].pattern);
		regex_release(regex);
	}
}

/* A replacement needs the groups, so it may give up; then it leaves no half of a text. */
static void test_replace_gives_up(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf out = { 0 };
	static char many[200];

	arena_init(&mem, MEM);
	memset(many, 'a', sizeof(many));
	struct regex *regex = make(&mem, "^(a+)+$");
	buf_add(&out, STR("kept"));
	assert_int_equal(regex_replace_all(&out, regex, (struct str){ many, sizeof(many) },
					   STR("x")), REGEX_LIMIT);
	assert_int_equal(out.len, 4);
	regex_release(regex);
}

/* Long subjects take the other algorithm: it must find the same. */
static void test_long_subjects(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *tail;
		bool        expected;
	} cases[] = {
		{ "\\beval\\s*\\(.*\\)", "eval (x)", true },
		{ "\\beval\\s*\\(.*\\)", "_eval (x)", false },
		{ "(?i)\\w+\\s+PASSWORD\\s*=", "my password =", true },
		{ "[a-z&&[^e]]+\\d+$", "xyz12", true },
		{ "[\\pL--\\p{Lu}]+\\d+$", "X12", false },
		{ "(?m)^x+y+$", "\nxxyy\n", true },
		{ "(?s)q.*z{2,}\\z", "qzzz", true },
		{ "\\x{e9}+.*\\b{end}", "\xc3\xa9" "a", true },
	};
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf text = { 0 };

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct regex *regex = make(&mem, cases[i].pattern);

		buf_clear(&text);
		while (text.len < 20000)
			buf_add(&text, STR("- "));
		buf_add(&text, str_of(cases[i].tail));
		if (regex_search(regex, buf_str(&text)) !=
		    (cases[i].expected ? REGEX_YES : REGEX_NO))
			fail_msg("%s", cases[i].pattern);
		regex_release(regex);
	}
}

static void test_limits(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf text = { 0 };
	struct regex *regex = NULL;
	struct err err;

	arena_init(&mem, MEM);
	for (int i = 0; i < 5000; i++)
		buf_add(&text, STR("(["));
	assert_int_equal(regex_compile(&regex, &mem, buf_str(&text), &err), -1);
	buf_clear(&text);
	for (int i = 0; i < REGEX_MAX_BYTES + 1; i++)
		buf_add_byte(&text, 'a');
	assert_int_equal(regex_compile(&regex, &mem, buf_str(&text), &err), -1);
	text.len--;
	assert_int_equal(regex_compile(&regex, &mem, buf_str(&text), &err), 0);
	assert_int_equal(regex_search(regex, buf_str(&text)), REGEX_YES);
	regex_release(regex);
	buf_clear(&text);
	buf_add(&text, STR("[a-z"));
	for (int i = 0; i < 3000; i++)
		buf_add(&text, STR("~~\\pL"));
	buf_add(&text, STR("]"));
	assert_int_equal(regex_compile(&regex, &mem, buf_str(&text), &err), -1);
}

static void test_bad_bytes_match_nothing(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;

	arena_init(&mem, MEM);
	struct regex *regex = make(&mem, "^.$");
	assert_int_equal(regex_search(regex, STR("\xff")), REGEX_NO);
	assert_int_equal(regex_search(regex, STR("\xc3\xa9")), REGEX_YES);
	assert_int_equal(regex_search(regex, (struct str){ NULL, 0 }), REGEX_NO);
	regex_release(regex);
	regex_release(NULL);
}

static void test_required(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		const char *expected; /* joined by '|'; NULL for none */
	} cases[] = {
		{ "^createHash$", "createHash" },
		{ "foo|bar", "foo|bar" },
		{ "\\beval\\s*\\(", "eval" },
		{ "x?password\\d+", "password|xpassword" },
		{ "(?:foo|barbaz)qux.*end", "fooqux|barbazqux" },
		{ "[ab]cd", "acd|bcd" },
		{ "a.b", NULL },
		{ "foo|.", NULL },
		{ "(foo)?", NULL },
		{ "(foo)+", "foo" },
		{ "(?i)id", "id|iD|Id|ID" },
		{ "(?i)\xc3\xa9x", NULL },
		{ "foo.*longer", "longer" },
		{ "\\p{L}ab", "ab" },
	};
	AUTO_ARENA struct arena mem;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_BUF struct buf joined = { 0 };
		struct regex *regex = make(&mem, cases[i].pattern);
		struct literal_set set = { 0 };
		bool found = regex_required(regex, &mem, &set);

		for (size_t j = 0; j < set.n; j++)
			buf_printf(&joined, "%s%.*s", j ? "|" : "", STR_ARG(set.items[j]));
		if (found != (cases[i].expected != NULL) ||
		    !str_eq(buf_str(&joined), str_of(cases[i].expected)))
			fail_msg("%s: '%.*s'", cases[i].pattern, STR_ARG(buf_str(&joined)));
		regex_release(regex);
	}
}

static void *search_often(void *payload)
{
	const struct regex *regex = payload;
	size_t wrong = 0;

	for (int i = 0; i < 500; i++) {
		wrong += regex_search(regex, STR("a foo9 b")) != REGEX_YES;
		wrong += regex_search(regex, STR("a fo9 b")) != REGEX_NO;
	}
	return (void *)wrong;
}

static void test_many_threads(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	pthread_t threads[4];
	void *wrong;

	arena_init(&mem, MEM);
	struct regex *regex = make(&mem, "\\bfo{2}\\d");
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, search_often, regex), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	regex_release(regex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_crate),
		cmocka_unit_test(test_error_says_where),
		cmocka_unit_test(test_never_runs_away),
		cmocka_unit_test(test_replace_gives_up),
		cmocka_unit_test(test_long_subjects),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bad_bytes_match_nothing),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
