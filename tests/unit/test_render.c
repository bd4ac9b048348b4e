#include "review_sample.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "review/comment.h"
#include "review/render.h"

#define RANDOM20 \
	"9fK2"   \
	"mX7qL4pZ8wR3tY6n"

static const struct render_options quiet = { .version = "0.1.0",
					     .url = "https://example.org/outrider" };

/* With OUTRIDER_SAMPLES=DIR the outputs are kept there for tests/peers/validate.mjs. */
static void keep(const char *format, struct str text)
{
	const char *dir = getenv("OUTRIDER_SAMPLES");
	static unsigned n;
	char name[512];

	if (!dir)
		return;
	snprintf(name, sizeof name, "%s/%03u.%s", dir, n++, format);
	AUTO_FILE FILE *file = fopen(name, "wb");

	assert_non_null(file);
	fwrite(text.p, 1, text.len, file);
}

static struct buf render(const struct sample *sample, const char *format,
			 const struct render_options *options)
{
	struct buf out = { 0 };
	struct err err;

	if (render_format_find(str_of(format))->render(&out, &sample->review, options, &err) < 0)
		fail_msg("%s: %s", format, err.text);
	assert_true(str_is_utf8(buf_str(&out)));
	keep(format, buf_str(&out));
	return out;
}

static void assert_text(const struct sample *sample, const struct render_options *options,
			const char *want)
{
	AUTO_BUF struct buf out = render(sample, "text", options);

	buf_add_byte(&out, '\0');
	assert_string_equal(out.bytes, want);
}

static json_t *render_to_json(const struct sample *sample, const char *format)
{
	AUTO_BUF struct buf out = render(sample, format, &quiet);
	json_error_t error;
	json_t *root = json_loadb(out.bytes, out.len, JSON_ALLOW_NUL, &error);

	if (!root)
		fail_msg("%s: %s", format, error.text);
	return root;
}

/* The string at a path such as "comments.0.body". */
static const char *string_at(const json_t *root, const char *path)
{
	struct str rest = str_of(path), key;
	uint64_t index;

	while (root && str_cut(&rest, '.', &key))
		root = json_is_array(root) && str_to_u64(key, &index)
			       ? json_array_get(root, (size_t)index)
			       : json_object_getn(root, key.p, key.len);
	return json_string_value(root);
}

static json_int_t integer_at(const json_t *root, const char *object, const char *key)
{
	struct str rest = str_of(object), part;
	uint64_t index;

	while (root && str_cut(&rest, '.', &part))
		root = json_is_array(root) && str_to_u64(part, &index)
			       ? json_array_get(root, (size_t)index)
			       : json_object_getn(root, part.p, part.len);
	return json_is_integer(json_object_get(root, key))
		       ? json_integer_value(json_object_get(root, key))
		       : -1;
}

static void assert_has(const char *text, const char *part, bool want)
{
	assert_non_null(text);
	if ((strstr(text, part) != NULL) != want)
		fail_msg("%s '%s' in: %s", want ? "no" : "unwanted", part, text);
}

static void render_all(const struct sample *sample)
{
	for (const struct render_format *format = render_formats; format->name; format++) {
		AUTO_BUF struct buf out = render(sample, format->name, &quiet);

		assert_true(out.len > 0);
	}
}

static void test_text(void **state)
{
	struct sample sample;
	struct finding finding;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("def f(x):\n\ty = eval(x)\n\treturn y\n"), 1, 3);
	finding = sample_finding(&sample, "a.py", "eval(x)");
	finding.note = STR(
		"Everything that a user types would run with the rights of this program, and that is "
		"hardly ever wanted.");
	sample_fix(&finding, "literal_eval(x)");
	sample_add(&sample, finding);
	review_skip(&sample.review, STR("b.png"), SKIP_BINARY, STR(""));
	review_notice(&sample.review, "one rule is broken");
	assert_text(
		&sample, &quiet,
		"a.py:2:6: warning: The text of a user is run as code. [python-eval-input]\n"
		"     2 |     y = eval(x)\n"
		"       |         ^~~~~~~\n"
		"         note: Everything that a user types would run with the rights of this program, and that is\n"
		"               hardly ever wanted.\n"
		"         suggestion:\n"
		"         -\ty = eval(x)\n"
		"         +\ty = literal_eval(x)\n"
		"\n"
		"notice: one rule is broken\n"
		"1 warning in 1 file; 1 skipped (1 binary file); 1 notice\n");
	render_all(&sample);
	sample_release(&sample);
}

