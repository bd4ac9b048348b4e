/*
 * lookup.h - what the parse table says of a state and a symbol. Goes into the runtime's language.h, whose own function
 * is ts_language_search() by then.
 *
 * Why: most states of a large grammar keep their symbols as lists that are searched from the front, a tenth of the time
 * of a parse and a sixth for C++. A parse asks the same few questions again and again: the last answers are kept.
 */
#pragma once
#include <string.h>

enum { TS_LOOKUP_BITS = 12 };

static _Thread_local struct {
	const TSLanguage *language;
	struct {
		uint32_t key;   /* state << 16 | symbol; 0 when free: states of lists are not 0 */
		uint16_t value;
	} entries[1 << TS_LOOKUP_BITS];
} ts_lookups;

static inline uint16_t ts_language_lookup(const TSLanguage *self, TSStateId state, TSSymbol symbol)
{
	uint32_t key = (uint32_t)state << 16 | symbol;
	uint32_t at = (key * 0x9e3779b1u) >> (32 - TS_LOOKUP_BITS); /* Fibonacci hashing */

	if (state < self->large_state_count)
		return self->parse_table[state * self->symbol_count + symbol];
	if (ts_lookups.language != self) {
		memset(ts_lookups.entries, 0, sizeof ts_lookups.entries);
		ts_lookups.language = self;
	}
	if (ts_lookups.entries[at].key != key) {
		ts_lookups.entries[at].value = ts_language_search(self, state, symbol);
		ts_lookups.entries[at].key = key;
	}
	return ts_lookups.entries[at].value;
}
