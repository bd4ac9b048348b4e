#include "rule_files.h"
#include "stages.h"

struct wanted {
	const struct language **items;
	size_t                  n;
};

static void want(struct wanted *wanted, const struct language *language)
{
	if (!language)
		return;
	for (size_t i = 0; i < wanted->n; i++)
		if (wanted->items[i] == language)
			return;
	wanted->items[wanted->n++] = language;
	/* what may be embedded in it */
	if (str_eq(str_of(language->name), STR("Html"))) {
		want(wanted, language_by_name(STR("JavaScript")));
		want(wanted, language_by_name(STR("TypeScript")));
		want(wanted, language_by_name(STR("Css")));
	}
}

/* Rules of other languages are not even read: start-up is part of every review. */
static void want_all(struct wanted *wanted, struct run *run)
{
	struct str none = { 0 };

	want(wanted, language_text());
	for (size_t i = 0; i < run->changes.n; i++)
		if (run->changes.items[i].skip == SKIP_NONE)
			want(wanted, run_language(run, run->changes.items[i].new_path,
						  run->changes.items[i].new_text));
	for (size_t i = 0; i < run->n_files; i++)
		want(wanted, run_language(run, run->files[i].name, none));
	/* scripts without a name to tell: they are not read yet */
	if (run->n_files)
		want(wanted, language_by_name(STR("Bash")));
	if (run->n_files)
		want(wanted, language_by_name(STR("Python")));
}

static void complain(void *payload, const char *text)
{
	struct run *run = payload;

	review_notice(&run->review, "rules: %s", text);
	run->review.limited = true;
}

static int compile_tests(struct run *run, struct err *err)
{
	run->tests = ARENA_ARRAY(&run->mem, language_count, struct glob_list);
	for (size_t i = 0; i < language_count; i++) {
		const char *const *pattern = language_table[i].tests;

		for (; *pattern; pattern++) {
			struct glob *glob;

			if (glob_compile(&glob, &run->mem, str_of(*pattern), GLOB_PATH, false,
					 err) < 0)
				return err_wrap(err, "profile of %s", language_table[i].name);
			ARENA_PUSH(&run->mem, &run->tests[i], glob);
		}
	}
	return 0;
}

int stage_rules(struct run *run, struct err *err)
{
	const struct run_options *o = run->options;
	struct wanted wanted = { ARENA_ARRAY(&run->mem, language_count + 1,
					     const struct language *), 0 };
	struct rule_loader loader = { .mem = &run->mem, .languages = wanted.items,
				      .complain = complain, .payload = run,
				      .config = &run->config };

	if (compile_tests(run, err) < 0)
		return -1;
	want_all(&wanted, run);
	loader.n = wanted.n;
	run->rules = loader.set = ruleset_new();
	if (!run->rules)
		return err_set(err, ERR_TEMP, "out of memory");
	if (!o->no_builtin && run->config.builtin_rules)
		ruleset_add_builtin(run->rules, loader.languages, loader.n, complain, run);
	if (o->sgconfig && rules_from_sgconfig(&loader, o->sgconfig, err) < 0)
		return -1;
	for (size_t i = 0; i < o->n_rule_paths; i++)
		if (rules_from_path(&loader, o->rule_paths[i], false, err) < 0)
			return -1;
	if (rules_from_config(&loader, run, err) < 0)
		return -1;
	ruleset_prepare(run->rules);
	return 0;
}
