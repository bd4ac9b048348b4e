/* `transform`, `rewriters` and `fix`. */
#include "load.h"

int load_utils(struct loader *l, const struct yaml *yaml)
{
	if (!yaml)
		return 0;
	if (yaml->kind != YAML_MAP)
		return yaml_error(l->err, l->file, yaml, "`utils` maps names to rules");
	for (size_t i = 0; i < yaml->n; i++) {
		struct util util = { yaml->key[i]->text, yaml->child[i], NULL, false };

		for (size_t k = 0; k < util.id.len; k++)
			if (strchr("(),=", util.id.p[k]))
				return yaml_error(l->err, l->file, yaml->key[i],
						  "the name of a utility holds none of ( ) , =");
		ARENA_PUSH(l->mem, &l->scope->utils, util);
	}
	return 0;
}

int load_constraints(struct constraint_list *out, struct loader *l, const struct yaml *yaml)
{
	if (!yaml)
		return 0;
	if (yaml->kind != YAML_MAP)
		return yaml_error(l->err, l->file, yaml, "`constraints` maps variables to rules");
	for (size_t i = 0; i < yaml->n; i++) {
		struct constraint constraint = { .var = loader_lookup(l, yaml->key[i]->text) };

		if (load_rule(&constraint.rule, l, yaml->child[i]) < 0)
			return -1;
		if (constraint.var < 0)
			constraint.var = loader_lookup(l, yaml->key[i]->text);
		if (constraint.var < 0)
			return yaml_error(l->err, l->file, yaml->key[i],
					  "no pattern of this rule has the variable $%.*s",
					  STR_ARG(yaml->key[i]->text));
		ARENA_PUSH(l->mem, out, constraint);
	}
	return 0;
}

static int load_source(struct transform *t, struct loader *l, const struct yaml *at,
		       struct str text)
{
	struct meta_var var = meta_var_of(text, STR("$"));

	if (var.type == PATTERN_LEAF || !var.name.len)
		return yaml_error(l->err, l->file, at, "`source` must be a variable such as $A, not '%.*s'",
				  STR_ARG(text));
	t->source_is_multi = var.type == PATTERN_MULTI;
	t->source = loader_lookup(l, var.name);
	if (t->source < 0)
		return yaml_error(l->err, l->file, at, "the variable $%.*s is not defined",
				  STR_ARG(var.name));
	return 0;
}

static int load_number(int64_t *out, struct loader *l, const struct yaml *yaml)
{
	struct str text = yaml->text;
	bool minus = text.len && text.p[0] == '-';
	uint64_t n;

	if (!str_to_u64(minus ? str_from(text, 1) : text, &n) || n > INT32_MAX)
		return yaml_error(l->err, l->file, yaml, "a whole number is expected");
	*out = minus ? -(int64_t)n : (int64_t)n;
	return 0;
}

static int load_word(size_t *out, struct loader *l, const struct yaml *yaml,
		     const char *const *words, size_t n)
{
	for (*out = 0; *out < n; ++*out)
		if (str_eq(yaml->text, str_of(words[*out])))
			return 0;
	return yaml_error(l->err, l->file, yaml, "'%.*s' is none of %s, %s, ...",
			  STR_ARG(yaml->text), words[0], words[1]);
}

static int load_replace(struct transform *t, struct loader *l, const struct yaml *args)
{
	struct str pattern;
	struct err why;

	if (load_string(&pattern, l, yaml_get(args, "replace"), "replace") < 0)
		return -1;
	if (yaml_get(args, "by") && yaml_get(args, "by")->kind == YAML_NULL)
		t->by = (struct str){ "", 0 };
	else if (load_string(&t->by, l, yaml_get(args, "by"), "by") < 0)
		return -1;
	if (loader_regex(&t->replace, l, pattern, &why) < 0)
		return yaml_error(l->err, l->file, yaml_get(args, "replace"), "%s", why.text);
	return 0;
}

static int load_substring(struct transform *t, struct loader *l, const struct yaml *args)
{
	const struct yaml *start = yaml_get(args, "startChar"), *end = yaml_get(args, "endChar");

	t->has_start = start && start->kind == YAML_SCALAR;
	t->has_end = end && end->kind == YAML_SCALAR;
	if (t->has_start && load_number(&t->start_char, l, start) < 0)
		return -1;
	return t->has_end ? load_number(&t->end_char, l, end) : 0;
}

