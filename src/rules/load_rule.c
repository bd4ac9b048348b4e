#include "load.h"

static const char *const rule_keys[] = { "pattern", "kind",   "regex",   "nthChild", "range",
					 "inside",  "has",    "precedes", "follows", "all",
					 "any",     "not",    "matches", NULL };
static const char *const relation_keys[] = { "pattern", "kind",    "regex",    "nthChild", "range",
					     "inside",  "has",     "precedes", "follows",  "all",
					     "any",     "not",     "matches",  "stopBy",   "field",
					     NULL };

int check_keys(struct loader *l, const struct yaml *map, const char *const *known,
	       const char *what)
{
	if (map->kind != YAML_MAP)
		return yaml_error(l->err, l->file, map, "%s must be a mapping, not %s", what,
				  yaml_kind_name(map));
	for (size_t i = 0; i < map->n; i++) {
		const char *const *k = known;

		while (*k && !str_eq(map->key[i]->text, str_of(*k)))
			k++;
		if (!*k)
			return yaml_error(l->err, l->file, map->key[i],
					  "unknown key '%.*s' in %s; expected one of the documented keys such as '%s' or '%s'",
					  STR_ARG(map->key[i]->text), what, known[0], known[1]);
	}
	return 0;
}

int load_string(struct str *out, struct loader *l, const struct yaml *yaml, const char *key)
{
	if (!yaml || yaml->kind != YAML_SCALAR)
		return yaml_error(l->err, l->file, yaml, "`%s` must be a string, not %s", key,
				  yaml_kind_name(yaml));
	*out = yaml->text;
	return 0;
}

struct rule *rule_new(struct loader *l, enum rule_op op, const struct yaml *at)
{
	struct rule *rule = ARENA_NEW(l->mem, struct rule);

	rule->op = op;
	rule->memo = rule->inner_memo = -1;
	if (at) {
		rule->line = at->line;
		rule->column = at->column;
	}
	return rule;
}

struct rule *rule_all(struct loader *l, struct rule **items, size_t n, const struct yaml *at)
{
	struct rule *all;

	if (n == 1)
		return items[0];
	all = rule_new(l, RULE_ALL, at);
	all->items = items;
	all->n_items = n;
	rule_finish(l, all);
	return all;
}

/* Variables of an isolated call carry its prefix, so that they never meet the caller's. */
static struct str scoped_name(struct loader *l, struct str name)
{
	return l->scope->prefix.len ? arena_printf(l->mem, "%.*s%.*s", STR_ARG(l->scope->prefix),
						   STR_ARG(name))
				    : name;
}

int32_t loader_lookup(void *loader, struct str name)
{
	struct loader *l = loader;

	name = scoped_name(l, name);
	for (size_t i = 0; i < l->vars.n; i++)
		if (str_eq(l->vars.items[i], name))
			return (int32_t)i;
	return -1;
}

int32_t loader_var(void *loader, struct str name)
{
	struct loader *l = loader;
	int32_t index = loader_lookup(l, name);

	if (index >= 0)
		return index;
	if (l->vars.n >= RULE_MAX_VARS)
		return -1;
	name = arena_str(l->mem, scoped_name(l, name));
	ARENA_PUSH(l->mem, &l->vars, name);
	return (int32_t)l->vars.n - 1;
}

static int parse_strictness(enum strictness *out, struct loader *l, const struct yaml *yaml)
{
	static const char *const names[] = { "cst", "smart", "ast", "relaxed", "signature",
					     "template" };
	struct str word;

	if (load_string(&word, l, yaml, "strictness") < 0)
		return -1;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (str_eq(word, str_of(names[i]))) {
			*out = (enum strictness)i;
			return 0;
		}
	}
	return yaml_error(l->err, l->file, yaml,
			  "unknown strictness '%.*s'; expected cst, smart, ast, relaxed, signature or template",
			  STR_ARG(word));
}

static int read_pattern(struct pattern_source *out, struct loader *l, const struct yaml *yaml)
{
	static const char *const keys[] = { "context", "selector", "strictness", NULL };
	const struct yaml *selector, *strictness;

	*out = (struct pattern_source){ .language = l->language, .strictness = SMART };
	if (yaml->kind == YAML_SCALAR) {
		out->code = yaml->text;
		return 0;
	}
	if (check_keys(l, yaml, keys, "`pattern`") < 0 ||
	    load_string(&out->code, l, yaml_get(yaml, "context"), "context") < 0)
		return -1;
	selector = yaml_get(yaml, "selector");
	strictness = yaml_get(yaml, "strictness");
	if (selector && load_string(&out->selector, l, selector, "selector") < 0)
		return -1;
	return strictness ? parse_strictness(&out->strictness, l, strictness) : 0;
}

static int load_pattern(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	struct rule *rule = rule_new(l, RULE_PATTERN, yaml);
	struct pattern_source source;
	struct err why;

	if (read_pattern(&source, l, yaml) < 0)
		return -1;
	if (pattern_compile(&rule->pattern, l->mem, l->parser, &source, loader_var, l, &why) < 0)
		return yaml_error(l->err, l->file, yaml, "%s", why.text);
	rule_finish(l, rule);
	*out = rule;
	return 0;
}

