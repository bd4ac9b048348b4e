/* One entry of a rule file. */
#include "load.h"
#include "prefilter.h"

static const char *const entry_keys[] = {
	"id",	     "language", "rule",    "constraints", "utils",  "transform", "fix",
	"rewriters", "severity", "message", "note",	   "labels", "files",	  "ignores",
	"url",	     "metadata", NULL,
};

static int load_severity(struct rule_entry *out, struct loader *l, const struct yaml *yaml)
{
	struct str word;

	out->severity = SEVERITY_HINT;
	if (!yaml)
		return 0;
	if (load_string(&word, l, yaml, "severity") < 0)
		return -1;
	if (!severity_parse(word, &out->severity))
		return yaml_error(l->err, l->file, yaml,
				  "unknown severity '%.*s'; expected error, warning, info, hint or off",
				  STR_ARG(word));
	return 0;
}

static int load_optional(struct str *out, struct loader *l, const struct yaml *map,
			 const char *key)
{
	const struct yaml *yaml = yaml_get(map, key);

	return yaml && yaml->kind != YAML_NULL ? load_string(out, l, yaml, key) : 0;
}

static int load_glob(struct glob_list *out, struct loader *l, const struct yaml *yaml)
{
	static const char *const keys[] = { "glob", "caseInsensitive", NULL };
	const struct yaml *pattern = yaml, *nocase = NULL;
	struct str text;
	struct glob *glob;
	struct err why;

	if (yaml->kind == YAML_MAP) {
		if (check_keys(l, yaml, keys, "a glob") < 0)
			return -1;
		pattern = yaml_get(yaml, "glob");
		nocase = yaml_get(yaml, "caseInsensitive");
	}
	if (load_string(&text, l, pattern, "glob") < 0)
		return -1;
	if (glob_compile(&glob, l->mem, text, GLOB_RULE,
			 nocase && str_eq(nocase->text, STR("true")), &why) < 0)
		return yaml_error(l->err, l->file, pattern, "%s", why.text);
	ARENA_PUSH(l->mem, out, glob);
	return 0;
}

static int load_globs(struct glob_list *out, bool *has, struct loader *l,
		      const struct yaml *yaml, const char *key)
{
	*has = yaml && yaml->kind != YAML_NULL;
	if (!*has)
		return 0;
	if (yaml->kind != YAML_SEQ)
		return yaml_error(l->err, l->file, yaml, "`%s` must be a list of globs", key);
	for (size_t i = 0; i < yaml->n; i++)
		if (load_glob(out, l, yaml->child[i]) < 0)
			return -1;
	return 0;
}

static int load_labels(struct rule_entry *out, struct loader *l, const struct yaml *yaml)
{
	static const char *const keys[] = { "style", "message", NULL };

	if (!yaml || yaml->kind == YAML_NULL)
		return 0;
	if (yaml->kind != YAML_MAP)
		return yaml_error(l->err, l->file, yaml, "`labels` maps variables to labels");
	out->labels = ARENA_ARRAY(l->mem, yaml->n + 1, struct label_rule);
	out->has_labels = true;
	for (size_t i = 0; i < yaml->n; i++) {
		struct label_rule *label = &out->labels[i];
		const struct yaml *value = yaml->child[i];
		struct str style;

		if (check_keys(l, value, keys, "a label") < 0 ||
		    load_string(&style, l, yaml_get(value, "style"), "style") < 0 ||
		    load_optional(&label->message, l, value, "message") < 0)
			return -1;
		label->primary = str_eq(style, STR("primary"));
		if (!label->primary && !str_eq(style, STR("secondary")))
			return yaml_error(l->err, l->file, value, "`style` is primary or secondary");
		label->var = loader_lookup(l, yaml->key[i]->text);
		if (label->var < 0)
			return yaml_error(l->err, l->file, yaml->key[i],
					  "no pattern of this rule has the variable $%.*s",
					  STR_ARG(yaml->key[i]->text));
	}
	out->n_labels = yaml->n;
	return 0;
}