static int load_convert(struct transform *t, struct loader *l, const struct yaml *args)
{
	static const char *const cases[] = { "lowerCase", "upperCase", "capitalize", "camelCase",
					     "snakeCase", "kebabCase", "pascalCase" };
	static const char *const separators[] = { "caseChange", "dash",  "dot",
						  "slash",	"space", "underscore" };
	const struct yaml *by = yaml_get(args, "separatedBy");
	struct str word;
	size_t i;

	if (load_string(&word, l, yaml_get(args, "toCase"), "toCase") < 0 ||
	    load_word(&i, l, yaml_get(args, "toCase"), cases, COUNT(cases)) < 0)
		return -1;
	t->to_case = (enum letter_case)i;
	for (size_t k = 0; by && k < by->n; k++) {
		if (load_word(&i, l, by->child[k], separators, COUNT(separators)) < 0)
			return -1;
		t->separators |= 1u << i;
	}
	return 0;
}

static int load_rewrite(struct transform *t, struct loader *l, const struct yaml *args,
			struct rewriter **rewriters, size_t n)
{
	const struct yaml *names = yaml_get(args, "rewriters"), *join = yaml_get(args, "joinBy");

	if (!names || names->kind != YAML_SEQ)
		return yaml_error(l->err, l->file, args, "`rewriters` must be a list of names");
	t->rewriters = ARENA_ARRAY(l->mem, names->n + 1, struct rewriter *);
	for (size_t i = 0; i < names->n; i++) {
		for (size_t k = 0; k < n; k++)
			if (str_eq(rewriters[k]->id, names->child[i]->text))
				t->rewriters[t->n_rewriters] = rewriters[k];
		if (!t->rewriters[t->n_rewriters++])
			return yaml_error(l->err, l->file, names->child[i],
					  "there is no rewriter '%.*s'",
					  STR_ARG(names->child[i]->text));
	}
	t->has_join = join && join->kind == YAML_SCALAR;
	if (t->has_join)
		t->join_by = join->text;
	return 0;
}

/* One value of the string form: quoted, a [list], or up to the next comma. */
static struct str cut_value(struct str *rest)
{
	size_t end;
	struct str value;

	*rest = str_trim(*rest);
	if (rest->len && strchr("'\"[", rest->p[0])) {
		char close = rest->p[0] == '[' ? ']' : rest->p[0];

		end = str_find_byte(str_from(*rest, 1), close);
		end = end == SIZE_MAX ? rest->len : end + 2;
	} else {
		end = str_find_byte(*rest, ',');
		if (end == SIZE_MAX)
			end = rest->len;
	}
	value = str_sub(*rest, 0, end);
	*rest = str_trim(str_from(*rest, value.len));
	if (rest->len && rest->p[0] == ',')
		*rest = str_trim(str_from(*rest, 1));
	return value;
}

/* "replace($A, replace='^x', by=y)" as the mapping that it stands for. */
static int expand_string(struct yaml **op, struct yaml **args, struct loader *l,
			 const struct yaml *yaml)
{
	struct str text = str_trim(yaml->text), head, source, key;
	struct buf flow = { 0 };
	struct yaml_docs docs;
	struct err why;
	int failed;

	if (!str_cut(&text, '(', &head) || !text.len || !str_cut(&text, ',', &source))
		return yaml_error(l->err, l->file, yaml,
				  "a transformation is written as op($VAR, key=value, ...)");
	while (text.len && text.p[text.len - 1] == ')')
		text.len--;
	buf_printf(&flow, "%.*s:\n  source: '%.*s'\n", STR_ARG(str_trim(head)),
		   STR_ARG(str_trim(source)));
	text = str_trim(text);
	while (str_cut(&text, '=', &key)) {
		struct str value = cut_value(&text);

		buf_printf(&flow, "  %.*s: %.*s\n", STR_ARG(str_trim(key)), STR_ARG(value));
	}
	failed = yaml_load(&docs, l->mem, "transform", buf_str(&flow), &why) < 0 || docs.n != 1 ||
		 docs.items[0]->kind != YAML_MAP;
	buf_release(&flow);
	if (failed)
		return yaml_error(l->err, l->file, yaml, "the transformation cannot be read");
	*op = docs.items[0]->key[0];
	*args = docs.items[0]->child[0];
	for (size_t i = 0; i < (*args)->n; i++) {
		(*args)->child[i]->line = yaml->line;
		(*args)->child[i]->column = yaml->column;
	}
	return 0;
}

