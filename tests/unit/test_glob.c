/* test_glob.c - rule globs against verdicts of the real crate, path globs against gitignore's rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/scope.h"

#ifndef TEST_DATA
#define TEST_DATA "tests/data"
#endif

enum { MEM = 64 << 20 };

static struct str unescape(struct arena *mem, struct str s)
{
	char *out = arena_alloc(mem, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++, n++) {
		bool hex = s.p[i] == '%' && i + 2 < s.len;

		out[n] = hex ? (char)strtol((char[]){ s.p[i + 1], s.p[i + 2], 0 }, NULL, 16) :
			       s.p[i];
		i += hex ? 2 : 0;
	}
	return (struct str){ out, n };
}

static bool check_line(struct arena *mem, struct str line)
{
	struct str field[4] = { 0 };
	struct glob *glob;
	struct err err;

	for (size_t n = 0; n < COUNT(field) && line.p; n++) {
		size_t tab = str_find_byte(line, '\t');
		field[n] = str_sub(line, 0, tab);
		line = tab == SIZE_MAX ? (struct str){ 0 } : str_from(line, tab + 1);
	}
	int rc = glob_compile(&glob, mem, unescape(mem, field[0]), GLOB_RULE,
			      str_eq(field[3], STR("nocase")), &err);
	if (rc || str_eq(field[2], STR("error")))
		return rc && str_eq(field[2], STR("error"));
	return glob_match(glob, unescape(mem, field[1])) == str_eq(field[2], STR("yes"));
}

static void test_same_as_crate(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	struct str text, line;
	struct err err;
	size_t lines = 0, wrong = 0;

	arena_init(&mem, MEM);
	if (file_read(&text, &mem, TEST_DATA "/glob.tsv", 1 << 24, &err))
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
	assert_true(lines > 100);
	assert_int_equal(wrong, 0);
}

static void test_paths(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *path;
		bool        expected;
	} cases[] = {
		{ "*.py", "a.py", true },	  { "*.py", "x/y/a.py", true },
		{ "*.py", "a.pyc", false },	  { "*.py", "d.py/x.c", true },
		{ "/*.py", "a.py", true },	  { "/*.py", "x/a.py", false },
		{ "src/*.py", "src/a.py", true }, { "src/*.py", "src/x/a.py", false },
		{ "src/*.py", "x/src/a.py", false },
		{ "src/**/*.py", "src/a.py", true },
		{ "src/**/*.py", "src/x/y/a.py", true },
		{ "**/gen/*", "a/b/gen/c", true }, { "**/gen/*", "gen/c", true },
		{ "src", "src", true },		  { "src", "src/a/b", true },
		{ "src", "lib/src/a", true },	  { "src", "srcs/a", false },
		{ "src/", "src", false },	  { "src/", "lib/src/a", true },
		{ "/src/", "src/a", true },	  { "/src/", "lib/src/a", false },
		{ "src/**", "src/a/b", true },	  { "src/**", "src", false },
		{ "./src", "src/a", true },	  { "src", "./src/a", true },
		{ "a?c", "a/c", false },	  { "a[!b]c", "a/c", false },
		{ "a?c", "a\xc3\xa9" "c", true }, { "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true },
		{ "{a,b}/*.c", "b/x.c", true },	  { "x{,.bak}", "x.bak", true },
		{ "x{,.bak}", "x", true },	  { "a\\*", "a*", true },
		{ "a\\*", "ab", false },	  { "[\\]]", "]", true },
		{ "**", "a/b", true },		  { "*", "a/b", true },
		{ "\\!a", "!a", true },		  { ".*", "x/.hidden", true },
	};
	AUTO_ARENA struct arena mem;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct glob *glob;
		struct err err;

		if (glob_compile(&glob, &mem, str_of(cases[i].pattern), GLOB_PATH, false, &err))
			fail_msg("%s", err.text);
		if (glob_match(glob, str_of(cases[i].path)) != cases[i].expected)
			fail_msg("%s on %s", cases[i].pattern, cases[i].path);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
	} cases[] = {
		{ "a[b", "glob 'a[b': the '[' has no ']'" },
		{ "{a", "glob '{a': the '{' has no '}'" },
		{ "a}", "glob 'a}': the '}' has no '{'" },
		{ "!a", "glob '!a': negation with '!' is not supported (write '\\!' for the "
			"character)" },
		{ "", "glob '': empty" },
		{ "/", "glob '/': empty" },
		{ "a\\", "glob 'a\\': nothing stands behind the last '\\'" },
		{ "[z-a]", "glob '[z-a]': a range in [] goes backwards" },
	};
	AUTO_ARENA struct arena mem;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct glob *glob = NULL;
		struct err err;

		assert_int_equal(glob_compile(&glob, &mem, str_of(cases[i].pattern), GLOB_PATH,
					      false, &err), -1);
		assert_string_equal(err.text, cases[i].text);
		assert_null(glob);
	}
}

/* With backtracking this takes longer than the universe has. */
static void test_many_stars(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf pattern = { 0 }, path = { 0 };
	struct glob *glob;
	struct err err;

	arena_init(&mem, MEM);
	for (int i = 0; i < GLOB_MAX_BYTES / 2; i++)
		buf_add(&pattern, STR("*a"));
	for (int i = 0; i < 4000; i++)
		buf_add_byte(&path, 'a');
	buf_add_byte(&path, 'b');
	assert_int_equal(glob_compile(&glob, &mem, buf_str(&pattern), GLOB_RULE, false, &err), 0);
	assert_false(glob_match(glob, buf_str(&path)));
	path.len--;
	assert_true(glob_match(glob, buf_str(&path)));
	buf_add_byte(&pattern, 'a');
	assert_int_equal(glob_compile(&glob, &mem, buf_str(&pattern), GLOB_RULE, false, &err), -1);
}

static void test_find(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	struct glob_list list = { 0 };
	struct glob *glob;

	arena_init(&mem, MEM);
	assert_null(glob_find(&list, STR("a")));
	assert_int_equal(glob_compile(&glob, &mem, STR("*.c"), GLOB_PATH, false, NULL), 0);
	ARENA_PUSH(&mem, &list, glob);
	assert_int_equal(glob_compile(&glob, &mem, STR("*.H"), GLOB_PATH, true, NULL), 0);
	ARENA_PUSH(&mem, &list, glob);
	assert_ptr_equal(glob_find(&list, STR("x/a.h")), list.items[1]);
	assert_true(str_eq(glob_text(list.items[1]), STR("*.H")));
	assert_null(glob_find(&list, STR("a.rs")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_crate),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_stars),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
