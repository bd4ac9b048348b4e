#include "syntax/lines.h"
#include "syntax/tree.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct sample {
	const char *language, *code;
	const char *kind,
		*field; /* one node that must be there, and a field that it has; NULL: none */
} samples[] = {
	{ "Bash", "for f in *.c; do\n  rm -f \"$f\" | cat # c\ndone\n", "for_statement", "body" },
	{ "C", "#define A 1\nint f(char *p)\n{\n\tif (p)\n\t\tfree(p); /* c */\n\treturn 1;\n}\n",
	  "function_definition", "body" },
	{ "Cpp", "namespace a { template <class T> T f(T &&x) { return std::move(x); } }\n",
	  "template_declaration", "parameters" },
	{ "CSharp", "using A;\nclass B { int F(string x) => x?.Length ?? 0; }\n",
	  "class_declaration", "name" },
	{ "Css", "@media print { a > b { color: red !important; } }\n", "rule_set", NULL },
	{ "Go",
	  "package a\n\nfunc f(x int) error {\n\tif err := g(x); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
	  "if_statement", "condition" },
	{ "Hcl", "resource \"a\" \"b\" {\n  c = [1, var.d]\n}\n", "block", NULL },
	{ "Html", "<p class=\"a\">b &amp; c</p>\n<script>d()</script>\n", "script_element", NULL },
	{ "Java", "class A {\n  @Test void f() throws E { try { g(); } finally { h(); } }\n}\n",
	  "method_declaration", "name" },
	{ "JavaScript", "import a from 'b';\nasync function* f(x, ...y) { yield `a${x}b`; } // c\n",
	  "generator_function_declaration", "name" },
	{ "Json", "{\"a\": [1, -2.5e3, null, \"\\u00e4\"]}\n", "pair", "key" },
	{ "Kotlin", "fun f(x: Int?): Int { return x!!.plus(1) }\n", "function_declaration", NULL },
	{ "Lua", "local function f(a, ...)\n  return a .. 'b' -- c\nend\n", "function_declaration",
	  "name" },
	{ "Php", "<?php\nfunction f(?int $a): string { return \"x{$a}\"; }\n",
	  "function_definition", "name" },
	{ "Python", "@d\ndef f(a, *b, c=1):\n    return [x for x in a if x]  # c\n",
	  "function_definition", "name" },
	{ "Ruby", "class A\n  def f(x) = x&.map { |y| \"#{y}\" }\nend\n", "class", "name" },
	{ "Rust",
	  "fn f<'a>(x: &'a str) -> Option<u8> { match x { \"a\" => None, _ => g!(x)?.h() } }\n",
	  "match_expression", "value" },
	{ "Scala", "object A { def f(x: Int): Int = x match { case 1 => 2; case _ => x } }\n",
	  "function_definition", "name" },
	{ "Sql", "SELECT a, b FROM t WHERE a = 1;\n", "select", NULL },
	{ "Swift", "func f(_ a: Int?) -> Int { guard let b = a else { return 0 }; return b }\n",
	  "function_declaration", "name" },
	{ "Toml", "a = 1\n[b.c]\nd = [\"e\", 2020-01-01]\n", "table", NULL },
	{ "Tsx", "const a = <Foo b={1}>x{y as T}</Foo>;\n", "jsx_element", "open_tag" },
	{ "TypeScript", "interface A<T> { b?: string }\nconst c = <T,>(x: T): x is T => !!x;\n",
	  "interface_declaration", "name" },
	{ "Yaml", "a: &x [1, 2]\nb:\n  - c: *x\n    d: |\n      e\n", "block_mapping_pair", "key" },
};

enum { MEMORY = 64 << 20, SECOND = 1000000000 };

static struct arena arena;
static struct parser *parser;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static int begin(void **state)
{
	const struct parse_limits limits = { MEMORY, 60ULL * SECOND, now };

	(void)state;
	arena_init(&arena, 512 << 20);
	parser = parser_new(&limits);
	return parser ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	parser_free(parser);
	arena_release(&arena);
	return 0;
}

