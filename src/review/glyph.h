/* glyph.h - one character of hostile text, as a terminal or a JSON string may have it. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * What stands at one place. Control characters, invisible and bidirectional formatting characters
 * become "<U+202E>", malformed bytes "<ff>"; all else is shown as it is.
 */
struct glyph {
	size_t   bytes;     /* of the source, 1..4 */
	unsigned columns;   /* on the screen; 0 for combining characters */
	bool     escaped;
	char     shown[12]; /* with a NUL */
};

/* `at` is below s.len. A tab counts as a control character: who shows code expands it before. */
struct glyph glyph_at(struct str s, size_t at);
/* Adds one line of text: white space (line ends, too) folded to one blank, the rest as glyphs. */
void glyph_add_line(struct buf *out, struct str s);
/* Adds all as glyphs, line ends and tabs, too: for paths. */
void glyph_add_name(struct buf *out, struct str s);
/* Adds text with its line ends and tabs as they are, the rest as glyphs. */
void glyph_add_text(struct buf *out, struct str s);
/* The text with each malformed byte replaced by U+FFFD; the text itself when it is well-formed. */
struct str glyph_utf8(struct arena *mem, struct str s);
