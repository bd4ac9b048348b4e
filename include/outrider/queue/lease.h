/*
 * lease.h - one job in a worker's hands: when to report, when to send the result again, when to let go.
 *
 * Pure: no I/O, the clock is an argument (monotonic ms of this machine). The worker asks lease_next() what to do now and until when
 * it may sleep, and tells what came. Messages may be lost, doubled or reordered; the database's token decides in the end,
 * this keeps a worker from working for nothing.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "model/job.h"

enum {
	LEASE_MS = 60 * 1000,      /* what a broker gives unless its settings say another: a killed worker's job runs again a minute later */
	LEASE_RESEND_MS = 2000,    /* a result without an answer is sent again; to a broker that restarts, in time */
	LEASE_PROGRESS_PARTS = 4,  /* progress is sent at a quarter of the lease: three may be lost */
	LEASE_MIN_REPORT_MS = 250, /* new stages are not told faster: a worker cannot flood its broker */
};

enum lease_state {
	LEASE_RUNNING, /* the job's child works */
	LEASE_ENDING,  /* the result is sent, not acknowledged */
	LEASE_OVER,    /* acknowledged, refused or run out: forget it */
};

enum lease_action {
	LEASE_WAIT,     /* nothing to do before *until */
	LEASE_REPORT,   /* send PROGRESS, and call lease_reported() */
	LEASE_RESULT,   /* send RESULT (again), and call lease_reported() */
	LEASE_STOP,     /* kill the child: the lease ran out or was refused; state is LEASE_OVER then */
};

struct lease {
	int64_t          id, token;
	enum lease_state state;
	enum job_stop    stop;     /* what the broker asked for: end the child, send OUTCOME_STOPPED */
	int64_t          length;   /* ms of the lease as last granted */
	int64_t          deadline; /* on this machine's clock */
	int64_t          sent;     /* last PROGRESS or RESULT */
	int64_t          asked;    /* time of the last PROGRESS */
	uint32_t         question; /* its number: goes into the message's count */
	bool             news;     /* a new stage was not reported yet */
};

/* From a JOB message that came at `now` with `left` ms. */
void lease_begin(struct lease *lease, int64_t id, int64_t token, int64_t left, int64_t now);
/* What to do at `now`; *until is when to ask again at the latest. Changes nothing but an expired lease. */
enum lease_action lease_next(struct lease *lease, int64_t now, int64_t *until);
void lease_reported(struct lease *lease, int64_t now);
/* The job entered a new stage. */
void lease_news(struct lease *lease);
/* The child ended and its outcome is known: from now on the result is sent. */
void lease_end(struct lease *lease, int64_t now);
/*
 * GRANT. `left` ms count from when the question `number` was asked, never from when the answer came; the answer to an older
 * question grants nothing, but its `stop` counts. False when it has an other token or nobody works on the job any more.
 */
bool lease_grant(struct lease *lease, int64_t token, uint32_t number, int64_t left,
		 enum job_stop stop);
/* ACK, NACK, CANCEL: false as above. */
bool lease_ack(struct lease *lease, int64_t token);
bool lease_nack(struct lease *lease, int64_t token);
bool lease_cancel(struct lease *lease, int64_t token, enum job_stop stop);
