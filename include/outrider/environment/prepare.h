/*
 * prepare.h - an environment made ready: its root file system, and what set-up left, each from the shelf or made now.
 *
 * Set-up runs as code that nobody trusts, behind the walls of the host's policy, with the network of its phase `fetch`, in a checkout of the
 * base commit. What it wrote into the work directory and the home directory is kept, but for what the checkout has itself, git's
 * own files, devices, sockets and setuid bits. A job sees it below its own checkout: what the commit has is always the commit's.
 *
 * The key of what is kept: the repository, the description, the digest of the root, the hash of the policy, the content of the `files`,
 * and the version of this program. Another file that set-up reads does not change the key: that is what `refresh` is for.
 */
#pragma once
#include "environment/host.h"
#include "environment/shelf.h"
#include "sandbox/run.h"

enum {
	PREPARE_MAX_FILE = 64 << 20,    /* of one of `files`: lock files of the largest projects have 5 MB */
	PREPARE_MAX_REFUSED = 100,      /* lines of what set-up left and was not kept; more are one line with their number */
	PREPARE_TAIL = 4000,            /* bytes of a failed set-up's output that the error may show, as far as there is room */
};

/* How things go, for people; one line each. */
struct environment_teller {
	void (*tell)(void *ctx, struct str line); /* may be NULL */
	/* What set-up prints, as it comes; may be NULL. */
	int  (*output)(void *ctx, enum sandbox_stream stream, struct str bytes);
	void  *ctx;
};

/* Whose environment. Borrowed. */
struct environment_source {
	const char *repository; /* absolute folder of a repository on this machine that has the commit: a mirror, or a clone's .git */
	struct str  identity;   /* "github/owner/name": what one repository built is never used for another */
	const char *base;       /* the commit that the description comes from, 40 hex: set-up runs in its checkout */
};

/* Zeroed means closed. */
struct environment_ready {
	struct shelf_entry  root, setup; /* in use until environment_close(); .use is 0 where there is none */
	char                root_digest[SHELF_KEY + 1]; /* "" for the host's own toolchain */
	struct sandbox_base base;        /* points into the arena */
	struct str_list     env;         /* "NAME=value": the image's, then the description's */
	bool                built;       /* set-up ran now */
	struct receipt      receipt;     /* of that */
};

/*
 * Makes ready what is not yet. ERR_PERM: not allowed, or set-up failed (with its last words); nothing of it is kept then. ERR_TEMP:
 * somebody else makes it, and is not done in time. Safe between processes: one makes it, the others wait.
 */
int environment_prepare(struct environment_ready *out, struct arena *mem, const struct environment_host *host,
			const struct environment *environment, const struct environment_source *source,
			const struct environment_teller *teller, struct err *err);
void environment_close(struct environment_ready *ready);