/* `metadata` is free for others; these words are ours. */
static int load_metadata(struct rule_entry *out, struct loader *l, const struct yaml *yaml)
{
	const struct yaml *confidence = yaml_get(yaml, "confidence");
	const struct yaml *word;

	out->confidence = CONFIDENCE_HIGH;
	for (int c = CONFIDENCE_LOW; confidence && c <= CONFIDENCE_HIGH; c++)
		if (str_eq(confidence->text, str_of(confidence_name((enum confidence)c))))
			out->confidence = (enum confidence)c;
	word = yaml_get(yaml, "category");
	if (word && word->kind == YAML_SCALAR)
		out->category = word->text;
	word = yaml_get(yaml, "cwe");
	if (word && word->kind == YAML_SCALAR)
		out->cwe = word->text;
	word = yaml_get(yaml, "tests");
	out->skip_tests = word && str_eq(word->text, STR("skip"));
	word = yaml_get(yaml, "default");
	out->off_by_default = word && str_eq(word->text, STR("off"));
	word = yaml_get(yaml, "fix");
	out->fix_is_safe = word && str_eq(word->text, STR("safe"));
	(void)l;
	return 0;
}

static int load_texts(struct rule_entry *out, struct loader *l, const struct yaml *yaml)
{
	struct str message = { "", 0 }, unknown;

	if (load_optional(&message, l, yaml, "message") < 0 ||
	    load_optional(&out->note, l, yaml, "note") < 0 ||
	    load_optional(&out->url, l, yaml, "url") < 0)
		return -1;
	template_compile(&out->message, l->mem, str_trim(message), false, loader_lookup, l,
			 &unknown);
	return 0;
}

static int load_matching(struct rule_entry *out, struct loader *l, const struct yaml *yaml)
{
	const struct yaml *rule = yaml_get(yaml, "rule");
	struct rewriter **rewriters = NULL;
	size_t n_rewriters, own_vars;

	if (!rule)
		return yaml_error(l->err, l->file, yaml, "`rule` is missing");
	if (load_utils(l, yaml_get(yaml, "utils")) < 0 || load_rule(&out->rule, l, rule) < 0 ||
	    load_constraints(&out->constraints, l, yaml_get(yaml, "constraints")) < 0)
		return -1;
	if (!out->rule->kinds.words)
		return yaml_error(l->err, l->file, rule,
				  "the rule does not say which nodes it is about: add a `kind` or a `pattern`");
	own_vars = l->vars.n;
	if (load_rewriters(&rewriters, &n_rewriters, l, yaml_get(yaml, "rewriters")) < 0)
		return -1;
	l->own_vars = own_vars;
	if (load_transforms(&out->transforms, l, yaml_get(yaml, "transform"), rewriters,
			    n_rewriters) < 0)
		return -1;
	return load_fix(&out->fixers, &out->n_fixers, l, yaml_get(yaml, "fix"));
}

int load_entry(struct rule_entry *out, struct loader *l, const struct yaml *yaml)
{
	struct rule_entry entry = *out;
	struct scope scope = { 0 };

	l->scope = &scope;
	l->vars.items = NULL;
	l->vars.n = l->vars.cap = 0;
	l->depth = l->ops = l->calls = 0;
	l->in_relation = false;
	if (check_keys(l, yaml, entry_keys, "a rule file") < 0 ||
	    load_string(&entry.id, l, yaml_get(yaml, "id"), "id") < 0 ||
	    load_severity(&entry, l, yaml_get(yaml, "severity")) < 0 ||
	    load_matching(&entry, l, yaml) < 0 || load_texts(&entry, l, yaml) < 0 ||
	    load_labels(&entry, l, yaml_get(yaml, "labels")) < 0 ||
	    load_globs(&entry.files, &entry.has_files, l, yaml_get(yaml, "files"), "files") < 0 ||
	    load_globs(&entry.ignores, &entry.has_ignores, l, yaml_get(yaml, "ignores"),
		       "ignores") < 0 ||
	    load_metadata(&entry, l, yaml_get(yaml, "metadata")) < 0)
		return -1;
	entry.language = l->language;
	entry.vars = l->vars.items;
	entry.n_vars = (int32_t)l->vars.n;
	entry.memo_end = *l->n_slots;
	if (!entry.builtin)
		clauses_collect(&entry, l->mem);
	*out = entry;
	return 0;
}
