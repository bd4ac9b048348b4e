/*
 * The question that ignores variables: may this rule match here? Its answers are remembered by node, so that relations
 * which look far (`stopBy: end`) stay linear in the file. Its "no" is final, and where a rule binds nothing its
 * "yes" is too.
 */
#include "evaluate.h"

enum { CLOCK_STEPS = 1 << 16, MEMO_CHUNK = 512 };

enum answer { UNKNOWN, NO, YES, SEEN };

/*
 * The answer of a slot about a node, to read and to set. In chunks, made at first touch: most rules ask about few
 * nodes of a file, and clearing the rest would cost more than the matching.
 */
static uint8_t *memo(struct matcher *m, int32_t slot, uint32_t node)
{
	uint8_t **chunks = m->memo[slot];

	if (!chunks)
		chunks = m->memo[slot] =
			ARENA_ARRAY(m->mem, m->tree->n / MEMO_CHUNK + 1, uint8_t *);
	if (!chunks[node / MEMO_CHUNK])
		chunks[node / MEMO_CHUNK] = ARENA_ARRAY(m->mem, MEMO_CHUNK, uint8_t);
	return &chunks[node / MEMO_CHUNK][node % MEMO_CHUNK];
}

/* True when the file is to be given up. */
bool tick(struct matcher *m)
{
	if (++m->steps >= CLOCK_STEPS) {
		m->steps = 0;
		if (m->now_ns && m->now_ns() > m->deadline)
			m->out_of_time = true;
	}
	return m->out_of_time;
}

uint32_t parent_of(const struct matcher *m, uint32_t i)
{
	return m->tree->nodes[i].parent;
}

bool search_regex(struct matcher *m, const struct rule *rule, uint32_t node)
{
	enum regex_result result = regex_search(rule->regex, node_text(m->tree, node));

	if (result == REGEX_LIMIT)
		m->regex_limit = rule->regex_text.p;
	return result == REGEX_YES;
}

bool in_range(struct matcher *m, const struct rule *rule, uint32_t i)
{
	const struct rule_range *range = &rule->range;
	const struct node *node = &m->tree->nodes[i];
	struct lines *lines = matcher_lines(m);

	return lines_at(lines, node->start) - 1 == range->start_line &&
	       lines_at(lines, node->end) - 1 == range->end_line &&
	       (range->start_column < 0 ||
		lines_column(lines, node->start) - 1 == range->start_column) &&
	       (range->end_column < 0 || lines_column(lines, node->end) - 1 == range->end_column);
}

/* Relations: the next node to look at from `at`, in each direction. */
static uint32_t step_up(const struct matcher *m, uint32_t at)
{
	return parent_of(m, at);
}

static uint32_t step_back(const struct matcher *m, uint32_t at)
{
	return m->tree->nodes[at].prev;
}

static uint32_t step_on(const struct matcher *m, uint32_t at)
{
	return node_next_sibling(m->tree, at);
}

step_fn *step_of(enum rule_op op)
{
	if (op == RULE_INSIDE)
		return step_up;
	return op == RULE_FOLLOWS ? step_back : step_on;
}

/* `inside` with a field: the way up must come through that field of the parent. */
bool through_field(const struct matcher *m, const struct rule *rule, uint32_t from,
			  uint32_t to)
{
	return rule->op != RULE_INSIDE || !rule->field ||
	       node_child_by_field(m->tree, to, rule->field) == from;
}

static bool maybe_next(struct matcher *m, const struct rule *rule, uint32_t node)
{
	uint32_t to = step_of(rule->op)(m, node);

	return to != NODE_NONE && through_field(m, rule, node, to) && maybe(m, rule->inner, to);
}

/*
 * Walks from `node` until something may match. memo[i]: does the search that starts at i, looking at the next node
 * first, find anything? All nodes on the way share the answer.
 */
static bool maybe_chain(struct matcher *m, const struct rule *rule, uint32_t node)
{
	step_fn *step = step_of(rule->op);
	uint32_t at = node;
	uint8_t answer = NO;

	while (*memo(m, rule->memo, at) == UNKNOWN && !tick(m)) {
		uint32_t to = step(m, at);

		if (to == NODE_NONE)
			break;
		if (through_field(m, rule, at, to) && maybe(m, rule->inner, to)) {
			*memo(m, rule->memo, at) = YES;
			break;
		}
		if (rule->stop_by == STOP_RULE && maybe(m, rule->stop, to))
			break;
		at = to;
	}
	if (*memo(m, rule->memo, at) != UNKNOWN)
		answer = *memo(m, rule->memo, at);
	for (uint32_t i = node; i != at && i != NODE_NONE; i = step(m, i))
		*memo(m, rule->memo, i) = answer;
	*memo(m, rule->memo, at) = answer;
	return answer == YES;
}

