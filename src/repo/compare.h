/* compare.h - the files in which two trees differ. Private to src/repo. */
#pragma once
#include "git.h"

/*
 * Appends added, deleted, modified and type-changed files to *out, paths in mem; either tree may be
 * NULL. Folders that are equal are not read. ERR_INPUT over `max` files, or too deep.
 */
int trees_compare(struct changeset *out, struct arena *mem, const git_tree *old,
		  const git_tree *new, size_t max, struct err *err);
