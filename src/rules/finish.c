/* What is known about a rule once its parts are: the kinds it can match, whether it binds variables. */
#include "load.h"

void kind_set_init(struct kind_set *set, struct arena *mem, const struct language *language)
{
	/* one word more than the kinds need, so that ERROR has the last bit */
	set->n_words = language_kind_count(language) / 64 + 2;
	set->words = ARENA_ARRAY(mem, set->n_words, uint64_t);
}

void kind_set_add(struct kind_set *set, uint16_t kind)
{
	size_t bit = kind == KIND_ERROR ? set->n_words * 64 - 1 : kind;

	set->words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static void single_kind(struct loader *l, struct rule *rule, uint16_t kind)
{
	kind_set_init(&rule->kinds, l->mem, l->language);
	kind_set_add(&rule->kinds, kind);
}

static void copy_kinds(struct loader *l, struct rule *rule, const struct kind_set *from)
{
	kind_set_init(&rule->kinds, l->mem, l->language);
	memcpy(rule->kinds.words, from->words, from->n_words * sizeof *from->words);
}

static void finish_pattern(struct loader *l, struct rule *rule)
{
	const struct pattern *p = &rule->pattern;
	const struct pattern_node *root = &p->nodes[0];
	bool is_var = root->type != PATTERN_LEAF && root->type != PATTERN_INNER;
	uint16_t kind = is_var ? p->root_kind : root->kind;

	rule->exact = true;
	for (uint32_t i = 0; i < p->n; i++) {
		rule->binds |= p->nodes[i].var >= 0;
		/* what $$$ takes may depend on what is bound: alone, the pattern might fail where it would not */
		if (p->nodes[i].type == PATTERN_MULTI && p->nodes[i].next < p->n)
			rule->exact = false;
	}
	if (p->strictness == TEMPLATE || (is_var && !p->root_kind) ||
	    (root->type == PATTERN_INNER && kind == KIND_ERROR))
		return;
	single_kind(l, rule, kind);
}

static void finish_all(struct loader *l, struct rule *rule)
{
	for (size_t i = 0; i < rule->n_items; i++) {
		const struct rule *item = rule->items[i];

		rule->binds |= item->binds;
		if (!item->kinds.words)
			continue;
		if (!rule->kinds.words) {
			copy_kinds(l, rule, &item->kinds);
			continue;
		}
		for (size_t w = 0; w < rule->kinds.n_words; w++)
			rule->kinds.words[w] &= item->kinds.words[w];
	}
}

static void finish_any(struct loader *l, struct rule *rule)
{
	struct kind_set kinds;
	bool known = true;

	kind_set_init(&kinds, l->mem, l->language);
	for (size_t i = 0; i < rule->n_items; i++) {
		const struct rule *item = rule->items[i];

		rule->binds |= item->binds;
		known = known && item->kinds.words;
		for (size_t w = 0; known && w < kinds.n_words; w++)
			kinds.words[w] |= item->kinds.words[w];
	}
	if (known)
		rule->kinds = kinds;
}

static int32_t new_slot(struct loader *l)
{
	return (*l->n_slots)++;
}

/* A memo pays for what is asked again and again about one node: rules that look around. */
static bool is_costly(const struct rule *rule)
{
	if (rule->op == RULE_PATTERN || rule->op >= RULE_MATCHES)
		return true;
	for (size_t i = 0; i < rule->n_items; i++)
		if (is_costly(rule->items[i]))
			return true;
	return rule->inner && is_costly(rule->inner);
}

static void finish_relation(struct loader *l, struct rule *rule)
{
	rule->binds = rule->inner->binds || (rule->stop && rule->stop->binds);
	if (rule->stop_by == STOP_NEIGHBOR)
		return;
	rule->memo = new_slot(l);
	if (rule->inner->inner_memo < 0 && rule->inner->binds && is_costly(rule->inner))
		rule->inner->inner_memo = new_slot(l);
	if (rule->stop && rule->stop->inner_memo < 0 && is_costly(rule->stop))
		rule->stop->inner_memo = new_slot(l);
}

static void finish_inner(struct loader *l, struct rule *rule)
{
	rule->binds = rule->inner->binds || rule->constraints.n > 0;
	if (rule->inner->kinds.words)
		copy_kinds(l, rule, &rule->inner->kinds);
	if (rule->op == RULE_MATCHES && rule->inner_memo < 0 && rule->inner->op != RULE_MATCHES &&
	    is_costly(rule->inner))
		rule->inner_memo = new_slot(l);
}

void rule_finish(struct loader *l, struct rule *rule)
{
	switch (rule->op) {
	case RULE_PATTERN:
		finish_pattern(l, rule);
		break;
	case RULE_KIND:
		single_kind(l, rule, rule->kind);
		break;
	case RULE_NTH:
		rule->memo = new_slot(l);
		rule->binds = rule->inner && rule->inner->binds;
		if (rule->inner && rule->inner->kinds.words)
			copy_kinds(l, rule, &rule->inner->kinds);
		break;
	case RULE_ALL:
		finish_all(l, rule);
		break;
	case RULE_ANY:
		finish_any(l, rule);
		break;
	case RULE_NOT:
		rule->binds = rule->inner->binds;
		break;
	case RULE_MATCHES:
	case RULE_CALL:
		finish_inner(l, rule);
		break;
	case RULE_INSIDE:
	case RULE_HAS:
	case RULE_PRECEDES:
	case RULE_FOLLOWS:
		finish_relation(l, rule);
		break;
	case RULE_REGEX:
	case RULE_RANGE:
		break;
	}
}
