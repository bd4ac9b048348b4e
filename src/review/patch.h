/* patch.h - what a fix does to whole lines. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "model/finding.h"

/*
 * The whole lines that a fix touches, before and after, each line with its line end (the last line
 * of the text may have none). n_before is 0 only for text added behind the last line end of a file.
 */
struct patch {
	uint32_t   line;     /* first line of `before`, 1-based */
	struct str before;   /* borrowed from the text */
	struct str after;    /* in the arena */
	size_t     n_before; /* lines */
	size_t     n_after;
};

/* False when the fix lies outside the text or changes nothing. */
bool patch_make(struct patch *out, struct arena *mem, struct str text, const struct fix *fix);
/*
 * Adds unchanged lines on both sides, so that lines first..last are covered. `text` as in
 * patch_make.
 */
void patch_widen(struct patch *patch, struct arena *mem, struct str text, uint32_t first,
		 uint32_t last);
/* Takes off the lines that are equal at both ends: what a diff shows. */
void patch_trim(struct patch *patch);
/* "@@ -12,2 +12,1 @@" and a line end. */
void patch_add_header(struct buf *out, const struct patch *patch);
