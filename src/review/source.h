/*
 * source.h - the source lines of a finding, with credentials masked: what all renderers quote
 * from.
 */
#pragma once
#include "review/render.h"

/*
 * Files are looked up, masked and kept one at a time: findings come by file or are few. Lines of a
 * file are found by walking from a byte of the line, so a wrong offset gives wrong lines, never a
 * crash.
 */
struct source {
	const struct review         *review;
	const struct render_options *options;
	struct arena                 mem;  /* of the present file */
	struct str                   path;
	struct str                   raw;  /* the text of the file; empty when not at hand */
	struct str                   text; /* the same, masked; same length */
	const struct change         *change; /* NULL for a scan */
};

void source_init(struct source *source, const struct review *review,
		 const struct render_options *options);
void source_release(struct source *source);
/* Makes path the present file. False when its text is not at hand. */
bool source_open(struct source *source, struct str path);
/*
 * True when the span's bytes lie in the present file and are finding->text there: only then do
 * offsets mean something.
 */
bool source_has(const struct source *source, const struct finding *finding);
/* Byte range of the line that holds byte `at` (without its line end). */
struct line {
	size_t start, end;
};
struct line source_line(struct str text, size_t at);
/* 1-based line and column (in characters) of a byte. */
void source_position(struct str text, size_t at, uint32_t *line, uint32_t *column);
/* The byte where a 1-based line begins; false when the text has fewer lines. */
bool source_line_start(struct str text, uint32_t line, size_t *at);
/*
 * What finding->text may be shown as: masked, with the file around it seen, too, when it is at hand
 * (a line of a private key alone does not look like one). Else in `mem`.
 */
struct str source_text(struct source *source, struct arena *mem, const struct finding *finding);
/* True when the bytes of a span are known, and not only its lines and columns. */
bool source_knows_bytes(const struct finding *finding);
