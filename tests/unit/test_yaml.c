#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/scope.h"

enum { CAP = 256 << 20 };

static struct arena arena;
static struct err err;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, CAP);
	err = (struct err){ .kind = ERR_BUG };
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct yaml_docs load_all(struct str text)
{
	struct yaml_docs docs;

	if (yaml_load(&docs, &arena, "f.yml", text, &err) < 0)
		fail_msg("%s", err.text);
	return docs;
}

static const struct yaml *load(const char *text)
{
	struct yaml_docs docs = load_all(str_of(text));

	assert_int_equal(docs.n, 1);
	return docs.items[0];
}

/* The text must be refused with exactly these words; out stays untouched. */
static void refuse(struct str text, const char *words)
{
	struct yaml_docs docs = { .n = 77 };

	assert_int_equal(yaml_load(&docs, &arena, "f.yml", text, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, words);
	assert_int_equal(docs.n, 77);
}

static void assert_scalar(const struct yaml *node, const char *text)
{
	assert_non_null(node);
	assert_int_equal(node->kind, YAML_SCALAR);
	assert_true(str_eq(node->text, str_of(text)));
}

static void assert_at(const struct yaml *node, uint32_t line, uint32_t column)
{
	assert_non_null(node);
	assert_int_equal(node->line, line);
	assert_int_equal(node->column, column);
}

static void kinds(void **state)
{
	const struct yaml *doc = load("s: text\nq: '1'\nn: 1\nlist: [a, b]\nmap: {k: v}\nnone:\n"
				      "tilde: ~\nword: null\nquoted: 'null'\nempty: ''\nblock: |\n  a\n  b\n");

	(void)state;
	assert_int_equal(doc->kind, YAML_MAP);
	assert_int_equal(doc->n, 11);
	assert_scalar(yaml_get(doc, "s"), "text");
	assert_scalar(yaml_get(doc, "q"), "1");
	assert_true(yaml_get(doc, "q")->quoted);
	assert_false(yaml_get(doc, "n")->quoted);
	assert_int_equal(yaml_get(doc, "list")->n, 2);
	assert_scalar(yaml_get(doc, "list")->child[1], "b");
	assert_scalar(yaml_get(yaml_get(doc, "map"), "k"), "v");
	assert_int_equal(yaml_get(doc, "none")->kind, YAML_NULL);
	assert_int_equal(yaml_get(doc, "tilde")->kind, YAML_NULL);
	assert_int_equal(yaml_get(doc, "word")->kind, YAML_NULL);
	assert_scalar(yaml_get(doc, "quoted"), "null");
	assert_scalar(yaml_get(doc, "empty"), "");
	assert_scalar(yaml_get(doc, "block"), "a\nb\n");
}

static void positions(void **state)
{
	const struct yaml *doc = load("# first\nid: x\nrule:\n  any:\n  - a\n  -   b: 1\n");
	const struct yaml *any = yaml_get(yaml_get(doc, "rule"), "any");

	(void)state;
	assert_at(doc, 2, 1);
	assert_at(doc->key[1], 3, 1);
	assert_at(yaml_get(doc, "id"), 2, 5);
	assert_at(yaml_get(doc, "rule"), 4, 3);
	assert_at(any->child[0], 5, 5);
	assert_at(yaml_get(any->child[1], "b"), 6, 10);
}

static void get_is_patient(void **state)
{
	const struct yaml *doc = load("a: [1]");

	(void)state;
	assert_null(yaml_get(NULL, "a"));
	assert_null(yaml_get(doc, "b"));
	assert_null(yaml_get(yaml_get(doc, "a"), "a"));
	assert_null(yaml_get(yaml_get(doc, "a")->child[0], "a"));
	assert_string_equal(yaml_kind_name(NULL), "nothing");
	assert_string_equal(yaml_kind_name(doc), "a mapping");
	assert_string_equal(yaml_kind_name(yaml_get(doc, "a")), "a list");
	assert_string_equal(yaml_kind_name(yaml_get(doc, "a")->child[0]), "a string");
}

static void several_documents(void **state)
{
	struct yaml_docs docs = load_all(STR("a: 1\n---\nb: 2\n...\n---\n[c]\n---\n"));

	(void)state;
	assert_int_equal(docs.n, 4);
	assert_scalar(yaml_get(docs.items[1], "b"), "2");
	assert_at(docs.items[1], 3, 1);
	assert_int_equal(docs.items[2]->kind, YAML_SEQ);
	assert_int_equal(docs.items[3]->kind, YAML_NULL);
	/* an anchor lives in its document */
	refuse(STR("a: &x 1\n---\nb: *x\n"), "f.yml:3:4: an alias with no anchor before it");
}

static void no_document(void **state)
{
	(void)state;
	assert_int_equal(load_all(STR("")).n, 0);
	assert_int_equal(load_all(STR("# nothing\n")).n, 0);
	assert_int_equal(load_all((struct str){ NULL, 0 }).n, 0);
}

static void aliases(void **state)
{
	const struct yaml *doc = load("a: &x {k: v}\nb: *x\nc: &x 2\nd: *x\n");

	(void)state;
	assert_scalar(yaml_get(yaml_get(doc, "b"), "k"), "v");
	assert_scalar(yaml_get(doc, "d"), "2"); /* the latest of a name */
	refuse(STR("a: *x"), "f.yml:1:4: an alias with no anchor before it");
	/* a value that contains itself has no end */
	refuse(STR("a: &x [*x]"), "f.yml:1:8: an alias with no anchor before it");
}

static void alias_bomb(void **state)
{
	AUTO_BUF struct buf text = { 0 };

	(void)state;
	buf_add(&text, STR("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"));
	for (int i = 1; i < 12; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			buf_printf(&text, "%s*a%d", j ? "," : "", i - 1);
		buf_add(&text, STR("]\n"));
	}
	refuse(buf_str(&text), "f.yml:6:18: aliases expand to too many values");
}

static void nest(struct buf *text, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_add_byte(text, '[');
	for (size_t i = 0; i < depth; i++)
		buf_add_byte(text, ']');
}

static void depth_cap(void **state)
{
	AUTO_BUF struct buf text = { 0 };

	(void)state;
	nest(&text, YAML_MAX_DEPTH + 1);
	assert_int_equal(load_all(buf_str(&text)).n, 1);
	buf_clear(&text);
	nest(&text, YAML_MAX_DEPTH + 2);
	refuse(buf_str(&text), "f.yml:1:130: nested too deeply");
}

static size_t depth_of(const struct yaml *node)
{
	size_t deepest = 0;

	for (size_t i = 0; i < node->n; i++) {
		size_t depth = depth_of(node->child[i]);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

/* Aliases to aliases must not go deeper than written nesting may: readers of the tree recurse. */
static void depth_cap_through_aliases(void **state)
{
	AUTO_BUF struct buf text = { 0 };
	struct yaml_docs docs;

	(void)state;
	buf_add(&text, STR("- &a0 [x]\n"));
	for (int i = 1; i < 800; i++)
		buf_printf(&text, "- &a%d [*a%d]\n", i, i - 1);
	if (yaml_load(&docs, &arena, "f.yml", buf_str(&text), &err) == 0)
		assert_in_range(depth_of(docs.items[0]), 1, YAML_MAX_DEPTH + 2);
}

static void size_cap(void **state)
{
	size_t len = YAML_MAX_BYTES + 1;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', len);
	refuse((struct str){ text, len }, "f.yml:1:1: larger than 4194304 bytes");
	assert_int_equal(load_all((struct str){ text, len - 1 }).n, 0);
	free(text);
}

static void node_cap(void **state)
{
	AUTO_BUF struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < YAML_MAX_NODES; i++)
		buf_add(&text, STR("- a\n"));
	refuse(buf_str(&text), "f.yml:400000:3: too many values in one file");
}

static void duplicate_keys(void **state)
{
	(void)state;
	refuse(STR("a: 1\nb: 2\n'a': 3\n"), "f.yml:3:1: the key 'a' stands twice");
	refuse(STR("x:\n  {a: 1, a: 1}\n"), "f.yml:2:10: the key 'a' stands twice");
}

static void keys_are_strings(void **state)
{
	(void)state;
	refuse(STR("? [a]\n: 1\n"), "f.yml:1:3: a key must be a plain string");
	refuse(STR("{a: b}: 1\n"), "f.yml:1:1: a key must be a plain string");
}

static void merge_keys(void **state)
{
	const struct yaml *doc = load("base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\n"
				      "one: {<<: *b, x: own}\nlate: {x: own, <<: *b}\n"
				      "two: {<<: [*b, *m]}\nplain: {'<<': *b}\n");
	const struct yaml *two = yaml_get(doc, "two");

	(void)state;
	assert_int_equal(yaml_get(doc, "one")->n, 2);
	assert_scalar(yaml_get(yaml_get(doc, "one"), "x"), "own");
	assert_scalar(yaml_get(yaml_get(doc, "one"), "y"), "2");
	assert_scalar(yaml_get(yaml_get(doc, "late"), "x"), "own");
	assert_int_equal(two->n, 3);
	assert_scalar(yaml_get(two, "y"), "2"); /* the earlier one wins */
	assert_scalar(yaml_get(two, "z"), "4");
	assert_non_null(yaml_get(yaml_get(doc, "plain"), "<<"));
}

static void bad_bytes(void **state)
{
	static const struct str bad[] = {
		{ "a: \xff\n", 5 },	{ "a: \xc3", 4 }, { "a: \xed\xa0\x80", 6 },
		{ "a: \xc0\xaf\n", 6 }, { "a: \0b\n", 6 }, { "a: \033[0m\n", 8 },
		{ "\xff\xfe" "a\0", 4 },
	};
	struct yaml_docs docs;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(yaml_load(&docs, &arena, "f.yml", bad[i], &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_memory_equal(err.text, "f.yml:1:", 8);
	}
	assert_scalar(yaml_get(load("\xef\xbb\xbf" "a: \xc3\xa4\n"), "a"), "\xc3\xa4"); /* BOM */
}

static void broken_syntax(void **state)
{
	static const char *const bad[] = { "a: [", "a: 'x", "a: b: c", "a:\n\t- x\n", "%YAML 9.1\n--- a",
					   "a: !<tag", "]", "a: &", "- a\nb: c\n", "a: \"\\q\"" };
	struct yaml_docs docs;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (yaml_load(&docs, &arena, "f.yml", str_of(bad[i]), &err) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_memory_equal(err.text, "f.yml:", 6);
	}
	refuse(STR("a: 1\nb: [x\n"), "f.yml:3:1: did not find expected ',' or ']'");
}

static void error_has_place(void **state)
{
	const struct yaml *doc = load("a:\n  b: 1\n");

	(void)state;
	assert_int_equal(yaml_error(&err, "f.yml", yaml_get(yaml_get(doc, "a"), "b"), "no %s", "b"), -1);
	assert_string_equal(err.text, "f.yml:2:6: no b");
	assert_int_equal(yaml_error(&err, "f.yml", NULL, "empty"), -1);
	assert_string_equal(err.text, "f.yml:1:1: empty");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(kinds),	      CASE(positions),	   CASE(get_is_patient),
		CASE(several_documents), CASE(no_document), CASE(aliases),
		CASE(alias_bomb),     CASE(depth_cap),	   CASE(depth_cap_through_aliases),
		CASE(size_cap),	      CASE(node_cap),	   CASE(duplicate_keys),
		CASE(keys_are_strings), CASE(merge_keys),  CASE(bad_bytes),
		CASE(broken_syntax),  CASE(error_has_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
