/* rules_test.h - the cases of rules: code that a rule must and must not find. */
#pragma once
#include "rules/ruleset.h"

/*
 * Cases are YAML documents {id, valid: [code], invalid: [code]}; snapshots {id, snapshots: {code: {fixed, labels:
 * [{source, style, message, start, end}]}}} in files of a folder __snapshots__ beside the cases, as ast-grep keeps them: of the first
 * match in each invalid case.
 */
struct rules_test_options {
	const char        *sgconfig;  /* gives rules, utilities and cases */
	const char *const *rules;
	size_t             n_rules;
	const char *const *cases;     /* files or folders */
	size_t             n_cases;
	bool               no_builtin;
	bool               snapshots; /* compare with stored ones */
	bool               update;    /* store */
};

struct rules_test_result {
	size_t passed, failed; /* code snippets */
};

/* Loads all rules that the options name. */
int rules_load(struct ruleset *set, const struct rules_test_options *options,
	       rule_complaint *complain, void *payload, struct err *err);
/* Runs all cases; every failure, and every case of an unknown rule, goes to complain() and is counted there by the caller or here. */
int rules_test(struct rules_test_result *out, const struct rules_test_options *options,
	       rule_complaint *complain, void *payload, struct err *err);
