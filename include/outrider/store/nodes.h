/* nodes.h - who works here: workers, who leads, and what is to be done at which time. */
#pragma once
#include "model/job.h"
#include "store/store.h"

struct worker_row {
	struct str id, host, version;
	uint32_t   slots, busy;
	bool       draining;
	struct str detail;   /* JSON: what it runs, what it can do; may be empty */
	int64_t    started, seen;
};

struct worker_list {
	struct worker_row *items;
	size_t             n, cap;
};
/* Makes it known or refreshes it; `seen` is now. Not durable. */
int workers_see(struct store *store, const struct worker_row *row, int64_t now, struct err *err);
int workers_gone(struct store *store, struct str id, struct err *err);
/* Seen since then; forgets those that were not seen for a day. */
int workers_list(struct store *store, int64_t since, int64_t now, struct worker_list *out,
		 struct arena *mem, struct err *err);

/*
 * Leadership by lease: `name` is the duty ("cron", "rescue"). True in *leads when `holder` has it until now + ttl; call again well before
 * that. *term grows with each change of holder.
 */
int leaders_take(struct store *store, struct str name, struct str holder, int64_t ttl, int64_t now,
		 bool *leads, int64_t *term, struct err *err);
/* Gives it up, so that another need not wait. */
int leaders_yield(struct store *store, struct str name, struct str holder, struct err *err);

struct cron_row {
	struct str name;      /* key */
	struct str spec;      /* the schedule as written: read by the scheduler, not here */
	struct job job;       /* what is queued: kind to payload */
	bool       enabled;
	int64_t    next, last;
};

struct cron_list {
	struct cron_row *items;
	size_t           n, cap;
};
/* Makes or changes it. `next` of a known one with the same spec stays. */
int cron_put(struct store *store, const struct cron_row *row, struct err *err);
int cron_delete(struct store *store, struct str name, struct err *err);
/* Enabled and next <= due; by next. INT64_MAX for all, disabled ones too. */
int cron_due(struct store *store, int64_t due, struct cron_list *out, struct arena *mem,
	     struct err *err);
/* Queues its job and sets the next time, in one transaction; *ours is false when another node did it first. */
int cron_fire(struct store *store, const struct cron_row *row, int64_t next, int64_t now, bool *ours,
	      struct err *err);
