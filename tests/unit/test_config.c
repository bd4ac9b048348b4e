/* test_config.c - .outrider.yml: what it may say, what it means, and how it complains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scope.h"
#include "base/reader.h"
#include "flow/config.h"

enum { MEM = 64 << 20 };

static void load(struct config *config, struct arena *mem, const char *text)
{
	struct err err;

	if (config_load(config, mem, ".outrider.yml", str_of(text), &err))
		fail_msg("%s", err.text);
}

static void test_defaults(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "# nothing\n", "version: 1\n" };
	AUTO_ARENA struct arena mem;
	struct config config;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(texts); i++) {
		load(&config, &mem, texts[i]);
		assert_true(config.builtin_rules);
		assert_int_equal(config.fail_on, SEVERITY_ERROR);
		assert_int_equal(config.min_confidence, CONFIDENCE_LOW);
		assert_int_equal(config.caps.comments, 20);
		assert_int_equal(config.caps.file_bytes, 1 << 20);
		assert_int_equal(config_path_skip(&config, STR("a.c"), NULL), SKIP_NONE);
		assert_int_equal(config_severity(&config, STR("x"), STR(""), STR("a.c"),
						 SEVERITY_HINT), SEVERITY_HINT);
		assert_false(config_is_test(&config, STR("test_a.c")));
		assert_int_equal(config_language(&config, STR("a.c")).len, 0);
	}
}

static const char whole[] =
	"version: 1\n"
	"builtin_rules: false\n"
	"fail_on: never\n"
	"min_confidence: medium\n"
	"rule_dirs: [./rules/, tools/lint]\n"
	"rules:\n"
	"  python-eval: error\n"
	"  python-*: off\n"
	"  js-*: {severity: info, paths: ['web/**'], ignore: ['*.spec.js']}\n"
	"  js-debugger: {ignore: [web/debug/]}\n"
	"  js-quiet: {severity: error, enabled: false}\n"
	"  js-loud: {enabled: true}\n"
	"categories:\n"
	"  style: off\n"
	"  security: error\n"
	"paths:\n"
	"  include: [src/, web/, python/]\n"
	"  exclude: ['*.min.js', src/old/]\n"
	"generated: ['*.pb.go']\n"
	"vendored: [src/third_party/]\n"
	"tests: ['**/tests/**', 'test_*']\n"
	"languages: {'*.inc': php, 'src/*.inc': c}\n"
	"caps: {comments: 0, per_file: 3, per_rule: 2, files: 10, file_bytes: 5000, seconds: 9}\n"
	"instructions:\n"
	"  - {paths: [src/], text: Prefer early returns.}\n"
	"  - text: Be kind.\n";

static void test_values(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	struct config config;

	arena_init(&mem, MEM);
	load(&config, &mem, whole);
	assert_false(config.builtin_rules);
	assert_int_equal(config.fail_on, SEVERITY_OFF);
	assert_int_equal(config.min_confidence, CONFIDENCE_MEDIUM);
	assert_int_equal(config.rule_dirs.n, 2);
	assert_true(str_eq(config.rule_dirs.items[0], STR("rules")));
	assert_true(str_eq(config.rule_dirs.items[1], STR("tools/lint")));
	assert_int_equal(config.caps.comments, 0);
	assert_int_equal(config.caps.seconds, 9);
	assert_int_equal(config.instructions.n, 2);
	assert_int_equal(config.instructions.items[0].paths.n, 1);
	assert_int_equal(config.instructions.items[1].paths.n, 0);
	assert_true(str_eq(config.instructions.items[1].text, STR("Be kind.")));
	assert_true(str_eq(config_language(&config, STR("lib/a.inc")), STR("php")));
	assert_true(str_eq(config_language(&config, STR("src/a.inc")), STR("c")));
	assert_true(config_is_test(&config, STR("a/tests/b.py")));
	assert_true(config_is_test(&config, STR("a/test_b.py")));
	assert_false(config_is_test(&config, STR("a/contest_b.py")));
}

static void test_severity(void **state)
{
	(void)state;
	static const struct {
		const char   *rule, *category, *path;
		enum severity normal, expected;
	} cases[] = {
		{ "python-eval", "", "a.py", SEVERITY_HINT, SEVERITY_ERROR },
		{ "python-other", "security", "a.py", SEVERITY_HINT, SEVERITY_OFF },
		{ "go-x", "style", "a.go", SEVERITY_WARNING, SEVERITY_OFF },
		{ "go-x", "security", "a.go", SEVERITY_WARNING, SEVERITY_ERROR },
		{ "go-x", "other", "a.go", SEVERITY_WARNING, SEVERITY_WARNING },
		{ "go-x", "", "a.go", SEVERITY_OFF, SEVERITY_OFF },
		{ "js-a", "style", "web/a.js", SEVERITY_ERROR, SEVERITY_INFO },
		{ "js-a", "", "lib/a.js", SEVERITY_ERROR, SEVERITY_OFF },
		{ "js-a", "", "web/x/a.spec.js", SEVERITY_ERROR, SEVERITY_OFF },
		{ "js-a", "", "", SEVERITY_ERROR, SEVERITY_INFO },
		{ "js-debugger", "", "web/debug/a.js", SEVERITY_ERROR, SEVERITY_OFF },
		{ "js-debugger", "", "web/a.spec.js", SEVERITY_ERROR, SEVERITY_INFO },
		{ "js-quiet", "", "web/a.js", SEVERITY_ERROR, SEVERITY_OFF },
		{ "js-loud", "", "web/a.js", SEVERITY_OFF, SEVERITY_INFO },
	};
	AUTO_ARENA struct arena mem;
	struct config config;

	arena_init(&mem, MEM);
	load(&config, &mem, whole);
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum severity severity =
			config_severity(&config, str_of(cases[i].rule), str_of(cases[i].category),
					str_of(cases[i].path), cases[i].normal);
		if (severity != cases[i].expected)
			fail_msg("%s at '%s': %s", cases[i].rule, cases[i].path,
				 severity_name(severity));
	}
	load(&config, &mem, "rules: {a: on, b*: warning, bc: {paths: [x/]}}\n");
	assert_int_equal(config_severity(&config, STR("a"), STR(""), STR("p"), SEVERITY_OFF),
			 SEVERITY_WARNING);
	assert_int_equal(config_severity(&config, STR("a"), STR(""), STR("p"), SEVERITY_HINT),
			 SEVERITY_HINT);
	assert_int_equal(config_severity(&config, STR("bc"), STR(""), STR("x/p"), SEVERITY_HINT),
			 SEVERITY_WARNING);
}

static void test_paths(void **state)
{
	(void)state;
	static const struct {
		const char      *path;
		enum change_skip expected;
		const char      *detail;
	} cases[] = {
		{ "src/a.c", SKIP_NONE, "untouched" },
		{ "src/old/a.c", SKIP_FILTERED, "src/old/" },
		{ "web/a.min.js", SKIP_FILTERED, "*.min.js" },
		{ "docs/a.md", SKIP_FILTERED, "not in paths.include" },
		{ "src/a.pb.go", SKIP_GENERATED, "*.pb.go" },
		{ "src/third_party/a.c", SKIP_VENDORED, "src/third_party/" },
	};
	AUTO_ARENA struct arena mem;
	struct config config;

	arena_init(&mem, MEM);
	load(&config, &mem, whole);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str detail = STR("untouched");

		assert_int_equal(config_path_skip(&config, str_of(cases[i].path), &detail),
				 cases[i].expected);
		assert_true(str_eq(detail, str_of(cases[i].detail)));
	}
}

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error; /* how the error begins */
	} cases[] = {
		{ "rulez: {}\n", "c:1:1: unknown key 'rulez'; did you mean 'rules'? known: version, "
				 "rules, categories, paths, languages, rule_dirs, builtin_rules, "
				 "caps, fail_on, min_confidence, generated, vendored, tests, "
				 "instructions" },
		{ "zzzzzzzzz: 1\n", "c:1:1: unknown key 'zzzzzzzzz'; known: version, " },
		{ "- a\n", "c:1:1: expected a mapping, not a list" },
		{ "version: 2\n", "c:1:10: expected a number from 1 to 1" },
		{ "rules:\n  x: eror\n", "c:2:6: unknown value 'eror'; did you mean 'error'? "
					 "known: off, on, hint, info, warning, error" },
		{ "rules: [x]\n", "c:1:8: expected a mapping of rules, not a list" },
		{ "rules:\n  x: {level: error}\n", "c:2:7: unknown key 'level'; known: severity, " },
		{ "rules:\n  x: {paths: src}\n", "c:2:14: expected a list of globs, not a string" },
		{ "rules:\n  'x[': off\n", "c:2:3: glob 'x[': the '[' has no ']'" },
		{ "paths: {include: ['a{b']}\n", "c:1:19: glob 'a{b': the '{' has no '}'" },
		{ "paths: {exclude: [[a]]}\n", "c:1:19: expected a glob, not a list" },
		{ "rule_dirs: [/etc]\n", "c:1:13: not a directory inside the repository: '/etc'" },
		{ "rule_dirs: [a/../../b]\n", "c:1:13: not a directory inside" },
		{ "rule_dirs: ['.']\n", "c:1:13: not a directory inside" },
		{ "rule_dirs: ['.//etc']\n", "c:1:13: not a directory inside" },
		{ "caps: {comments: -1}\n", "c:1:18: expected a number from 0 to 1000" },
		{ "caps: {seconds: 0}\n", "c:1:17: expected a number from 1 to 3600" },
		{ "caps: {coments: 1}\n", "c:1:8: unknown key 'coments'; did you mean 'comments'?" },
		{ "fail_on: off\n", "c:1:10: unknown value 'off'; " },
		{ "min_confidence: [high]\n", "c:1:17: expected a word, not a list" },
		{ "builtin_rules: maybe\n", "c:1:16: unknown value 'maybe'; " },
		{ "languages: {'*.x': [c]}\n", "c:1:20: expected the name of a language, not a list" },
		{ "instructions:\n  - {paths: [a]}\n", "c:2:5: the key 'text' is missing" },
		{ "instructions:\n  - Be kind.\n", "c:2:5: expected a mapping, not a string" },
		{ "a: 1\n---\nb: 2\n", "c:3:1: more than one YAML document" },
		{ "a: [\n", "c:" },
	};
	AUTO_ARENA struct arena mem;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config config = { .fail_on = SEVERITY_HINT };
		struct err err = { 0 };

		assert_int_equal(config_load(&config, &mem, "c", str_of(cases[i].text), &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_int_equal(config.fail_on, SEVERITY_HINT);
		if (!str_starts(str_of(err.text), str_of(cases[i].error)))
			fail_msg("%s instead of %s", err.text, cases[i].error);
	}
}

static void test_limits(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf text = { 0 };
	struct config config;
	struct err err;

	arena_init(&mem, MEM);
	buf_add(&text, STR("tests: ["));
	for (int i = 0; i < READER_MAX_ITEMS + 1; i++)
		buf_add(&text, STR("a,"));
	buf_add(&text, STR("]\n"));
	assert_int_equal(config_load(&config, &mem, "c", buf_str(&text), &err), -1);
	buf_clear(&text);
	for (int i = 0; i <= CONFIG_MAX_BYTES; i++)
		buf_add_byte(&text, '#');
	assert_int_equal(config_load(&config, &mem, "c", buf_str(&text), &err), -1);
	buf_clear(&text);
	buf_add(&text, STR("instructions: [{text: '"));
	for (int i = 0; i <= CONFIG_MAX_TEXT; i++)
		buf_add_byte(&text, 'a');
	buf_add(&text, STR("'}]\n"));
	assert_int_equal(config_load(&config, &mem, "c", buf_str(&text), &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
		cmocka_unit_test(test_severity), cmocka_unit_test(test_paths),
		cmocka_unit_test(test_errors),	 cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
