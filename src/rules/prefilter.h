/* prefilter.h - which rules a text can match at all, by the words that they need. Private to this folder. */
#pragma once
#include "rule.h"

/* What an entry needs, as far as it is known: every clause must hold. Never says too much. Sets entry->clauses. */
void prefilter_clauses(struct rule_entry *entry, struct arena *mem);

/* All literals of a list of rules in one automaton (Aho and Corasick, 1975). */
struct prefilter;
/* Numbers the literals of the entries' clauses. NULL when there is no literal at all. */
struct prefilter *prefilter_new(struct arena *mem, struct rule_entry **entries, size_t n);
size_t prefilter_words(const struct prefilter *prefilter);
/* Sets one bit for each literal that stands in the text; `found` has prefilter_words() words, zeroed. */
void prefilter_scan(const struct prefilter *prefilter, struct str text, uint64_t *found);
bool prefilter_may_match(const struct rule_entry *entry, const uint64_t *found);
