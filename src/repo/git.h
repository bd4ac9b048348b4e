/* git.h - libgit2's handles by scope, and its errors as ours. Private to src/repo. */
#pragma once
#include <git2.h>
#include <git2/sys/repository.h>

#include "base/scope.h"
#include "model/change.h"
#include "repo/repo.h"

#define EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

/* Starts libgit2 quickly; the number of starts, or a negative error. */
int git_start(void);

static inline void auto_git_repository(git_repository **p)
{
	git_repository_free(*p);
}

static inline void auto_git_object(git_object **p)
{
	git_object_free(*p);
}

static inline void auto_git_commit(git_commit **p)
{
	git_commit_free(*p);
}

static inline void auto_git_tree(git_tree **p)
{
	git_tree_free(*p);
}

static inline void auto_git_entry(git_tree_entry **p)
{
	git_tree_entry_free(*p);
}

static inline void auto_git_odb(git_odb **p)
{
	git_odb_free(*p);
}

static inline void auto_git_odb_object(git_odb_object **p)
{
	git_odb_object_free(*p);
}

static inline void auto_git_index(git_index **p)
{
	git_index_free(*p);
}

static inline void auto_git_config(git_config **p)
{
	git_config_free(*p);
}

static inline void auto_git_diff(git_diff **p)
{
	git_diff_free(*p);
}

static inline void auto_git_patch(git_patch **p)
{
	git_patch_free(*p);
}

static inline void auto_git_reference(git_reference **p)
{
	git_reference_free(*p);
}

static inline void auto_git_revwalk(git_revwalk **p)
{
	git_revwalk_free(*p);
}

static inline void auto_git_filters(git_filter_list **p)
{
	git_filter_list_free(*p);
}

/* Sets *err to the words and what libgit2 said last; `code` is what it returned. Returns -1. */
int lib_fail(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Parses 40 hex digits; anything else is ERR_BUG: callers pass what a repo function gave them. */
int oid_parse(git_oid *out, const char *hex, struct err *err);
/* The tree of a commit or a tree id; *is_commit may be NULL. */
int tree_of(git_tree **out, bool *is_commit, git_repository *git, const char *hex,
		struct err *err);
void oid_hex(char out[OID_HEX + 1], const git_oid *oid);
