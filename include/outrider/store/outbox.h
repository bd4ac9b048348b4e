/*
 * outbox.h - what a job does outside, written down before it is done, so that a killed worker neither loses nor doubles it.
 *
 *   plan  -> row PLANNED: nothing was sent
 *   sent  -> row SENT: perhaps it arrived. Whoever finds this row looks for the marker on the forge before sending again
 *   confirm / fail -> row CONFIRMED with the forge's ids, or FAILED
 *
 * The marker is what the forge shows back to us (hidden in a comment, the external id of a check), and with
 * integration and repository the key of the row: a plan with a known marker is the same effect. Durable.
 */
#pragma once
#include "store/jobs.h"
#include "store/store.h"

enum outbox_state { OUTBOX_PLANNED, OUTBOX_SENT, OUTBOX_CONFIRMED, OUTBOX_FAILED, OUTBOX_STATES };

struct outbox_row {
	int64_t           id;
	int64_t           job;
	struct str        integration, repository;
	uint64_t          number;
	struct str        kind;     /* "review", "comment", "check", "resolve", ... */
	struct str        marker;
	struct str        request;  /* JSON */
	struct str        answer;   /* JSON with the forge's ids; may be empty */
	struct str        error;
	enum outbox_state state;
	uint32_t          sends;    /* how often it was marked SENT */
	int64_t           created, changed;
};

struct outbox_list {
	struct outbox_row *items;
	size_t             n, cap;
};

enum { OUTBOX_MAX_PLAN = 256 }; /* effects of one plan; a review has at most some dozens */

/*
 * Writes down `n` effects of the job in one transaction: takes kind, marker and request; the rest comes from the job. Gives all rows as they
 * stand now, in the same order: one that was there before keeps its state and request, and belongs to this job from now on, but a FAILED one is planned
 * anew. With LEASE_STALE nothing is done.
 */
int outbox_plan(struct store *store, int64_t job, int64_t token, const struct outbox_row *rows,
		size_t n, int64_t now, enum lease_answer *answer, struct outbox_list *out,
		struct arena *mem, struct err *err);
/* Right before sending. With LEASE_STALE do not send. LEASE_ALREADY: it is confirmed, do not send either. */
int outbox_sent(struct store *store, int64_t id, int64_t token, int64_t now,
		enum lease_answer *answer, struct err *err);
/* It is there: a fact, so no token is asked for. */
int outbox_confirm(struct store *store, int64_t id, struct str answer, int64_t now,
		   struct err *err);
/* It was refused and is not there. A confirmed one stays confirmed. */
int outbox_fail(struct store *store, int64_t id, struct str error, int64_t now, struct err *err);

/* All effects of a job, in the order of planning. */
int outbox_of_job(struct store *store, struct view view, int64_t job, struct outbox_list *out,
		  struct arena *mem, struct err *err);
const char *outbox_state_name(enum outbox_state state);
