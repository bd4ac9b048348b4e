#include <stdlib.h>

#include "base/scope.h"
#include "sarifout.h"

static const char SCHEMA[] =
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/* One run: the results of one tool, and its rules in the order of their ids. */
struct run {
	struct jsonout *json;
	const struct review *review;
	const struct render_options *options;
	struct str tool;
	const struct finding **rules; /* one finding for each rule of the tool */
	size_t n_rules;
};

static int rule_cmp(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a;
	const struct finding *y = *(const struct finding *const *)b;

	return str_cmp(x->rule_id, y->rule_id);
}

/*
 * The first of equal rules by place, so that the output does not depend on the order of findings.
 */
static int rule_order(const void *a, const void *b)
{
	int order = rule_cmp(a, b);

	return order ? order
		     : finding_order(*(const struct finding *const *)a,
				     *(const struct finding *const *)b);
}

/* Tags as code scanning reads them: the category, and "external/cwe/cwe-89". */
static void lower_case(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text + ('a' - 'A'));
}

static json_t *make_tags(struct jsonout *json, const struct finding *rule)
{
	json_t *tags = jsonout_array(json);
	char cwe[64];

	if (rule->category.len)
		jsonout_push(json, tags, jsonout_str(json, rule->category));
	if (rule->cwe.len && rule->cwe.len < 40) {
		snprintf(cwe, sizeof cwe, "external/cwe/%.*s", STR_ARG(rule->cwe));
		lower_case(cwe);
		jsonout_push(json, tags, jsonout_raw(json, str_of(cwe)));
	}
	return tags;
}

static bool is_uri(struct str url)
{
	if (!str_starts(url, STR("https://")) && !str_starts(url, STR("http://")))
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] <= ' ' || (url.p[i] & 0x80) || strchr("\"<>\\^`{|}\177", url.p[i]))
			return false;
	return true;
}

static json_t *make_rule(struct jsonout *json, const struct finding *rule)
{
	json_t *item = jsonout_object(json), *help = jsonout_object(json);
	json_t *level = jsonout_object(json), *properties = jsonout_object(json);
	struct str note = rule->note.len ? rule->note : rule->message;

	jsonout_put(json, item, "id", jsonout_str(json, rule->rule_id));
	jsonout_put(json, item, "shortDescription", sarifout_text(json, rule->message));
	jsonout_put(json, item, "fullDescription", sarifout_text(json, rule->message));
	jsonout_put(json, help, "text", jsonout_str(json, note.len ? note : rule->rule_id));
	jsonout_put(json, help, "markdown", jsonout_str(json, note.len ? note : rule->rule_id));
	jsonout_put(json, item, "help", help);
	if (is_uri(rule->url))
		jsonout_put(json, item, "helpUri", jsonout_str(json, rule->url));
	jsonout_put(json, level, "level",
		    jsonout_raw(json, str_of(sarifout_level(rule->severity))));
	jsonout_put(json, item, "defaultConfiguration", level);
	jsonout_put(json, properties, "tags", make_tags(json, rule));
	jsonout_put(json, properties, "precision",
		    jsonout_raw(json, str_of(confidence_name(rule->confidence))));
	jsonout_put(json, item, "properties", properties);
	return item;
}

static json_t *make_tool(const struct run *run, bool ours)
{
	struct jsonout *json = run->json;
	json_t *tool = jsonout_object(json), *driver = jsonout_object(json);
	json_t *rules = jsonout_array(json);

	jsonout_put(json, driver, "name",
		    jsonout_str(json, run->tool.len ? run->tool : STR("unknown")));
	if (ours && run->options->version)
		jsonout_put(json, driver, "version",
			    jsonout_raw(json, str_of(run->options->version)));
	if (ours && run->options->url)
		jsonout_put(json, driver, "informationUri",
			    jsonout_raw(json, str_of(run->options->url)));
	for (size_t i = 0; i < run->n_rules; i++)
		jsonout_push(json, rules, make_rule(json, run->rules[i]));
	jsonout_put(json, driver, "rules", rules);
	jsonout_put(json, tool, "driver", driver);
	return tool;
}

static json_t *make_notification(struct jsonout *json, const char *id, const char *level,
				 struct str text)
{
	json_t *item = jsonout_object(json), *descriptor = jsonout_object(json);

	jsonout_put(json, descriptor, "id", jsonout_raw(json, str_of(id)));
	jsonout_put(json, item, "descriptor", descriptor);
	jsonout_put(json, item, "level", jsonout_raw(json, str_of(level)));
	jsonout_put(json, item, "message", sarifout_text(json, text));
	return item;
}

static json_t *make_skip(struct jsonout *json, const struct skipped *skipped)
{
	json_t *item, *location = jsonout_object(json), *physical = jsonout_object(json);
	char id[64];
	struct str text = arena_printf(&json->mem, "not analysed: %s%s%.*s",
				       change_skip_text(skipped->reason),
				       skipped->detail.len ? ": " : "", STR_ARG(skipped->detail));

	snprintf(id, sizeof id, "skipped/%s", change_skip_name(skipped->reason));
	item = make_notification(json, id, "note", text);
	jsonout_put(json, physical, "artifactLocation", sarifout_artifact(json, skipped->path));
	jsonout_put(json, location, "physicalLocation", physical);
	jsonout_put(json, item, "locations", sarifout_array(json, location));
	return item;
}

