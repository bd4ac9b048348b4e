/* ruleset_private.h - what a rule set holds. Private to this folder. */
#pragma once
#include <stdatomic.h>

#include "builtin.h"
#include "load.h"
#include "rules/ruleset.h"

struct lock;

/* A place in a language's list of rules. */
struct rule_slot {
	struct rule_entry *_Atomic entry;   /* NULL: one of the program's own that nothing asked for so far */
	const struct builtin_rule *builtin; /* NULL: from a file */
};

struct language_rules {
	const struct language *language;
	struct ruleset        *set;      /* borrowed: it holds this */
	struct {
		struct rule_slot *items;
		size_t            n, cap;
	} slots;
	int32_t                 n_memos; /* memo slots of all rules that are compiled */
	const struct prefilter *builtin_prefilter;
	const struct prefilter *prefilter; /* of the rules from files */
	bool                    is_ready;
};

struct ruleset {
	struct arena                mem;
	struct lock                *lock;      /* owned; held while a rule of the program is compiled */
	struct parser              *parser;    /* owned; for patterns */
	struct language_rules      *languages; /* one for each of language_table */
	struct global_utils         globals;
	struct regex_list           regexes;   /* owned */
	const struct builtin_table *builtin;   /* borrowed; NULL: without the program's own */
	const struct yaml         **documents; /* of the builtin files that were read */
};

struct rule_info entry_info(const struct rule_entry *entry);
struct language_rules *ruleset_rules(const struct ruleset *set, const struct language *language);
void ruleset_add_table(struct ruleset *set, const struct builtin_table *table);

/* May be asked by any number of threads at once. The compiled rule; NULL when a builtin one cannot be compiled. */
const struct rule_entry *slot_entry(struct language_rules *rules, struct rule_slot *slot);
struct str slot_id(const struct rule_slot *slot);
/* Without compiling it: id, category, severity, confidence and the flags of `metadata`. */
struct rule_info slot_info(const struct language_rules *rules, const struct rule_slot *slot);
const uint16_t *slot_needs(const struct language_rules *rules, const struct rule_slot *slot);

struct lock *lock_new(void);
void lock_free(struct lock *lock);
