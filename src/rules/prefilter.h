/* prefilter.h - which rules a text can match at all, by the words that they need. Private to this folder. */
#pragma once
#include "rule.h"

/* What an entry needs, as far as it is known: every clause must hold. Never says too much. Sets entry->clauses. */
void clauses_collect(struct rule_entry *entry, struct arena *mem);

/*
 * All literals of a list of rules in one automaton (Aho and Corasick, 1975), every transition filled in. Plain data, so
 * that the one of the program's own rules is made when the program is.
 */
struct prefilter {
	uint8_t         classes[256]; /* of bytes: those in no literal share class 0 */
	uint32_t        n_classes;
	uint32_t        n_states;
	uint32_t        n_literals;
	unsigned        shift;        /* a state's row is 1 << shift transitions */
	const uint16_t *next;         /* [state << shift | class]; the highest bit: a literal ends there */
	const uint16_t *literal;      /* of a state: the literal that ends here + 1, or 0 */
	const uint16_t *also;         /* the next state of the suffix chain at which a literal ends, or 0 */
};

/* One rule's clauses, and where to put them as numbers of literals (for prefilter_may_match). */
struct prefilter_input {
	const struct clause_list *clauses;
	const uint16_t          **needs;
};

/* NULL, and all `needs` NULL, when there is no literal at all, or too many. */
struct prefilter *prefilter_new(struct arena *mem, const struct prefilter_input *inputs, size_t n);
size_t prefilter_words(const struct prefilter *prefilter);
/* Sets one bit for each literal that stands in the text; `found` has prefilter_words() words, zeroed. NULL: none. */
void prefilter_scan(const struct prefilter *prefilter, struct str text, uint64_t *found);
/* A literal, and the byte with which it ends. */
struct hit {
	uint32_t literal, at;
};

struct hit_list {
	struct hit *items;
	size_t      n, cap;
};

/* The same, and where, in the order of the text: the first `most` places. */
void prefilter_places(const struct prefilter *prefilter, struct str text, uint64_t *found,
		      struct hit_list *hits, size_t most, struct arena *mem);
/* `needs` NULL: nothing is known, so yes. */
bool prefilter_may_match(const uint16_t *needs, const uint64_t *found);
/* For rules of a language of lines: is it known what a line needs, and is this a literal of which it needs one? */
bool prefilter_has_own(const uint16_t *needs);
bool prefilter_is_own(const uint16_t *needs, uint32_t literal);
