#include "prefilter.h"

enum {
	MAX_STATES = 32000, /* of the automaton, 15 bits; rules beyond it are not filtered */
	MAX_NEEDS = 32000,  /* numbers in what one rule needs: far above RULE_MAX_OPS of honest rules */
	ENDS_HERE = 0x8000, /* in a transition: a literal ends in the state that it leads to */
	FIRST_IS_OWN = 0x8000, /* in the number of clauses */
};

/* While it is made: the tables of a prefilter, to be written. */
struct builder {
	struct prefilter *p;
	struct arena     *mem;
	uint16_t         *next, *literal, *also;
};

static size_t count_states(const struct prefilter_input *inputs, size_t n, struct prefilter *p)
{
	size_t states = 1;

	for (size_t e = 0; e < n; e++)
		for (size_t c = 0; c < inputs[e].clauses->n; c++)
			for (size_t i = 0; i < inputs[e].clauses->items[c].n; i++) {
				struct str s = inputs[e].clauses->items[c].items[i];

				states += s.len;
				for (size_t k = 0; k < s.len; k++)
					if (!p->classes[(unsigned char)s.p[k]])
						p->classes[(unsigned char)s.p[k]] =
							(uint8_t)++p->n_classes;
			}
	return states;
}

/* Adds a literal, or finds it; gives its number. */
static uint16_t add_literal(struct builder *b, struct str s)
{
	struct prefilter *p = b->p;
	uint32_t state = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint16_t *to = &b->next[state << p->shift | p->classes[(unsigned char)s.p[i]]];

		if (!*to)
			*to = (uint16_t)p->n_states++;
		state = *to;
	}
	if (!b->literal[state])
		b->literal[state] = (uint16_t)++p->n_literals;
	return (uint16_t)(b->literal[state] - 1);
}

/* Breadth first: where a literal breaks off, its longest suffix goes on. */
static void link_suffixes(struct builder *b)
{
	const struct prefilter *p = b->p;
	uint16_t *fail = ARENA_ARRAY(b->mem, p->n_states, uint16_t);
	uint16_t *queue = ARENA_ARRAY(b->mem, p->n_states, uint16_t);
	uint32_t head = 0, tail = 0;

	for (uint32_t c = 0; c < p->n_classes; c++)
		if (b->next[c])
			queue[tail++] = b->next[c];
	while (head < tail) {
		uint32_t s = queue[head++];

		b->also[s] = b->literal[fail[s]] ? fail[s] : b->also[fail[s]];
		for (uint32_t c = 0; c < p->n_classes; c++) {
			uint16_t *to = &b->next[s << p->shift | c];
			uint16_t other = b->next[(uint32_t)fail[s] << p->shift | c];

			if (*to) {
				fail[*to] = other;
				queue[tail++] = *to;
			} else {
				*to = other;
			}
		}
	}
}

/* So that the scan looks at nothing but the transition. */
static void mark_ends(struct builder *b)
{
	const struct prefilter *p = b->p;
	/* one small array instead of two: the table has a million transitions */
	uint16_t *flag = ARENA_ARRAY(b->mem, p->n_states, uint16_t);

	for (uint32_t s = 0; s < p->n_states; s++)
		flag[s] = b->literal[s] || b->also[s] ? ENDS_HERE : 0;
	for (uint32_t s = 0; s < p->n_states; s++)
		for (uint32_t c = 0; c < p->n_classes; c++)
			b->next[s << p->shift | c] |= flag[b->next[s << p->shift | c]];
}