/*
 * Does anything in the subtree of `top` (itself included) match, not looking below nodes that stop? Nodes that
 * were looked at remember the answer for their own subtree.
 */
static bool maybe_below(struct matcher *m, const struct rule *rule, uint32_t top)
{
	uint32_t end = m->tree->nodes[top].next, i = top, found = NODE_NONE;

	while (i < end && !tick(m)) {
		uint8_t *known = memo(m, rule->memo, i);

		if (*known == NO) {
			i = m->tree->nodes[i].next;
			continue;
		}
		if (*known == YES || maybe(m, rule->inner, i)) {
			found = i;
			break;
		}
		*known = SEEN;
		if (rule->stop_by == STOP_RULE && maybe(m, rule->stop, i))
			i = m->tree->nodes[i].next;
		else
			i++;
	}
	for (i = top; i < end && i < found;) {
		uint8_t *known = memo(m, rule->memo, i);

		if (*known != SEEN) {
			i = m->tree->nodes[i].next;
			continue;
		}
		*known = found == NODE_NONE || m->tree->nodes[i].next <= found ? NO : YES;
		i++;
	}
	if (found != NODE_NONE)
		*memo(m, rule->memo, found) = YES;
	return found != NODE_NONE;
}

static bool maybe_child(struct matcher *m, const struct rule *rule, uint32_t node)
{
	for (uint32_t c = node_first_child(m->tree, node); c != NODE_NONE;
	     c = node_next_sibling(m->tree, c))
		if (maybe(m, rule->inner, c))
			return true;
	return false;
}

static bool maybe_has(struct matcher *m, const struct rule *rule, uint32_t node)
{
	uint32_t child;

	if (rule->field) {
		child = node_child_by_field(m->tree, node, rule->field);
		if (child == NODE_NONE)
			return false;
		if (rule->stop_by == STOP_END)
			return maybe_below(m, rule, child);
		if (maybe(m, rule->inner, child))
			return true;
		/* with a stop rule, one level only: as ast-grep has it */
		return rule->stop_by == STOP_RULE && !maybe(m, rule->stop, child) &&
		       maybe_child(m, rule, child);
	}
	if (rule->stop_by == STOP_NEIGHBOR)
		return maybe_child(m, rule, node);
	for (uint32_t c = node_first_child(m->tree, node); c != NODE_NONE;
	     c = node_next_sibling(m->tree, c))
		if (maybe_below(m, rule, c))
			return true;
	return false;
}

/* One pass gives the positions of all nodes. */
static void set_positions(struct matcher *m)
{
	const struct tree *tree = m->tree;

	m->position = arena_alloc(m->mem, (size_t)tree->n * sizeof *m->position);
	m->n_named = ARENA_ARRAY(m->mem, tree->n, uint32_t);
	m->position[0] = 0;
	for (uint32_t i = 1; i < tree->n; i++)
		m->position[i] = node_is(tree, i, NODE_NAMED) ? ++m->n_named[parent_of(m, i)] : 0;
}

static uint32_t plain_position(struct matcher *m, const struct rule *rule, uint32_t node)
{
	if (!m->position)
		set_positions(m);
	if (m->position[node] == 0 || parent_of(m, node) == NODE_NONE)
		return 0;
	return rule->nth.reverse ? m->n_named[parent_of(m, node)] + 1 - m->position[node]
				 : m->position[node];
}

