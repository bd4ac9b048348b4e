/*
 * Relations on random trees: what the engine finds must be what a slow, plain reading of the rule finds. Rules and
 * code are made by dice; the code is JavaScript made of calls, arrays and blocks.
 */
#include "rules/ruleset.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/scope.h"

enum { MEMORY = 256 << 20, MAX_DEPTH = 3, MAX_RULES = 4096 };

static uint32_t seed;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static uint64_t no_time(void)
{
	return 0;
}

/* ---- code ---- */

static void add_expression(struct buf *out, unsigned depth)
{
	static const char *const open[] = { "f(", "g(", "[", "a.b(" }, *const close[] = { ")", ")",
											  "]",
											  ")" };
	static const char *const leaves[] = { "a", "b", "1", "2", "'s'" };
	uint32_t shape = dice(COUNT(open)), n = dice(4);

	if (depth == 0 || dice(4) == 0) {
		buf_printf(out, "%s", leaves[dice(COUNT(leaves))]);
		return;
	}
	buf_printf(out, "%s", open[shape]);
	for (uint32_t i = 0; i < n; i++) {
		buf_printf(out, i ? ", " : "");
		add_expression(out, depth - 1);
	}
	buf_printf(out, "%s", close[shape]);
}

static void add_statements(struct buf *out, unsigned depth)
{
	for (uint32_t n = 1 + dice(5); n; n--) {
		if (depth && dice(3) == 0) {
			buf_printf(out, "if (");
			add_expression(out, 1);
			buf_printf(out, ") {\n");
			add_statements(out, depth - 1);
			buf_printf(out, "}\n");
		} else {
			add_expression(out, 3);
			buf_printf(out, ";%s\n", dice(6) ? "" : " // c");
		}
	}
}

/* ---- rules, kept as a tree and written as YAML ---- */

enum op { KIND, INSIDE, HAS, PRECEDES, FOLLOWS, ALL, ANY, NOT, NTH };
enum stop { NEIGHBOR, END, RULE };

struct plain {
	enum op op;
	const char *kind;
	enum stop stop_by;
	const char *field;
	unsigned step, offset;
	struct plain *a, *b, *stop; /* a: inner; ALL and ANY have two */
};

static const char *const kinds[] = { "call_expression", "identifier",   "number",
				     "array",           "arguments",    "expression_statement",
				     "statement_block", "if_statement", "comment" };
static const char *const fields[] = { "function", "arguments", "condition", "consequence" };
static const char *const words[] = { "kind", "inside", "has", "precedes", "follows",
				     "all",  "any",    "not", "nthChild" };

static struct plain *random_rule(struct arena *mem, unsigned depth)
{
	struct plain *rule = ARENA_NEW(mem, struct plain);

	rule->op = depth ? (enum op)dice(NTH + 1) : KIND;
	rule->kind = kinds[dice(COUNT(kinds))];
	rule->step = dice(3);
	rule->offset = 1 + dice(3);
	if (rule->op == KIND || rule->op == NTH)
		return rule;
	rule->a = random_rule(mem, depth - 1);
	if (rule->op == ALL || rule->op == ANY)
		rule->b = random_rule(mem, depth - 1);
	if (rule->op < INSIDE || rule->op > FOLLOWS)
		return rule;
	rule->stop_by = (enum stop)dice(3);
	if (rule->stop_by == RULE)
		rule->stop = random_rule(mem, depth > 1 && dice(3) == 0 ? 1 : 0);
	/* `field` with a stop rule has a reading of its own in `has`: cases/rule.yml of the parity test has it */
	if (rule->op <= HAS && rule->stop_by == NEIGHBOR && dice(4) == 0)
		rule->field = fields[dice(COUNT(fields))];
	return rule;
}

