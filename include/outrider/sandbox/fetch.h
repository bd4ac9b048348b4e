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
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "sandbox/policy.h"

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
/* Removes what is not part of the entry. */
void fetch_close(struct fetch *fetch);
