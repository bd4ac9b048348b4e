#include <stdio.h>

#include "base/file.h"
#include "flow/rules_test.h"
#include "output.h"

static void usage(const struct option *table)
{
	printf("usage: outrider rules list [OPTIONS]\n"
	       "       outrider rules test [OPTIONS] [CASES...]\n\n"
	       "`test` runs valid and invalid cases of rules, in ast-grep's format; without CASES those of --sgconfig.\n\n");
	options_help(table);
	printf("\nexit codes: 0 all passed, 1 a case failed, 2 wrong input\n");
}

static void complain(void *payload, const char *text)
{
	size_t *n = payload;

	fprintf(stderr, "outrider: %s\n", text);
	(*n)++;
}

static int list_rules(struct rules_test_options *options, struct err *err)
{
	struct ruleset *set = ruleset_new();
	size_t complaints = 0;
	int result = rules_load(set, options, complain, &complaints, err);

	for (size_t i = 0; result == 0 && i < ruleset_count(set); i++) {
		struct rule_info rule = ruleset_info(set, i);

		printf("%-44.*s %-10s %-8s %-14.*s %s%s\n", STR_ARG(rule.id), rule.language->name,
		       rule.off_by_default ? "off" : severity_name(rule.severity),
		       STR_ARG(rule.category), rule.has_fix ? "fix " : "",
		       rule.fix_is_safe ? "(safe)" : "");
	}
	ruleset_free(set);
	if (result < 0)
		return report_error(err);
	return complaints ? EXIT_USAGE : EXIT_CLEAN;
}

static int test_rules(struct rules_test_options *options, struct err *err)
{
	struct rules_test_result result;
	size_t complaints = 0;

	if (rules_test(&result, options, complain, &complaints, err) < 0)
		return report_error(err);
	printf("%zu passed, %zu failed\n", result.passed, result.failed);
	return result.failed ? EXIT_FINDINGS : complaints ? EXIT_USAGE : EXIT_CLEAN;
}

int cmd_rules(int argc, char **argv)
{
	struct rules_test_options options = { 0 };
	struct text_list rest = { 0 }, rules = { 0 };
	bool help = false;
	const struct option table[] = {
		{ "--rules", 'r', OPTION_LIST, &rules, "PATH", "a rule file or folder, beside the built-in rules" },
		{ "--sgconfig", 0, OPTION_TEXT, &options.sgconfig, "FILE", "an ast-grep project file" },
		{ "--no-builtin", 0, OPTION_FLAG, &options.no_builtin, NULL, "without the built-in rules" },
		{ "--snapshots", 0, OPTION_FLAG, &options.snapshots, NULL, "test: compare with the stored snapshots too" },
		{ "--update", 'U', OPTION_FLAG, &options.update, NULL, "test: store snapshots of what is found now" },
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct arena mem;
	struct err err;
	int code = EXIT_USAGE;

	arena_init(&mem, 16 << 20);
	if (options_read(table, argc, argv, &rest, &mem, &err) < 0) {
		code = report_error(&err);
	} else if (help) {
		usage(table);
		code = EXIT_CLEAN;
	} else {
		options.rules = rules.items;
		options.n_rules = rules.n;
		options.cases = rest.n ? rest.items + 1 : NULL;
		options.n_cases = rest.n ? rest.n - 1 : 0;
		if (rest.n && strcmp(rest.items[0], "list") == 0)
			code = list_rules(&options, &err);
		else if (rest.n && strcmp(rest.items[0], "test") == 0)
			code = test_rules(&options, &err);
		else
			usage(table);
	}
	arena_release(&mem);
	return code;
}