static void test_clean(void **state)
{
	struct sample sample;
	json_t *github;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("pass\n"), 1, 1);
	assert_text(&sample, &quiet, "no findings in 1 file\n");
	render_all(&sample);
	github = render_to_json(&sample, "github");
	assert_int_equal(json_array_size(json_object_get(github, "comments")), 0);
	assert_true(json_is_array(json_object_get(github, "comments")));
	assert_string_equal(string_at(github, "body"),
			    "Outrider found nothing to remark in 1 changed file.");
	json_decref(github);
	sample_release(&sample);
}

static void test_text_hostile(void **state)
{
	struct sample sample;
	struct finding finding;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a\033[31m\n.py",
		    STR("\xf0\x9f\x98\x80\xe2\x80\xae = \033]0;x\007 \xff bad\n"), 1, 1);
	finding = sample_finding(&sample, "a\033[31m\n.py", "bad");
	finding.message = STR("line\none \033[2J\xc2\x9b \xe2\x81\xa6");
	sample_add(&sample, finding);
	assert_text(
		&sample, &quiet,
		"a<U+001B>[31m<U+000A>.py:1:15: warning: line one <U+001B>[2J<U+009B> <U+2066> [python-eval-input]\n"
		"     1 | \xf0\x9f\x98\x80<U+202E> = <U+001B>]0;x<U+0007> <ff> bad\n"
		"       |                                        ^~~\n"
		"\n"
		"1 warning in 1 file\n");
	render_all(&sample);
	sample_release(&sample);
}

/* The mark stands under the character, also behind wide characters and in a cut line. */
static void test_text_long_line(void **state)
{
	struct sample sample;
	struct finding finding;
	struct render_options narrow = { .width = 60 };
	char *text = test_malloc(100000);

	(void)state;
	memset(text, 'x', 100000);
	memcpy(text + 50000, "(bad)", 5);
	text[99998] = '\n';
	text[99999] = '\0';
	sample_init(&sample);
	sample_file(&sample, "min.js", str_of(text), 1, 1);
	finding = sample_finding(&sample, "min.js", "(bad)");
	sample_add(&sample, finding);
	AUTO_BUF struct buf out = render(&sample, "text", &narrow);
	struct str rest = buf_str(&out), head, code, marks;

	if (!str_cut_line(&rest, &head) || !str_cut_line(&rest, &code) ||
	    !str_cut_line(&rest, &marks)) {
		fail_msg("not three lines");
		return;
	}
	assert_true(code.len <= 60);
	assert_true(str_has(code, STR("...x")) && str_ends(code, STR("x...")));
	assert_int_equal(str_find(code, STR("(bad)")), str_find(marks, STR("^~~~~")));
	sample_release(&sample);
	test_free(text);
}

static void test_text_many_lines(void **state)
{
	struct sample sample;
	struct finding finding;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.c", STR("if (x) {\n1;\n2;\n3;\n4;\n5;\n}\nend\n"), 1, 8);
	finding = sample_finding(&sample, "a.c", "if (x) {\n1;\n2;\n3;\n4;\n5;\n}");
	sample_add(&sample, finding);
	AUTO_BUF struct buf out = render(&sample, "text", &quiet);

	buf_add_byte(&out, '\0');
	assert_has(out.bytes, "     1 | if (x) {\n       | ^~~~~~~~\n     2 | 1;\n", true);
	assert_has(out.bytes, "     4 | 3;\n   ... | ...\n", true);
	assert_has(out.bytes, "5;", false);
	sample_release(&sample);
}

