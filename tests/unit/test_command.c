#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/scope.h"
#include "model/marker.h"
#include "review/command.h"

static size_t parse(struct command_text out[COMMAND_MAX], const char *body)
{
	return command_parse(out, str_of(body), STR("outrider"));
}

static void assert_one(const char *body, enum command_kind kind, const char *rule)
{
	struct command_text c[COMMAND_MAX];

	assert_int_equal(parse(c, body), 1);
	assert_int_equal(c[0].kind, kind);
	assert_true(str_eq(c[0].rule, str_of(rule)));
}

static void assert_none(const char *body)
{
	struct command_text c[COMMAND_MAX];

	assert_int_equal(parse(c, body), 0);
}

static void test_words(void **state)
{
	(void)state;
	assert_one("/outrider review", COMMAND_REVIEW, "");
	assert_one("  /Outrider FULL please\r\n", COMMAND_FULL, "");
	assert_one("hello\n\n/outrider pause\nbye", COMMAND_PAUSE, "");
	assert_one("/outrider resume", COMMAND_RESUME, "");
	assert_one("/outrider resolve", COMMAND_RESOLVE, "");
	assert_one("/outrider explain", COMMAND_EXPLAIN, "");
	assert_one("/outrider explain py-eval", COMMAND_EXPLAIN, "py-eval");
	assert_one("/outrider ignore `js/no-eval`", COMMAND_IGNORE, "js/no-eval");
	assert_one("/outrider", COMMAND_HELP, "");
	assert_one("/outrider help", COMMAND_HELP, "");
}

static void test_not_ours(void **state)
{
	(void)state;
	assert_none("");
	assert_none("see /outrider review");
	assert_none("/outriders review");
	assert_none("> /outrider review");
	assert_none("    /outrider review");
	assert_none("\t/outrider review");
	assert_none("- /outrider review");
	assert_none("`/outrider review`");
	assert_none("```\n/outrider review\n```");
	assert_none("~~~~\n```\n/outrider review\n~~~\n/outrider full\n~~~~");
	assert_none("```\n/outrider review");
	assert_none("<!-- a\n/outrider review\n-->");
	assert_none("`code that\n/outrider review\ngoes on`");
	assert_one("```\ncode\n```\n/outrider review", COMMAND_REVIEW, "");
	assert_one("a ` lone tick\n\n/outrider review", COMMAND_REVIEW, "");
}

static void test_unknown(void **state)
{
	struct command_text c[COMMAND_MAX];

	(void)state;
	assert_none("/outrider is a tool that reviews");
	assert_int_equal(parse(c, "/outrider revieww"), 1);
	assert_int_equal(c[0].kind, COMMAND_UNKNOWN);
	assert_true(str_eq(c[0].word, STR("revieww")));
	assert_int_equal(parse(c, "/outrider ignore"), 1);
	assert_int_equal(c[0].kind, COMMAND_UNKNOWN);
	assert_int_equal(parse(c, "/outrider ignore <b>"), 1);
	assert_int_equal(c[0].kind, COMMAND_UNKNOWN);
}

static void test_many(void **state)
{
	struct command_text c[COMMAND_MAX];

	(void)state;
	assert_int_equal(parse(c, "/outrider pause\n/outrider ignore a\n"), 2);
	assert_int_equal(c[1].kind, COMMAND_IGNORE);
	assert_int_equal(parse(c, "/outrider help\n/outrider help\n/outrider help\n/outrider help\n"
				  "/outrider help\n/outrider help\n/outrider help\n"), COMMAND_MAX);
}

static void test_answers(void **state)
{
	AUTO_ARENA struct arena mem;
	struct command_text c = { .kind = COMMAND_UNKNOWN, .word = STR("@all`x") };
	struct rule_about about = { .rule = STR("py-eval"), .message = STR("see @team <b>"),
				    .severity = STR("error") };
	struct str text;

	(void)state;
	arena_init(&mem, 1 << 20);
	text = command_help(&mem, STR("outrider"), &c);
	assert_true(str_starts(text, STR("`` @all`x `` is no command")));
	assert_true(str_has(text, STR("`/outrider ignore RULE`")));
	text = command_explain(&mem, &about, about.rule);
	assert_false(str_has(text, STR("@team")));
	assert_false(str_has(text, STR(" <b>")));
	text = command_explain(&mem, NULL, STR("nothing"));
	assert_true(str_has(text, STR("no rule `nothing`")));
	for (size_t i = 0; i < command_table_n; i++) {
		c = (struct command_text){ .kind = command_table[i].kind };
		assert_true(command_done(&mem, &c).len > 0);
		assert_true(command_refused(&mem, &c).len > 0);
	}
}

#define PRINT "0123456789abcdef0123456789abcdef"

static void test_markers(void **state)
{
	static const char *const others[] = {
		"", "<!-- outrider:v1 finding=" PRINT " -->\nmore", "<!-- outrider:v1 finding=" PRINT "x -->",
		"<!-- outrider:v1 finding=0123 -->", "<!-- outrider:v1 finding=" PRINT " rule=a b -->",
		"<!-- outrider:v1 finding=" PRINT " rule=a--b -->", "x <!-- outrider:v1 summary -->",
		"<!-- outrider:v2 summary -->",
	};
	AUTO_ARENA struct arena mem;
	struct marker marker;

	(void)state;
	arena_init(&mem, 1 << 20);
	assert_true(marker_read(&marker, STR("a\n<!-- outrider:v1 finding=" PRINT " rule=x/y-z -->\r\n\n")));
	assert_string_equal(marker.fingerprint, PRINT);
	assert_true(str_eq(marker.rule, STR("x/y-z")));
	assert_true(marker_read(&marker, marker_finding(&mem, PRINT, STR("odd --> rule"))));
	assert_int_equal(marker.rule.len, 0);
	assert_true(marker_read(&marker, MARKER_SUMMARY));
	assert_true(marker.summary);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(marker_read(&marker, str_of(others[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_many),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_markers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