static json_t *make_invocations(const struct run *run)
{
	struct jsonout *json = run->json;
	const struct review *review = run->review;
	json_t *invocation = jsonout_object(json), *list = jsonout_array(json);

	jsonout_put(json, invocation, "executionSuccessful", json_true());
	for (size_t i = 0; i < review->notices.n; i++)
		jsonout_push(json, list,
			     make_notification(json, "notice", "warning",
					       review->notices.items[i].text));
	for (size_t i = 0; i < review->skipped.n; i++)
		jsonout_push(json, list, make_skip(json, &review->skipped.items[i]));
	if (review->held_back.n)
		jsonout_push(json, list,
			     make_notification(json, "held-back", "warning",
					       arena_printf(&json->mem,
							    "%zu more findings are over a cap",
							    review->held_back.n)));
	jsonout_put(json, invocation, "toolExecutionNotifications", list);
	return sarifout_array(json, invocation);
}

static json_t *make_provenance(const struct run *run)
{
	struct jsonout *json = run->json;
	json_t *item = jsonout_object(json), *mapped = jsonout_object(json);

	jsonout_put(json, item, "repositoryUri",
		    jsonout_raw(json, str_of(run->options->repository)));
	if (run->review->head_oid[0])
		jsonout_put(json, item, "revisionId",
			    jsonout_raw(json, str_of(run->review->head_oid)));
	jsonout_put(json, mapped, "uriBaseId", jsonout_raw(json, str_of(SARIFOUT_ROOT)));
	jsonout_put(json, item, "mappedTo", mapped);
	return sarifout_array(json, item);
}

static json_t *make_bases(struct jsonout *json)
{
	json_t *bases = jsonout_object(json), *root = jsonout_object(json);

	jsonout_put(json, root, "description",
		    sarifout_text(json, STR("The root of the repository.")));
	jsonout_put(json, bases, SARIFOUT_ROOT, root);
	return bases;
}

static const struct finding_list *list_of(const struct review *review, size_t i)
{
	return i == 0 ? &review->findings : &review->suppressed;
}

/* The first finding of each rule of the tool, sorted by rule id. */
static void collect_rules(struct run *run)
{
	const struct review *review = run->review;
	size_t n = 0, kept = 0;

	run->rules = ARENA_ARRAY(&run->json->mem, review->findings.n + review->suppressed.n,
				 const struct finding *);
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < list_of(review, l)->n; i++)
			if (str_eq(list_of(review, l)->items[i].tool, run->tool))
				run->rules[n++] = &list_of(review, l)->items[i];
	if (n)
		qsort(run->rules, n, sizeof *run->rules, rule_order);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || rule_cmp(&run->rules[kept - 1], &run->rules[i]) != 0)
			run->rules[kept++] = run->rules[i];
	run->n_rules = kept;
}

static size_t rule_index(const struct run *run, const struct finding *finding)
{
	const struct finding **rule =
		bsearch(&finding, run->rules, run->n_rules, sizeof *run->rules, rule_cmp);

	return rule ? (size_t)(rule - run->rules) : 0; /* each is there: they were collected so */
}

static json_t *make_run(struct run *run, bool ours)
{
	struct jsonout *json = run->json;
	json_t *item = jsonout_object(json), *results = jsonout_array(json);

	collect_rules(run);
	jsonout_put(json, item, "tool", make_tool(run, ours));
	if (ours)
		jsonout_put(json, item, "invocations", make_invocations(run));
	if (run->options->repository)
		jsonout_put(json, item, "versionControlProvenance", make_provenance(run));
	jsonout_put(json, item, "originalUriBaseIds", make_bases(json));
	for (size_t l = 0; l < 2; l++) {
		const struct finding_list *list = list_of(run->review, l);

		for (size_t i = 0; i < list->n; i++)
			if (str_eq(list->items[i].tool, run->tool))
				jsonout_push(json, results,
					     sarifout_result(json, &list->items[i],
							     rule_index(run, &list->items[i])));
	}
	jsonout_put(json, item, "results", results);
	jsonout_put(json, item, "columnKind", jsonout_raw(json, STR("unicodeCodePoints")));
	return item;
}

static int tool_cmp(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static json_t *make_runs(struct jsonout *json, const struct review *review,
			 const struct render_options *options)
{
	struct run run = { .json = json, .review = review, .options = options };
	const struct str ours = STR("outrider");
	size_t n = 0;
	struct str *tools =
		ARENA_ARRAY(&json->mem, review->findings.n + review->suppressed.n, struct str);
	json_t *runs = jsonout_array(json);

	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < list_of(review, l)->n; i++)
			tools[n++] = list_of(review, l)->items[i].tool;
	if (n)
		qsort(tools, n, sizeof *tools, tool_cmp);
	run.tool = ours;
	jsonout_push(json, runs, make_run(&run, true));
	for (size_t i = 0; i < n; i++) {
		if (str_eq(tools[i], ours) || (i && str_eq(tools[i], tools[i - 1])))
			continue;
		run.tool = tools[i];
		jsonout_push(json, runs, make_run(&run, false));
	}
	return runs;
}

int render_sarif(struct buf *out, const struct review *review, const struct render_options *options,
		 struct err *err)
{
	AUTO(jsonout_release) struct jsonout json;
	json_t *root;

	jsonout_init(&json, review, options);
	root = jsonout_object(&json);
	jsonout_put(&json, root, "$schema", jsonout_raw(&json, str_of(SCHEMA)));
	jsonout_put(&json, root, "version", jsonout_raw(&json, STR("2.1.0")));
	jsonout_put(&json, root, "runs", make_runs(&json, review, options));
	return jsonout_write(&json, out, root, JSON_INDENT(2), err);
}
