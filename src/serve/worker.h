/* worker.h - one worker: its loop, its job's thread, and what they share. Private to this folder. */
#pragma once
#include <pthread.h>

#include "body.h"
#include "forge/forge.h"
#include "model/job.h"
#include "queue/credit.h"
#include "queue/lease.h"
#include "queue/link.h"
#include "selfcheck.h"
#include "serve/worker.h"

enum question_state { QUESTION_NONE, QUESTION_ASKED, QUESTION_SENT, QUESTION_ANSWERED };

/* What the job's thread asks the broker. Guarded by worker.lock; one at a time. */
struct question {
	enum question_state state;
	uint32_t            count;
	const char         *name;
	struct str          body;     /* the asker's */
	struct buf          reply;
	uint16_t            code;
	int64_t             sent;
};

struct worker {
	const struct worker_options *options;
	char               name[WIRE_MAX_NAME + 1];
	struct link       *link;
	struct slots       slots;
	struct arena       mem;         /* of one message */
	int                wake;        /* eventfd: the thread wants something */
	int                signals;
	bool               draining;
	int64_t            drain_by, next_ready;
	struct selfcheck   selfcheck;
	/* The job. The loop's: */
	bool               busy;
	struct lease       lease;
	pthread_t          thread;
	struct job         job;         /* strings in job_mem; read by the thread */
	struct buf         job_body;
	struct arena       job_mem;
	/* Shared, under the lock: */
	pthread_mutex_t    lock;
	pthread_cond_t     answered;
	struct question    question;
	char               stage[64];
	bool               news;        /* a new stage */
	bool               stop;        /* the thread should end */
	bool               lost;        /* ... and its result is of no use */
	bool               done;        /* the thread has ended, the result stands */
	enum job_outcome   outcome;
	int64_t            snooze_ms;
	struct buf         result;      /* JSON body of RESULT */
};

/*
 * From the job's thread: asks the broker and waits. *reply is a new reference (an object). ERR_TEMP when the lease is lost, the worker
 * ends or nothing comes for WORKER_ASK_MS; otherwise as the broker said.
 */
int worker_ask(struct worker *worker, const char *name, const json_t *body, json_t **reply,
	       struct err *err);
/* A new stage. False: end now. */
bool worker_stage(struct worker *worker, const char *stage);
bool worker_stopped(struct worker *worker);
/* Of pthread_create(): does the job of the worker that it is given. */
void *worker_thread(void *worker);

/* What the thread does: work.c. Sets outcome, snooze and result. */
void work_do(struct worker *worker);
extern const char *const work_kinds[]; /* ends with NULL */