/* In flow style: {has: {any: [..], stopBy: end}}. */
static void write_rule(struct buf *out, const struct plain *rule)
{
	buf_printf(out, "{%s: ", words[rule->op]);
	if (rule->op == KIND) {
		buf_printf(out, "%s}", rule->kind);
	} else if (rule->op == NTH) {
		buf_printf(out, "%un+%u}", rule->step, rule->offset);
	} else if (rule->b) {
		buf_printf(out, "[");
		write_rule(out, rule->a);
		buf_printf(out, ", ");
		write_rule(out, rule->b);
		buf_printf(out, "]}");
	} else if (rule->op == NOT) {
		write_rule(out, rule->a);
		buf_printf(out, "}");
	} else {
		buf_printf(out, "{all: [");
		write_rule(out, rule->a);
		buf_printf(out, "], stopBy: %s",
			   rule->stop_by == END    ? "end"
			   : rule->stop_by == RULE ? ""
						   : "neighbor");
		if (rule->stop_by == RULE)
			write_rule(out, rule->stop);
		if (rule->field)
			buf_printf(out, ", field: %s", rule->field);
		buf_printf(out, "}}");
	}
}

/* ---- the plain reading ---- */

static bool holds(const struct tree *tree, const struct plain *rule, uint32_t node);

static uint32_t next_of(const struct tree *tree, enum op op, uint32_t node)
{
	return op == INSIDE    ? tree->nodes[node].parent
	       : op == FOLLOWS ? tree->nodes[node].prev
			       : node_next_sibling(tree, node);
}

static bool ends(const struct tree *tree, const struct plain *rule, uint32_t node)
{
	return rule->stop_by == NEIGHBOR ||
	       (rule->stop_by == RULE && holds(tree, rule->stop, node));
}

static bool chain_holds(const struct tree *tree, const struct plain *rule, uint32_t node)
{
	uint16_t field = rule->field ? language_field(tree->language, str_of(rule->field)) : 0;
	uint32_t from = node, at;

	while ((at = next_of(tree, rule->op, from)) != NODE_NONE) {
		if ((!field || node_child_by_field(tree, at, field) == from) &&
		    holds(tree, rule->a, at))
			return true;
		if (ends(tree, rule, at))
			return false;
		from = at;
	}
	return false;
}

static bool has_holds(const struct tree *tree, const struct plain *rule, uint32_t node)
{
	uint16_t field = rule->field ? language_field(tree->language, str_of(rule->field)) : 0;

	if (field) {
		uint32_t child = node_child_by_field(tree, node, field);

		return child != NODE_NONE && holds(tree, rule->a, child);
	}
	for (uint32_t c = node_first_child(tree, node); c != NODE_NONE;
	     c = node_next_sibling(tree, c))
		if (holds(tree, rule->a, c) || (!ends(tree, rule, c) && has_holds(tree, rule, c)))
			return true;
	return false;
}

static bool nth_holds(const struct tree *tree, const struct plain *rule, uint32_t node)
{
	uint32_t parent = tree->nodes[node].parent;
	unsigned at = 0;

	if (parent == NODE_NONE || !node_is(tree, node, NODE_NAMED))
		return false;
	for (uint32_t c = node_first_child(tree, parent); c <= node && c != NODE_NONE;
	     c = node_next_sibling(tree, c))
		at += node_is(tree, c, NODE_NAMED);
	return rule->step ? at >= rule->offset && (at - rule->offset) % rule->step == 0
			  : at == rule->offset;
}

static bool holds(const struct tree *tree, const struct plain *rule, uint32_t node)
{
	switch (rule->op) {
	case KIND:
		return tree->nodes[node].kind == language_kind(tree->language, str_of(rule->kind));
	case HAS:
		return has_holds(tree, rule, node);
	case INSIDE:
	case PRECEDES:
	case FOLLOWS:
		return chain_holds(tree, rule, node);
	case ALL:
		return holds(tree, rule->a, node) && holds(tree, rule->b, node);
	case ANY:
		return holds(tree, rule->a, node) || holds(tree, rule->b, node);
	case NOT:
		return !holds(tree, rule->a, node);
	case NTH:
		return nth_holds(tree, rule, node);
	}
	return false;
}

/* ---- both ---- */

struct fixture {
	struct arena rules, mem;
	struct ruleset *set;
	struct parser *parser;
	struct plain *plain[MAX_RULES]; /* the rule named r<i> */
	uint32_t n;
};

