#include "prefilter.h"

enum {
	MAX_LITERALS = 32,   /* of one clause: more select little */
	MIN_LENGTH = 2,
	MAX_STATES = 32000,  /* of the automaton, 15 bits; rules beyond it are not filtered */
	ENDS_HERE = 0x8000,  /* in a transition: a literal ends in the state that it leads to */
	MAX_NESTING = 24,    /* utilities may use themselves through relations */
};

static void add_clause(struct clause_list *out, struct arena *mem, struct str *items, size_t n)
{
	struct clause clause = { items, NULL, n };

	ARENA_PUSH(mem, out, clause);
}

static void pattern_clauses(struct clause_list *out, struct arena *mem,
			    const struct pattern *pattern)
{
	if (pattern->strictness == SIGNATURE)
		return;
	for (uint32_t i = 0; i < pattern->n; i++) {
		const struct pattern_node *node = &pattern->nodes[i];
		struct str *item;

		if (node->type != PATTERN_LEAF || !node->named || node->text.len < MIN_LENGTH)
			continue;
		item = ARENA_NEW(mem, struct str);
		*item = node->text;
		add_clause(out, mem, item, 1);
	}
}

static void regex_clauses(struct clause_list *out, struct arena *mem, const struct regex *regex)
{
	struct literal_set set;

	if (regex_required(regex, mem, &set) && set.n && set.n <= MAX_LITERALS)
		add_clause(out, mem, set.items, set.n);
}

static size_t shortest(const struct clause *clause)
{
	size_t len = SIZE_MAX;

	for (size_t i = 0; i < clause->n; i++)
		if (clause->items[i].len < len)
			len = clause->items[i].len;
	return len;
}

/* The clause that selects most: long literals, few of them. */
static const struct clause *best_clause(const struct clause_list *list)
{
	const struct clause *best = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct clause *clause = &list->items[i];

		if (!best || shortest(clause) * best->n > shortest(best) * clause->n)
			best = clause;
	}
	return best;
}

static void collect(struct clause_list *out, struct arena *mem, const struct rule *rule,
		    unsigned depth);

/* One of the branches matches: one of their best clauses holds. */
static void any_clauses(struct clause_list *out, struct arena *mem, const struct rule *rule,
			unsigned depth)
{
	struct str *items = ARENA_ARRAY(mem, MAX_LITERALS, struct str);
	size_t n = 0;

	for (size_t i = 0; i < rule->n_items; i++) {
		struct clause_list branch = { 0 };
		const struct clause *best;

		collect(&branch, mem, rule->items[i], depth);
		best = best_clause(&branch);
		if (!best || n + best->n > MAX_LITERALS)
			return;
		memcpy(items + n, best->items, best->n * sizeof *items);
		n += best->n;
	}
	if (n)
		add_clause(out, mem, items, n);
}

static void collect(struct clause_list *out, struct arena *mem, const struct rule *rule,
		    unsigned depth)
{
	if (!rule || depth > MAX_NESTING)
		return;
	switch (rule->op) {
	case RULE_PATTERN:
		pattern_clauses(out, mem, &rule->pattern);
		break;
	case RULE_REGEX:
		regex_clauses(out, mem, rule->regex);
		break;
	case RULE_ALL:
		for (size_t i = 0; i < rule->n_items; i++)
			collect(out, mem, rule->items[i], depth + 1);
		break;
	case RULE_ANY:
		any_clauses(out, mem, rule, depth + 1);
		break;
	case RULE_MATCHES:
	case RULE_CALL:
	case RULE_INSIDE:
	case RULE_HAS:
	case RULE_PRECEDES:
	case RULE_FOLLOWS:
		collect(out, mem, rule->inner, depth + 1);
		break;
	case RULE_KIND:
	case RULE_NTH:
	case RULE_RANGE:
	case RULE_NOT:
		break;
	}
}

/* Is the variable bound whenever the rule matches? */
static bool binds_always(const struct rule *rule, int32_t var, unsigned depth)
{
	if (!rule || depth > MAX_NESTING)
		return false;
	if (rule->op == RULE_PATTERN) {
		for (uint32_t i = 0; i < rule->pattern.n; i++)
			if (rule->pattern.nodes[i].type == PATTERN_VAR &&
			    rule->pattern.nodes[i].var == var)
				return true;
		return false;
	}
	if (rule->op == RULE_ANY) {
		for (size_t i = 0; i < rule->n_items; i++)
			if (!binds_always(rule->items[i], var, depth + 1))
				return false;
		return rule->n_items > 0;
	}
	for (size_t i = 0; rule->op == RULE_ALL && i < rule->n_items; i++)
		if (binds_always(rule->items[i], var, depth + 1))
			return true;
	return (rule->op == RULE_MATCHES || rule->op >= RULE_INSIDE) &&
	       binds_always(rule->inner, var, depth + 1);
}

void prefilter_clauses(struct rule_entry *entry, struct arena *mem)
{
	collect(&entry->clauses, mem, entry->rule, 0);
	for (size_t i = 0; i < entry->constraints.n; i++)
		if (binds_always(entry->rule, entry->constraints.items[i].var, 0))
			collect(&entry->clauses, mem, entry->constraints.items[i].rule, 0);
}