int loader_regex(struct regex **out, struct loader *l, struct str text, struct err *err)
{
	if (l->trusted)
		*out = regex_defer(l->mem, text);
	else if (regex_compile(out, l->mem, text, err) < 0)
		return -1;
	ARENA_PUSH(l->mem, l->regexes, *out);
	return 0;
}

static int load_regex(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	struct rule *rule = rule_new(l, RULE_REGEX, yaml);
	struct err why;

	if (load_string(&rule->regex_text, l, yaml, "regex") < 0)
		return -1;
	if (loader_regex(&rule->regex, l, rule->regex_text, &why) < 0)
		return yaml_error(l->err, l->file, yaml, "%s", why.text);
	rule_finish(l, rule);
	*out = rule;
	return 0;
}

/* ast-grep ignores keys that it does not know here, and rules of others rely on it: said, not refused. */
static int check_loosely(struct loader *l, const struct yaml *yaml, const char *const *known,
			 const char *name)
{
	struct err *outer = l->err, why;

	if (yaml->kind != YAML_MAP)
		return check_keys(l, yaml, known, name);
	l->err = &why;
	if (check_keys(l, yaml, known, name) < 0)
		l->complain(l->payload, arena_printf(l->mem, "%s; ignored", why.text).p);
	l->err = outer;
	return 0;
}

static int load_nth(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	static const char *const keys[] = { "position", "ofRule", "reverse", NULL };
	struct rule *rule = rule_new(l, RULE_NTH, yaml);
	const struct yaml *position = yaml, *reverse, *of;

	if (yaml->kind == YAML_MAP) {
		if (check_loosely(l, yaml, keys, "`nthChild`") < 0)
			return -1;
		position = yaml_get(yaml, "position");
		reverse = yaml_get(yaml, "reverse");
		of = yaml_get(yaml, "ofRule");
		rule->nth.reverse = reverse && str_eq(reverse->text, STR("true"));
		if (reverse && !rule->nth.reverse && !str_eq(reverse->text, STR("false")))
			return yaml_error(l->err, l->file, reverse, "`reverse` is true or false");
		if (of && load_rule(&rule->inner, l, of) < 0)
			return -1;
	}
	bool was = rule->nth.reverse;
	if (!position || position->kind != YAML_SCALAR ||
	    !nth_parse(&rule->nth, position->text))
		return yaml_error(l->err, l->file, position ? position : yaml,
				  "`nthChild` is a number or An+B such as 2n+1");
	rule->nth.reverse = was;
	rule_finish(l, rule);
	*out = rule;
	return 0;
}

static int load_position(uint32_t *line, int64_t *column, struct loader *l,
			 const struct yaml *yaml)
{
	static const char *const keys[] = { "line", "column", NULL };
	const struct yaml *at_line, *at_column;
	uint64_t n;

	if (check_keys(l, yaml, keys, "a position") < 0)
		return -1;
	at_line = yaml_get(yaml, "line");
	at_column = yaml_get(yaml, "column");
	if (!at_line || !str_to_u64(at_line->text, &n) || n > UINT32_MAX)
		return yaml_error(l->err, l->file, yaml, "`line` must be a number, 0-based");
	*line = (uint32_t)n;
	*column = -1;
	if (at_column && at_column->kind != YAML_NULL) {
		if (!str_to_u64(at_column->text, &n) || n > UINT32_MAX)
			return yaml_error(l->err, l->file, at_column,
					  "`column` must be a number, 0-based");
		*column = (int64_t)n;
	}
	return 0;
}

static int load_range(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	static const char *const keys[] = { "start", "end", NULL };
	struct rule *rule = rule_new(l, RULE_RANGE, yaml);
	const struct yaml *start, *end;

	if (check_keys(l, yaml, keys, "`range`") < 0)
		return -1;
	start = yaml_get(yaml, "start");
	end = yaml_get(yaml, "end");
	if (!start || !end)
		return yaml_error(l->err, l->file, yaml, "`range` needs `start` and `end`");
	if (load_position(&rule->range.start_line, &rule->range.start_column, l, start) < 0 ||
	    load_position(&rule->range.end_line, &rule->range.end_column, l, end) < 0)
		return -1;
	if (rule->range.start_line > rule->range.end_line ||
	    (rule->range.start_line == rule->range.end_line &&
	     rule->range.start_column > rule->range.end_column))
		return yaml_error(l->err, l->file, yaml, "`start` is behind `end`");
	rule_finish(l, rule);
	*out = rule;
	return 0;
}

static int load_list(struct rule **out, struct loader *l, const struct yaml *yaml,
		     enum rule_op op)
{
	struct rule *rule = rule_new(l, op, yaml);
	struct rule_list items = { 0 };

