#include "review/sarif_read.h"

#include <stdio.h>

#include "base/scope.h"
#include "sarif.h"

enum {
	MAX_LABELS = 16, /* of one finding: more do not help to see why */
	MAX_TEXTS =
		64
		<< 20, /* all messages together, as the file itself: {0} can make a small file large */
};

/* One file under way. */
struct reader {
	struct arena *mem;
	const struct sarif_options *options;
	struct sarif_import import;
	size_t places_cap;
	size_t text_left;
};

static void auto_json(json_t **json)
{
	json_decref(*json);
}

struct str sarif_text(const json_t *value)
{
	return (struct str){ json_string_value(value), json_string_length(value) };
}

struct str sarif_member(const json_t *object, const char *key)
{
	return sarif_text(json_object_get(object, key));
}

/* All numbers are read as reals, so that a huge integer in some property does not fail the file. */
int64_t sarif_integer(const json_t *object, const char *key, int64_t max, int64_t other)
{
	const json_t *value = json_object_get(object, key);
	double number = json_is_number(value) ? json_number_value(value) : -1;

	return number >= 0 && number <= (double)max ? (int64_t)number : other;
}

static int shape_error(const struct reader *reader, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int shape_error(const struct reader *reader, struct err *err, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	/* "name:line:column: ..." where there is a line, "name: /pointer: ..." elsewhere */
	return err_input(err, "%s:%s%s", reader->options->name,
			 text[0] >= '0' && text[0] <= '9' ? "" : " ", text);
}

/* What a scan of the raw text counts: memory is spent only on what stays below the caps. */
struct count {
	size_t depth, containers, values;
};

static const char *over_cap(const struct count *count)
{
	if (count->depth > SARIF_MAX_DEPTH)
		return "nested too deeply";
	if (count->containers > SARIF_MAX_CONTAINERS)
		return "too many objects and arrays";
	return count->values > SARIF_MAX_VALUES ? "too many values" : NULL;
}

static int check_size(const struct reader *reader, struct str json, struct err *err)
{
	struct count count = { 0 };
	size_t line = 1, start = 0;
	bool quoted = false;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.p[i];

		if (c == '\n') {
			line++;
			start = i + 1;
		}
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		count.values += c == ',';
		count.containers += c == '{' || c == '[';
		count.depth += c == '{' || c == '[';
		count.depth -= (c == '}' || c == ']') && count.depth;
		if (over_cap(&count))
			return shape_error(reader, err, "%zu:%zu: %s", line, i - start + 1,
					   over_cap(&count));
	}
	return 0;
}

/* The parser quotes the text it stopped at; that is hostile, and the position says it better. */
static int syntax_error(const struct reader *reader, const json_error_t *error, struct err *err)
{
	struct str text = str_of(error->text);

	return shape_error(reader, err, "%d:%d: %.*s", error->line, error->column,
			   STR_ARG(str_sub(text, 0, str_find(text, STR(" near ")))));
}

static int load(json_t **out, const struct reader *reader, struct str text, struct err *err)
{
	json_error_t error;

	if (text.len > SARIF_MAX_BYTES)
		return shape_error(reader, err, "larger than %d bytes", SARIF_MAX_BYTES);
	if (str_starts(text, STR("\xff\xfe")) || str_starts(text, STR("\xfe\xff")))
		return shape_error(reader, err, "1:1: UTF-16, not UTF-8");
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_from(text, 3);
	if (check_size(reader, text, err) < 0)
		return -1;
	*out = json_loadb(text.p ? text.p : "", text.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
			  &error);
	return *out ? 0 : syntax_error(reader, &error, err);
}

static struct sarif_region read_region(const json_t *region)
{
	const int64_t most = UINT32_MAX, far = (int64_t)1 << 40;

	return (struct sarif_region){
		.start_line = (uint32_t)sarif_integer(region, "startLine", most, 0),
		.start_column = (uint32_t)sarif_integer(region, "startColumn", most, 0),
		.end_line = (uint32_t)sarif_integer(region, "endLine", most, 0),
		.end_column = (uint32_t)sarif_integer(region, "endColumn", most, 0),
		.char_offset = sarif_integer(region, "charOffset", far, -1),
		.char_length = sarif_integer(region, "charLength", far, -1),
		.byte_offset = sarif_integer(region, "byteOffset", far, -1),
		.byte_length = sarif_integer(region, "byteLength", far, -1),
	};
}

static uint32_t at_least(uint32_t n, uint32_t least)
{
	return n < least ? least : n;
}

static struct span span_of(const struct sarif_region *region)
{
	struct span span = {
		.start_line = at_least(region->start_line, 1),
		.start_column = at_least(region->start_column, 1),
		.end_line = at_least(region->end_line, at_least(region->start_line, 1)),
	};