static int load_transform(struct transform *t, struct loader *l, const struct yaml *yaml,
			  struct rewriter **rewriters, size_t n)
{
	static const char *const ops[] = { "replace", "substring", "convert", "rewrite" };
	struct yaml *op, *args;
	struct str source;
	size_t i;

	if (yaml->kind == YAML_MAP && yaml->n == 1) {
		op = yaml->key[0];
		args = yaml->child[0];
	} else if (yaml->kind != YAML_SCALAR) {
		return yaml_error(l->err, l->file, yaml,
				  "a transformation is one of replace, substring, convert, rewrite");
	} else if (expand_string(&op, &args, l, yaml) < 0) {
		return -1;
	}
	if (load_word(&i, l, op, ops, COUNT(ops)) < 0 ||
	    load_string(&source, l, yaml_get(args, "source"), "source") < 0 ||
	    load_source(t, l, yaml_get(args, "source"), source) < 0)
		return -1;
	t->op = (enum transform_op)i;
	if (t->op == TRANSFORM_REPLACE)
		return load_replace(t, l, args);
	if (t->op == TRANSFORM_SUBSTRING)
		return load_substring(t, l, args);
	if (t->op == TRANSFORM_CONVERT)
		return load_convert(t, l, args);
	return load_rewrite(t, l, args, rewriters, n);
}

/* Sources before the variables that are made from them; a cycle is an error. */
static int sort_transforms(struct transform_list *list, struct loader *l, const struct yaml *at)
{
	struct transform *sorted = ARENA_ARRAY(l->mem, list->n + 1, struct transform);
	bool *done = ARENA_ARRAY(l->mem, list->n + 1, bool);
	size_t n = 0, before;

	do {
		before = n;
		for (size_t i = 0; i < list->n; i++) {
			bool ready = !done[i];

			for (size_t k = 0; ready && k < list->n; k++)
				ready = done[k] || list->items[k].var != list->items[i].source;
			if (ready) {
				done[i] = true;
				sorted[n++] = list->items[i];
			}
		}
	} while (n > before);
	if (n < list->n)
		return yaml_error(l->err, l->file, at, "transformations need each other in a circle");
	list->items = sorted;
	return 0;
}

int load_transforms(struct transform_list *out, struct loader *l, const struct yaml *yaml,
		    struct rewriter **rewriters, size_t n_rewriters)
{
	if (!yaml)
		return 0;
	if (yaml->kind != YAML_MAP)
		return yaml_error(l->err, l->file, yaml,
				  "`transform` maps new variables to transformations");
	for (size_t i = 0; i < yaml->n; i++) {
		struct transform t = { .var = -1 };

		/* a rewriter's variables are its own: their names are free */
		if (loader_lookup(l, yaml->key[i]->text) >= 0 &&
		    loader_lookup(l, yaml->key[i]->text) < (int32_t)l->own_vars)
			return yaml_error(l->err, l->file, yaml->key[i],
					  "the variable %.*s exists already",
					  STR_ARG(yaml->key[i]->text));
		t.var = loader_var(l, yaml->key[i]->text);
		if (t.var < 0)
			return yaml_error(l->err, l->file, yaml, "too many variables");
		ARENA_PUSH(l->mem, out, t);
	}
	for (size_t i = 0; i < yaml->n; i++)
		if (load_transform(&out->items[i], l, yaml->child[i], rewriters, n_rewriters) < 0)
			return -1;
	return sort_transforms(out, l, yaml);
}

static int load_expansion(struct rule **out, struct loader *l, const struct yaml *yaml,
			  enum rule_op op)
{
	struct yaml wrapped = { .kind = YAML_MAP, .n = 1 };
	struct yaml key = { .kind = YAML_SCALAR };
	struct yaml *keys[] = { &key };
	struct yaml *children[1];
	union {
		const struct yaml *in;
		struct yaml       *out;
	} child = { yaml };

	if (!yaml)
		return 0;
	key.text = op == RULE_FOLLOWS ? STR("follows") : STR("precedes");
	wrapped.line = key.line = yaml->line;
	wrapped.column = key.column = yaml->column;
	children[0] = child.out;
	wrapped.key = keys;
	wrapped.child = children;
	return load_rule(out, l, &wrapped);
}

