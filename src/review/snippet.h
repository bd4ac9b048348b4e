/* snippet.h - source lines with a number and an underline, for terminals. */
#pragma once
#include "base/buf.h"
#include "model/finding.h"

/* Escape sequences, or "" each when there are no colours. */
struct palette {
	const char *bold, *error, *warning, *info, *hint, *number, *mark, *removed, *added, *off;
};

/*
 * Adds the lines of `span` from `text`. `from` and `to` are its bytes. The first line is underlined
 * from the column on; of a span of many lines the first few are shown. Lines wider than `width` are
 * cut around the column. Everything hostile is escaped; tabs end at multiples of four.
 */
void snippet_add(struct buf *out, struct str text, size_t from, size_t to, uint32_t line,
		 unsigned width, const struct palette *palette);
