/*
 * jobs.h - the queue: add, claim, extend, finish, rescue; and what people do with jobs.
 *
 * Adding, claiming and finishing are durable. Progress is not: after a power cut a stage may be shown that is past, never
 * a lease that was not given.
 */
#pragma once
#include "model/job.h"
#include "store/store.h"

enum {
	JOBS_MAX_CLAIM = 64,    /* leases of one transaction; a broker that wants more asks again */
	JOBS_MAX_RESCUE = 256,
	FINISH_MAX_NEXT = 64,   /* a stage fans out to some files or repositories; more goes through a job of its own */
};

/*
 * Queues a job: takes the fields kind to run_at, max_attempts and payload. `supersede` ends every queued job of its lane and kind, and tells
 * the running one to stop. When its unique key is taken nothing happens and *id is the job that holds it (*added
 * is false). Deliveries may come in any order: whoever runs a job asks the forge for the head as it is then.
 */
int jobs_add(struct store *store, const struct job *job, bool supersede, int64_t now, int64_t *id,
	     bool *added, struct err *err);

struct claim {
	struct str        worker;         /* who gets them */
	uint32_t          n;              /* at most, and at most JOBS_MAX_CLAIM */
	int64_t           lease;          /* ms from now to the deadline */
	uint32_t          per_repository; /* running at once; 0: no cap */
	uint32_t          per_tenant;
	const struct str *kinds;          /* what the worker can do; NULL: all */
	size_t            n_kinds;
};

/*
 * Leases the first jobs that may run, by priority, then run_at, then id, within the caps and one per lane. Several brokers may
 * claim at once. `out` has jobs with their payload, token and deadline, in `mem`, which needs room for n times JOB_MAX_PAYLOAD.
 */
int jobs_claim(struct store *store, const struct claim *claim, int64_t now, struct job_list *out,
	       struct arena *mem, struct err *err);
/* When the next queued job becomes due, 0 when none is queued: how long a broker may sleep. */
int jobs_next(struct store *store, int64_t *run_at, struct err *err);

enum lease_answer {
	LEASE_OK,
	LEASE_STALE,   /* the token is not the current one: somebody else has the job, or it ended. Let go of it */
	LEASE_ALREADY, /* jobs_finish() with this token was done before: as good as OK */
};

/* Moves the deadline and says what it does. `stage` and `progress` may be empty: they stay as they are. *stop: end early. */
int jobs_extend(struct store *store, int64_t id, int64_t token, int64_t deadline, struct str stage,
		struct str progress, enum lease_answer *answer, enum job_stop *stop,
		struct err *err);

struct finish {
	int64_t           id, token;
	enum job_outcome  outcome;
	struct str        error;   /* cut at JOB_MAX_ERROR, wrong bytes replaced */
	struct str        result;  /* JSON; empty: none */
	int64_t           run_at;  /* for OUTCOME_SNOOZED */
	uint64_t          chance;  /* random, for the back-off */
	const struct job *next;    /* jobs that follow, added in the same transaction when the answer is LEASE_OK */
	size_t            n_next;
};
/* *state is what became of the job; set with LEASE_OK and LEASE_ALREADY. */
int jobs_finish(struct store *store, const struct finish *finish, int64_t now,
		enum lease_answer *answer, enum job_state *state, struct err *err);

/*
 * Takes back leases whose deadline is past: each counts as a crash and goes back to the queue, or is dead after
 * JOB_MAX_CRASHES. Their tokens are worth nothing from then on. Safe on several nodes at once. *rescued may be NULL.
 */
int jobs_rescue(struct store *store, int64_t now, uint64_t chance, uint32_t *rescued, uint32_t *dead,
		struct err *err);

/* A queued job ends; a running one is told to stop. *found is false when there is no such job for `view`, or it ended. */
int jobs_cancel(struct store *store, struct view view, int64_t id, int64_t now, bool *found,
		struct err *err);
/* A dead or cancelled job goes back to the queue with all its attempts. *found as above; also false when its unique key is taken. */
int jobs_retry(struct store *store, struct view view, int64_t id, int64_t now, bool *found,
	       struct err *err);

/* *found is false when there is none for `view`. */
int jobs_get(struct store *store, struct view view, int64_t id, struct job *out, bool *found,
	     struct arena *mem, struct err *err);

struct job_filter {
	bool           by_state;
	enum job_state state;
	struct str     integration, repository, kind; /* empty: any */
	uint64_t       number;      /* 0: any */
};
/* Newest first, without payload and result. */
int jobs_list(struct store *store, struct view view, const struct job_filter *filter,
	      struct page *page, struct job_list *out, struct arena *mem, struct err *err);

struct job_counts {
	uint64_t by_state[JOB_STATES];
	uint64_t due;          /* queued, and run_at is past */
	int64_t  oldest_due;   /* run_at of the one that waits longest; 0 for none */
};
int jobs_count(struct store *store, struct view view, int64_t now, struct job_counts *out,
	       struct err *err);
