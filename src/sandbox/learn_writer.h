/* learn_writer.h - the policy's text while a lesson is written into it. Private to this folder. */
#pragma once
#include "lesson.h"
#include "rewrite.h"

struct writer {
	const struct lesson *l;
	struct rewrite       lines;
	const struct yaml   *root; /* NULL: an empty policy */
	struct buf           tail; /* keys that the policy does not have yet */
	struct str_list      notes;
};

/* Lines of a key and its value: [first, last) from 0. What stands before the next key, blank or a comment, belongs to that. */
struct span {
	size_t first, last;
};

size_t writer_key(const struct yaml *map, const char *key); /* SIZE_MAX: not there; of NULL, too */
/* `end`: the line behind the mapping. */
struct span writer_span(const struct writer *w, const struct yaml *map, size_t key, size_t end);
/* The span of a key that the policy has. */
struct span writer_top(const struct writer *w, const char *key);
/* Every key of the mapping on a line of its own, below line `above`. */
bool writer_is_block(const struct yaml *map, size_t above);
/* The blanks before a node. */
struct str writer_indent(const struct writer *w, const struct yaml *node);
void writer_replace(struct writer *w, struct span span, const struct buf *text);
/* A key of the policy, whole: in its place, or at the end. */
void writer_put(struct writer *w, const char *key, const struct buf *text);
void writer_note(struct writer *w, const struct buf *text);

/* learn_limits.c */
void writer_limits(struct writer *w);