	if (yaml->kind != YAML_SEQ)
		return yaml_error(l->err, l->file, yaml, "`%s` must be a list of rules, not %s",
				  op == RULE_ALL ? "all" : "any", yaml_kind_name(yaml));
	for (size_t i = 0; i < yaml->n; i++) {
		struct rule *item;

		if (load_rule(&item, l, yaml->child[i]) < 0)
			return -1;
		ARENA_PUSH(l->mem, &items, item);
	}
	rule->items = items.items;
	rule->n_items = items.n;
	rule_finish(l, rule);
	*out = rule;
	return 0;
}

static int load_all(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	return load_list(out, l, yaml, RULE_ALL);
}

static int load_any(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	return load_list(out, l, yaml, RULE_ANY);
}

static int load_not(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	struct rule *rule = rule_new(l, RULE_NOT, yaml);

	if (load_rule(&rule->inner, l, yaml) < 0)
		return -1;
	rule_finish(l, rule);
	*out = rule;
	return 0;
}

static int load_stop(struct rule *rule, struct loader *l, const struct yaml *yaml)
{
	if (!yaml)
		return 0;
	if (yaml->kind == YAML_MAP) {
		rule->stop_by = STOP_RULE;
		return load_rule(&rule->stop, l, yaml);
	}
	if (yaml->kind == YAML_SCALAR && str_eq(yaml->text, STR("end")))
		rule->stop_by = STOP_END;
	else if (yaml->kind != YAML_SCALAR || !str_eq(yaml->text, STR("neighbor")))
		return yaml_error(l->err, l->file, yaml,
				  "`stopBy` is neighbor, end or a rule object");
	return 0;
}

static int load_conjunction(struct rule **out, struct loader *l, const struct yaml *yaml);

static int load_relation(struct rule **out, struct loader *l, const struct yaml *yaml,
			 enum rule_op op, const char *name)
{
	struct rule *rule = rule_new(l, op, yaml);
	const struct yaml *field;
	bool outer = l->in_relation;
	int failed;

	if (check_loosely(l, yaml, relation_keys, name) < 0)
		return -1;
	field = yaml_get(yaml, "field");
	if (field) {
		if (op == RULE_PRECEDES || op == RULE_FOLLOWS)
			return yaml_error(l->err, l->file, field,
					  "`field` is only for `has` and `inside`");
		if (field->kind == YAML_SCALAR)
			rule->field = language_field(l->language, field->text);
		if (!rule->field)
			return yaml_error(l->err, l->file, field, "%s has no field '%.*s'",
					  l->language->name, STR_ARG(field->text));
	}
	l->in_relation = true;
	failed = load_stop(rule, l, yaml_get(yaml, "stopBy")) < 0 ||
		 load_conjunction(&rule->inner, l, yaml) < 0;
	l->in_relation = outer;
	if (failed)
		return -1;
	rule_finish(l, rule);
	*out = rule;
	return 0;
}

static int load_inside(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	return load_relation(out, l, yaml, RULE_INSIDE, "`inside`");
}

static int load_has(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	return load_relation(out, l, yaml, RULE_HAS, "`has`");
}

static int load_precedes(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	return load_relation(out, l, yaml, RULE_PRECEDES, "`precedes`");
}

static int load_follows(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	return load_relation(out, l, yaml, RULE_FOLLOWS, "`follows`");
}

static int load_conjunction(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	/* the order in which ast-grep evaluates: what decides on the node itself comes first */
	static const struct {
		const char *key;
		int (*load)(struct rule **, struct loader *, const struct yaml *);
	} loaders[] = {
		{ "pattern", load_pattern }, { "kind", load_selector },
		{ "regex", load_regex },     { "nthChild", load_nth },
		{ "range", load_range },     { "all", load_all },
		{ "any", load_any },	     { "not", load_not },
		{ "matches", load_matches }, { "inside", load_inside },
		{ "has", load_has },	     { "precedes", load_precedes },
		{ "follows", load_follows },
	};
	struct rule_list items = { 0 };

	for (size_t i = 0; i < COUNT(loaders); i++) {
		const struct yaml *value = yaml_get(yaml, loaders[i].key);
		struct rule *item;

		if (!value)
			continue;
		if (value->kind == YAML_NULL)
			return yaml_error(l->err, l->file, value, "`%s` has no value",
					  loaders[i].key);
		if (loaders[i].load(&item, l, value) < 0)
			return -1;
		ARENA_PUSH(l->mem, &items, item);
	}
	if (items.n == 0)
		return yaml_error(l->err, l->file, yaml,
				  "a rule object needs at least one of pattern, kind, regex, all, any, ...");
	*out = rule_all(l, items.items, items.n, yaml);
	return 0;
}

int load_rule(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	int failed;

	if (++l->depth > RULE_MAX_DEPTH || ++l->ops > RULE_MAX_OPS)
		return yaml_error(l->err, l->file, yaml, "rules are nested too deeply, or too many");
	failed = check_keys(l, yaml, rule_keys, "a rule object") < 0 ||
		 load_conjunction(out, l, yaml) < 0;
	l->depth--;
	return failed ? -1 : 0;
}
