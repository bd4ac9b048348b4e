/* walk.h - the files that `outrider scan PATH...` looks at. */
#pragma once
#include "base/err.h"
#include "model/change.h"

enum {
	WALK_MAX_FILES = 2000000, /* beyond the largest monorepos; a list of paths fits in memory */
	WALK_MAX_DEPTH = 200,     /* each level holds a descriptor; the usual limit is 1024 */
};

struct walk_file {
	struct str       path;   /* "src" gives "src/a.c", "." gives "a.c"; NUL behind */
	uint64_t         size;   /* bytes; 0 when skipped */
	enum change_skip skip;   /* SKIP_SYMLINK, SKIP_UNREADABLE; SKIP_NONE: to be scanned */
	struct str       detail; /* why it cannot be read; else empty */
};

struct walk {
	struct walk_file *items; /* sorted by path as bytes, each path once */
	size_t            n, cap;
};

/*
 * Lists regular files below `paths` (n of them; none means "."). Left out silently: .git, outside of a repository names that
 * begin with '.', files that git ignores, symlinks, devices, FIFOs, sockets. Skipped with a reason:
 * folders and files that may not be read, and a symlink or special file that was named itself. A
 * named file or folder is always taken, hidden or ignored; what lies below a named folder follows
 * the rules. ERR_INPUT for a path that does not exist, and over the caps.
 */
int repo_walk(struct walk *out, struct arena *mem, const char *const *paths, size_t n,
	      struct err *err);
