#include "sarif.h"

enum {
	MAX_COMPONENTS = 64, /* extensions of a tool; the largest known has about 20 */
	MAX_TAGS = 64,
	MAX_OVERRIDES = 64, /* looked at per result: keeps a hostile file from being quadratic */
	MAX_INDEX = 1 << 20,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "CWE-79" from "external/cwe/cwe-079", "CWE-79: Cross-site scripting" or "cwe:79". */
static struct str cwe_of(struct arena *mem, struct str tag)
{
	for (size_t i = 0; i + 4 < tag.len; i++) {
		size_t end = i + 4;

		if (!str_eq_nocase(str_sub(tag, i, i + 3), STR("cwe")) ||
		    (tag.p[i + 3] != '-' && tag.p[i + 3] != ':') || !is_digit(tag.p[end]))
			continue;
		while (end < tag.len && tag.p[end] == '0')
			end++;
		size_t from = end;

		while (end < tag.len && is_digit(tag.p[end]) && end - from < 6)
			end++;
		if (end > from)
			return arena_printf(mem, "CWE-%.*s", STR_ARG(str_sub(tag, from, end)));
	}
	return (struct str){ 0 };
}

static struct str category_of(struct str tag)
{
	static const char *const known[] = { "security",      "correctness",     "concurrency",
					     "performance",   "maintainability", "style",
					     "documentation", "compatibility" };

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq_nocase(tag, str_of(known[i])))
			return str_of(known[i]);
	return (struct str){ 0 };
}

static void read_tags(struct sarif_rule *rule, struct arena *mem, const json_t *tags)
{
	for (size_t i = 0; i < json_array_size(tags) && i < MAX_TAGS; i++) {
		struct str tag = sarif_text(json_array_get(tags, i));

		if (!rule->cwe.len)
			rule->cwe = cwe_of(mem, tag);
		if (!rule->category.len)
			rule->category = category_of(tag);
	}
	if (rule->cwe.len && !rule->category.len)
		rule->category = STR("security");
}

static enum confidence confidence_of(struct str precision)
{
	if (str_eq(precision, STR("very-high")) || str_eq(precision, STR("high")))
		return CONFIDENCE_HIGH;
	return str_eq(precision, STR("low")) ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM;
}

static struct str note_of(const json_t *rule)
{
	const json_t *help = json_object_get(rule, "help");
	struct str note = sarif_member(help, "markdown");

	if (!note.len)
		note = sarif_member(help, "text");
	if (!note.len)
		note = sarif_member(json_object_get(rule, "fullDescription"), "text");
	return note.len > SARIF_MAX_TEXT ? (struct str){ 0 } : note;
}

static void read_rule(struct sarif_run *run, const json_t *json)
{
	const json_t *properties = json_object_get(json, "properties");
	struct sarif_rule rule = { .json = json };

	rule.id = arena_str(run->mem, sarif_member(json, "id"));
	rule.note = arena_str(run->mem, note_of(json));
	rule.url = arena_str(run->mem, sarif_member(json, "helpUri"));
	rule.confidence = confidence_of(sarif_member(properties, "precision"));
	read_tags(&rule, run->mem, json_object_get(properties, "tags"));
	if (rule.id.len && !json_object_getn(run->by_id, rule.id.p, rule.id.len))
		json_object_setn_new(run->by_id, rule.id.p, rule.id.len,
				     json_integer((json_int_t)run->rules.n));
	ARENA_PUSH(run->mem, &run->rules, rule);
}

static const json_t *component(const struct sarif_run *run, size_t i)
{
	const json_t *tool = json_object_get(run->json, "tool");

	return i == 0 ? json_object_get(tool, "driver")
		      : json_array_get(json_object_get(tool, "extensions"), i - 1);
}

void sarif_rules_read(struct sarif_run *run)
{
	size_t extensions =
		json_array_size(json_object_get(json_object_get(run->json, "tool"), "extensions"));

	run->n_components = 1 + (extensions < MAX_COMPONENTS ? extensions : MAX_COMPONENTS);
	run->first = ARENA_ARRAY(run->mem, run->n_components + 1, size_t);
	run->by_id = json_object();
	for (size_t i = 0; i < run->n_components; i++) {
		const json_t *rules = json_object_get(component(run, i), "rules");

		run->first[i] = run->rules.n;
		for (size_t j = 0; j < json_array_size(rules); j++)
			read_rule(run, json_array_get(rules, j));
	}
	run->first[run->n_components] = run->rules.n;
}