	span.end_column = region->end_column;
	if (span.end_line == span.start_line)
		span.end_column = at_least(span.end_column, span.start_column);
	span.end_column = at_least(span.end_column, 1);
	return span;
}

/* Suppressed when no suppression is still under review or was rejected. */
static bool is_suppressed(const json_t *result)
{
	const json_t *list = json_object_get(result, "suppressions");

	for (size_t i = 0; i < json_array_size(list); i++) {
		struct str status = sarif_member(json_array_get(list, i), "status");

		if (str_eq(status, STR("underReview")) || str_eq(status, STR("rejected")))
			return false;
	}
	return json_array_size(list) > 0;
}

static void read_labels(struct finding *finding, struct sarif_place *place,
			const struct sarif_run *run, const json_t *result)
{
	const json_t *related = json_object_get(result, "relatedLocations");
	size_t n = json_array_size(related);

	if (n > MAX_LABELS)
		n = MAX_LABELS;
	if (!n)
		return;
	finding->labels = ARENA_ARRAY(run->mem, n, struct label);
	place->labels = ARENA_ARRAY(run->mem, n, struct sarif_region);
	for (size_t i = 0; i < n; i++) {
		const json_t *location = json_array_get(related, i);
		const json_t *physical = json_object_get(location, "physicalLocation");
		struct sarif_region region = read_region(json_object_get(physical, "region"));
		struct str path;

		if (sarif_path(&path, run, json_object_get(physical, "artifactLocation")) !=
			    SARIF_INSIDE ||
		    !str_eq(path, finding->path))
			continue;
		place->labels[finding->n_labels] = region;
		finding->labels[finding->n_labels++] = (struct label){
			.span = span_of(&region),
			.message = sarif_message(run, json_object_get(location, "message"), NULL),
		};
	}
}

/* The first fix, when it is one replacement in the file of the finding. */
static void read_fix(struct finding *finding, struct sarif_place *place,
		     const struct sarif_run *run, const json_t *result)
{
	const json_t *fix = json_array_get(json_object_get(result, "fixes"), 0);
	const json_t *changes = json_object_get(fix, "artifactChanges");
	const json_t *change = json_array_get(changes, 0);
	const json_t *replacements = json_object_get(change, "replacements");
	const json_t *replacement = json_array_get(replacements, 0);
	const json_t *content = json_object_get(replacement, "insertedContent");
	struct str text = sarif_member(content, "text"), path;

	if (json_array_size(changes) != 1 || json_array_size(replacements) != 1 ||
	    json_object_get(content, "binary") || text.len > SARIF_MAX_TEXT ||
	    text.len > *run->text_left ||
	    !json_is_object(json_object_get(replacement, "deletedRegion")) ||
	    sarif_path(&path, run, json_object_get(change, "artifactLocation")) != SARIF_INSIDE ||
	    !str_eq(path, finding->path))
		return;
	*run->text_left -= text.len;
	place->fix_region = read_region(json_object_get(replacement, "deletedRegion"));
	finding->has_fix = true;
	finding->fix.text = arena_str(run->mem, text);
	finding->fix.title = sarif_message(run, json_object_get(fix, "description"), NULL);
}

static void fill_rule(struct finding *finding, const struct sarif_run *run, const json_t *result,
		      const struct sarif_rule *rule)
{
	struct str id = sarif_member(result, "ruleId");

	if (!id.len)
		id = sarif_member(json_object_get(result, "rule"), "id");
	if (!id.len && rule)
		id = rule->id;
	finding->rule_id = id.len ? arena_str(run->mem, id) : STR("unknown");
	finding->confidence = CONFIDENCE_MEDIUM;
	if (!rule)
		return;
	finding->confidence = rule->confidence;
	finding->note = rule->note;
	finding->url = rule->url;
	finding->cwe = rule->cwe;
	finding->category = rule->category;
}

/* True when a result is not to be read at all; counts why. */
static bool is_left_out(struct sarif_counts *counts, const json_t *result)
{
	struct str kind = sarif_member(result, "kind");

	if (kind.len && !str_eq(kind, STR("fail")))
		counts->not_failed++;
	else if (str_eq(sarif_member(result, "baselineState"), STR("absent")))
		counts->gone++;
	else if (is_suppressed(result))
		counts->suppressed++;
	else
		return false;
	return true;
}

static bool find_path(struct str *out, struct sarif_counts *counts, const struct sarif_run *run,
		      const json_t *physical)
{
	enum sarif_where where =
		sarif_path(out, run, json_object_get(physical, "artifactLocation"));

	counts->no_place += where == SARIF_NO_PLACE;
	counts->outside += where == SARIF_OUTSIDE;
	return where == SARIF_INSIDE;
}