static int load_template(struct template *out, struct loader *l, const struct yaml *yaml)
{
	struct str text, unknown;

	if (yaml && yaml->kind == YAML_NULL)
		text = (struct str){ "", 0 };
	else if (load_string(&text, l, yaml, "fix") < 0)
		return -1;
	if (!template_compile(out, l->mem, text, true, loader_lookup, l, &unknown))
		return yaml_error(l->err, l->file, yaml,
				  "the variable $%.*s is not defined by the rule", STR_ARG(unknown));
	return 0;
}

static int load_one_fix(struct fixer *out, struct loader *l, const struct yaml *yaml,
			bool title_needed)
{
	static const char *const keys[] = { "template", "expandStart", "expandEnd", "title", NULL };

	if (yaml->kind != YAML_MAP)
		return load_template(&out->template, l, yaml);
	if (check_keys(l, yaml, keys, "`fix`") < 0 ||
	    load_template(&out->template, l, yaml_get(yaml, "template")) < 0 ||
	    load_expansion(&out->expand_start, l, yaml_get(yaml, "expandStart"), RULE_FOLLOWS) < 0 ||
	    load_expansion(&out->expand_end, l, yaml_get(yaml, "expandEnd"), RULE_PRECEDES) < 0)
		return -1;
	if (yaml_get(yaml, "title"))
		return load_string(&out->title, l, yaml_get(yaml, "title"), "title");
	return title_needed ? yaml_error(l->err, l->file, yaml, "each fix of a list needs a `title`")
			    : 0;
}

int load_fix(struct fixer **out, size_t *n, struct loader *l, const struct yaml *yaml)
{
	*n = 0;
	*out = NULL;
	if (!yaml)
		return 0;
	*n = yaml->kind == YAML_SEQ ? yaml->n : 1;
	*out = ARENA_ARRAY(l->mem, *n + 1, struct fixer);
	if (yaml->kind != YAML_SEQ)
		return load_one_fix(*out, l, yaml, false);
	for (size_t i = 0; i < *n; i++)
		if (load_one_fix(&(*out)[i], l, yaml->child[i], true) < 0)
			return -1;
	return 0;
}

static int load_rewriter(struct rewriter *out, struct loader *l, const struct yaml *yaml,
			 struct rewriter **all, size_t n)
{
	struct scope *outer = l->scope;
	struct scope scope = *outer;
	struct fixer *fixers = NULL;
	size_t n_fixers = 0;
	int failed;

	l->scope = &scope;
	failed = load_utils(l, yaml_get(yaml, "utils")) < 0 ||
		 load_rule(&out->rule, l, yaml_get(yaml, "rule")) < 0 ||
		 load_constraints(&out->constraints, l, yaml_get(yaml, "constraints")) < 0 ||
		 (l->own_vars = l->vars.n, false) ||
		 load_transforms(&out->transforms, l, yaml_get(yaml, "transform"), all, n) < 0 ||
		 load_fix(&fixers, &n_fixers, l, yaml_get(yaml, "fix")) < 0;
	l->scope = outer;
	if (failed)
		return -1;
	if (n_fixers == 0)
		return yaml_error(l->err, l->file, yaml, "a rewriter needs a `fix`");
	out->fixer = fixers[0];
	return 0;
}

int load_rewriters(struct rewriter ***out, size_t *n, struct loader *l, const struct yaml *yaml)
{
	static const char *const keys[] = { "id", "rule", "fix", "constraints", "transform",
					    "utils", NULL };
	struct rewriter **list;

	*n = 0;
	if (!yaml)
		return 0;
	if (yaml->kind != YAML_SEQ)
		return yaml_error(l->err, l->file, yaml, "`rewriters` must be a list");
	list = ARENA_ARRAY(l->mem, yaml->n + 1, struct rewriter *);
	/* all names first: rewriters may use each other */
	for (size_t i = 0; i < yaml->n; i++) {
		const struct yaml *item = yaml->child[i];

		list[i] = ARENA_NEW(l->mem, struct rewriter);
		if (check_keys(l, item, keys, "a rewriter") < 0 ||
		    load_string(&list[i]->id, l, yaml_get(item, "id"), "id") < 0)
			return -1;
		if (!yaml_get(item, "rule") || !yaml_get(item, "fix"))
			return yaml_error(l->err, l->file, item, "a rewriter needs `rule` and `fix`");
	}
	*out = list;
	*n = yaml->n;
	for (size_t i = 0; i < yaml->n; i++)
		if (load_rewriter(list[i], l, yaml->child[i], list, yaml->n) < 0)
			return -1;
	return 0;
}
