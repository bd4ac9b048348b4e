/* tree.h - source text as one flat array of nodes, in the order of a walk from the root. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "syntax/language.h"

#define NODE_NONE UINT32_MAX

enum node_flag {
	NODE_NAMED = 1,
	NODE_EXTRA = 2,      /* may stand anywhere: comments */
	NODE_MISSING = 4,    /* invented by error recovery, empty */
	NODE_LEAF = 8,       /* no children */
	NODE_NAMED_LEAF = 16, /* no named children */
};

/*
 * nodes[0] is the root. The children of i are i + 1, then nodes[i + 1].next, and so on while the index is below
 * nodes[i].next, which is one past the last descendant. Bytes are offsets into the text.
 */
struct node {
	uint32_t start, end;
	uint32_t parent; /* NODE_NONE for the root */
	uint32_t next;
	uint32_t prev;   /* the sibling before, or NODE_NONE */
	uint16_t kind;
	uint16_t field;  /* of the parent, 0 for none */
	uint16_t flags;
};

struct tree {
	const struct language *language;
	struct str             text;  /* borrowed */
	struct node           *nodes; /* of the arena given to parser_tree */
	uint32_t               n;
	bool                   has_error;
	void                  *source; /* the parser's own tree, for parser_tree's `base`; valid until parser_reset */
};

static inline bool node_is(const struct tree *tree, uint32_t i, enum node_flag flag)
{
	return (tree->nodes[i].flags & flag) != 0;
}

static inline struct str node_text(const struct tree *tree, uint32_t i)
{
	const struct node *node = &tree->nodes[i];

	return (struct str){ tree->text.p + node->start, node->end - node->start };
}

/* NODE_NONE when there is none. */
static inline uint32_t node_first_child(const struct tree *tree, uint32_t i)
{
	return i + 1 < tree->nodes[i].next ? i + 1 : NODE_NONE;
}

static inline uint32_t node_next_sibling(const struct tree *tree, uint32_t i)
{
	uint32_t parent = tree->nodes[i].parent;
	uint32_t next = tree->nodes[i].next;

	return parent != NODE_NONE && next < tree->nodes[parent].next ? next : NODE_NONE;
}

uint32_t node_child_by_field(const struct tree *tree, uint32_t i, uint16_t field);
uint32_t node_child_count(const struct tree *tree, uint32_t i);

/* What one file may cost. A file that hits a limit is skipped by name. */
struct parse_limits {
	size_t   memory;  /* bytes of the parser's own heap */
	uint64_t time_ns; /* of one parse */
	uint64_t (*now_ns)(void); /* a clock, given by the caller: this folder reads none */
};

/* One for each thread. */
struct parser;
struct parser *parser_new(const struct parse_limits *limits);
void parser_free(struct parser *parser);
/* Of the next parses, instead of limits.time_ns. */
void parser_set_time(struct parser *parser, uint64_t time_ns);
/* Forgets all trees' `source` and keeps the memory for the next file. */
void parser_reset(struct parser *parser);

enum parse_result { PARSE_OK, PARSE_TIME, PARSE_MEMORY };

struct byte_range {
	uint32_t start, end;
};

/*
 * Parses into `mem`. `base`, or NULL: a tree of an earlier version of the text, made by the same parser since its last reset,
 * of which unchanged parts are used again (the result is the same without it). `ranges` limits
 * the parse to parts of the text (code embedded in another language); n_ranges 0: all of it.
 * *out is untouched unless PARSE_OK.
 */
enum parse_result parser_tree(struct tree *out, struct parser *parser, struct arena *mem,
			      const struct language *language, struct str text,
			      const struct tree *base, const struct byte_range *ranges,
			      size_t n_ranges);