static void complain(void *payload, const char *text)
{
	(void)payload;
	fail_msg("%s", text);
}

static void add_rule(struct fixture *f, const char *kind, struct plain *rule)
{
	AUTO_BUF struct buf text = { 0 };
	struct rule_source source = { .name = "r.yml" };

	buf_printf(&text, "id: r%u\nlanguage: JavaScript\nrule:\n  kind: %s\n  all: [", f->n, kind);
	write_rule(&text, rule);
	buf_printf(&text, "]\n");
	source.text = buf_str(&text);
	ruleset_add(f->set, &source, NULL, 0, complain, NULL);
	f->plain[f->n++] = rule;
}

static void fixture_init(struct fixture *f)
{
	const struct parse_limits limits = { MEMORY, 1, no_time };

	f->n = 0;
	arena_init(&f->rules, MEMORY);
	arena_init(&f->mem, MEMORY);
	f->set = ruleset_new();
	f->parser = parser_new(&limits);
	assert_non_null(f->set);
	assert_non_null(f->parser);
}

static void fixture_release(struct fixture *f)
{
	ruleset_free(f->set);
	parser_free(f->parser);
	arena_release(&f->mem);
	arena_release(&f->rules);
}

static struct scan_output scan(struct fixture *f, struct str code, bool labels)
{
	struct scan request = { .parser = f->parser,
				.mem = &f->mem,
				.path = STR("a.js"),
				.everything = true,
				.any_path = true,
				.labels = labels,
				.now_ns = no_time,
				.time_ns = 1 };
	struct scan_output out;

	assert_int_equal(
		ruleset_scan(&out, f->set, &request, language_by_name(STR("js")), code, NULL),
		SCAN_OK);
	assert_null(out.trouble);
	return out;
}

/* How often the rule was found at the place of a node. */
static unsigned count_found(const struct finding_list *list, uint32_t rule, const struct node *node)
{
	char id[16];
	unsigned n = 0;

	snprintf(id, sizeof id, "r%u", rule);
	for (size_t i = 0; i < list->n; i++)
		n += str_eq(list->items[i].rule_id, str_of(id)) &&
		     list->items[i].span.start == node->start &&
		     list->items[i].span.end == node->end;
	return n;
}

/* The candidates of a rule have one kind, of which no two nodes have the same place. */
static size_t compare(const struct fixture *f, const struct scan_output *out, const char *const *of)
{
	size_t hits = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		uint16_t kind = language_kind(out->tree.language, str_of(of[i]));

		for (uint32_t node = 0; node < out->tree.n; node++) {
			bool want = out->tree.nodes[node].kind == kind &&
				    holds(&out->tree, f->plain[i], node);
			unsigned got;

			if (out->tree.nodes[node].kind != kind)
				continue;
			got = count_found(&out->findings, i, &out->tree.nodes[node]);
			if (got != want) {
				AUTO_BUF struct buf text = { 0 };

				write_rule(&text, f->plain[i]);
				fail_msg(
					"kind %s, rule %.*s: %u findings, not %u, of '%.*s' in\n%.*s",
					of[i], STR_ARG(buf_str(&text)), got, want,
					STR_ARG(node_text(&out->tree, node)),
					STR_ARG(out->tree.text));
			}
			hits += want;
		}
	}
	return hits;
}

static void same_as_plain_reading(void **state)
{
	enum { ROUNDS = 60, RULES = 25 };
	size_t hits = 0;

	(void)state;
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		AUTO_BUF struct buf code = { 0 };
		const char *of[RULES];
		struct fixture f;
		struct scan_output out;

		seed = round;
		fixture_init(&f);
		for (uint32_t i = 0; i < RULES; i++) {
			of[i] = kinds[dice(COUNT(kinds))];
			add_rule(&f, of[i], random_rule(&f.rules, 1 + dice(MAX_DEPTH)));
		}
		ruleset_prepare(f.set);
		add_statements(&code, 3);
		out = scan(&f, buf_str(&code), round % 2);
		if (out.parsed)
			hits += compare(&f, &out, of);
		fixture_release(&f);
	}
	assert_true(hits > 1000); /* or the dice are loaded */
}

