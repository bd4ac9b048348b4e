/* tree.h - files as a commit holds them: configuration and rules are read here. */
#pragma once
#include "repo/repo.h"

enum {
	TREE_MAX_FILES = 20000, /* of one listing; it serves rule folders, not whole repositories */
	TREE_MAX_DEPTH = 64,
};

/*
 * Reads the file `path` ('/', from the root) of the commit or tree `oid` (40 hex). *found is false,
 * and *out empty, when there is none or it is no regular file (a symlink is not followed). Larger
 * than `max` bytes: ERR_INPUT. A NUL stands behind the text.
 */
int repo_blob(struct str *out, bool *found, struct arena *mem, const struct repo *repo,
	      const char *oid, const char *path, size_t max, struct err *err);

struct tree_files {
	struct str *items; /* full paths from the root, in byte order, NUL behind each */
	size_t      n, cap;
};

/*
 * The regular files below `folder` ("" for all) of the commit or tree `oid`, recursively; none when
 * there is no such folder. ERR_INPUT over the caps.
 */
int repo_tree_files(struct tree_files *out, struct arena *mem, const struct repo *repo,
		    const char *oid, const char *folder, struct err *err);
