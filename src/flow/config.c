/* config.c - .outrider.yml to struct config: one table of keys, one small reader for each. */
#include "base/reader.h"
#include "environment/environment.h"
#include "flow/config.h"

/* ---- rules and categories ---- */

/* off, on or a severity: a severity also switches on. */
static int read_level(struct reader *r, const struct yaml *node, struct config_rule *rule)
{
	enum { ON = 100 };
	static const struct word words[] = {
		{ "off", SEVERITY_OFF },	 { "on", ON },
		{ "hint", SEVERITY_HINT },	 { "info", SEVERITY_INFO },
		{ "warning", SEVERITY_WARNING }, { "error", SEVERITY_ERROR },
	};
	int value;

	if (reader_word(r, node, words, COUNT(words), &value))
		return -1;
	rule->has_enabled = true;
	rule->enabled = value != SEVERITY_OFF;
	rule->has_severity = rule->enabled && value != ON;
	if (rule->has_severity)
		rule->severity = (enum severity)value;
	return 0;
}

static int read_rule_severity(struct reader *r, const struct yaml *node, void *to)
{
	struct config_rule *rule = to, level = { 0 };

	if (read_level(r, node, &level))
		return -1;
	rule->has_severity = level.has_severity;
	rule->severity = level.severity;
	if (!rule->has_enabled) /* `enabled` is the stronger word, in whichever order they stand */
		rule->enabled = level.enabled;
	return 0;
}

static int read_rule_enabled(struct reader *r, const struct yaml *node, void *to)
{
	struct config_rule *rule = to;

	if (reader_bool(r, node, &rule->enabled))
		return -1;
	rule->has_enabled = true;
	return 0;
}

static int read_rule_paths(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config_rule *)to)->paths);
}

static int read_rule_ignore(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config_rule *)to)->ignore);
}

static const struct key rule_keys[] = {
	{ "severity", read_rule_severity },
	{ "enabled", read_rule_enabled },
	{ "paths", read_rule_paths },
	{ "ignore", read_rule_ignore },
};

static int read_rule(struct reader *r, const struct yaml *node, struct config_rule *rule)
{
	if (node->kind != YAML_MAP)
		return read_level(r, node, rule);
	if (reader_keys(r, node, rule_keys, COUNT(rule_keys), rule))
		return -1;
	rule->has_enabled |= yaml_get(node, "severity") != NULL;
	return 0;
}

static bool is_pattern(struct str id)
{
	return str_find_byte(id, '*') != SIZE_MAX || str_find_byte(id, '?') != SIZE_MAX ||
	       str_find_byte(id, '[') != SIZE_MAX || str_find_byte(id, '{') != SIZE_MAX;
}

static int read_rules(struct reader *r, const struct yaml *node, void *to)
{
	struct config *config = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping of rules"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct config_rule rule = { .id = node->key[i]->text };

		if (rule.id.len == 0)
			return yaml_error(r->err, r->name, node->key[i], "an empty rule id");
		if (is_pattern(rule.id) && reader_glob(r, node->key[i], &rule.glob))
			return -1;
		if (read_rule(r, node->child[i], &rule))
			return -1;
		ARENA_PUSH(r->mem, &config->rules, rule);
	}
	return 0;
}

static int read_categories(struct reader *r, const struct yaml *node, void *to)
{
	struct config *config = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping of categories"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct config_rule rule = { .id = node->key[i]->text };

		if (read_level(r, node->child[i], &rule))
			return -1;
		ARENA_PUSH(r->mem, &config->categories, rule);
	}
	return 0;
}

/* ---- paths, languages, directories ---- */

static int read_include(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config *)to)->include);
}

static int read_exclude(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config *)to)->exclude);
}

static const struct key path_keys[] = { { "include", read_include }, { "exclude", read_exclude } };

static int read_paths(struct reader *r, const struct yaml *node, void *to)
{
	return reader_keys(r, node, path_keys, COUNT(path_keys), to);
}

static int read_generated(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config *)to)->generated);
}

static int read_vendored(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config *)to)->vendored);
}

static int read_tests(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config *)to)->tests);
}

static int read_languages(struct reader *r, const struct yaml *node, void *to)
{
	struct config *config = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping of globs to languages"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml *value = node->child[i];
		struct config_language entry = { .language = value->text, .line = value->line,
						 .column = value->column };

		if (reader_expect(r, value, YAML_SCALAR, "the name of a language") ||
		    reader_glob(r, node->key[i], &entry.glob))
			return -1;
		ARENA_PUSH(r->mem, &config->languages, entry);
	}
	return 0;
}

/* Whether the path stays inside the directory that it is relative to. */
static bool is_inside(struct str path)
{
	struct str part, rest = path;

	if (path.len == 0 || path.p[0] == '/' || str_find_byte(path, '\\') != SIZE_MAX ||
	    str_find_byte(path, '\0') != SIZE_MAX)
		return false;
	while (str_cut(&rest, '/', &part))
		if (str_eq(part, STR("..")))
			return false;
	return true;
}

static struct str trim_dir(struct str dir)
{
	while (str_starts(dir, STR("./")))
		dir = str_from(dir, 2);
	while (str_ends(dir, STR("/")))
		dir.len--;
	return str_eq(dir, STR(".")) ? STR("") : dir;
}

