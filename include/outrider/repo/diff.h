/* diff.h - what changed between two states of a repository, file by file. */
#pragma once
#include "model/change.h"
#include "repo/repo.h"

enum diff_kind {
	DIFF_COMMITS,  /* base .. head */
	DIFF_STAGED,   /* base .. index, as `git diff --cached` */
	DIFF_WORKTREE, /* base .. index and files, with untracked and without ignored ones */
};

enum {
	DIFF_MAX_FILES = 3000,             /* GitHub shows no more files of a pull request either */
	DIFF_MAX_FILE_BYTES = 1 << 20,     /* hand-written files are smaller */
	DIFF_MAX_TOTAL_BYTES = 256 << 20,  /* texts of both sides together: the job's memory */
	DIFF_MAX_LINES = 2000000,          /* lines of all hunks, 12 bytes each */
	DIFF_MAX_DELTAS = 200000,          /* changed files that are listed at all: some 100 MB */
};

/* Zero is a good default for every field. */
struct diff_request {
	enum diff_kind kind;
	const char    *base;            /* id of a commit or tree, 40 hex; NULL: HEAD, if any */
	const char    *head;            /* id of a commit or tree, for DIFF_COMMITS */
	size_t         max_files;       /* analysed; 0: DIFF_MAX_FILES */
	size_t         max_file_bytes;  /* of each side; 0: DIFF_MAX_FILE_BYTES */
	size_t         max_total_bytes; /* 0: DIFF_MAX_TOTAL_BYTES */
	/* Asked with the new path before anything is read; false => SKIP_FILTERED. May be NULL. */
	bool         (*wanted)(void *payload, struct str path);
	void          *payload;         /* borrowed */
	bool           keep_generated;  /* analyse generated and vendored files too */
};

/*
 * Fills *out (zeroed by the caller; untouched on failure) in order of new path. Files that git
 * would not show are not there. Every file that is not analysed has its skip and, where useful,
 * skip_detail, and neither texts nor hunks. Renames are found as `git diff -M` does, copies are
 * not. Hunks are those of `git diff -U3`. Texts have a NUL behind them. Files of the work tree pass
 * the line-end conversion that `git add` would do, and are read without following any symlink.
 * Which files are generated or vendored is read from the .gitattributes of the base, never from the
 * new side, from well-known paths, and from markers in the first lines of the base text (of the new
 * text when the file is new).
 */
int repo_diff(struct changeset *out, struct arena *mem, const struct repo *repo,
	      const struct diff_request *request, struct err *err);
