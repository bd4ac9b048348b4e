/* glob.h - file name patterns. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
	GLOB_MAX_BYTES = 1024, /* of a pattern; matching costs path bytes times pattern bytes */
	GLOB_MAX_DEPTH = 16,   /* nesting of { } */
};

/*
 * In both: `?` one character, `*` any run, `[a-z]` `[!a]` `[^a]` a class, `{a,b}` alternatives, which
 * nest, and `\` takes the meaning from the next character. Paths are relative, with '/'.
 *
 * GLOB_RULE, for `files` and `ignores` of rules, is Rust's globset in its default form: the pattern is
 * the whole path, and `*`, `?` and classes match '/' too; `?` and a class take one byte. A component `**` is any number of directories.
 *
 * GLOB_PATH, for configuration, follows gitignore: `*`, `?` and classes do not match '/', a component `**`
 * is any number of directories, a pattern without a '/' but at its end matches at any depth, a leading
 * '/' is the root, and what matches a directory matches all below it; a final '/' matches
 * directories only. There is no `!` negation: it is refused, as lists say include and exclude.
 */
enum glob_dialect { GLOB_RULE, GLOB_PATH };

struct glob;

struct glob_list {
	struct glob **items;
	size_t        n, cap;
};

/* ERR_INPUT: "glob 'a[': what". `nocase`: letters match in either case (ASCII). All memory in `mem`. */
int glob_compile(struct glob **out, struct arena *mem, struct str pattern,
		 enum glob_dialect dialect, bool nocase, struct err *err);
/* Time: path bytes times pattern bytes. Thread-safe. */
bool glob_match(const struct glob *glob, struct str path);
/* The first of the list that matches, or NULL. */
const struct glob *glob_find(const struct glob_list *list, struct str path);
/* The pattern as it was written. */
struct str glob_text(const struct glob *glob);