/* The component that a toolComponentReference names; the driver when it names none. */
static size_t component_of(const struct sarif_run *run, const json_t *reference)
{
	int64_t index = sarif_integer(reference, "index", MAX_INDEX, -1);
	struct str name = sarif_member(reference, "name");

	if (index >= 0)
		return (size_t)index + 1;
	for (size_t i = 1; name.len && i < run->n_components; i++)
		if (str_eq(sarif_member(component(run, i), "name"), name))
			return i;
	return 0;
}

static const struct sarif_rule *rule_at(const struct sarif_run *run, size_t owner, int64_t index)
{
	if (index < 0 || owner >= run->n_components ||
	    (uint64_t)index >= run->first[owner + 1] - run->first[owner])
		return NULL;
	return &run->rules.items[run->first[owner] + (size_t)index];
}

/* By id; "CA1000/1" is a kind of "CA1000" when it is not described itself. */
static const struct sarif_rule *rule_named(const struct sarif_run *run, struct str id)
{
	while (id.len) {
		const json_t *index = json_object_getn(run->by_id, id.p, id.len);

		if (index)
			return &run->rules.items[json_integer_value(index)];
		while (id.len && id.p[id.len - 1] != '/')
			id.len--;
		id.len -= id.len > 0;
	}
	return NULL;
}

const struct sarif_rule *sarif_rule_of(const struct sarif_run *run, const json_t *result)
{
	const json_t *reference = json_object_get(result, "rule");
	size_t owner = component_of(run, json_object_get(reference, "toolComponent"));
	struct str id = sarif_member(result, "ruleId");
	const struct sarif_rule *rule;

	rule = rule_at(run, owner, sarif_integer(reference, "index", MAX_INDEX, -1));
	if (!rule)
		rule = rule_at(run, owner, sarif_integer(result, "ruleIndex", MAX_INDEX, -1));
	if (!rule)
		rule = rule_named(run, id.len ? id : sarif_member(reference, "id"));
	return rule;
}

/* The configuration that the run's invocation put over the rule's own, or NULL. */
static const json_t *override_of(const struct sarif_run *run, const json_t *result,
				 const struct sarif_rule *rule)
{
	const json_t *invocations = json_object_get(run->json, "invocations"), *overrides;
	int64_t other = json_array_size(invocations) == 1 ? 0 : MAX_INDEX;
	int64_t index = sarif_integer(json_object_get(result, "provenance"), "invocationIndex",
				      MAX_INDEX, other);

	overrides = json_object_get(json_array_get(invocations, (size_t)index),
				    "ruleConfigurationOverrides");
	for (size_t i = 0; i < json_array_size(overrides) && i < MAX_OVERRIDES; i++) {
		const json_t *item = json_array_get(overrides, i);
		const json_t *descriptor = json_object_get(item, "descriptor");
		size_t owner = component_of(run, json_object_get(descriptor, "toolComponent"));
		struct str id = sarif_member(descriptor, "id");
		int64_t at = sarif_integer(descriptor, "index", MAX_INDEX, -1);

		if (at >= 0 ? rule_at(run, owner, at) == rule : id.len && str_eq(id, rule->id))
			return json_object_get(item, "configuration");
	}
	return NULL;
}

static bool severity_of(const json_t *level, enum severity *out)
{
	static const struct {
		const char *level;
		enum severity severity;
	} levels[] = {
		{ "error", SEVERITY_ERROR },
		{ "warning", SEVERITY_WARNING },
		{ "note", SEVERITY_INFO },
		{ "none", SEVERITY_OFF },
	};

	for (size_t i = 0; i < COUNT(levels); i++) {
		if (str_eq(sarif_text(level), str_of(levels[i].level))) {
			*out = levels[i].severity;
			return true;
		}
	}
	return false;
}

enum severity sarif_severity(const struct sarif_run *run, const json_t *result,
			     const struct sarif_rule *rule)
{
	const json_t *over = rule ? override_of(run, result, rule) : NULL;
	const json_t *own = rule ? json_object_get(rule->json, "defaultConfiguration") : NULL;
	enum severity severity = SEVERITY_WARNING;

	if (severity_of(json_object_get(result, "level"), &severity))
		return severity;
	if (json_is_false(json_object_get(over, "enabled")))
		return SEVERITY_OFF;
	if (!severity_of(json_object_get(over, "level"), &severity))
		severity_of(json_object_get(own, "level"), &severity);
	return severity;
}
