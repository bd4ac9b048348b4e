/* job.h - a unit of work, its states, and the arithmetic of trying again. Pure: clock and chance are arguments. */
#pragma once
#include "base/arena.h"
#include "model/change.h"

enum job_state {
	JOB_QUEUED,     /* waits for run_at and a worker */
	JOB_LEASED,     /* a worker has it until the deadline */
	JOB_DONE,
	JOB_SUPERSEDED, /* a newer head made it pointless */
	JOB_DEAD,       /* failed for good: a dead letter, kept until a person retries it or it is pruned */
	JOB_CANCELLED,  /* by a person */
	JOB_STATES,
};

/* Why a running job should end early. The worker learns it from the answer to its progress. */
enum job_stop { STOP_NONE, STOP_SUPERSEDED, STOP_CANCELLED, JOB_STOPS };

/* How a worker ends a lease. */
enum job_outcome {
	OUTCOME_DONE,
	OUTCOME_TEMP,     /* failed, may work later: queued again with a back-off until the attempts are used up */
	OUTCOME_PERM,     /* failed, and will again: a dead letter */
	OUTCOME_CRASHED,  /* the job killed its child; JOB_MAX_CRASHES of them make it a dead letter */
	OUTCOME_SNOOZED,  /* not now (rate limit, CI still runs): queued for run_at, no attempt is counted */
	OUTCOME_RETURNED, /* the worker drains: queued at once, no attempt is counted */
	OUTCOME_STOPPED,  /* ended because of job_stop */
	JOB_OUTCOMES,
};

enum {
	JOB_ATTEMPTS = 8,              /* 1+16+81+...: about 80 minutes of patience with a forge that is down */
	JOB_MAX_CRASHES = 3,           /* once may be the machine; three times is the input */
	JOB_BACKOFF_CAP = 3600 * 1000, /* ms: a person who waits sees it retried within the hour */
	JOB_PRIORITIES = 10,           /* 0 is first; see job_priority */
	JOB_MAX_KEY = 1024,            /* bytes of kind, tenant, repository, lane, unique key, worker, stage */
	JOB_MAX_ERROR = 4096,          /* longer error texts are cut */
	JOB_MAX_PAYLOAD = 1 << 20,     /* an event without its body is some KB; larger is a mistake */
	JOB_MAX_PROGRESS = 64 << 10,   /* figures for a page, sent every few seconds */
	JOB_MAX_RESULT = 4 << 20,      /* a review with its decisions */
};

/* Who is served first. */
enum job_priority {
	PRIORITY_COMMAND = 1, /* a person asked and waits */
	PRIORITY_PULL = 3,
	PRIORITY_CI = 4,
	PRIORITY_SWEEP = 7,   /* found by ourselves */
};

/*
 * All times are milliseconds since 1970, 0 for never. Strings are UTF-8 without NUL bytes.
 *
 * lane: jobs of one lane never run at the same time (one pull request); empty: no lane.
 * unique: while a job with this key is queued or leased no second one is made; empty: no key.
 */
struct job {
	int64_t        id;
	struct str     kind;         /* which flow table: "review", "command", "ci", ... */
	struct str     tenant;
	struct str     integration;
	struct str     repository;   /* may be empty */
	uint64_t       number;       /* of the pull request; 0 for none */
	struct str     head;         /* commit that it is about; may be empty */
	struct str     lane, unique;
	int            priority;
	int64_t        run_at;
	enum job_state state;
	enum job_stop  stop;
	uint32_t       attempt;      /* leases so far, without snoozed and returned ones */
	uint32_t       max_attempts; /* 0 when added: JOB_ATTEMPTS */
	uint32_t       crashes;      /* leases that ran out, and children that died */
	int64_t        token;        /* of the current or last lease; grows with each, so an old one is refused */
	int64_t        deadline;     /* of the lease */
	struct str     worker;
	struct str     stage;        /* what it does now */
	struct str     progress;     /* JSON, may be empty */
	struct str     error;        /* of the last failure */
	struct str     payload;      /* JSON */
	struct str     result;       /* JSON, may be empty */
	int64_t        created, started, ended;
};

struct job_list {
	struct job *items;
	size_t      n, cap;
};

/* "queued", ...; "none", "superseded", "cancelled"; "done", "temp", ...: stable words, in the database and on the wire. */
const char *job_state_name(enum job_state state);
const char *job_stop_name(enum job_stop stop);
const char *job_outcome_name(enum job_outcome outcome);
/* False for an unknown word. */
bool job_state_parse(struct str word, enum job_state *out);
bool job_stop_parse(struct str word, enum job_stop *out);
bool job_outcome_parse(struct str word, enum job_outcome *out);
/* Done, superseded, dead and cancelled jobs change no more, but a dead or cancelled one may be retried. */
bool job_ended(enum job_state state);

/*
 * Milliseconds to wait before the next try: attempt^4 seconds, at most JOB_BACKOFF_CAP, and up to a fifth more by `chance`
 * (any random number), so that what failed together does not come back together.
 */
int64_t job_backoff(uint32_t attempt, uint64_t chance);

/* What becomes of a leased job. */
struct job_verdict {
	enum job_state state;
	uint32_t       attempt, crashes;
	int64_t        run_at; /* for JOB_QUEUED */
};

/*
 * The rule for the end of a lease. `run_at` counts for OUTCOME_SNOOZED only. A job that was to stop ends in the state of that
 * reason, but what was done is done.
 */
struct job_verdict job_settle(const struct job *job, enum job_outcome outcome, int64_t now,
			      int64_t run_at, uint64_t chance);