static void test_colour_only_when_asked(void **state)
{
	struct sample sample;
	struct render_options colour = { .colour = true };

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("eval(x)\n"), 1, 1);
	sample_add(&sample, sample_finding(&sample, "a.py", "eval"));
	AUTO_BUF struct buf with = render(&sample, "text", &colour);
	AUTO_BUF struct buf without = render(&sample, "text", &quiet);

	assert_true(str_has(buf_str(&with), STR("\033[1;35mwarning")));
	assert_false(str_has(buf_str(&without), STR("\033")));
	sample_release(&sample);
}

static bool read_source(void *payload, struct str path, struct str *text)
{
	if (!str_eq(path, STR("a.py")))
		return false;
	*text = *(const struct str *)payload;
	return true;
}

static void test_scan(void **state)
{
	struct sample sample;
	struct str text = STR("x = 1\neval(x)\n");
	struct render_options options = { .source = read_source, .payload = &text };
	struct finding finding;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", text, 1, 2);
	finding = sample_finding(&sample, "a.py", "eval");
	sample_add(&sample, finding);
	finding.path = STR("gone.py");
	sample_add(&sample, finding);
	sample.review.changes = NULL;
	sample.review.is_change = false;
	AUTO_BUF struct buf out = render(&sample, "text", &options);

	buf_add_byte(&out, '\0');
	assert_has(out.bytes, "     2 | eval(x)\n       | ^~~~\n", true);
	assert_has(out.bytes, "     2 | eval\n       | ^~~~\n", true);
	render_all(&sample);
	sample_release(&sample);
}

static void test_json(void **state)
{
	struct sample sample;
	struct finding finding;
	json_t *root;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("pad\neval(x)\n"), 1, 2);
	finding = sample_finding(&sample, "a.py", "eval(x)");
	sample_fix(&finding, "f(x)");
	sample_add(&sample, finding);
	ARENA_PUSH(&sample.mem, &sample.review.held_back, finding);
	finding.suppression = SUPPRESSED_IN_SOURCE;
	ARENA_PUSH(&sample.mem, &sample.review.suppressed, finding);
	root = render_to_json(&sample, "json");
	assert_int_equal(integer_at(root, "", "version"), 1);
	assert_string_equal(string_at(root, "kind"), "review");
	assert_string_equal(string_at(root, "findings.0.rule"), "python-eval-input");
	assert_string_equal(string_at(root, "findings.0.text"), "eval(x)");
	assert_int_equal(integer_at(root, "findings.0.range.start", "byte"), 4);
	assert_int_equal(integer_at(root, "findings.0.range.end", "column"), 8);
	assert_int_equal(integer_at(root, "findings.0.anchor", "line"), 2);
	assert_string_equal(string_at(root, "findings.0.fix.text"), "f(x)");
	assert_string_equal(string_at(root, "suppressed.0.suppressed"), "source");
	assert_int_equal(json_array_size(json_object_get(root, "held_back")), 1);
	assert_int_equal(integer_at(root, "summary", "warnings"), 1);
	json_decref(root);
	render_all(&sample);
	sample_release(&sample);
}

