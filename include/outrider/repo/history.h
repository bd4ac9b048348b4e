/* history.h - what was merged into a branch, and by which commits it grew before. */
#pragma once
#include "repo/revision.h"

enum { HISTORY_MAX_COMMITS = 1000 }; /* of one pull request: more is an import */

struct merged {
	uint64_t   number;            /* of the pull request; 0 when the commit does not tell */
	struct str subject;           /* first line of the commit */
	char       oid[OID_HEX + 1];  /* the commit on the branch */
	char       base[OID_HEX + 1]; /* its first parent */
	char       head[OID_HEX + 1]; /* what was merged: the second parent, refs/pull/N/head, or the commit itself */
	bool       squash;            /* one commit on the branch: how it grew is known only by refs/pull/N/head */
};

struct merged_list {
	struct merged *items;
	size_t         n, cap;
};

/*
 * The newest `n` pull requests merged into `rev`, newest first: merge commits, and single commits whose subject ends in "(#N)", on the
 * line of first parents.
 */
int history_merged(struct merged_list *out, struct arena *mem, const struct repo *repo,
		   const char *rev, size_t n, struct err *err);
/* Commits from `base` (without) to `head` along first parents, oldest first; at most HISTORY_MAX_COMMITS of the newest. */
int history_between(struct commit_list *out, struct arena *mem, const struct repo *repo,
		    const char *base, const char *head, struct err *err);