struct prefilter {
	uint8_t   classes[256]; /* of bytes: those in no literal share class 0 */
	uint32_t  n_classes;
	uint32_t  n_states;
	unsigned  shift;        /* a state's row is 1 << shift transitions */
	uint16_t *next;         /* [state << shift | class] */
	uint32_t *literal;      /* of a state: the literal that ends here + 1, or 0 */
	uint16_t *also;         /* the next state of the suffix chain at which a literal ends, or 0 */
	size_t    n_literals;
};

struct builder {
	struct prefilter *p;
	struct arena     *mem;
	uint16_t         *fail;
};

static size_t count_states(struct rule_entry **entries, size_t n, struct prefilter *p)
{
	size_t states = 1;

	for (size_t e = 0; e < n; e++)
		for (size_t c = 0; c < entries[e]->clauses.n; c++)
			for (size_t i = 0; i < entries[e]->clauses.items[c].n; i++) {
				struct str s = entries[e]->clauses.items[c].items[i];

				states += s.len;
				for (size_t k = 0; k < s.len; k++)
					if (!p->classes[(unsigned char)s.p[k]])
						p->classes[(unsigned char)s.p[k]] =
							(uint8_t)++p->n_classes;
			}
	return states;
}

/* Adds a literal, or finds it; gives its number. */
static uint32_t add_literal(struct prefilter *p, struct str s)
{
	uint32_t state = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint16_t *to = &p->next[state << p->shift | p->classes[(unsigned char)s.p[i]]];

		if (!*to)
			*to = (uint16_t)p->n_states++;
		state = *to;
	}
	if (!p->literal[state])
		p->literal[state] = (uint32_t)++p->n_literals;
	return p->literal[state] - 1;
}

/* Breadth first: where a literal breaks off, its longest suffix goes on. */
static void link_suffixes(struct prefilter *p, struct arena *mem)
{
	uint16_t *fail = ARENA_ARRAY(mem, p->n_states, uint16_t);
	uint16_t *queue = ARENA_ARRAY(mem, p->n_states, uint16_t);
	uint32_t head = 0, tail = 0;

	for (uint32_t c = 0; c < p->n_classes; c++)
		if (p->next[c])
			queue[tail++] = p->next[c];
	while (head < tail) {
		uint32_t s = queue[head++];

		p->also[s] = p->literal[fail[s]] ? fail[s] : p->also[fail[s]];
		for (uint32_t c = 0; c < p->n_classes; c++) {
			uint16_t *to = &p->next[s << p->shift | c];
			uint16_t other = p->next[(uint32_t)fail[s] << p->shift | c];

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
static void mark_ends(struct prefilter *p, struct arena *mem)
{
	/* one small array instead of two: the table has a million transitions */
	uint16_t *flag = ARENA_ARRAY(mem, p->n_states, uint16_t);

	for (uint32_t s = 0; s < p->n_states; s++)
		flag[s] = p->literal[s] || p->also[s] ? ENDS_HERE : 0;
	for (uint32_t s = 0; s < p->n_states; s++)
		for (uint32_t c = 0; c < p->n_classes; c++)
			p->next[s << p->shift | c] |= flag[p->next[s << p->shift | c]];
}

struct prefilter *prefilter_new(struct arena *mem, struct rule_entry **entries, size_t n)
{
	struct prefilter *p = ARENA_NEW(mem, struct prefilter);
	size_t states = count_states(entries, n, p);

	if (states == 1)
		return NULL;
	if (states > MAX_STATES) {
		for (size_t e = 0; e < n; e++)
			entries[e]->clauses.n = 0;
		return NULL;
	}
	p->n_classes++;
	while (1u << p->shift < p->n_classes)
		p->shift++;
	p->next = ARENA_ARRAY(mem, states << p->shift, uint16_t);
	p->literal = ARENA_ARRAY(mem, states, uint32_t);
	p->also = ARENA_ARRAY(mem, states, uint16_t);
	p->n_states = 1;
	for (size_t e = 0; e < n; e++)
		for (size_t c = 0; c < entries[e]->clauses.n; c++) {
			struct clause *clause = &entries[e]->clauses.items[c];

			clause->ids = ARENA_ARRAY(mem, clause->n, uint32_t);
			for (size_t i = 0; i < clause->n; i++)
				clause->ids[i] = add_literal(p, clause->items[i]);
		}
	link_suffixes(p, mem);
	mark_ends(p, mem);
	return p;
}

size_t prefilter_words(const struct prefilter *prefilter)
{
	return prefilter ? prefilter->n_literals / 64 + 1 : 1;
}

void prefilter_scan(const struct prefilter *p, struct str text, uint64_t *found)
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
			uint32_t id = p->literal[s] - 1;

			found[id / 64] |= (uint64_t)1 << (id % 64);
		}
	}
}

bool prefilter_may_match(const struct rule_entry *entry, const uint64_t *found)
{
	for (size_t c = 0; c < entry->clauses.n; c++) {
		const struct clause *clause = &entry->clauses.items[c];
		bool any = false;

		for (size_t i = 0; i < clause->n && !any; i++)
			any = found[clause->ids[i] / 64] >> (clause->ids[i] % 64) & 1;
		if (!any)
			return false;
	}
	return true;
}