static size_t count(const char *rule, const char *code, bool labels)
{
	struct rule_source source = { .name = "r.yml", .text = str_of(rule) };
	struct fixture f;
	size_t n;

	fixture_init(&f);
	ruleset_add(f.set, &source, NULL, 0, complain, NULL);
	ruleset_prepare(f.set);
	n = scan(&f, str_of(code), labels).findings.n;
	fixture_release(&f);
	return n;
}

#define RULE(text) "id: a\nlanguage: js\n" text

/* The fast way must not answer for other bindings than the rule has here. */
static void bindings_are_not_remembered(void **state)
{
	static const char rule[] = RULE(
		"rule:\n  pattern: use($X)\n  inside: {kind: expression_statement, follows: {has: {pattern: free($X)}, "
		"kind: expression_statement, stopBy: end}}\n");

	(void)state;
	assert_int_equal(count(rule, "free(a); use(a); use(b); free(b); use(b); use(c);", false),
			 2);
	assert_int_equal(count(rule, "free(a); use(a); use(b); free(b); use(b); use(c);", true), 2);
}

static void failed_branches_leave_nothing(void **state)
{
	static const char rule[] = RULE(
		"rule:\n  kind: call_expression\n  any:\n    - all: [{pattern: 'f($A, $_)'}, {pattern: 'g($A)'}]\n"
		"    - {pattern: 'f($_, $A)'}\n  has: {kind: arguments, has: {pattern: $A, nthChild: 2}}\n");

	(void)state;
	assert_int_equal(count(rule, "f(a, b)", false), 1);
}

static void not_binds_nothing(void **state)
{
	static const char rule[] = RULE(
		"rule:\n  kind: call_expression\n  all: [{not: {pattern: 'g($A)'}}, {pattern: f($A)}]\n");

	(void)state;
	assert_int_equal(count(rule, "f(a); g(a); f(b)", false), 2);
}

static void constraints_come_last(void **state)
{
	static const char rule[] =
		RULE("rule: {pattern: 'f($_, $A)'}\nconstraints: {A: {regex: ^a}}\n");

	(void)state;
	assert_int_equal(count(rule, "f(1, ab); f(1, ba)", false), 1);
}

/* A utility that is true of the same node again and again is asked through another path each time. */
static void recursive_utility(void **state)
{
	static const char rule[] = RULE(
		"utils: {deep: {any: [{kind: number}, {kind: array, has: {matches: deep}}]}}\nrule: {matches: deep}\n");
	AUTO_BUF struct buf code = { 0 };

	(void)state;
	for (size_t i = 0; i < 200; i++)
		buf_add_byte(&code, '[');
	buf_add_byte(&code, '1');
	for (size_t i = 0; i < 200; i++)
		buf_add_byte(&code, ']');
	buf_add_byte(&code, '\0');
	assert_int_equal(count(rule, code.bytes, false), 201);
	assert_int_equal(count(rule, code.bytes, true), 201);
}

static void many_siblings(void **state)
{
	static const char rule[] = RULE(
		"rule: {kind: expression_statement, follows: {pattern: a();, stopBy: end}, not: {precedes: {pattern: z();, stopBy: end}}}\n");
	AUTO_BUF struct buf code = { 0 };

	(void)state;
	buf_printf(&code, "b(); a();\n");
	for (size_t i = 0; i < 2000; i++)
		buf_printf(&code, "b();\n");
	buf_printf(&code, "z(); b(); b();\n");
	buf_add_byte(&code, '\0');
	assert_int_equal(count(rule, code.bytes, false), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_plain_reading),
		cmocka_unit_test(bindings_are_not_remembered),
		cmocka_unit_test(failed_branches_leave_nothing),
		cmocka_unit_test(not_binds_nothing),
		cmocka_unit_test(constraints_come_last),
		cmocka_unit_test(recursive_utility),
		cmocka_unit_test(many_siblings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
