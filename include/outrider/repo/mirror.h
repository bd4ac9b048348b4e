/*
 * mirror.h - bare mirrors of repositories on our own disk: fetched by the git program, read by libgit2.
 *
 * Below one root there is one folder per repository, with locks (flock, so several processes may share the root, and a killed
 * one leaves none behind): whoever has it open keeps others from removing it and from repacking it; one at a time fetches.
 *
 * A remote is hostile: git runs with an environment of its own, no configuration of the user or the system, no hooks, no
 * file-system monitor, no submodules, no redirects, only the protocols that are named here; every object that comes in is
 * checked (fetch.fsckObjects). A credential reaches git in its environment, never on a command line or on the disk.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/change.h"

enum {
	MIRROR_SECONDS = 900,         /* of one fetch: a first one of the largest public repositories */
	MIRROR_MAX_REFS = 64,         /* asked for in one fetch */
	MIRROR_SEEN_DAYS = 30,        /* how long a reviewed head is kept after it was last looked at */
	MIRROR_MAX_PACKS = 50,        /* more are put together: each is searched one by one */
	MIRROR_REPACK_SECONDS = 120,  /* for that; given up without harm */
};
#define MIRROR_FETCH_BYTES ((uint64_t)8 << 30) /* of one pack; larger repositories are no work for one machine */

/* Where mirrors live. Zero is a good default but for `root`. Strings are borrowed. */
struct mirror_store {
	const char *root;         /* absolute; made when it is not there (mode 0700) */
	uint64_t    budget;       /* bytes over all mirrors; 0: none. The least recently used go first, never one in use */
	uint64_t    fetch_bytes;  /* 0: MIRROR_FETCH_BYTES */
	uint32_t    seconds;      /* of one fetch, waiting for the lock included; 0: MIRROR_SECONDS */
};

/* Where from. Borrowed. */
struct mirror_remote {
	const char *url;           /* http or https; a path or file:// only with `local` */
	const char *authorization; /* value of the header, "Basic ..." or "Bearer ..."; NULL: none. A secret. */
	const char *ca_file;       /* PEM; NULL: the system's */
	bool        local;
};

/* Zeroed means closed. */
struct mirror {
	char  path[1024];  /* of the bare repository: for repo_open(), and the only thing that the analyst may read */
	int   use, packs;  /* descriptors + 1 of locks; 0: none */
	const struct mirror_store *store; /* borrowed */
	bool  complete;    /* a fetch has ended well at least once */
	bool  fetched;     /* the network was asked since it was opened */
};

/* What to bring: refs and the commits that must be there afterwards. Borrowed. */
struct mirror_want {
	const char *const *refspecs;  /* "+refs/pull/7/head:refs/pull/7/head" */
	size_t             n_refspecs;
	const char *const *oids;      /* 40 hex; where a ref does not lead there any more, it is asked for by its id */
	size_t             n_oids;
	/* False: stop. Also asked without news, about every quarter second: then `what` is "". May be NULL. */
	bool             (*progress)(void *payload, const char *what, unsigned percent);
	void              *payload;
};

enum mirror_result {
	MIRROR_OK,
	MIRROR_MOVED, /* all well, but a wanted commit is not to be had: the ref moved, or the fork is gone */
};

/*
 * Opens the mirror of `key`, a name of our own for the repository ("github/owner/name": any bytes, never a path), and
 * makes an empty one when there is none. A folder that is no whole mirror (a crash while it was made) is made anew. From
 * now on nobody removes it until mirror_close(). ERR_TEMP: the disk.
 */
int mirror_open(struct mirror *out, const struct mirror_store *store, struct str key, struct err *err);
void mirror_close(struct mirror *mirror);

/*
 * Fetches, unless all wanted commits and refs' commits are there already (oids given and known: no network at all). A
 * mirror that turns out to be broken is emptied and fetched once more. ERR_TEMP: network, time, disk, size of the pack over
 * its cap is ERR_PERM; ERR_PERM: refused by the remote (no such repository, no access). The text has what git said
 * last, without credentials.
 */
int mirror_fetch(enum mirror_result *result, struct mirror *mirror, const struct mirror_remote *remote,
		 const struct mirror_want *want, struct err *err);
/* True when the commit and its tree are there. */
bool mirror_has(const struct mirror *mirror, const char *oid);

/* Keeps `oid` alive as a reviewed head of pull request `number`, and touches the mark of its age. */
int mirror_keep(const struct mirror *mirror, uint64_t number, const char *oid, struct err *err);
/* Forgets marks that are older than `now` less MIRROR_SEEN_DAYS, and those of other numbers' closed pull requests by age alone. */
int mirror_forget(const struct mirror *mirror, uint64_t now, struct err *err);
/* Says that the mirror is broken (the analyst could not read an object): the next mirror_open() makes it anew. */
void mirror_distrust(const struct mirror *mirror);

/* Removes the least recently used mirrors until all are within the budget; *freed in bytes. Those in use stay. */
int mirror_evict(uint64_t *freed, const struct mirror_store *store, struct err *err);
