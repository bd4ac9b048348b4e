/*
 * selftest.h - the escape corpus against the walls of this very host, judged by what is seen from outside.
 *
 * Each trick of outrider-tricks is tried bare first: one that does not work without a sandbox is "n/a" here, whatever
 * the sandbox does. Its own word never counts: the verdict is the secret in the output, bytes at a listener, a changed
 * file, a living process, or what /proc shows of a process that holds what it should not have.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "sandbox/policy.h"

/* The walls. id, name in options and reports, about */
#define SELFTEST_WALLS(X)                                                                        \
	X(BARE, "bare", "no sandbox")                                                            \
	X(BUBBLEWRAP, "bubblewrap", "bubblewrap with its tightest flags, for comparison")        \
	X(BUILD, "build", "outrider sandbox, exec mode build (trust untrusted)")                 \
	X(SEALED, "sealed", "outrider sandbox, exec mode sealed (trust command)")

enum selftest_wall {
#define X(id, name, about) WALL_##id,
	SELFTEST_WALLS(X)
#undef X
	WALLS,
};

enum selftest_verdict {
	TRICK_NOT_RUN,
	TRICK_STOPPED,
	TRICK_WORKED,
	TRICK_BROKEN, /* the wall did not start for it: why tells */
};

struct selftest_trick {
	struct str            id, family, effect, title;
	enum selftest_verdict verdict[WALLS];
	struct str            why[WALLS]; /* what was seen, when it worked; or why it could not be tried */
};

struct selftest_tricks {
	struct selftest_trick *items;
	size_t                 n, cap;
};

struct selftest_wall_result {
	bool       wanted, there; /* there: it could be put up at all; else `why` */
	struct str why;
	uint64_t   ms;
};

struct selftest {
	struct selftest_tricks      tricks;
	struct selftest_wall_result walls[WALLS];
};

struct selftest_options {
	const char        *tricks;   /* the program outrider-tricks; NULL: beside ours, or in ../libexec/outrider */
	const char *const *only;     /* ids or families, NULL at the end; NULL: all */
	bool               walls[WALLS]; /* which to try; bare is always tried */
	bool               controls; /* bare: only the few that show that the harness sees; the list is trusted for the others */
	enum exec_engine   gate;     /* of our walls: who judges programs */
	enum sandbox_launcher launcher; /* of our walls; bubblewrap cannot make the sealed one */
	const char        *helper;   /* socket of the root helper; NULL: the built-in policy's */
	unsigned           parallel; /* 0: four for each processor, at most SELFTEST_MAX_PARALLEL */
	/* After each trick, in all walls; may be NULL. */
	void             (*on_progress)(void *ctx, size_t done, size_t all);
	void              *ctx;
};

enum {
	SELFTEST_MAX_PARALLEL = 16, /* each is a handful of processes with up to 160 MiB */
	SELFTEST_MAX_TRICKS = 1000,
	SELFTEST_SECONDS = 8, /* a trick that takes longer is ended; what it did by then counts */
	SELFTEST_LOOKS = 3,   /* how often a trick may be tried until what could be the machine's load counts */
};

/*
 * Tries the tricks. What of one of our walls may come from a busy machine (a process that still lives, a wall that did not start) counts
 * only when it is seen again with nothing beside it. Must run in a process without threads, which becomes the reaper of what escapes; it leaves no process, file or
 * object behind. ERR_INPUT for a program that is missing, a trick or family that does not exist.
 * About 10 s for a wall on two processors.
 */
int selftest_run(struct selftest *out, struct arena *mem, const struct selftest_options *options,
		 struct err *err);

/* How it stands with a wall. */
struct selftest_score {
	size_t tried;      /* worked bare or were not tried there, and were tried here */
	size_t stopped;    /* of those */
	size_t explained;  /* of those that worked: listed in the baseline, with a reason */
	size_t unexpected; /* worked, or could not be tried, and the baseline does not say so; also those that are n/a bare */
};
void selftest_score(struct selftest_score *out, const struct selftest *test, enum selftest_wall wall,
		    struct str family); /* of one family; empty: all */
/* Why the baseline lets a trick work in a wall; NULL when it must be stopped. */
const char *selftest_baseline(struct str id, enum selftest_wall wall);
/*
 * The controls: one trick for each way of seeing, that touches nothing but the harness's own folder, listeners and processes. Safe to be
 * run without a sandbox on any host; where one does not work, the harness is blind.
 */
bool selftest_is_control(struct str id);
size_t selftest_controls(void);
/* True when each of our walls that was wanted could be tried and has nothing unexpected. */
bool selftest_holds(const struct selftest *test);

const char *selftest_wall_name(enum selftest_wall wall);
/* False for a word that is none. */
bool selftest_wall_read(enum selftest_wall *out, struct str word);

/* Reports: for people, as JSON (one object, stable keys), and the page docs/sandbox-corpus.md. */
void selftest_text(struct buf *out, const struct selftest *test);
int selftest_json(struct buf *out, const struct selftest *test, struct err *err);
void selftest_markdown(struct buf *out, const struct selftest *test);
