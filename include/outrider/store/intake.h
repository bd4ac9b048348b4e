/*
 * intake.h - group commit: many threads hand in deliveries, one thread commits them together.
 *
 * While one commit waits for the disk the next batch collects, so the wait is that of one or two commits whatever
 * the load. A delivery that the database refuses fails alone. Starts a thread with a store of its own.
 */
#pragma once
#include "store/deliveries.h"

struct intake;

enum {
	INTAKE_MAX_WAITING = 4096, /* deliveries; at 2,000/s two seconds. Over it: ERR_TEMP at once (answer 503) */
};

/* `clock` gives the time of receipt in ms; called in the intake's thread. */
int intake_open(struct intake **out, const char *url, int64_t (*clock)(void), struct err *err);
/* Commits what was handed in, then ends the thread. */
void intake_close(struct intake *intake);

/*
 * Hands in one delivery and waits until it is on disk. Any thread. On a lost database it tries for
 * `INTAKE_PATIENCE` ms before it says ERR_TEMP.
 */
int intake_put(struct intake *intake, const struct delivery *delivery, enum delivery_taken *taken,
	       struct err *err);

enum { INTAKE_PATIENCE = 5000 }; /* ms: forges give up after 10 s, a restart of PostgreSQL takes 2 or 3 */

/* The same without waiting: `done` is called once, in the intake's thread. The delivery is borrowed until then. */
struct intake_item {
	const struct delivery *delivery;
	void                 (*done)(struct intake_item *item);
	void                  *payload;  /* the caller's */
	int                    result;   /* 0 or -1, before done() */
	enum delivery_taken    taken;
	struct err             err;
	struct intake_item    *next;     /* the intake's */
	int64_t                since;    /* the intake's */
};
/* -1 when the queue is full or closing; done() is not called then. */
int intake_post(struct intake *intake, struct intake_item *item, struct err *err);
