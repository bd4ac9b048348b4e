/*
 * errand.h - what the broker needs of a forge, done by a thread of its own so that the link never waits for the network:
 * tokens for jobs, sweeps for what did not arrive. Private to this folder.
 */
#pragma once
#include "queue/link.h"
#include "serve/settings.h"

struct errands;

enum errand_kind {
	ERRAND_TOKEN, /* for the job of a worker */
	ERRAND_SWEEP, /* of one integration */
};

enum { ERRANDS_MAX = 2048 }; /* waiting: one for each worker, and the sweeps */

/* Strings are copied when it is posted, and are the taker's until errand_free(). */
struct errand {
	enum errand_kind kind;
	struct link_peer peer;        /* who asked */
	int64_t          job;
	uint32_t         count;       /* number of the question */
	struct str       integration, repository, installation;
	uint64_t         number;
	int              result;      /* 0 or -1 */
	struct str       reply;       /* JSON */
	struct err       err;
	struct errand   *next;        /* errands.c */
	struct arena     mem;
};

/* Its thread has a store and forges of its own. */
int errands_open(struct errands **out, const struct settings *settings, struct err *err);
void errands_close(struct errands *errands);
/* ERR_TEMP when too many wait. */
int errands_post(struct errands *errands, const struct errand *errand, struct err *err);
/* One that is done, or NULL. */
struct errand *errands_take(struct errands *errands);
void errand_free(struct errand *errand);
/* Readable when one is done. */
int errands_fd(const struct errands *errands);
