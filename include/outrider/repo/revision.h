/* revision.h - from what a person types to a commit, and what to compare that with. */
#pragma once
#include "model/change.h"
#include "repo/repo.h"

/* A commit and the name by which it was asked for. The strings live in the arena that was given. */
struct revision {
	char       oid[OID_HEX + 1];
	struct str name; /* for messages: "HEAD", "origin/main", "v1.2~3" */
};

/*
 * Anything that `git rev-parse` takes and that leads to a commit. ERR_INPUT: unknown, ambiguous, no
 * commit; a repository without any commit; a parent that a shallow clone does not have (says how to
 * get it).
 */
int revision_find(struct revision *out, struct arena *mem, const struct repo *repo,
		  const char *name, struct err *err);

/* True before the first commit of the current branch. */
bool revision_is_unborn(const struct repo *repo);

enum base_kind {
	BASE_MERGE,  /* the merge base of head and a branch */
	BASE_PARENT, /* head stands on that branch itself: its first parent */
	BASE_EMPTY,  /* ... and has no parent: the empty tree */
};

struct revision_base {
	enum base_kind kind;
	char           oid[OID_HEX + 1]; /* commit; the id of the empty tree for BASE_EMPTY */
	struct str     name;             /* the branch that was asked; "" when none is known */
};

/*
 * What a change that ends in `head` is compared with: the merge base with `against` (any revision),
 * or, when against is NULL, with the first that exists of: the remote HEAD of the current branch's
 * upstream, origin/HEAD, origin/main, origin/master, main, master, init.defaultBranch. When head
 * itself is that merge base and against is NULL, head's first parent. With `against` named the
 * merge base is taken as it is, so that an already merged head gives an empty change. ERR_INPUT: no
 * common commit; history cut by a shallow clone.
 */
int revision_base(struct revision_base *out, struct arena *mem, const struct repo *repo,
		  const struct revision *head, const char *against, struct err *err);

enum { REVISION_MAX_COMMITS = 1000000 }; /* of one walk: as the largest public histories */

struct commit {
	char oid[OID_HEX + 1];
	char parent[OID_HEX + 1]; /* the first; the empty tree for a root */
	bool merge;               /* has more parents */
};

struct commit_list {
	struct commit *items;
	size_t         n, cap;
};

/*
 * The newest `n` commits reachable from `rev`, newest first (as `git rev-list`; without merges when
 * no_merges). In a shallow clone these are first parents only, up to where the history is cut.
 */
int revision_commits(struct commit_list *out, struct arena *mem, const struct repo *repo,
		     const char *rev, size_t n, bool no_merges, struct err *err);
