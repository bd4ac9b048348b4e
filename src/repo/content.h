/* content.h - the bytes of one side of a changed file, within limits. Private to src/repo. */
#pragma once
#include "git.h"

struct loader {
	git_repository *git;      /* borrowed */
	git_odb        *odb;      /* borrowed */
	int             root;     /* descriptor of the work tree; -1 when it is not asked */
	size_t          max_file; /* bytes */
};

/* oid wins; with an empty one the file of the work tree is meant. */
struct side {
	const char *oid;
	struct str  path; /* NUL behind */
};

/* SKIP_NONE, or SKIP_UNREADABLE with the reason in *detail (in mem). Reads only headers. */
enum change_skip content_size(size_t *out, struct str *detail, struct arena *mem,
			      const struct loader *loader, const struct side *side);
/*
 * Loads the text into mem, a NUL behind, and takes its size off *left. Else SKIP_TOO_LARGE,
 * SKIP_LIMIT (over *left) or SKIP_UNREADABLE. Files of the work tree are opened without following
 * any symlink, and converted as `git add` would.
 */
enum change_skip content_load(struct str *out, struct str *detail, struct arena *mem, size_t *left,
			      const struct loader *loader, const struct side *side);

/* As git decides: a NUL in the first 8000 bytes. */
bool content_is_binary(struct str text);