static void test_sarif(void **state)
{
	struct sample sample;
	struct finding finding;
	json_t *root;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "dir with space/\xc3\xa9#1.py", STR("\xf0\x9f\x98\x80 eval(x)\n"), 1,
		    1);
	finding = sample_finding(&sample, "dir with space/\xc3\xa9#1.py", "eval(x)");
	sample_fix(&finding, "f(x)");
	finding.labels = ARENA_ARRAY(&sample.mem, 1, struct label);
	finding.labels[0] = (struct label){ .span = finding.span, .message = STR("here") };
	finding.n_labels = 1;
	sample_add(&sample, finding);
	finding.tool = STR("scanner");
	finding.rule_id = STR("z");
	finding.has_fix = false;
	sample_add(&sample, finding);
	finding.rule_id = STR("a");
	finding.suppression = SUPPRESSED_BY_CONFIG;
	ARENA_PUSH(&sample.mem, &sample.review.suppressed, finding);
	review_skip(&sample.review, STR("x y.bin"), SKIP_BINARY, STR("NUL byte"));
	review_notice(&sample.review, "careful");
	root = render_to_json(&sample, "sarif");
	assert_int_equal(json_array_size(json_object_get(root, "runs")), 2);
	assert_string_equal(string_at(root, "runs.0.tool.driver.name"), "outrider");
	assert_string_equal(
		string_at(root,
			  "runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri"),
		"dir%20with%20space/%C3%A9%231.py");
	assert_int_equal(integer_at(root, "runs.0.results.0.locations.0.physicalLocation.region",
				    "startColumn"),
			 3);
	assert_int_equal(integer_at(root, "runs.0.results.0.locations.0.physicalLocation.region",
				    "byteOffset"),
			 5);
	assert_int_equal(
		integer_at(
			root,
			"runs.0.results.0.fixes.0.artifactChanges.0.replacements.0.deletedRegion",
			"endColumn"),
		10);
	assert_string_equal(string_at(root, "runs.0.results.0.partialFingerprints.outrider/v1"),
			    finding.fingerprint);
	assert_int_equal(integer_at(root, "runs.1.results.0", "ruleIndex"), 1);
	assert_string_equal(string_at(root, "runs.1.tool.driver.rules.1.id"), "z");
	assert_string_equal(string_at(root, "runs.1.results.1.suppressions.0.kind"), "external");
	assert_string_equal(string_at(root, "runs.0.tool.driver.rules.0.properties.tags.1"),
			    "external/cwe/cwe-95");
	assert_string_equal(
		string_at(root, "runs.0.invocations.0.toolExecutionNotifications.1.descriptor.id"),
		"skipped/binary");
	json_decref(root);
	sample_release(&sample);
}

/* One finding on `what` in a three-line file whose lines first..last are in the diff; its comment. */
static json_t *comment_of(const char *text, const char *what, const char *fix, uint32_t first,
			  uint32_t last)
{
	struct sample sample;
	struct finding finding;
	json_t *root;

	sample_init(&sample);
	sample_file(&sample, "a.py", str_of(text), first, last);
	finding = sample_finding(&sample, "a.py", what);
	if (fix)
		sample_fix(&finding, fix);
	sample_add(&sample, finding);
	root = render_to_json(&sample, "github");
	sample_release(&sample);
	return root;
}

static void assert_comment(const char *text, const char *what, const char *fix, uint32_t first,
			   uint32_t last, const char *block)
{
	json_t *root = comment_of(text, what, fix, first, last);

	assert_has(string_at(root, "comments.0.body"), block, true);
	json_decref(root);
}

static void test_github_suggestion(void **state)
{
	(void)state;
	assert_comment("a\n  b(x)\nc\n", "b(x)", "B", 1, 3, "```suggestion\n  B\n```\n");
	/* whole line taken out */
	assert_comment("a\nb\nc\n", "b\n", "", 1, 3, "```suggestion\n```\n");
	/* the line becomes an empty one */
	assert_comment("a\nb\nc\n", "b", "", 1, 3, "```suggestion\n\n```\n");
	/* more lines than before, and a line end of the other kind */
	assert_comment("a\r\nb\r\nc\r\n", "b", "b1\r\nb2", 1, 3, "```suggestion\nb1\nb2\n```\n");
	/* a fence in the code */
	assert_comment("a\nb\nc\n", "b", "````", 1, 3, "`````suggestion\n````\n`````\n");
	/* the fix reaches out of the diff: shown, not to be clicked */
	assert_comment("a\nb\nc\n", "b\nc", "x", 2, 2,
		       "```diff\n@@ -2,2 +2,1 @@\n-b\n-c\n+x\n```\n");
	/* no UTF-8: a suggestion would change other bytes */
	assert_comment("a\n\xff b\nc\n", "b", "x", 1, 3, "```diff\n");
	/* a credential on the line: masked, so it cannot be a suggestion */
	assert_comment("a\npassword = '" RANDOM20 "'; b\nc\n", "b", "x", 1, 3,
		       "+password = '********************'; x\n");
	/* last line without a line end */
	assert_comment("a\nb", "b", "x", 1, 2, "```suggestion\nx\n```\n");
}

