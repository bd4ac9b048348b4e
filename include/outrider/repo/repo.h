/* repo.h - a clone on disk: found from a path, opened, its folder known. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct git_repository;

/*
 * Zeroed means closed. Everything in this folder that takes a `mem` needs an arena without a `full`
 * jump: a jump would pass over open handles. What they put there is capped (see each header). One
 * repo is for one thread at a time.
 */
struct repo {
	struct git_repository *git; /* owned; for src/repo only */
	const char            *root; /* borrowed: absolute, with a final '/'; NULL when bare */
};

/*
 * Finds the repository that holds the folder `path` ("." for here) in it or the folders above, as
 * git does; other file systems are not entered. For "." GIT_DIR, GIT_INDEX_FILE and the like count
 * too. ERR_INPUT with advice in the text: no repository there, owned by somebody else, of a format
 * that we do not read.
 */
int repo_open(struct repo *out, const char *path, struct err *err);
/* Accepts NULL and closed ones: AUTO(repo_close) struct repo repo = { 0 }; */
void repo_close(struct repo *repo);

/*
 * For a process that reads a repository of strangers: from now on no configuration, attributes or ignore lists of the user or the
 * system are looked for. Before the first repo_open().
 */
int repo_isolate(struct err *err);

/* The folder that holds objects and refs, absolute: of a work tree, its .git (that of the main one where there are several). */
int repo_folder(const char **out, struct arena *mem, const struct repo *repo, struct err *err);
/* The folder of the work tree with a final '/'; ERR_INPUT for a bare repository. */
int repo_root(const char **out, const struct repo *repo, struct err *err);
/*
 * `path` as the repository names it: relative to the root, '/', no "." or "..". `path` is absolute
 * or relative to the current folder and need not exist. "" for the root itself. ERR_INPUT when it
 * lies outside.
 */
int repo_relative(struct str *out, struct arena *mem, const struct repo *repo, const char *path,
		  struct err *err);