/* The clauses by the numbers of their literals: how many clauses; for each, how many literals and which. */
static const uint16_t *number_clauses(struct builder *b, const struct clause_list *clauses)
{
	size_t n = 1, at = 0;
	uint16_t *needs;

	for (size_t c = 0; c < clauses->n; c++)
		n += 1 + clauses->items[c].n;
	if (n > MAX_NEEDS)
		return NULL;
	needs = ARENA_ARRAY(b->mem, n, uint16_t);
	needs[at++] = (uint16_t)(clauses->n | (clauses->first_is_own ? FIRST_IS_OWN : 0));
	for (size_t c = 0; c < clauses->n; c++) {
		const struct clause *clause = &clauses->items[c];

		needs[at++] = (uint16_t)clause->n;
		for (size_t i = 0; i < clause->n; i++)
			needs[at++] = add_literal(b, clause->items[i]);
	}
	return needs;
}

struct prefilter *prefilter_new(struct arena *mem, const struct prefilter_input *inputs, size_t n)
{
	struct builder b = { ARENA_NEW(mem, struct prefilter), mem, NULL, NULL, NULL };
	struct prefilter *p = b.p;
	size_t states = count_states(inputs, n, p);

	for (size_t e = 0; e < n; e++)
		*inputs[e].needs = NULL;
	if (states == 1 || states > MAX_STATES)
		return NULL;
	p->n_classes++;
	while (1u << p->shift < p->n_classes)
		p->shift++;
	p->next = b.next = ARENA_ARRAY(mem, states << p->shift, uint16_t);
	p->literal = b.literal = ARENA_ARRAY(mem, states, uint16_t);
	p->also = b.also = ARENA_ARRAY(mem, states, uint16_t);
	p->n_states = 1;
	for (size_t e = 0; e < n; e++)
		*inputs[e].needs = number_clauses(&b, inputs[e].clauses);
	link_suffixes(&b);
	mark_ends(&b);
	return p;
}

size_t prefilter_words(const struct prefilter *prefilter)
{
	return prefilter ? prefilter->n_literals / 64 + 1 : 1;
}

/* Always inlined, so that who wants no places does not pay for them. */
static inline __attribute__((always_inline)) void walk(const struct prefilter *p, struct str text,
						       uint64_t *found, struct hit_list *hits,
						       size_t most, struct arena *mem)
{
	const uint16_t *next = p->next;
	unsigned shift = p->shift;
	uint32_t state = 0;

	for (size_t i = 0; i < text.len; i++) {
		state = next[state << shift | p->classes[(unsigned char)text.p[i]]];
		if (!(state & ENDS_HERE))
			continue;
		state &= ~(uint32_t)ENDS_HERE;
		for (uint32_t s = p->literal[state] ? state : p->also[state]; s; s = p->also[s]) {
			struct hit hit = { p->literal[s] - 1u, (uint32_t)i };

			found[hit.literal / 64] |= (uint64_t)1 << (hit.literal % 64);
			if (hits && hits->n < most)
				ARENA_PUSH(mem, hits, hit);
		}
	}
}

void prefilter_scan(const struct prefilter *p, struct str text, uint64_t *found)
{
	if (p)
		walk(p, text, found, NULL, 0, NULL);
}

void prefilter_places(const struct prefilter *p, struct str text, uint64_t *found,
		      struct hit_list *hits, size_t most, struct arena *mem)
{
	if (p)
		walk(p, text, found, hits, most, mem);
}

bool prefilter_may_match(const uint16_t *needs, const uint64_t *found)
{
	size_t clauses = needs ? *needs++ & (FIRST_IS_OWN - 1u) : 0;

	for (; clauses; clauses--) {
		size_t n = *needs++;
		bool any = false;

		for (size_t i = 0; i < n && !any; i++)
			any = found[needs[i] / 64] >> (needs[i] % 64) & 1;
		if (!any)
			return false;
		needs += n;
	}
	return true;
}

bool prefilter_is_own(const uint16_t *needs, uint32_t literal)
{
	if (!needs || !(needs[0] & FIRST_IS_OWN))
		return false;
	for (size_t i = 0; i < needs[1]; i++)
		if (needs[2 + i] == literal)
			return true;
	return false;
}

bool prefilter_has_own(const uint16_t *needs)
{
	return needs && (needs[0] & FIRST_IS_OWN);
}
