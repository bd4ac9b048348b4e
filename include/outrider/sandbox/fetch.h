/*
 * fetch.h - a cache of packages that is named by what it was made from.
 *
 * A fetch is a job with a network that sees the named inputs (a lock file, a manifest) and nothing else of the repository.
 * What it leaves in its home directory is kept below CACHE/<key>, where key is the SHA-256 of the policy (routes and
 * profile among it), the command, the inputs' names, modes and bytes, and what else the caller names. So whoever brings other
 * bytes gets another cache, and nobody can put anything into the cache of somebody else. Later jobs without a network get it as
 * sandbox_base.home: read-only, with their own changes in memory.
 *
 *	fetch_open(&fetch, &mem, &options, &err);
 *	if (!fetch.known) { run a job with .workdir = fetch.work, and fetch_keep() in its on_home; fetch_publish(&fetch, &err); }
 *	... fetch.entry ...
 *	fetch_close(&fetch);
 *
 * Whoever uses an entry holds a shared lock on it (flock: gone with a killed process), and its folder has the time of its last use;
 * fetch_prune() removes none that is locked.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "sandbox/policy.h"

#define FETCH_MAX_BYTES (UINT64_C(50) << 30)     /* of a cache, when nothing is said; as of environments */
#define FETCH_MAX_AGE_MS UINT64_C(2592000000)    /* a month, likewise */

enum { FETCH_MAX_INPUTS = 4096 }; /* named ones; a tree counts once. A monorepo has some hundred manifests */

struct fetch_options {
	const char                  *cache;   /* the administrator's directory; made where it is missing */
	const char                  *from;    /* the directory of the inputs: a hostile checkout */
	const char *const           *inputs;  /* files or directories below it, NULL at the end; ".": all of it */
	const char *const           *command; /* NULL at the end */
	const char *const           *words;   /* more that the key depends on, as the version of a toolchain; may be NULL */
	const struct sandbox_policy *policy;
};

struct fetch {
	char            key[65];
	const char     *entry;   /* absolute: CACHE/<key> */
	const char     *work;    /* absolute: the inputs, and nothing else */
	bool            known;   /* the entry is there: nothing needs to run */
	bool            kept;
	struct str_list refused; /* what fetch_keep() did not take, and why */
	int             cache;   /* owned */
	int             lock;    /* owned: the stage, locked as long as we live */
	int             use;     /* owned: the entry, locked likewise; -1: it is not there yet */
	char            stage[32]; /* name of the directory of this fetch below the cache; "" when there is none */
	const struct sandbox_policy *policy; /* borrowed */
	struct arena   *mem;     /* borrowed */
};

/* Removes what fetches that were killed left, copies the inputs, computes the key. ERR_INPUT for an input that is not there or was refused (a link that leads out, a device). */
int fetch_open(struct fetch *out, struct arena *mem, const struct fetch_options *options, struct err *err);
/* Takes over what the job left in its home directory: files, directories and links that stay in it, capped by the policy. */
int fetch_keep(struct fetch *fetch, int home, struct err *err);
/* Makes what was kept the entry, at once and whole. Another fetch of the same key that was faster is as good. */
int fetch_publish(struct fetch *fetch, struct err *err);
/* Removes what is not part of the entry, which nobody holds then. */
void fetch_close(struct fetch *fetch);

/*
 * For who shows a folder to a job, an entry or any other: a descriptor that keeps it from being pruned as long as it is open; an entry's
 * last use is now. -1 when it is not there or is just being removed.
 */
int fetch_use(const char *folder, struct err *err);

struct fetch_pruned {
	size_t   removed, kept; /* entries */
	uint64_t bytes;         /* of those removed, on the disk */
};
/*
 * Removes what nobody used since `since_ms` (of 1970), then the least recently used until all are within `max_bytes` on the disk, and what
 * killed fetches left. Nothing that is in use; nothing that is no entry. An entry is out of its place before the first of its files is
 * removed: a crash leaves none that looks whole.
 */
int fetch_prune(struct fetch_pruned *out, const char *cache, int64_t since_ms, uint64_t max_bytes, struct err *err);
