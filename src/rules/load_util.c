/* `matches`: utilities of the file, of the project, and those with arguments. */
#include "load.h"

static struct rule *matches_rule(struct loader *l, const struct yaml *at, struct rule *inner)
{
	struct rule *rule = rule_new(l, RULE_MATCHES, at);

	rule->inner = inner;
	rule_finish(l, rule);
	return rule;
}

/* A utility of this file, compiled once; a use inside itself is fine only through a relation. */
static int use_util(struct rule **out, struct loader *l, const struct yaml *at,
		    struct util *util)
{
	bool outer = l->in_relation;
	int failed;

	if (util->busy && !l->in_relation)
		return yaml_error(l->err, l->file, at, "the utility '%.*s' refers to itself",
				  STR_ARG(util->id));
	if (!util->rule) {
		util->busy = true;
		util->rule = rule_new(l, RULE_MATCHES, util->yaml);
		util->rule->binds = true; /* until known: a use inside itself is evaluated exactly */
		l->in_relation = false;
		failed = load_rule(&util->rule->inner, l, util->yaml) < 0;
		l->in_relation = outer;
		util->busy = false;
		if (failed) {
			util->rule = NULL;
			return -1;
		}
		rule_finish(l, util->rule);
	}
	*out = matches_rule(l, at, util->rule);
	return 0;
}

static struct util *find_util(struct scope *scope, struct str id)
{
	for (size_t i = 0; i < scope->utils.n; i++)
		if (str_eq(scope->utils.items[i].id, id))
			return &scope->utils.items[i];
	return NULL;
}

static struct global_util *find_global(struct loader *l, struct str id)
{
	for (size_t i = 0; l->globals && i < l->globals->n; i++)
		if (str_eq(l->globals->items[i].id, id) &&
		    l->globals->items[i].language == l->language)
			return &l->globals->items[i];
	return NULL;
}

static const struct argument *find_argument(const struct scope *scope, struct str name)
{
	for (size_t i = 0; i < scope->n_args; i++)
		if (str_eq(scope->args[i].name, name))
			return &scope->args[i];
	return NULL;
}

/* An argument is compiled where it is used, as its caller wrote it, with variables of its own. */
static int use_argument(struct rule **out, struct loader *l, const struct argument *argument)
{
	struct scope *here = l->scope;
	struct scope there = *argument->scope;
	int failed;

	there.prefix = argument->prefix;
	l->scope = &there;
	failed = load_rule(out, l, argument->yaml) < 0;
	l->scope = here;
	return failed ? -1 : 0;
}

/* Variables that the arguments made, with the name they have for the caller. */
static void list_exports(struct rule *call, struct loader *l, struct str prefix)
{
	struct {
		struct var_export *items;
		size_t             n, cap;
	} exports = { 0 };
	size_t n = l->vars.n;

	for (size_t i = 0; i < n; i++) {
		struct str name = l->vars.items[i];
		struct var_export export = { (int32_t)i, -1 };

		if (!str_starts(name, prefix))
			continue;
		export.to = loader_var(l, str_from(name, prefix.len));
		if (export.to >= 0)
			ARENA_PUSH(l->mem, &exports, export);
	}
	call->exports = exports.items;
	call->n_exports = exports.n;
}

/* A global utility: the body is compiled for each use, so that its variables are isolated by their names. */
static int use_global(struct rule **out, struct loader *l, const struct yaml *at,
		      struct global_util *util, struct argument *args, size_t n_args)
{
	struct rule *call = rule_new(l, RULE_CALL, at);
	struct scope *here = l->scope;
	struct scope scope = { .args = args, .n_args = n_args };
	const char *file = l->file;
	struct str exported = arena_printf(l->mem, "%.*s<%u>", STR_ARG(here->prefix), ++l->calls);
	int failed;

	if (util->busy)
		return yaml_error(l->err, l->file, at, "the utility '%.*s' refers to itself",
				  STR_ARG(util->id));
	scope.prefix = arena_printf(l->mem, "%.*s(%u)", STR_ARG(here->prefix), l->calls);
	for (size_t i = 0; i < n_args; i++)
		args[i].prefix = exported;
	util->busy = true;
	l->scope = &scope;
	l->file = util->file;
	failed = load_utils(l, yaml_get(util->doc, "utils")) < 0 ||
		 load_rule(&call->inner, l, yaml_get(util->doc, "rule")) < 0 ||
		 load_constraints(&call->constraints, l, yaml_get(util->doc, "constraints")) < 0;
	l->file = file;
	l->scope = here;
	util->busy = false;
	if (failed)
		return -1;
	if (n_args)
		list_exports(call, l, exported);
	rule_finish(l, call);
	*out = call;
	return 0;
}

static int call_util(struct rule **out, struct loader *l, const struct yaml *name,
		     const struct yaml *values)
{
	struct global_util *util = find_global(l, name->text);
	struct argument *args;
	size_t n;

	if (!util)
		return yaml_error(l->err, l->file, name, "there is no utility '%.*s' with arguments",
				  STR_ARG(name->text));
	if (!util->arguments || values->kind != YAML_MAP)
		return yaml_error(l->err, l->file, name, "the utility '%.*s' takes no arguments",
				  STR_ARG(name->text));
	n = util->arguments->n;
	args = ARENA_ARRAY(l->mem, n + 1, struct argument);
	for (size_t i = 0; i < n; i++) {
		args[i] = (struct argument){ util->arguments->child[i]->text, NULL, l->scope, { 0 } };
		args[i].yaml = yaml_get(values, util->arguments->child[i]->text.p);
		if (!args[i].yaml)
			return yaml_error(l->err, l->file, values, "the argument '%.*s' is missing",
					  STR_ARG(args[i].name));
	}
	if (values->n != n)
		return yaml_error(l->err, l->file, values, "'%.*s' takes %zu arguments, not %zu",
				  STR_ARG(name->text), n, values->n);
	return use_global(out, l, name, util, args, n);
}

/* A name: an argument of the utility around it, a utility of the file, or one of the project. */
static int load_name(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	const struct argument *argument = find_argument(l->scope, yaml->text);
	struct util *util = find_util(l->scope, yaml->text);
	struct global_util *global = find_global(l, yaml->text);

	if (argument)
		return use_argument(out, l, argument);
	if (util)
		return use_util(out, l, yaml, util);
	if (!global)
		return yaml_error(l->err, l->file, yaml, "there is no utility '%.*s'",
				  STR_ARG(yaml->text));
	if (global->arguments)
		return yaml_error(l->err, l->file, yaml, "the utility '%.*s' needs arguments",
				  STR_ARG(yaml->text));
	return use_global(out, l, yaml, global, NULL, 0);
}

int load_matches(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	struct rule_list items = { 0 };

	if (yaml->kind == YAML_SCALAR)
		return load_name(out, l, yaml);
	if (yaml->kind != YAML_MAP || yaml->n == 0)
		return yaml_error(l->err, l->file, yaml,
				  "`matches` names a utility, or maps it to its arguments");
	for (size_t i = 0; i < yaml->n; i++) {
		struct rule *item;

		if (call_util(&item, l, yaml->key[i], yaml->child[i]) < 0)
			return -1;
		ARENA_PUSH(l->mem, &items, item);
	}
	*out = rule_all(l, items.items, items.n, yaml);
	return 0;
}
