/*
 * selfcheck.h - whether this machine's sandbox holds, as its self-test found out, before a worker takes jobs. Private to this folder.
 *
 * The verdict stands in a record (selftest/record.h). Where there is none that counts, one is made by a process of its own, `outrider sandbox
 * selftest --record`, gently, beside everything else; several workers share one. There is no way to do without.
 */
#pragma once
#include <sys/types.h>

#include "selftest/record.h"

/* What a worker may do. id, word, jobs run */
#define SELFCHECK_STATES(X)                    \
	X(WAITING, "waiting", false)           \
	X(HELD, "held", true)                  \
	X(NOT_TRIED, "not tried", true)        \
	X(ESCAPED, "escaped", false)           \
	X(INCOMPLETE, "incomplete", false)

enum selfcheck_state {
#define X(id, word, runs) SELFCHECK_##id,
	SELFCHECK_STATES(X)
#undef X
	SELFCHECK_STATE_COUNT,
};

enum {
	SELFCHECK_LOOK_MS = 500,        /* between looks at the file */
	SELFCHECK_AGAIN_MS = 60 * 1000, /* after a self-test that found out nothing */
	SELFCHECK_END_MS = 3000,        /* that a running one has to clean up when the worker ends */
	SELFCHECK_MAX_TEXT = 640,
};

struct selfcheck {
	const char          *path;     /* of the record; borrowed */
	enum selfcheck_state state;
	char                 text[SELFCHECK_MAX_TEXT]; /* for people: how it stands */
	/* the rest is selfcheck.c's */
	struct record        record;   /* that counts, when `known` */
	bool                 known;
	int64_t              began;    /* s since 1970: a record that did not hold and is older is tried again */
	int64_t              next_look, next_try; /* steady ms */
	struct { uint64_t dev, ino; int64_t size, sec, nsec; } seen; /* the file as it was last read */
	pid_t                child;
	int                  words;    /* the child's standard error; -1 */
	char                 said[200]; /* what came from there */
	char                 failure[256]; /* why the last self-test made no record */
	char                 ignored[256]; /* why a record that is there does not count */
};

const char *selfcheck_word(enum selfcheck_state state);
/* False for a word that is none. */
bool selfcheck_read(enum selfcheck_state *out, struct str word);
bool selfcheck_runs(enum selfcheck_state state);

void selfcheck_open(struct selfcheck *out, const char *path);
/* Looks at the file, and starts a self-test where one is due; never waits for it. True when state or text are new. */
bool selfcheck_turn(struct selfcheck *selfcheck, int64_t steady_ms);
/* Ends what it started. */
void selfcheck_close(struct selfcheck *selfcheck);