static const struct language *language(const char *name)
{
	const struct language *found = language_by_name(str_of(name));

	if (!found)
		fail_msg("no language %s", name);
	return found;
}

static struct tree parse(const char *name, struct str text, const struct tree *base)
{
	struct tree tree;

	assert_int_equal(parser_tree(&tree, parser, &arena, language(name), text, base, NULL, 0),
			 PARSE_OK);
	return tree;
}

static void check_children(const struct tree *tree, uint32_t i)
{
	const struct node *node = &tree->nodes[i];
	uint32_t prev = NODE_NONE, n = 0, n_named = 0, at = node->start;

	for (uint32_t c = node_first_child(tree, i); c != NODE_NONE;
	     c = node_next_sibling(tree, c)) {
		const struct node *child = &tree->nodes[c];

		assert_int_equal(child->parent, i);
		assert_int_equal(child->prev, prev);
		assert_true(child->start >= at && child->end <= node->end);
		at = child->end;
		prev = c;
		n++;
		n_named += node_is(tree, c, NODE_NAMED);
	}
	assert_int_equal(n, node_child_count(tree, i));
	assert_int_equal(n == 0, node_is(tree, i, NODE_LEAF));
	assert_int_equal(n_named == 0, node_is(tree, i, NODE_NAMED_LEAF));
}

/* What tree.h promises of every tree. */
static void check_tree(const struct tree *tree)
{
	size_t kinds = language_kind_count(tree->language);

	assert_true(tree->n > 0);
	assert_int_equal(tree->nodes[0].parent, NODE_NONE);
	assert_int_equal(tree->nodes[0].prev, NODE_NONE);
	assert_int_equal(tree->nodes[0].next, tree->n);
	assert_int_equal(node_next_sibling(tree, 0), NODE_NONE);
	for (uint32_t i = 0; i < tree->n; i++) {
		const struct node *node = &tree->nodes[i];

		assert_true(node->start <= node->end && node->end <= tree->text.len);
		assert_true(node->next > i && node->next <= tree->n);
		assert_true(i == 0 ||
			    (node->parent < i && node->next <= tree->nodes[node->parent].next));
		assert_true(node->kind < kinds || node->kind == KIND_ERROR);
		assert_non_null(language_kind_name(tree->language, node->kind));
		check_children(tree, i);
	}
}

static uint32_t find_kind(const struct tree *tree, const char *kind)
{
	uint16_t id = language_kind(tree->language, str_of(kind));

	for (uint32_t i = 0; id && i < tree->n; i++)
		if (tree->nodes[i].kind == id)
			return i;
	return NODE_NONE;
}

static void samples_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct tree tree = parse(samples[i].language, str_of(samples[i].code), NULL);

		check_tree(&tree);
		if (tree.has_error)
			fail_msg("%s: an error in the tree", samples[i].language);
	}
}

static void samples_cover_all_grammars(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < language_count; i++) {
		bool found = !language_table[i].grammar;

		for (size_t k = 0; k < COUNT(samples); k++)
			found |= strcmp(samples[k].language, language_table[i].name) == 0;
		if (!found)
			fail_msg("no sample for %s", language_table[i].name);
		n += language_table[i].grammar != NULL;
	}
	assert_true(n >= 20);
}

static void fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct tree tree = parse(samples[i].language, str_of(samples[i].code), NULL);
		uint32_t node = find_kind(&tree, samples[i].kind), child;
		uint16_t field;

		if (node == NODE_NONE)
			fail_msg("%s: no %s", samples[i].language, samples[i].kind);
		if (!samples[i].field)
			continue;
		field = language_field(tree.language, str_of(samples[i].field));
		assert_true(field);
		assert_string_equal(language_field_name(tree.language, field), samples[i].field);
		child = node_child_by_field(&tree, node, field);
		if (child == NODE_NONE && strcmp(samples[i].field, "parameters") != 0)
			fail_msg("%s: %s has no %s", samples[i].language, samples[i].kind,
				 samples[i].field);
		if (child != NODE_NONE)
			assert_int_equal(tree.nodes[child].field, field);
	}
}

