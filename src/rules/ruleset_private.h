/* ruleset_private.h - what a rule set holds. Private to this folder. */
#pragma once
#include "load.h"
#include "prefilter.h"
#include "rules/ruleset.h"

struct language_rules {
	const struct language *language;
	struct {
		struct rule_entry **items;
		size_t              n, cap;
	} entries;
	int32_t           n_slots; /* memo slots of all rules */
	int32_t           n_vars;  /* of the rule with most */
	struct prefilter *prefilter;
	bool              is_ready;
};

struct ruleset {
	struct arena           mem;
	struct parser         *parser;    /* owned; for patterns */
	struct language_rules *languages; /* one for each of language_table */
	struct global_utils    globals;
	struct regex_list      regexes;   /* owned */
};

struct rule_info entry_info(const struct rule_entry *entry);
const struct language_rules *ruleset_rules(const struct ruleset *set,
					   const struct language *language);