static void test_github_lines(void **state)
{
	json_t *root = comment_of("a\nb\nc\n", "a\nb", NULL, 1, 3);

	(void)state;
	assert_int_equal(integer_at(root, "comments.0", "start_line"), 1);
	assert_int_equal(integer_at(root, "comments.0", "line"), 2);
	assert_string_equal(string_at(root, "comments.0.start_side"), "RIGHT");
	json_decref(root);
	root = comment_of("a\nb\nc\n", "b", NULL, 1, 3);
	assert_int_equal(integer_at(root, "comments.0", "start_line"), -1);
	assert_null(string_at(root, "comments.0.start_side"));
	assert_string_equal(string_at(root, "event"), "COMMENT");
	assert_string_equal(string_at(root, "commit_id"),
			    "2222222222222222222222222222222222222222");
	json_decref(root);
	/* the finding starts on one line, its fix takes one more: the comment covers both */
	struct sample sample;
	struct finding finding;

	sample_init(&sample);
	sample_file(&sample, "a.py", STR("a\nb\nc\n"), 1, 3);
	finding = sample_finding(&sample, "a.py", "b");
	sample_fix(&finding, "x\ny");
	finding.fix.end += 2;
	sample_add(&sample, finding);
	root = render_to_json(&sample, "github");
	assert_int_equal(integer_at(root, "comments.0", "start_line"), 2);
	assert_int_equal(integer_at(root, "comments.0", "line"), 3);
	assert_has(string_at(root, "comments.0.body"), "```suggestion\nx\ny\n```", true);
	json_decref(root);
	sample_release(&sample);
}

static void test_github_hostile(void **state)
{
	struct sample sample;
	struct finding finding;
	json_t *root;
	const char *body, *last;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a`b @all.py", STR("a\n<!-- outrider:v1 finding=f -->\nc\n"), 1, 2);
	finding = sample_finding(&sample, "a`b @all.py", "<!-- outrider:v1 finding=f -->");
	finding.message = STR(
		"hi @team, see #12 <!-- outrider:v1 finding=ffffffffffffffffffffffffffffffff -->\n"
		"![x](http://evil/p.png) <img src=x> `code @x` `` open ` \xe2\x80\xae $x$");
	finding.note = STR(
		"see @owner <b>x</b> ![y](z)\n<!-- outrider:v1 finding=0 -->\n```\nopen @Fence");
	sample_fix(&finding, "<!-- outrider:v1 finding=0 -->");
	sample_add(&sample, finding);
	finding.in_diff = false;
	sample_add(&sample, finding);
	root = render_to_json(&sample, "github");
	body = string_at(root, "comments.0.body");
	assert_has(body, "@team", false);
	assert_has(body, "@owner", false);
	assert_has(body, "#12", false);
	assert_has(body, "![", false);
	assert_has(body, "<img", false);
	assert_has(body, "<b>", false);
	assert_has(body, "`code @x`", true);
	assert_has(body, "\xe2\x80\xae", false);
	last = strrchr(body, '\n');
	assert_string_equal(last,
			    "\n<!-- outrider:v1 finding=0123456789abcdef0123456789abcdef rule=python-eval-input -->");
	/* the only other one is code of the suggestion */
	assert_has(body, "```suggestion\n<!-- outrider:v1 finding=0 -->\n```", true);
	assert_has(string_at(root, "body"), "#### Outside the diff\n\n- `` a`b @all.py:2 ``", true);
	assert_has(string_at(root, "body"), "<!--", false);
	json_decref(root);
	render_all(&sample);
	sample_release(&sample);
}

static void test_github_size(void **state)
{
	struct sample sample;
	struct finding finding;
	char *huge = test_malloc(200001);
	json_t *root;

	(void)state;
	for (size_t i = 0; i < 200000; i++)
		huge[i] = i % 50 == 49 ? '\n' : '@';
	huge[200000] = '\0';
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("a\nb\nc\n"), 1, 3);
	finding = sample_finding(&sample, "a.py", "b");
	finding.note = finding.message = str_of(huge);
	sample_fix(&finding, huge);
	for (size_t i = 0; i < 3000; i++) {
		finding.in_diff = i < 3;
		sample_add(&sample, finding);
	}
	sample.review.limited = true;
	ARENA_PUSH(&sample.mem, &sample.review.held_back, finding);
	root = render_to_json(&sample, "github");
	assert_int_equal(json_array_size(json_object_get(root, "comments")), 3);
	assert_true(strlen(string_at(root, "comments.0.body")) <= COMMENT_MAX_BODY);
	assert_true(strlen(string_at(root, "body")) <= COMMENT_MAX_BODY);
	assert_has(string_at(root, "body"), "more\n", true);
	assert_has(string_at(root, "body"), "1 more finding was held back", true);
	assert_has(string_at(root, "body"), "limited", true);
	assert_has(string_at(root, "comments.0.body"), "too long", true);
	json_decref(root);
	sample_release(&sample);
	test_free(huge);
}