static void add(struct reader *reader, struct finding finding, struct sarif_place place)
{
	struct sarif_import *import = &reader->import;
	size_t n = import->findings.n;

	if (n == reader->places_cap)
		import->places = arena_grow(reader->mem, import->places, n, &reader->places_cap,
					    sizeof *import->places);
	import->places[n] = place;
	ARENA_PUSH(reader->mem, &import->findings, finding);
	import->counts.imported++;
}

static void read_result(struct reader *reader, const struct sarif_run *run, const json_t *result)
{
	struct sarif_counts *counts = &reader->import.counts;
	const json_t *location = json_array_get(json_object_get(result, "locations"), 0);
	const json_t *physical = json_object_get(location, "physicalLocation");
	const struct sarif_rule *rule = sarif_rule_of(run, result);
	struct finding finding = { .tool = run->tool,
				   .severity = sarif_severity(run, result, rule) };
	struct sarif_place place = { .region = read_region(json_object_get(physical, "region")) };
	bool utf16 = str_eq(sarif_member(run->json, "columnKind"), STR("utf16CodeUnits"));

	if (is_left_out(counts, result))
		return;
	if (finding.severity == SEVERITY_OFF) {
		counts->off++;
		return;
	}
	if (!find_path(&finding.path, counts, run, physical))
		return;
	place.unit = utf16 ? SARIF_UTF16 : SARIF_CODE_POINTS;
	finding.span = span_of(&place.region);
	finding.message = sarif_message(run, json_object_get(result, "message"), rule);
	fill_rule(&finding, run, result, rule);
	read_labels(&finding, &place, run, result);
	read_fix(&finding, &place, run, result);
	add(reader, finding, place);
}

static int read_results(struct reader *reader, const struct sarif_run *run, size_t index,
			struct err *err)
{
	const json_t *results = json_object_get(run->json, "results");

	if (results && !json_is_array(results) && !json_is_null(results))
		return shape_error(reader, err, "/runs/%zu/results: not an array", index);
	for (size_t i = 0; i < json_array_size(results); i++) {
		const json_t *result = json_array_get(results, i);

		if (!json_is_object(result))
			return shape_error(reader, err, "/runs/%zu/results/%zu: not an object",
					   index, i);
		if (++reader->import.counts.results > SARIF_MAX_RESULTS)
			return shape_error(reader, err, "/runs/%zu/results: more than %d results",
					   index, SARIF_MAX_RESULTS);
		read_result(reader, run, result);
		if (reader->text_left == 0)
			return shape_error(
				reader, err,
				"/runs/%zu/results/%zu: the messages are larger than %d bytes",
				index, i, MAX_TEXTS);
	}
	return 0;
}

static int read_run(struct reader *reader, const json_t *json, size_t index, struct err *err)
{
	const json_t *driver = json_object_get(json_object_get(json, "tool"), "driver");
	struct str name = sarif_member(driver, "name");
	struct sarif_run run = { .mem = reader->mem, .options = reader->options, .json = json };
	int rc;

	if (!json_is_object(json))
		return shape_error(reader, err, "/runs/%zu: not an object", index);
	if (!name.len)
		return shape_error(reader, err, "/runs/%zu/tool/driver/name: not there", index);
	run.tool = arena_str(reader->mem, name);
	run.text_left = &reader->text_left;
	reader->import.counts.runs++;
	sarif_rules_read(&run);
	rc = read_results(reader, &run, index, err);
	json_decref(run.by_id);
	return rc;
}

int sarif_read(struct sarif_import *out, struct arena *mem, struct str json,
	       const struct sarif_options *options, struct err *err)
{
	struct reader reader = { .mem = mem, .options = options, .text_left = MAX_TEXTS };
	AUTO(auto_json) json_t *root = NULL;
	const json_t *runs;

	if (load(&root, &reader, json, err) < 0)
		return -1;
	runs = json_object_get(root, "runs");
	if (!str_eq(sarif_member(root, "version"), STR("2.1.0")))
		return shape_error(&reader, err, "/version: not \"2.1.0\"");
	if (!json_is_array(runs))
		return shape_error(&reader, err, "/runs: not an array");
	if (json_array_size(runs) > SARIF_MAX_RUNS)
		return shape_error(&reader, err, "/runs: more than %d runs", SARIF_MAX_RUNS);
	for (size_t i = 0; i < json_array_size(runs); i++)
		if (read_run(&reader, json_array_get(runs, i), i, err) < 0)
			return -1;
	*out = reader.import;
	return 0;
}
