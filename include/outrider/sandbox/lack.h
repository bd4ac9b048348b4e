/*
 * lack.h - what happens on a host that lacks a wall, by the built-in policies: the table of docs/sandbox.md, as data.
 *
 * tests/flow/walls.sh takes each wall away and holds the program to its row.
 */
#pragma once
#include "base/buf.h"
#include "sandbox/policy.h"

enum lack_outcome {
	LACK_REFUSED,    /* nothing runs; the message names the mend */
	LACK_LOWERED,    /* it runs; the receipt and standard error say what is missing */
	LACK_COPIED,     /* it runs in a copy in memory, as tight; receipt and standard error say so */
	LACK_UNWANTED,   /* the policy does not want it, or has no use for it */
	LACK_TOLD,       /* in force; the receipt tells how far */
	LACK_OUTCOMES,
};

enum lack_who { LACK_ANY, LACK_ROOT, LACK_USER };

struct lack {
	const char   *id;    /* stable: "netns", "overlay" */
	const char   *what;  /* for people: "an empty network namespace" */
	enum lack_who who;   /* the supervisor that the row is about */
	enum lack_outcome outcome[TRUSTS];
};

enum { LACKS_MAX = 32 };

/* All rows, in the order in which the walls are put up; their number. */
size_t lack_table(struct lack out[LACKS_MAX]);
/* The same for people, as the table in docs/sandbox.md, and as a JSON array. */
void lack_text(struct buf *out);
void lack_markdown(struct buf *out);
int lack_json(struct buf *out, struct err *err);

/* "refused", "lowered", "copied", "not wanted", "told" */
const char *lack_outcome_name(enum lack_outcome outcome);
