/*
 * mirror_files.h - how a mirror lies on the disk, and the git program at work in it. Private to this folder.
 *
 *   root/<40 hex of its key>/   key        the key itself
 *                               use.lock   shared: somebody has it open; exclusive: it may be removed
 *                               pack.lock  the same for repacking: this one is given up for a moment by who repacks
 *                               fetch.lock exclusive: somebody fetches
 *                               used       touched at each opening: eviction goes by it
 *                               complete   a fetch has ended well
 *                               broken     do not trust it: make it anew
 *                               git        the bare repository
 */
#pragma once
#include "base/buf.h"
#include "base/scope.h"
#include "git.h"
#include "repo/mirror.h"

/* A file of the mirror's folder: "complete", "git", ... */
void mirror_file(char out[1100], const struct mirror *mirror, const char *name);
bool mirror_file_is(const struct mirror *mirror, const char *name);
int mirror_file_touch(const struct mirror *mirror, const char *name, struct err *err);
void mirror_file_remove(const struct mirror *mirror, const char *name);
/* An empty repository in the place of whatever stands there; under the lock `fetch`. */
int mirror_renew(struct mirror *mirror, struct err *err);

/* Takes a lock of the folder; waits at most `ms`. A descriptor, -1 with ERR_TEMP, or -1 with err untouched when `err` is NULL. */
int mirror_lock(const char *path, int how, uint64_t ms, struct err *err);

/* Removes a folder and all below it; never follows a symlink. */
int folder_remove(const char *path, struct err *err);
/* Bytes on the disk below a folder. */
uint64_t folder_size(const char *path);
/* Removes the files of a folder whose name begins so. */
void folder_clean(const char *path, const char *head);
/* Entries of a folder whose name ends so. */
size_t folder_count(const char *path, const char *ending);

/* One run of git in the mirror. */
struct git_run {
	const struct mirror        *mirror;
	const struct mirror_remote *remote; /* NULL: no network, no protocol at all */
	const struct mirror_want   *want;   /* for its progress; may be NULL */
	uint32_t                    milliseconds;
	uint64_t                    bytes;  /* of one file that it writes */
};
struct git_said {
	int  code;          /* exit code, -1 for a signal */
	int  signal;
	bool late, stopped;
	char text[600];     /* its last words, one line, safe to show */
	bool no_ref;        /* the remote has not what was asked for */
	bool corrupt;       /* what we have is broken */
	bool bad_objects;   /* what came is broken */
	bool refused;       /* no such repository, or no access */
};
/* `args` follow "git"; NULL at the end. -1: git could not be started. */
int git_program(struct git_said *out, const struct git_run *run, const char *const *args,
		struct err *err);
