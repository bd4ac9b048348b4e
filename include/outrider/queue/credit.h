/*
 * credit.h - how many jobs a broker may send to a worker, and whether it is still there. Pure.
 *
 * Like a TCP window, so that lost, doubled and late messages do no harm: each JOB carries a serial number that counts up within the
 * session, and READY(count, time) says "send up to number `count`; the highest that I saw is `time`". The credit is what
 * lies between the last number sent and the limit. A worker that is sent one too many gives it back (OUTCOME_RETURNED).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
	CREDIT_BEAT_MS = 1000,  /* READY or PING at least so often, both ways */
	CREDIT_DEAD_MS = 5000,  /* no word for so long: nothing more is sent. Its leases run out by themselves */
	CREDIT_LOST_MS = 3000,  /* a job that READY still does not name after this was lost: its number is free again */
	CREDIT_MAX = 1024,      /* slots of one worker: more is a broken or hostile READY */
};

/* The broker's side of one worker. */
struct credit {
	uint32_t sent;      /* serial of the last JOB */
	uint32_t limit;     /* of the newest READY */
	int64_t  sent_at, heard_at;
	bool     draining;  /* nothing more is sent */
};

void credit_begin(struct credit *credit, int64_t now);
/* Any message of the worker. */
void credit_heard(struct credit *credit, int64_t now);
/* A READY. False, and nothing is changed, when it makes no sense. */
bool credit_ready(struct credit *credit, uint32_t limit, int64_t seen, int64_t now);
/* How many jobs may be sent now. 0 when draining or dead. */
uint32_t credit_left(const struct credit *credit, int64_t now);
/* Takes the number for a JOB that is being sent. */
uint32_t credit_spend(struct credit *credit, int64_t now);
bool credit_dead(const struct credit *credit, int64_t now);

/* The worker's side. */
struct slots {
	uint32_t n;     /* jobs that it can run at once */
	uint32_t busy;
	uint32_t seen;  /* highest serial */
	bool     draining;
};

/* A JOB with this serial came. False when there is no free slot: give it back. */
bool slots_take(struct slots *slots, uint32_t serial);
void slots_free(struct slots *slots);
/* What to put into READY: count, time. */
uint32_t slots_limit(const struct slots *slots);
