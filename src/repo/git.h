/* git.h - libgit2's handles by scope, and its errors as ours. Private to src/repo. */
#pragma once
#include "base/scope.h"
#include "late_git2.h"
#include "model/change.h"
#include "repo/repo.h"

#define EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

/* Loads and starts libgit2, quickly: before any other call of it. The number of starts, or -1. */
int git_start(struct err *err);

/* Ends of scopes. NULL is common where the library could not be loaded: then not even its free() can be called. */
#define AUTO_GIT(noun, type)                            \
	static inline void auto_git_##noun(type **p)    \
	{                                               \
		if (*p)                                 \
			type##_free(*p);                \
	}
AUTO_GIT(repository, git_repository)
AUTO_GIT(object, git_object)
AUTO_GIT(commit, git_commit)
AUTO_GIT(tree, git_tree)
AUTO_GIT(entry, git_tree_entry)
AUTO_GIT(odb, git_odb)
AUTO_GIT(odb_object, git_odb_object)
AUTO_GIT(index, git_index)
AUTO_GIT(config, git_config)
AUTO_GIT(diff, git_diff)
AUTO_GIT(patch, git_patch)
AUTO_GIT(reference, git_reference)
AUTO_GIT(revwalk, git_revwalk)
AUTO_GIT(filters, git_filter_list)
#undef AUTO_GIT

/* Sets *err to the words and what libgit2 said last; `code` is what it returned. Returns -1. */
int lib_fail(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Parses 40 hex digits; anything else is ERR_BUG: callers pass what a repo function gave them. */
int oid_parse(git_oid *out, const char *hex, struct err *err);
/* The tree of a commit or a tree id; *is_commit may be NULL. */
int tree_of(git_tree **out, bool *is_commit, git_repository *git, const char *hex,
		struct err *err);
void oid_hex(char out[OID_HEX + 1], const git_oid *oid);