/* No output of any format shows a credential, wherever it stands. */
static void test_secrets(void **state)
{
	struct sample sample;
	struct finding finding;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("password = '" RANDOM20 "'\nb\n"), 1, 2);
	finding = sample_finding(&sample, "a.py", RANDOM20);
	finding.message = STR("password '" RANDOM20 "' in the source");
	finding.note = STR("token = '" RANDOM20 "'");
	sample_fix(&finding, "token='" RANDOM20 "'");
	finding.fix.title = STR("secret: '" RANDOM20 "'");
	sample_add(&sample, finding);
	finding.in_diff = false;
	sample_add(&sample, finding);
	review_notice(&sample.review, "secret: '%s'", RANDOM20);
	sample.review.limited = true;
	for (const struct render_format *format = render_formats; format->name; format++) {
		AUTO_BUF struct buf out = render(&sample, format->name, &quiet);

		if (str_has(buf_str(&out), STR(RANDOM20)))
			fail_msg("%s: %.*s", format->name, STR_ARG(buf_str(&out)));
	}
	sample_release(&sample);
}

static void test_odd_findings(void **state)
{
	struct sample sample;
	struct finding empty = { .tool = STR("outrider"), .rule_id = STR("r") };

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "empty.py", STR(""), 1, 1);
	empty.path = STR("empty.py");
	sample_add(&sample, empty);
	empty.path = STR("not-there");
	empty.span = (struct span){ 5, 9, 3, 2, 3, 6 };
	sample_add(&sample, empty);
	/* bytes that do not belong to the file: another version of it */
	empty.path = STR("empty.py");
	empty.text = STR("text");
	empty.in_diff = true;
	empty.anchor_start_line = empty.anchor_line = 1;
	empty.has_fix = true;
	empty.fix = (struct fix){ .start = 5, .end = 9, .text = STR("\xff\xfe") };
	sample_add(&sample, empty);
	empty.path = STR("bad\xff/path\n.py");
	empty.url = STR("javascript:alert(1)");
	empty.rule_id = STR("r\xff`\n");
	empty.severity = SEVERITY_HINT;
	sample_add(&sample, empty);
	empty.tool = STR("");
	empty.span.start = 100;
	sample_add(&sample, empty);
	render_all(&sample);
	sample_release(&sample);
}

static void test_many(void **state)
{
	enum { MANY = 20000 };
	struct sample sample;
	struct finding finding;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "a.py", STR("a\nb\nc\n"), 1, 3);
	finding = sample_finding(&sample, "a.py", "b");
	finding.in_diff = false;
	for (size_t i = 0; i < MANY; i++) {
		finding.rule_id = arena_printf(&sample.mem, "r%zu", i % 300);
		sample_add(&sample, finding);
	}
	render_all(&sample);
	sample_release(&sample);
}

static void test_formats(void **state)
{
	(void)state;
	assert_non_null(render_format_find(STR("sarif")));
	assert_null(render_format_find(STR("")));
	assert_null(render_format_find(STR("tex")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_text_hostile),
		cmocka_unit_test(test_text_long_line),
		cmocka_unit_test(test_text_many_lines),
		cmocka_unit_test(test_colour_only_when_asked),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_sarif),
		cmocka_unit_test(test_github_suggestion),
		cmocka_unit_test(test_github_lines),
		cmocka_unit_test(test_github_hostile),
		cmocka_unit_test(test_github_size),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_odd_findings),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