static void field_texts(void **state)
{
	struct tree tree = parse("Python", STR("def name(a, b): pass\n"), NULL);
	uint32_t def = find_kind(&tree, "function_definition");
	uint32_t name = node_child_by_field(&tree, def, language_field(tree.language, STR("name"))),
		 params = node_child_by_field(&tree, def,
					      language_field(tree.language, STR("parameters")));

	(void)state;
	assert_true(str_eq(node_text(&tree, name), STR("name")));
	assert_true(str_eq(node_text(&tree, params), STR("(a, b)")));
	assert_int_equal(node_child_by_field(&tree, name, 1), NODE_NONE);
	assert_int_equal(language_field(tree.language, STR("nonsense")), 0);
	assert_int_equal(language_kind(tree.language, STR("nonsense")), 0);
	assert_int_equal(language_kind(tree.language, STR("ERROR")), KIND_ERROR);
}

static void missing_nodes(void **state)
{
	struct tree tree = parse("C", STR("int a = 1\n"), NULL);
	size_t n = 0;

	(void)state;
	check_tree(&tree);
	assert_true(tree.has_error);
	for (uint32_t i = 0; i < tree.n; i++)
		if (node_is(&tree, i, NODE_MISSING)) {
			assert_int_equal(tree.nodes[i].start, tree.nodes[i].end);
			assert_string_equal(language_kind_name(tree.language, tree.nodes[i].kind),
					    ";");
			n++;
		}
	assert_int_equal(n, 1);
}

static void errors_and_extras(void **state)
{
	struct tree tree = parse("JavaScript", STR("f(a /* c */)\nlet = }{ 1\n"), NULL);
	bool error = false, comment = false;

	(void)state;
	check_tree(&tree);
	assert_true(tree.has_error);
	for (uint32_t i = 0; i < tree.n; i++) {
		error |= tree.nodes[i].kind == KIND_ERROR;
		comment |= node_is(&tree, i, NODE_EXTRA) &&
			   str_eq(node_text(&tree, i), STR("/* c */"));
	}
	assert_true(error);
	assert_true(comment);
}

