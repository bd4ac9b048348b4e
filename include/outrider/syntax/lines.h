/* lines.h - from byte offsets to lines and columns and back. */
#pragma once
#include "base/arena.h"
#include "model/finding.h"

/* Where each line of a text begins; line 1 begins at starts[0]. */
struct lines {
	struct str text;
	uint32_t  *starts;
	uint32_t   n;      /* at least 1 */
};

void lines_init(struct lines *out, struct arena *mem, struct str text);
/* 1-based line of a byte offset; an offset behind the end is on the last line. */
uint32_t lines_at(const struct lines *lines, uint32_t offset);
/* 1-based column in characters. */
uint32_t lines_column(const struct lines *lines, uint32_t offset);
/* The bytes of a 1-based line, without its line end; empty when there is no such line. */
struct str lines_text(const struct lines *lines, uint32_t line);
struct span lines_span(const struct lines *lines, uint32_t start, uint32_t end);
