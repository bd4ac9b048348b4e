/*
 * thread.h - what becomes of each inline thread of a pull request at a new head. Pure: findings and threads in, a plan out.
 *
 * Who is who. A finding's fingerprint has an ordinal among equal code of one file, and that shifts when one of several equal
 * ones is fixed. So a thread's own fingerprint (in its marker) is a name, given once and never used for another thread of
 * the pull request; that it belongs to a group of equal code is seen by trying all ordinals. Within a group threads and
 * findings are paired by place. In this order, each one to one:
 *
 *   1. the same path (or its old path in a rename) and group;
 *   2. the same group in another path, for threads that were alive at the last review: renamed and moved code;
 *   3. the same rule, path and definition, where exactly one thread and one finding are left over: edited code. Not for
 *      secrets: another secret is another defect.
 *
 * What was paired by 2 or 3 is kept in the state, so that it is found again by 1 next time.
 */
#pragma once
#include "base/err.h"
#include "model/pull.h"
#include "model/review.h"
#include "review/rank.h"

enum {
	THREAD_MAX = 5000,            /* of one pull request, ours; GitHub shows no more pages to anybody */
	THREAD_STATE_MAX_BYTES = 8 << 20, /* of the stored text */
	THREAD_LIFE_FACTOR = 3,       /* all comments that a pull request ever gets: this times its cap */
};

enum thread_status {
	THREAD_NEW,       /* to be posted */
	THREAD_PERSISTS,  /* stands where it stood */
	THREAD_MOVED,     /* another line or path, the same defect */
	THREAD_BACK,      /* we had resolved it, and the defect is there again: re-opened, not posted again */
	THREAD_FIXED,     /* the defect is gone */
	THREAD_DISPUTED,  /* there still, but a person answered or voted it down: left alone */
	THREAD_DISMISSED, /* a person resolved or deleted it, or asked to resolve all: never said again */
	THREAD_MUTED,     /* its rule is muted here: not posted */
	THREAD_HELD,      /* over a cap: not posted, counted */
	THREAD_UNSEEN,    /* its file was not looked at this time: left as it is */
	THREAD_OUTSIDE,   /* not on a line of the diff: said in the summary only */
	THREAD_STATUSES,
};
/* "new", "persists", ...: stable words. */
const char *thread_status_name(enum thread_status status);

/* What is remembered of a thread between heads. Stored by the caller as text (thread_states_write). */
struct thread_state {
	char       marker[FINGERPRINT_HEX + 1]; /* the thread's own name */
	char       fingerprint[FINGERPRINT_HEX + 1]; /* of its finding when last seen */
	struct str posted_path;  /* where the forge has it */
	struct str path, symbol, rule, category, tool;
	uint32_t   line;         /* when last seen */
	bool       alive;        /* the defect was there at the last review */
	bool       dismissed;
	bool       resolved;     /* by us, as fixed */
};
struct thread_states {
	struct thread_state *items;
	size_t               n, cap;
};
/* One JSON text. Reading is of our own writing, yet checked: ERR_INPUT. An empty text has no states. */
struct str thread_states_write(struct arena *mem, const struct thread_states *states);
int thread_states_read(struct thread_states *out, struct arena *mem, struct str text, struct err *err);

/* A rule that is silent below a path; learned (outcome.h) or asked for by a person. */
struct mute {
	struct str rule;   /* exact id */
	struct str prefix; /* "" everywhere, "src/" below that folder */
	struct str reason; /* one line for people */
	bool       asked;  /* by a person: its open threads are resolved, too */
};
struct mute_list {
	struct mute *items;
	size_t       n, cap;
};

struct thread_input {
	const struct review      *review;   /* findings and held_back together are what is there; with changes and skipped */
	const struct thread_list *threads;  /* ours, as the forge shows them, resolved ones too */
	const struct thread_states *states;
	const struct mute_list   *mutes;    /* may be NULL */
	struct caps               caps;     /* open at once, over the whole pull request */
	bool                      dismiss;  /* a person asked to resolve all */
};

struct thread_entry {
	enum thread_status    status;
	const struct finding *finding; /* NULL when gone */
	const struct thread  *thread;  /* NULL when there is none yet */
	char                  marker[FINGERPRINT_HEX + 1]; /* the thread's name; for NEW: of the comment to be posted; else "" */
	bool                  resolve, reopen;
	struct str            reason;  /* why it is muted; else empty */
};

struct thread_plan {
	struct thread_entry *items; /* threads with a finding, by rank; gone ones; findings without a thread, by rank */
	size_t               n, cap;
	size_t               count[THREAD_STATUSES];
	struct thread_states next;  /* to be stored once all is posted */
};

/* ERR_BUG without SHA-256. Deterministic. All memory in `mem`; borrows from its input. */
int thread_plan_make(struct thread_plan *out, struct arena *mem, const struct thread_input *input,
		     struct err *err);