static void empty_texts(void **state)
{
	static const char *const texts[] = { "",        "\n", " ", "\xef\xbb\xbf", "\xff\xfe\x00",
					     "\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < language_count; i++)
		for (size_t k = 0; k < COUNT(texts); k++) {
			struct tree tree = parse(language_table[i].name, str_of(texts[k]), NULL);

			check_tree(&tree);
		}
}

static void text_lines(void **state)
{
	static const char *const want[] = { "one", "two", "", "four" };
	struct tree tree = parse("Text", STR("one\ntwo\r\n\nfour"), NULL);
	uint32_t line = node_first_child(&tree, 0);

	(void)state;
	check_tree(&tree);
	assert_string_equal(language_kind_name(tree.language, tree.nodes[0].kind), "document");
	assert_int_equal(node_child_count(&tree, 0), COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++, line = node_next_sibling(&tree, line)) {
		assert_string_equal(language_kind_name(tree.language, tree.nodes[line].kind),
				    "line");
		assert_true(str_eq(node_text(&tree, line), str_of(want[i])));
	}
	assert_int_equal(line, NODE_NONE);
	tree = parse("Text", STR("a\n"), NULL);
	assert_int_equal(node_child_count(&tree, 0), 1);
}

static void line_table(void **state)
{
	struct lines lines;
	struct span span;

	(void)state;
	lines_init(&lines, &arena, STR("ab\n\xc3\xa4\xf0\x9f\x98\x80x\r\n\nz"));
	assert_int_equal(lines.n, 4);
	assert_int_equal(lines_at(&lines, 0), 1);
	assert_int_equal(lines_at(&lines, 2), 1);
	assert_int_equal(lines_at(&lines, 3), 2);
	assert_int_equal(lines_at(&lines, 1000), 4);
	assert_int_equal(lines_column(&lines, 9), 3);
	assert_true(str_eq(lines_text(&lines, 2), STR("\xc3\xa4\xf0\x9f\x98\x80x")));
	assert_true(str_eq(lines_text(&lines, 4), STR("z")));
	assert_int_equal(lines_text(&lines, 0).len, 0);
	assert_int_equal(lines_text(&lines, 5).len, 0);
	span = lines_span(&lines, 5, 13);
	assert_int_equal(span.start_line, 2);
	assert_int_equal(span.start_column, 2);
	assert_int_equal(span.end_line, 4);
	assert_int_equal(span.end_column, 1);
}

/* A generator of our own, so that a failure comes again. */
static uint32_t seed;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct str with_edit(struct str text)
{
	static const char *const pieces[] = { "",   "x",        "(",  "}",        "\n",
					      "\"", "  f(1)\n", "/*", "\xc3\xa4", "#" };
	struct str piece = str_of(pieces[dice(COUNT(pieces))]);
	size_t at = dice((uint32_t)text.len + 1), gone = dice(6);
	struct str tail = str_from(text, at + gone < text.len ? at + gone : text.len);

	return arena_printf(&arena, "%.*s%.*s%.*s", (int)at, text.p, STR_ARG(piece), STR_ARG(tail));
}

static void assert_same_tree(const struct tree *a, const struct tree *b, const char *name)
{
	if (a->n != b->n || a->has_error != b->has_error)
		fail_msg("%s, seed %u: %u nodes, not %u", name, seed, a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++)
		if (memcmp(&a->nodes[i].start, &b->nodes[i].start, offsetof(struct node, kind)) !=
			    0 ||
		    a->nodes[i].kind != b->nodes[i].kind ||
		    a->nodes[i].field != b->nodes[i].field ||
		    a->nodes[i].flags != b->nodes[i].flags)
			fail_msg("%s, seed %u: node %u differs: %.*s", name, seed, i,
				 STR_ARG(a->text));
}

/* Reusing an earlier tree must not show, whatever was edited. */
static void incremental(void **state)
{
	enum { ROUNDS = 40 };

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct str text = str_of(samples[i].code);

		for (uint32_t round = 0; round < ROUNDS; round++) {
			struct tree base, again, fresh;

			seed = round * 1000 + (uint32_t)i;
			base = parse(samples[i].language, text, NULL);
			text = with_edit(round % 8 ? text : str_of(samples[i].code));
			again = parse(samples[i].language, text, &base);
			fresh = parse(samples[i].language, text, NULL);
			check_tree(&again);
			assert_same_tree(&again, &fresh, samples[i].language);
			parser_reset(parser);
		}
		arena_reset(&arena);
	}
}

static void base_is_untouched(void **state)
{
	struct tree base = parse("JavaScript", STR("f(a, b)\ng(c)\n"), NULL);
	struct tree head = parse("JavaScript", STR("f(a)\ng(c)\n"), &base);
	struct tree again = parse("JavaScript", STR("f(a, b)\ng(c)\n"), &base);

	(void)state;
	check_tree(&base);
	check_tree(&head);
	assert_same_tree(&base, &again, "JavaScript");
}

static void ranges(void **state)
{
	struct str html = STR("<p>f(0)</p><script>f(1)</script><i>f(2)</i>");
	struct byte_range range = { 19, 23 };
	struct tree tree;

	(void)state;
	assert_int_equal(
		parser_tree(&tree, parser, &arena, language("JavaScript"), html, NULL, &range, 1),
		PARSE_OK);
	check_tree(&tree);
	assert_false(tree.has_error);
	assert_true(str_eq(node_text(&tree, find_kind(&tree, "call_expression")), STR("f(1)")));
	/* the next parse sees the whole text again */
	tree = parse("JavaScript", STR("f(1)"), NULL);
	assert_int_equal(tree.nodes[0].start, 0);
}

