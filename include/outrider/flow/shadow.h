/*
 * shadow.h - what would have been said: the last merged pull requests of a clone, reviewed silently, state by state, by the very
 * stages of the service, with a forge that is a list in memory.
 */
#pragma once
#include "base/buf.h"
#include "flow/pull_job.h"

enum {
	SHADOW_MAX_PULLS = 10000,
	SHADOW_STATES = 5,   /* of one pull request that are looked at: its first commit, its last, and some between */
};

struct shadow_options {
	const char            *directory; /* of the clone */
	const char            *branch;    /* NULL: the default branch, as far as the clone knows it, or HEAD */
	size_t                 last;      /* pull requests */
	struct analyst_request analyst;   /* rules, caps; repository, base and head are filled in */
	void                 (*progress)(void *payload, size_t done, size_t all); /* may be NULL */
	void                  *payload;
};

/* A comment that would have been made. */
struct shadow_comment {
	struct str    path, rule, message;
	uint32_t      line;
	enum severity severity;
	bool          fixed;  /* the defect was gone in what was merged */
	bool          late;   /* it would have been made at the last state only: nobody could have acted on it before */
};

struct shadow_pull {
	uint64_t   number;
	struct str subject;
	char       oid[OID_HEX + 1];
	size_t     states;    /* looked at; 1 when only the result is known */
	struct {
		struct shadow_comment *items;
		size_t                 n, cap;
	} comments;
	bool       failed, limited;
	struct str why;       /* of a failure */
};

struct shadow {
	struct shadow_pull *items; /* newest first */
	size_t              n, cap;
};

/* A pull request that cannot be reviewed is one that failed, not an end; -1 when no job can be done at all. */
int shadow_run(struct shadow *out, struct arena *mem, const struct shadow_options *options,
	       struct err *err);
void shadow_text(struct buf *out, const struct shadow *shadow);
/* {"pulls": [{number, subject, commit, states, failed, limited, comments: [{path, line, rule, severity, message, fixed, late}]}], "summary": {...}} */
int shadow_json(struct buf *out, const struct shadow *shadow, struct err *err);
