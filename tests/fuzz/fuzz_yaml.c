/* Any bytes: a tree within its caps and with places in the text, or an error that names a place. */
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 512 << 20 };

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static size_t check(const struct yaml *node, size_t lines, size_t depth)
{
	size_t n = 1;

	require(depth <= YAML_MAX_DEPTH, "the cap on depth");
	require(node->line >= 1 && node->line <= lines && node->column >= 1, "a place in the text");
	require(node->kind == YAML_SEQ || node->kind == YAML_MAP || node->n == 0, "a leaf is a leaf");
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == YAML_MAP) {
			require(node->key[i]->kind <= YAML_SCALAR, "a key is a scalar");
			require(str_is_utf8(node->key[i]->text), "a key is UTF-8");
		}
		n += check(node->child[i], lines, depth + 1);
	}
	require(str_is_utf8(node->text), "a text is UTF-8");
	return n;
}

/* Line breaks of YAML 1.1: LF, CR, NEL, LS, PS; counted generously, plus the last line. */
static size_t count_lines(struct str text)
{
	size_t n = 2;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n' || text.p[i] == '\r' || text.p[i] == '\x85' ||
		     text.p[i] == '\xa8' || text.p[i] == '\xa9';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena arena;
	struct str text = { (const char *)data, size };
	struct yaml_docs docs = { 0 };
	struct err err = { 0 };
	size_t lines = count_lines(text), nodes = 0;

	arena_init(&arena, CAP);
	if (yaml_load(&docs, &arena, "f", text, &err) < 0) {
		require(str_starts(str_of(err.text), STR("f:")) && err.kind == ERR_INPUT, "a clear error");
		return 0;
	}
	for (size_t i = 0; i < docs.n; i++)
		nodes += check(docs.items[i], lines, 0);
	require(nodes <= YAML_MAX_NODES, "the cap on values");
	return 0;
}