/* The Java grammar needs time and memory without end for this; whichever limit is first must hold. */
static void bomb(void **state)
{
	enum { N = 300000 };
	const struct parse_limits limits = { MEMORY, SECOND / 2, now };
	struct parser *small = parser_new(&limits);
	struct tree tree = { .n = 77 };
	char *text = arena_alloc(&arena, 2 * N);
	uint64_t start = now();
	enum parse_result result;

	(void)state;
	assert_non_null(small);
	for (size_t i = 0; i < N; i++)
		memcpy(text + 2 * i, "a<", 2);
	result = parser_tree(&tree, small, &arena, language("Java"), (struct str){ text, 2 * N },
			     NULL, NULL, 0);
	assert_true(result == PARSE_MEMORY || result == PARSE_TIME);
	assert_int_equal(tree.n, 77);
	assert_true(now() - start < 20ULL * SECOND); /* the sanitizers are slow */
	/* and the parser is none the worse for it */
	assert_int_equal(parser_tree(&tree, small, &arena, language("Java"), STR("class A {}"),
				     NULL, NULL, 0),
			 PARSE_OK);
	check_tree(&tree);
	assert_false(tree.has_error);
	parser_free(small);
}

static void memory_limit(void **state)
{
	const struct parse_limits limits = { 8 << 20, 60ULL * SECOND, now };
	struct parser *small = parser_new(&limits);
	struct tree tree = { .n = 77 };
	char *text = arena_alloc(&arena, 1 << 20);

	(void)state;
	memset(text, '(', 1 << 20);
	assert_int_equal(parser_tree(&tree, small, &arena, language("C"),
				     (struct str){ text, 1 << 20 }, NULL, NULL, 0),
			 PARSE_MEMORY);
	assert_int_equal(tree.n, 77);
	parser_free(small);
}

static void time_limit(void **state)
{
	struct tree tree = { .n = 77 };
	char *text = arena_alloc(&arena, 1 << 20);

	(void)state;
	for (size_t i = 0; i < 1 << 20; i += 4)
		memcpy(text + i, "f();", 4);
	parser_set_time(parser, 1);
	assert_int_equal(parser_tree(&tree, parser, &arena, language("C"),
				     (struct str){ text, 1 << 20 }, NULL, NULL, 0),
			 PARSE_TIME);
	assert_int_equal(tree.n, 77);
	parser_set_time(parser, 60ULL * SECOND);
	tree = parse("C", STR("int a;"), NULL);
	assert_false(tree.has_error);
}

static void depth(void **state)
{
	enum { N = 20000 };
	char *text = arena_alloc(&arena, 2 * N);
	struct tree tree;

	(void)state;
	memset(text, '[', N);
	memset(text + N, ']', N);
	tree = parse("Json", (struct str){ text, 2 * N }, NULL);
	check_tree(&tree);
	assert_false(tree.has_error);
	assert_true(tree.n > N);
}

static void detection(void **state)
{
	static const struct {
		const char *path, *text, *want; /* NULL: unknown */
	} cases[] = {
		{ "a.py", "", "Python" },
		{ "x/Gemfile", "", "Ruby" },
		{ "run", "#!/usr/bin/env python3\n", "Python" },
		{ "run", "#!/bin/sh -e\n", "Bash" },
		{ "Dockerfile", "", "Dockerfile" },
		{ "a.h", "", "C" },
		{ "a.tar.js", "", "JavaScript" },
		{ "a.unknown", "", NULL },
		{ "py", "", NULL },
		{ "run", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct language *found =
			language_detect(str_of(cases[i].path), str_of(cases[i].text));
		const char *name = found ? found->name : "nothing";

		if (strcmp(name, cases[i].want ? cases[i].want : "nothing") != 0)
			fail_msg("%s is %s", cases[i].path, name);
	}
	assert_ptr_equal(language_by_name(STR("PYTHON")), language("Python"));
	assert_ptr_equal(language_by_name(STR("golang")), language("Go"));
	assert_null(language_by_name(STR("Klingon")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(samples_are_sound),
		TEST(samples_cover_all_grammars),
		TEST(fields),
		TEST(field_texts),
		TEST(missing_nodes),
		TEST(errors_and_extras),
		TEST(empty_texts),
		TEST(text_lines),
		TEST(line_table),
		TEST(incremental),
		TEST(base_is_untouched),
		TEST(ranges),
		TEST(bomb),
		TEST(memory_limit),
		TEST(time_limit),
		TEST(depth),
		TEST(detection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
