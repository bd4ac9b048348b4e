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

/* Files of a scan are not read yet: one without a telling name may be a script of any language that has them. */
static void want_scripts(struct wanted *wanted)
{
	for (size_t i = 0; i < language_count; i++)
		if (language_table[i].interpreters[0])
			want(wanted, &language_table[i]);
}

/* Rule files have no say in other languages: start-up is part of every review. */
static void want_all(struct wanted *wanted, struct run *run)
{
	struct str none = { 0 };
	bool scripts = false;

	want(wanted, language_text());
	for (size_t i = 0; i < run->changes.n; i++)
		if (run->changes.items[i].skip == SKIP_NONE)
			want(wanted, run_language(run, run->changes.items[i].new_path,
						  run->changes.items[i].new_text));
	for (size_t i = 0; i < run->n_files; i++) {
		const struct language *language = run_language(run, run->files[i].name, none);

		want(wanted, language);
		scripts = scripts || !language;
	}
	if (scripts)
		want_scripts(wanted);
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
		ruleset_add_builtin(run->rules);
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