uint32_t position_of(struct matcher *m, const struct rule *rule, uint32_t node)
{
	uint32_t parent = parent_of(m, node), n = 0;
	uint32_t *positions = m->nth_memo[rule->memo];

	if (!rule->inner)
		return plain_position(m, rule, node);
	if (parent == NODE_NONE)
		return 0;
	if (!positions)
		positions = m->nth_memo[rule->memo] =
			ARENA_ARRAY(m->mem, (size_t)m->tree->n + 1, uint32_t);
	if (positions[parent] & 0x80000000u)
		return positions[node] & 0x7fffffffu;
	for (uint32_t c = node_first_child(m->tree, parent); c != NODE_NONE && !tick(m);
	     c = node_next_sibling(m->tree, c))
		if (node_is(m->tree, c, NODE_NAMED) && maybe(m, rule->inner, c))
			positions[c] = (positions[c] & 0x80000000u) | ++n;
	if (rule->nth.reverse)
		for (uint32_t c = node_first_child(m->tree, parent); c != NODE_NONE;
		     c = node_next_sibling(m->tree, c))
			if (positions[c] & 0x7fffffffu)
				positions[c] = (positions[c] & 0x80000000u) |
					       (n + 1 - (positions[c] & 0x7fffffffu));
	positions[parent] |= 0x80000000u;
	return positions[node] & 0x7fffffffu;
}

bool nth_matches(const struct nth *nth, uint32_t position)
{
	int64_t n = (int64_t)position - nth->offset;

	if (position == 0)
		return false;
	if (nth->step == 0)
		return n == 0;
	return n / nth->step >= 0 && n % nth->step == 0;
}

static bool maybe_all(struct matcher *m, const struct rule *rule, uint32_t node)
{
	for (size_t i = 0; i < rule->n_items; i++)
		if (!maybe(m, rule->items[i], node))
			return false;
	return true;
}

static bool maybe_any(struct matcher *m, const struct rule *rule, uint32_t node)
{
	for (size_t i = 0; i < rule->n_items; i++)
		if (maybe(m, rule->items[i], node))
			return true;
	return false;
}

static bool maybe_pattern(struct matcher *m, const struct rule *rule, uint32_t node)
{
	struct env *outer = m->env;
	bool matched;

	if (!rule->binds)
		return pattern_match(m, &rule->pattern, node);
	if (!rule->exact)
		return true;
	/* alone, without what others bound: if it fails so, it fails always */
	m->env = m->scratch;
	matched = pattern_match(m, &rule->pattern, node);
	env_undo(m->scratch, 0);
	m->env = outer;
	return matched;
}

/* Where to stop depends on variables: nothing can be said without them. */
static bool stop_binds(const struct rule *rule)
{
	return rule->stop_by == STOP_RULE && rule->stop->binds;
}

static bool maybe_op(struct matcher *m, const struct rule *rule, uint32_t node)
{
	switch (rule->op) {
	case RULE_PATTERN:
		return maybe_pattern(m, rule, node);
	case RULE_KIND:
		return m->tree->nodes[node].kind == rule->kind;
	case RULE_REGEX:
		return search_regex(m, rule, node);
	case RULE_NTH:
		return rule->binds || nth_matches(&rule->nth, position_of(m, rule, node));
	case RULE_RANGE:
		return in_range(m, rule, node);
	case RULE_ALL:
		return maybe_all(m, rule, node);
	case RULE_ANY:
		return maybe_any(m, rule, node);
	case RULE_NOT:
		return rule->inner->binds || !maybe(m, rule->inner, node);
	case RULE_MATCHES:
	case RULE_CALL:
		return maybe(m, rule->inner, node);
	case RULE_HAS:
		return stop_binds(rule) || maybe_has(m, rule, node);
	case RULE_INSIDE:
	case RULE_PRECEDES:
	case RULE_FOLLOWS:
		if (rule->stop_by == STOP_NEIGHBOR)
			return maybe_next(m, rule, node);
		return stop_binds(rule) || maybe_chain(m, rule, node);
	}
	return false;
}

bool maybe(struct matcher *m, const struct rule *rule, uint32_t node)
{
	bool yes;

	if (rule->kinds.words && !kind_set_has(&rule->kinds, m->tree->nodes[node].kind))
		return false;
	if (tick(m))
		return false;
	if (m->depth >= MATCH_MAX_DEPTH) {
		m->too_deep = true;
		return false;
	}
	if (rule->inner_memo >= 0 && *memo(m, rule->inner_memo, node) != UNKNOWN)
		return *memo(m, rule->inner_memo, node) == YES;
	m->depth++;
	yes = maybe_op(m, rule, node);
	m->depth--;
	if (rule->inner_memo >= 0)
		*memo(m, rule->inner_memo, node) = yes ? YES : NO;
	return yes;
}

