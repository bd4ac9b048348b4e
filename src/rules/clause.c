/* The words that a rule needs, read off the rule. */
#include "prefilter.h"

enum {
	MAX_LITERALS = 32, /* of one clause: more select little */
	MIN_LENGTH = 2,
	MAX_NESTING = 24,  /* utilities may use themselves through relations */
};

static void add_clause(struct clause_list *out, struct arena *mem, struct str *items, size_t n)
{
	struct clause clause = { items, n };

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

/* `own`: only what must stand in the text of the node itself. */
static void collect(struct clause_list *out, struct arena *mem, const struct rule *rule,
		    unsigned depth, bool own);

/* One of the branches matches: one of their best clauses holds. */
static void any_clauses(struct clause_list *out, struct arena *mem, const struct rule *rule,
			unsigned depth, bool own)
{
	struct str *items = ARENA_ARRAY(mem, MAX_LITERALS, struct str);
	size_t n = 0;

	for (size_t i = 0; i < rule->n_items; i++) {
		struct clause_list branch = { 0 };
		const struct clause *best;

		collect(&branch, mem, rule->items[i], depth, own);
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
		    unsigned depth, bool own)
{
	if (!rule || depth > MAX_NESTING)
		return;
	switch (rule->op) {
	case RULE_PATTERN:
		if (!own)
			pattern_clauses(out, mem, &rule->pattern);
		break;
	case RULE_REGEX:
		regex_clauses(out, mem, rule->regex);
		break;
	case RULE_ALL:
		for (size_t i = 0; i < rule->n_items; i++)
			collect(out, mem, rule->items[i], depth + 1, own);
		break;
	case RULE_ANY:
		any_clauses(out, mem, rule, depth + 1, own);
		break;
	case RULE_MATCHES:
	case RULE_CALL:
		collect(out, mem, rule->inner, depth + 1, own);
		break;
	case RULE_INSIDE:
	case RULE_HAS:
	case RULE_PRECEDES:
	case RULE_FOLLOWS:
		if (!own)
			collect(out, mem, rule->inner, depth + 1, false);
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

/* Of a language of lines, in front: which lines to look at. */
static void collect_own(struct rule_entry *entry, struct arena *mem)
{
	struct clause_list list = { 0 };
	const struct clause *best;

	collect(&list, mem, entry->rule, 0, true);
	best = best_clause(&list);
	entry->clauses.first_is_own = best != NULL;
	if (best)
		add_clause(&entry->clauses, mem, best->items, best->n);
}

void clauses_collect(struct rule_entry *entry, struct arena *mem)
{
	if (!entry->language->grammar)
		collect_own(entry, mem);
	collect(&entry->clauses, mem, entry->rule, 0, false);
	for (size_t i = 0; i < entry->constraints.n; i++)
		if (binds_always(entry->rule, entry->constraints.items[i].var, 0))
			collect(&entry->clauses, mem, entry->constraints.items[i].rule, 0,
				false);
}