static int read_rule_dirs(struct reader *r, const struct yaml *node, void *to)
{
	struct config *config = to;

	if (reader_expect(r, node, YAML_SEQ, "a list of directories"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml *item = node->child[i];

		if (reader_expect(r, item, YAML_SCALAR, "a directory"))
			return -1;
		struct str dir = trim_dir(item->text);
		if (!is_inside(item->text) || dir.len == 0 || dir.p[0] == '/')
			return yaml_error(r->err, r->name, item, "not a directory inside the "
					  "repository: '%.80s'", arena_z(r->mem, item->text));
		ARENA_PUSH(r->mem, &config->rule_dirs, dir);
	}
	return 0;
}

/* ---- single values ---- */

static int read_version(struct reader *r, const struct yaml *node, void *to)
{
	uint32_t version;

	(void)to;
	return reader_number(r, node, 1, 1, &version);
}

static int read_builtin_rules(struct reader *r, const struct yaml *node, void *to)
{
	return reader_bool(r, node, &((struct config *)to)->builtin_rules);
}

static int read_fail_on(struct reader *r, const struct yaml *node, void *to)
{
	static const struct word words[] = {
		{ "error", SEVERITY_ERROR }, { "warning", SEVERITY_WARNING },
		{ "info", SEVERITY_INFO },   { "hint", SEVERITY_HINT },
		{ "never", SEVERITY_OFF },
	};
	int value;

	if (reader_word(r, node, words, COUNT(words), &value))
		return -1;
	((struct config *)to)->fail_on = (enum severity)value;
	return 0;
}

static int read_min_confidence(struct reader *r, const struct yaml *node, void *to)
{
	static const struct word words[] = { { "high", CONFIDENCE_HIGH },
					     { "medium", CONFIDENCE_MEDIUM },
					     { "low", CONFIDENCE_LOW } };
	int value;

	if (reader_word(r, node, words, COUNT(words), &value))
		return -1;
	((struct config *)to)->min_confidence = (enum confidence)value;
	return 0;
}

#define X(name, normal, least, most)                                                             \
	static int read_cap_##name(struct reader *r, const struct yaml *node, void *to)          \
	{                                                                                        \
		return reader_number(r, node, least, most, &((struct config *)to)->caps.name);     \
	}
CONFIG_CAPS(X)
#undef X

static const struct key cap_keys[] = {
#define X(name, normal, least, most) { #name, read_cap_##name },
	CONFIG_CAPS(X)
#undef X
};

static int read_caps(struct reader *r, const struct yaml *node, void *to)
{
	return reader_keys(r, node, cap_keys, COUNT(cap_keys), to);
}

/* ---- instructions ---- */

static int read_instruction_paths(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct config_instruction *)to)->paths);
}

static int read_instruction_text(struct reader *r, const struct yaml *node, void *to)
{
	if (reader_expect(r, node, YAML_SCALAR, "a text"))
		return -1;
	if (node->text.len > CONFIG_MAX_TEXT)
		return yaml_error(r->err, r->name, node, "longer than %d bytes", CONFIG_MAX_TEXT);
	((struct config_instruction *)to)->text = node->text;
	return 0;
}

static const struct key instruction_keys[] = {
	{ "paths", read_instruction_paths },
	{ "text", read_instruction_text },
};

static int read_instructions(struct reader *r, const struct yaml *node, void *to)
{
	struct config *config = to;

	if (reader_expect(r, node, YAML_SEQ, "a list of instructions"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct config_instruction item = { 0 };

		if (reader_keys(r, node->child[i], instruction_keys, COUNT(instruction_keys), &item))
			return -1;
		if (str_trim(item.text).len == 0)
			return yaml_error(r->err, r->name, node->child[i], "the key 'text' is missing");
		ARENA_PUSH(r->mem, &config->instructions, item);
	}
	return 0;
}

/* ---- environment ---- */

static int read_environment(struct reader *r, const struct yaml *node, void *to)
{
	struct environment *environment = ARENA_NEW(r->mem, struct environment);

	if (environment_read(environment, r, node))
		return -1;
	((struct config *)to)->environment = environment;
	return 0;
}

/* ---- the whole ---- */

static const struct key keys[] = {
	{ "version", read_version },	     { "rules", read_rules },
	{ "categories", read_categories },   { "paths", read_paths },
	{ "languages", read_languages },     { "rule_dirs", read_rule_dirs },
	{ "builtin_rules", read_builtin_rules }, { "caps", read_caps },
	{ "fail_on", read_fail_on },	     { "min_confidence", read_min_confidence },
	{ "generated", read_generated },     { "vendored", read_vendored },
	{ "tests", read_tests },	     { "instructions", read_instructions },
	{ "environment", read_environment },
};

void config_init(struct config *config)
{
	*config = (struct config){
		.builtin_rules = true,
		.fail_on = SEVERITY_ERROR,
		.min_confidence = CONFIDENCE_LOW,
		.caps = {
#define X(name, normal, least, most) .name = (normal),
			CONFIG_CAPS(X)
#undef X
		},
	};
}

int config_load(struct config *out, struct arena *mem, const char *name, struct str text,
		struct err *err)
{
	struct yaml_docs docs = { 0 };
	struct config config;
	struct reader r = { mem, name, err };

	config_init(&config);
	if (text.len > CONFIG_MAX_BYTES)
		return err_input(err, "%s: larger than %d bytes", name, CONFIG_MAX_BYTES);
	if (yaml_load(&docs, mem, name, text, err))
		return -1;
	if (docs.n > 1)
		return yaml_error(err, name, docs.items[1], "more than one YAML document");
	if (docs.n == 1 && docs.items[0]->kind != YAML_NULL &&
	    reader_keys(&r, docs.items[0], keys, COUNT(keys), &config))
		return -1;
	*out = config;
	return 0;
}
