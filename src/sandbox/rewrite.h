/* rewrite.h - a text that people wrote, changed line by line, so that the change can be read as a diff. Private to this folder. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

struct rewrite_edit {
	size_t     at;      /* 0-based: before this line; the number of lines: at the end */
	size_t     removed; /* lines from there */
	struct str insert;  /* whole lines, each with its "\n" */
};

struct rewrite {
	struct arena *mem;
	struct str   *items; /* of the old text, with their line ends */
	size_t        n, cap;
	struct {
		struct rewrite_edit *items;
		size_t             n, cap;
	} edits;
};

/* `text` is borrowed. */
void rewrite_init(struct rewrite *r, struct arena *mem, struct str text);
/* Edits may be given in any order; they must not overlap. What changes nothing is left out. `insert` is copied. */
void rewrite_edit(struct rewrite *r, size_t at, size_t removed, struct str insert);
/* The new text. Calls for the same place keep their order. */
void rewrite_apply(struct buf *out, struct rewrite *r);
/* A unified diff with three lines of context; nothing when nothing changed. `name` stands in its head. */
void rewrite_diff(struct buf *out, struct rewrite *r, const char *name);
