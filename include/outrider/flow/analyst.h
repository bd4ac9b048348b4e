/*
 * analyst.h - the review of hostile text in a child process that has nothing to lose: no network, no secret, no file beyond the
 * mirror and its own rules, capped memory and time.
 */
#pragma once
#include "flow/answer.h"

enum {
	ANALYST_SECONDS = 180,              /* more than `caps.seconds` of a configuration usually gives */
	ANALYST_ERROR_BYTES = 4096,         /* kept of what it says on standard error */
	/* Exit codes beside those of the command line: */
	ANALYST_EXIT_UNSEALED = 4,          /* this kernel could not confine it; nothing was read */
	ANALYST_EXIT_BROKEN = 5,            /* the repository could not be read */
};
#define ANALYST_MEMORY ((uint64_t)2 << 30) /* address space: texts of both sides, a tree and its answers */

/* Strings are borrowed. Zero is a good default where it is said. */
struct analyst_request {
	const char        *program;     /* NULL: /proc/self/exe */
	const char        *repository;  /* bare mirror; read-only for the child */
	const char        *base;        /* 40 hex, tip of the base branch: the child compares with the merge base */
	const char        *head;        /* 40 hex */
	const char *const *rule_paths;  /* of the operator, absolute; readable for the child */
	size_t             n_rule_paths;
	bool               no_builtin, no_config;
	uint32_t           seconds;     /* by the clock; 0: ANALYST_SECONDS */
	uint64_t           memory;      /* bytes; 0: ANALYST_MEMORY */
	unsigned           jobs;        /* threads; 0: 1 */
	bool             (*cancelled)(void *payload); /* asked every quarter second; may be NULL */
	void              *payload;
};

/* How it ended. Each but OK is a failure of the job with its own count. */
enum analyst_end {
	ANALYST_OK,
	ANALYST_REFUSED,   /* could not be sealed: this worker must not take such jobs */
	ANALYST_SAID_NO,   /* a clear error: configuration, missing commits */
	ANALYST_BROKEN,    /* the mirror could not be read: mirror_distrust() it */
	ANALYST_CRASHED,   /* a signal, or the seal was touched (SIGSYS) */
	ANALYST_TIME,
	ANALYST_MEMORY_CAP,
	ANALYST_GARBAGE,   /* what it said is no answer */
	ANALYST_CANCELLED,
	ANALYST_ENDS,
};
/* "ok", "refused", "said-no", "broken-mirror", "crashed", "time", "memory", "garbage", "cancelled". */
const char *analyst_end_name(enum analyst_end end);

/* What it cost: for metrics. */
struct analyst_usage {
	uint64_t cpu_us, wall_us;
	uint64_t peak_bytes;
};

/*
 * Starts the child (fork and exec; descriptors but its own are closed, the environment is empty but for PATH and LC_ALL), reads its
 * answer, and has it gone when this returns. *end is always set, *usage (may be NULL) when it ran. -1 for every end but
 * ANALYST_OK, with ERR_PERM (poison: repeating it is of no use), ERR_INPUT (said no) or ERR_TEMP.
 */
int analyst_run(struct answer *out, struct arena *mem, enum analyst_end *end,
		struct analyst_usage *usage, const struct analyst_request *request, struct err *err);

/* Can this kernel confine the child? A review of nothing; -1 with the reason, ERR_INPUT. For start-up: nobody should take jobs that end so. */
int analyst_probe(struct arena *mem, struct err *err);

/* The child's side, behind `outrider analyst`: seals, reviews, writes to `fd`. Gives the exit code. */
int analyst_main(const struct analyst_request *request, int fd);
