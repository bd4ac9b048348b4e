#include "review_sample.h"

#include <stdio.h>

#include "base/scope.h"
#include "review/render.h"
#include "review/sarif_read.h"

static const struct sarif_options options = { .name = "x.sarif", .root = { "/home/ci/repo/", 14 } };

#define LOG(run) "{\"version\":\"2.1.0\",\"runs\":[" run "]}"
#define DRIVER "\"tool\":{\"driver\":{\"name\":\"scanner\"}}"
#define AT(uri)                                                                             \
	"\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"" uri "\"}," \
	"\"region\":{\"startLine\":2}}}]"
#define TEXT "\"message\":{\"text\":\"m\"}"

struct file {
	struct arena mem;
	struct sarif_import import;
};

static void file_release(struct file *file)
{
	arena_release(&file->mem);
}

static void read_ok(struct file *file, const char *json)
{
	struct err err;

	*file = (struct file){ 0 };
	arena_init(&file->mem, 1 << 30);
	if (sarif_read(&file->import, &file->mem, str_of(json), &options, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(file->import.counts.imported, file->import.findings.n);
}

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("'%.*s' is not '%s'", STR_ARG(got), want);
}

static void assert_error(const char *json, const char *want)
{
	struct arena mem;
	struct sarif_import import = { .counts.runs = 77 };
	struct err err = { 0 };

	arena_init(&mem, 1 << 28);
	assert_int_equal(sarif_read(&import, &mem, str_of(json), &options, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, want);
	assert_int_equal(import.counts.runs, 77);
	arena_release(&mem);
}

static void test_errors(void **state)
{
	(void)state;
	assert_error("", "x.sarif:1:0: '[' or '{' expected");
	assert_error("{\n  \"version\": }", "x.sarif:2:14: unexpected token");
	assert_error("{\"version\":\"2.0.0\",\"runs\":[]}", "x.sarif: /version: not \"2.1.0\"");
	assert_error("{\"version\":\"2.1.0\"}", "x.sarif: /runs: not an array");
	assert_error("[]", "x.sarif: /version: not \"2.1.0\"");
	assert_error(LOG("{}"), "x.sarif: /runs/0/tool/driver/name: not there");
	assert_error(LOG("{" DRIVER "},7"), "x.sarif: /runs/1: not an object");
	assert_error(LOG("{" DRIVER ",\"results\":{}}"), "x.sarif: /runs/0/results: not an array");
	assert_error(LOG("{" DRIVER ",\"results\":[[]]}"),
		     "x.sarif: /runs/0/results/0: not an object");
	assert_error("\xff\xfe{", "x.sarif:1:1: UTF-16, not UTF-8");
}

static void test_caps(void **state)
{
	struct arena mem;
	struct sarif_import import;
	struct err err;
	size_t len = SARIF_MAX_BYTES + 1;
	char *text = test_malloc(len);

	(void)state;
	arena_init(&mem, 1 << 28);
	memset(text, ' ', len);
	assert_int_equal(sarif_read(&import, &mem, (struct str){ text, len }, &options, &err), -1);
	assert_string_equal(err.text, "x.sarif: larger than 67108864 bytes");
	memset(text, '[', 100);
	assert_int_equal(sarif_read(&import, &mem, (struct str){ text, 100 }, &options, &err), -1);
	assert_string_equal(err.text, "x.sarif:1:65: nested too deeply");
	for (size_t i = 1; i < len; i++)
		text[i] = "[],"[(i - 1) % 3];
	assert_int_equal(sarif_read(&import, &mem, (struct str){ text, len - 2 }, &options, &err),
			 -1);
	assert_non_null(strstr(err.text, "too many objects and arrays"));
	for (size_t i = 1; i < len; i++)
		text[i] = "1,"[(i - 1) % 2];
	assert_int_equal(sarif_read(&import, &mem, (struct str){ text, len - 2 }, &options, &err),
			 -1);
	assert_non_null(strstr(err.text, "too many values"));
	/* brackets in strings do not count */
	memset(text, '[', 1000);
	memcpy(text, "{\"a\\\"", 5);
	memcpy(text + 1000, "\":1}", 4);
	assert_int_equal(sarif_read(&import, &mem, (struct str){ text, 1004 }, &options, &err), -1);
	assert_string_equal(err.text, "x.sarif: /version: not \"2.1.0\"");
	test_free(text);
	arena_release(&mem);
}

static void test_results_that_are_not_read(void **state)
{
	struct file file;
	const struct sarif_counts *counts = &file.import.counts;

	(void)state;
	read_ok(&file,
		"\xef\xbb\xbf" LOG(
			"{" DRIVER ",\"results\":["
			"{" TEXT
			"," AT("a.c") "},"
				      "{\"kind\":\"pass\"," TEXT
				      "," AT("a.c") "},"
						    "{\"kind\":\"review\"," TEXT
						    "," AT("a.c") "},"
								  "{\"baselineState\":\"absent\"," TEXT
								  "," AT("a.c") "},"
										"{\"level\":\"none\"," TEXT
										"," AT("a.c") "},"
											      "{\"suppressions\":[{\"kind\":\"inSource\"}]," TEXT
											      "," AT("a.c") "},"
													    "{\"suppressions\":[{\"kind\":\"external\",\"status\":\"rejected\"}]," TEXT
													    "," AT("b.c") "},"
															  "{\"suppressions\":[]," TEXT
															  "," AT("c.c") "},"
																	"{" TEXT
																	"},"
																	"{" TEXT
																	"," AT("../a.c") "}"
																			 "],\"properties\":{\"n\":99999999999999999999999999}}"));
	assert_int_equal(counts->results, 10);
	assert_int_equal(counts->imported, 3);
	assert_int_equal(counts->not_failed, 2);
	assert_int_equal(counts->gone, 1);
	assert_int_equal(counts->off, 1);
	assert_int_equal(counts->suppressed, 1);
	assert_int_equal(counts->no_place, 1);
	assert_int_equal(counts->outside, 1);
	assert_str(file.import.findings.items[1].path, "b.c");
	assert_str(file.import.findings.items[0].tool, "scanner");
	assert_str(file.import.findings.items[0].rule_id, "unknown");
	assert_int_equal(file.import.findings.items[0].severity, SEVERITY_WARNING);
	file_release(&file);
}

static void test_rules(void **state)
{
	struct file file;
	const struct finding *f;

	(void)state;
	read_ok(&file,
		LOG("{\"tool\":{\"driver\":{\"name\":\"scanner\",\"rules\":["
		    "{\"id\":\"A\",\"defaultConfiguration\":{\"level\":\"error\"},\"helpUri\":\"https://h/\","
		    "\"help\":{\"text\":\"plain\",\"markdown\":\"**bold**\"},"
		    "\"properties\":{\"precision\":\"very-high\",\"tags\":[\"security\",\"external/cwe/cwe-079\"]},"
		    "\"messageStrings\":{\"d\":{\"text\":\"{0} and {1}: {{x}} {9}\"}}},"
		    "{\"id\":\"B\",\"defaultConfiguration\":{\"level\":\"note\"}}]},"
		    "\"extensions\":[{\"name\":\"pack\",\"rules\":[{\"id\":\"E\",\"defaultConfiguration\":{\"level\":\"error\"}}]}]},"
		    "\"invocations\":[{\"executionSuccessful\":true,\"ruleConfigurationOverrides\":["
		    "{\"descriptor\":{\"id\":\"B\"},\"configuration\":{\"level\":\"error\"}}]}],"
		    "\"results\":["
		    "{\"ruleId\":\"A\",\"message\":{\"id\":\"d\",\"arguments\":[\"one\",\"{1}\"]}," AT(
			    "a.c") "},"
				   "{\"ruleIndex\":1," TEXT
				   "," AT("a.c") "},"
						 "{\"ruleId\":\"A/sub\",\"level\":\"note\"," TEXT
						 "," AT("a.c") "},"
							       "{\"rule\":{\"index\":0,\"toolComponent\":{\"index\":0}}," TEXT
							       "," AT("a.c") "},"
									     "{\"rule\":{\"id\":\"E\",\"toolComponent\":{\"name\":\"pack\"}}," TEXT
									     "," AT("a.c") "},"
											   "{\"ruleId\":\"Z\",\"ruleIndex\":99,\"message\":{\"text\":\"see [here](1), [web](https://x) {0} \\\\[a\\\\]\"}," AT(
												   "a.c") "}"
													  "]}"));
	assert_int_equal(file.import.findings.n, 6);
	f = file.import.findings.items;
	assert_str(f[0].message, "one and {1}: {x} ");
	assert_int_equal(f[0].severity, SEVERITY_ERROR);
	assert_int_equal(f[0].confidence, CONFIDENCE_HIGH);
	assert_str(f[0].note, "**bold**");
	assert_str(f[0].url, "https://h/");
	assert_str(f[0].cwe, "CWE-79");
	assert_str(f[0].category, "security");
	assert_str(f[1].rule_id, "B");
	assert_int_equal(f[1].severity, SEVERITY_ERROR);
	assert_str(f[2].rule_id, "A/sub");
	assert_int_equal(f[2].severity, SEVERITY_INFO);
	assert_str(f[2].url, "https://h/");
	assert_str(f[3].rule_id, "E");
	assert_int_equal(f[4].severity, SEVERITY_ERROR);
	assert_str(f[5].rule_id, "Z");
	assert_str(f[5].message, "see here, [web](https://x) {0} [a]");
	file_release(&file);
}

/* NULL for a result that is not imported. */
static void assert_path(const char *bases, const char *artifact, const char *want)
{
	struct file file;
	char json[2000];

	snprintf(json, sizeof json,
		 LOG("{" DRIVER ",\"originalUriBaseIds\":{%s},\"artifacts\":[{\"location\":"
		     "{\"uri\":\"known.c\"}}],\"results\":[{" TEXT
		     ",\"locations\":[{\"physicalLocation\":"
		     "{\"artifactLocation\":{%s}}}]}]}"),
		 bases, artifact);
	read_ok(&file, json);
	if (!want)
		assert_int_equal(file.import.findings.n, 0);
	else if (file.import.findings.n != 1)
		fail_msg("not imported: %s", artifact);
	else
		assert_str(file.import.findings.items[0].path, want);
	file_release(&file);
}

static void test_paths(void **state)
{
	(void)state;
	assert_path("", "\"uri\":\"src/a.c\"", "src/a.c");
	assert_path("", "\"uri\":\"./src//x/../a%20b%C3%A9.c#l1\"", "src/a b\xc3\xa9.c");
	assert_path("", "\"uri\":\"file:///home/ci/repo/a.c\"", "a.c");
	assert_path("", "\"uri\":\"file://localhost/home/ci/repo/x/../a.c\"", "a.c");
	assert_path("", "\"uri\":\"/home/ci/repo/d/a.c\"", "d/a.c");
	assert_path("", "\"index\":0", "known.c");
	assert_path("\"S\":{\"uri\":\"file:///home/ci/repo/\"}",
		    "\"uri\":\"a.c\",\"uriBaseId\":\"S\"", "a.c");
	assert_path(
		"\"S\":{\"uri\":\"sub/\",\"uriBaseId\":\"T\"},\"T\":{\"uri\":\"file:///home/ci/repo\"}",
		"\"uri\":\"a.c\",\"uriBaseId\":\"S\"", "sub/a.c");
	assert_path("\"%SRCROOT%\":{\"uri\":\"file:///elsewhere/\"}",
		    "\"uri\":\"a.c\",\"uriBaseId\":\"%SRCROOT%\"", "a.c");
	assert_path("", "\"uri\":\"a.c\",\"uriBaseId\":\"%SRCROOT%\"", "a.c");
	/* out of the root, in every spelling */
	assert_path("", "\"uri\":\"../a.c\"", NULL);
	assert_path("", "\"uri\":\"x/%2e%2e/%2E./a.c\"", NULL);
	assert_path("", "\"uri\":\"x/..%2f..%2fa.c\"", NULL);
	assert_path("", "\"uri\":\"file:///etc/passwd\"", NULL);
	assert_path("", "\"uri\":\"file:///home/ci/repo/../x\"", NULL);
	assert_path("", "\"uri\":\"/home/ci/repository/x\"", NULL);
	assert_path("", "\"uri\":\"C:\\\\\\\\x\\\\\\\\a.c\"", NULL);
	assert_path("\"S\":{\"uri\":\"file:///etc/\"}", "\"uri\":\"passwd\",\"uriBaseId\":\"S\"",
		    NULL);
	assert_path("\"S\":{\"uri\":\"a/\",\"uriBaseId\":\"S\"}",
		    "\"uri\":\"b\",\"uriBaseId\":\"S\"", NULL);
	/* no file */
	assert_path("", "\"uri\":\"https://example.org/a.c\"", NULL);
	assert_path("", "\"uri\":\"a%00.c\"", NULL);
	assert_path("", "\"uri\":\"\"", NULL);
	assert_path("", "\"uri\":\".\"", NULL);
	assert_path("", "\"uri\":7", NULL);
	assert_path("", "\"index\":12", NULL);
}

#define EMOJI "\xf0\x9f\x98\x80"
static const char source[] = "one\n  " EMOJI "two x\r\n\tthree\nend";

struct place_row {
	const char *region, *kind, *text;
	uint32_t line, column, end_line, end_column;
};

static const struct place_row places[] = {
	{ "\"startLine\":2", "", EMOJI "two x", 2, 3, 2, 9 },
	{ "\"startLine\":2,\"startColumn\":4", "", "two x", 2, 4, 2, 9 },
	{ "\"startLine\":2,\"startColumn\":4,\"endColumn\":7", "", "two", 2, 4, 2, 7 },
	{ "\"startLine\":2,\"startColumn\":5,\"endColumn\":8", "utf16CodeUnits", "two", 2, 4, 2,
	  7 },
	{ "\"startLine\":1,\"startColumn\":2,\"endLine\":3,\"endColumn\":3", "",
	  "ne\n  " EMOJI "two x\r\n\tt", 1, 2, 3, 3 },
	{ "\"startLine\":4,\"endLine\":4,\"endColumn\":99", "", "end", 4, 1, 4, 4 },
	{ "\"charOffset\":7,\"charLength\":3", "", "two", 2, 4, 2, 7 },
	{ "\"charOffset\":8,\"charLength\":3", "utf16CodeUnits", "two", 2, 4, 2, 7 },
	{ "\"byteOffset\":10,\"byteLength\":3", "", "two", 2, 4, 2, 7 },
	{ "\"snippet\":{}", "", "one", 1, 1, 1, 4 },
	{ "\"startLine\":3,\"startColumn\":5,\"endColumn\":2", "", "", 3, 5, 3, 5 },
	{ "\"startLine\":5", "", NULL, 0, 0, 0, 0 },
	{ "\"startLine\":1,\"endLine\":9", "", NULL, 0, 0, 0, 0 },
	{ "\"charOffset\":900", "", NULL, 0, 0, 0, 0 },
	{ "\"byteOffset\":900", "", NULL, 0, 0, 0, 0 },
};

static void test_locate(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		const struct place_row *row = &places[i];
		struct file file;
		struct finding *finding;
		char json[1000];

		snprintf(
			json, sizeof json,
			LOG("{" DRIVER ",\"columnKind\":\"%s\",\"results\":[{" TEXT
			    ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"a\"},"
			    "\"region\":{%s}}}]}]}"),
			row->kind, row->region);
		read_ok(&file, json);
		assert_int_equal(file.import.findings.n, 1);
		finding = file.import.findings.items;
		assert_true(finding->span.start_line >= 1 &&
			    finding->span.end_line >= finding->span.start_line);
		if (sarif_locate(finding, file.import.places, str_of(source)) !=
		    (row->text != NULL))
			fail_msg("%s", row->region);
		if (row->text) {
			assert_str(finding->text, row->text);
			assert_int_equal(finding->span.start_line, row->line);
			assert_int_equal(finding->span.start_column, row->column);
			assert_int_equal(finding->span.end_line, row->end_line);
			assert_int_equal(finding->span.end_column, row->end_column);
		} else {
			assert_int_equal(finding->span.end, 0);
		}
		file_release(&file);
	}
}

static void test_fix_and_labels(void **state)
{
	struct file file;
	struct finding *finding;

	(void)state;
	read_ok(&file,
		LOG("{" DRIVER ",\"results\":[{" TEXT "," AT(
			"a.c") ",\"relatedLocations\":["
			       "{\"message\":{\"text\":\"label\"},\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"a.c\"},"
			       "\"region\":{\"startLine\":1}}},"
			       "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"a.c\"},\"region\":{\"startLine\":77}}},"
			       "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"b.c\"}}}],"
			       "\"fixes\":[{\"description\":{\"text\":\"do it\"},\"artifactChanges\":[{\"artifactLocation\":"
			       "{\"uri\":\"./a.c\"},\"replacements\":[{\"deletedRegion\":{\"startLine\":1,\"startColumn\":2,"
			       "\"endColumn\":4},\"insertedContent\":{\"text\":\"NE\"}}]}]}]}]}"));
	finding = file.import.findings.items;
	assert_int_equal(finding->n_labels, 2);
	assert_true(finding->has_fix);
	assert_true(sarif_locate(finding, file.import.places, str_of(source)));
	assert_int_equal(finding->n_labels, 1);
	assert_str(finding->labels[0].message, "label");
	assert_int_equal(finding->labels[0].span.end, 3);
	assert_int_equal(finding->fix.start, 1);
	assert_int_equal(finding->fix.end, 3);
	assert_str(finding->fix.text, "NE");
	assert_str(finding->fix.title, "do it");
	assert_false(finding->fix.safe);
	file_release(&file);
}

/* What we write, we read: the same places, texts, levels and fixes. */
static void test_round_trip(void **state)
{
	struct sample sample;
	struct finding finding, *back;
	struct file file;
	struct render_options plain = { 0 };
	struct err err;

	(void)state;
	sample_init(&sample);
	sample_file(&sample, "d d/\xc3\xa9.py", STR("a\n " EMOJI " eval(x)\n"), 1, 2);
	finding = sample_finding(&sample, "d d/\xc3\xa9.py", "eval(x)");
	sample_fix(&finding, "f(x)");
	finding.note = STR("note");
	sample_add(&sample, finding);
	finding.suppression = SUPPRESSED_IN_SOURCE;
	ARENA_PUSH(&sample.mem, &sample.review.suppressed, finding);
	AUTO_BUF struct buf out = { 0 };

	assert_int_equal(render_sarif(&out, &sample.review, &plain, &err), 0);
	buf_add_byte(&out, '\0');
	read_ok(&file, out.bytes);
	assert_int_equal(file.import.counts.suppressed, 1);
	assert_int_equal(file.import.findings.n, 1);
	back = file.import.findings.items;
	assert_true(sarif_locate(back, file.import.places, sample.changes.items[0].new_text));
	assert_memory_equal(&back->span, &finding.span, sizeof finding.span);
	assert_str(back->path, "d d/\xc3\xa9.py");
	assert_str(back->rule_id, "python-eval-input");
	assert_str(back->cwe, "CWE-95");
	assert_str(back->note, "note");
	assert_int_equal(back->severity, SEVERITY_WARNING);
	assert_int_equal(back->confidence, CONFIDENCE_HIGH);
	assert_int_equal(back->fix.start, finding.fix.start);
	assert_int_equal(back->fix.end, finding.fix.end);
	assert_str(back->fix.text, "f(x)");
	file_release(&file);
	sample_release(&sample);
}

/* A small file whose messages would fill the memory is refused. */
static void test_message_bomb(void **state)
{
	AUTO_BUF struct buf json = { 0 };
	struct arena mem;
	struct sarif_import import;
	struct err err;

	(void)state;
	buf_add(&json, STR("{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"x\","
			   "\"globalMessageStrings\":{\"m\":{\"text\":\""));
	for (size_t i = 0; i < SARIF_MAX_TEXT; i++)
		buf_add_byte(&json, 'x');
	buf_add(&json, STR("\"}}}},\"results\":["));
	for (size_t i = 0; i < 1100; i++)
		buf_printf(&json, "%s{\"message\":{\"id\":\"m\"}," AT("a.c") "}", i ? "," : "");
	buf_add(&json, STR("]}]}"));
	arena_init(&mem, 1 << 30);
	assert_int_equal(sarif_read(&import, &mem, buf_str(&json), &options, &err), -1);
	assert_non_null(strstr(err.text, "the messages are larger than"));
	arena_release(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_results_that_are_not_read),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_fix_and_labels),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_message_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
