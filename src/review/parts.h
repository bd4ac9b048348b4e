/* parts.h - pieces of the texts that people read on a forge: neutralised and masked. Private to this folder. */
#pragma once
#include "base/buf.h"
#include "model/review.h"
#include "tally.h"

enum {
	PART_MAX_MESSAGE = 4000, /* bytes of a message before escaping */
	PART_MAX_NOTE = 20000,   /* bytes as Markdown: with a suggestion, all fits into one comment */
	PART_MAX_LIST = 40000,   /* bytes of a list of findings */
	PART_MAX_WORDS = 500,    /* of a title, a notice, a name */
	PART_MAX_NOTICES = 20,
};

/* Masked, and cut at a character; `mem` is scratch in all of these. */
struct str part_masked(struct arena *mem, struct str s, size_t max);
/* One line. */
void part_add_message(struct buf *out, struct arena *mem, const struct finding *finding);
/* Nothing, or paragraphs with a line end at both ends; long ones are folded away. */
void part_add_note(struct buf *out, struct arena *mem, const struct finding *finding);
/* "error [`rule`](url) of `tool`, CWE-1" */
void part_add_rule(struct buf *out, struct arena *mem, const struct finding *finding);
/* "- `path:line` message (error `rule`)" and a line end. */
void part_add_item(struct buf *out, struct arena *mem, const struct finding *finding);
/* A list under a heading; those that do not fit are counted. Nothing when there are none. */
void part_add_list(struct buf *out, struct arena *mem, const char *heading,
		   const struct finding *const *findings, size_t n);
/* What was held back, and what limits the review, as paragraphs with two line ends before each. */
void part_add_limits(struct buf *out, const struct review *review, const struct tally *tally,
		     size_t held);
/* Notices of a limited review. */
void part_add_notices(struct buf *out, struct arena *mem, const struct review *review);
/* True when a comment can stand on it: a path that is no UTF-8 cannot be named in JSON. */
bool part_is_inline(const struct finding *finding);
