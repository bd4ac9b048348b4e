/*
 * answer.h - what the sealed analyst says to its worker, and how the worker reads it.
 *
 * Two JSON documents, one line each. The first is the table of real lines, written before any file of the change is parsed: what
 * takes over the analyst later cannot change it any more. The second is the review. Who reads takes neither for true: sizes,
 * depth, counts, enums and numbers are checked, strings are cut to caps, every finding must be in a file of the table, and
 * every anchor must be lines of one hunk of it.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "flow/config.h"
#include "model/review.h"
#include "review/comment.h"
#include "review/rank.h"

enum {
	ANSWER_MAX_BYTES = 32 << 20,     /* of both documents */
	ANSWER_MAX_DEPTH = 16,
	ANSWER_MAX_VALUES = 1 << 20,     /* by brackets and commas: about 150 MB in the JSON library */
	ANSWER_MAX_FILES = 20000,        /* named in the table; those that were analysed come first */
	ANSWER_MAX_FINDINGS = 5000,      /* shown, held back and suppressed together; the rest is counted */
	ANSWER_MAX_TEXT = 32 << 10,      /* of any one text */
	ANSWER_MAX_NAME = 4096,          /* of a path, a rule id, a symbol */
};

enum {
	EXCERPT_FINDINGS = 300,          /* have one: more is not read on one page */
	EXCERPT_LINES = 24,
	EXCERPT_MAX_LINE = 240,          /* bytes; longer lines are cut */
};

/* The diff around a finding, for the page of the review. Credentials are masked. */
struct excerpt {
	struct excerpt_line {
		struct diff_line at;
		struct str       text;   /* without its end */
	}     *items;
	size_t n, cap;
};

/* All memory is the arena's that was given; `review.changes` is the same as `changes`; its files have no texts. */
struct answer {
	struct review       review;
	struct changeset    changes;
	struct comment_fix *fixes;    /* of review.findings, then of review.held_back */
	bool               *has_fix;
	struct excerpt     *excerpts; /* of the same; empty where there is none */
	struct caps         caps;     /* of the configuration of the base */
	enum severity       fail_on;
	size_t              dropped;  /* findings of the second document that were no findings of this change */
};

struct run;

/* The two documents. Each ends with a line end. */
int answer_write_lines(struct buf *out, const struct run *run, struct err *err);
int answer_write_review(struct buf *out, struct run *run, struct err *err);
/* Both, as they came through the pipe. ERR_INPUT says what is wrong; nothing is kept then. */
int answer_read(struct answer *out, struct arena *mem, struct str text, struct err *err);
