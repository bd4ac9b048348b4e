/*
 * deliveries.h - what the forges sent, and the jobs that came of it, in one transaction.
 *
 * Durable: after 0 it survives a power cut. (integration, id) is kept, so a redelivery of an accepted one does nothing;
 * one that was kept as failed is taken again.
 */
#pragma once
#include "model/event.h"
#include "model/job.h"
#include "store/store.h"

enum delivery_state {
	DELIVERY_ACCEPTED, /* verified and understood; its jobs are queued */
	DELIVERY_IGNORED,  /* verified, and nothing is to be done: `reason` says why */
	DELIVERY_FAILED,   /* verified, but not understood or not finished: a redelivery is taken */
	DELIVERY_STATES,
};

struct delivery {
	struct str          integration, id;
	enum delivery_state state;
	enum event_kind     kind;
	struct str          name;       /* the forge's words: "pull_request.synchronize" */
	struct str          tenant;
	struct str          repository; /* may be empty */
	uint64_t            number;
	struct str          sender;
	struct str          reason;     /* why ignored or failed; may be empty */
	struct str          event;      /* JSON of what we read from it; may be empty */
	int64_t             received;
	uint32_t            times;      /* how often it came; filled by listings */
	/* What is to be done. supersede: see jobs_add(). Filled for taking only. */
	struct job         *jobs;
	size_t              n_jobs;
	bool                supersede;
};

enum {
	DELIVERY_MAX_JOBS = 16,  /* an event starts one or two */
	DELIVERY_MAX_BATCH = 256, /* one commit: more would make the first of them wait */
	DELIVERY_MAX_BYTES = 32 << 20, /* events and payloads of a batch: memory, and one message to the server */
};

enum delivery_taken {
	TAKEN_NEW,       /* kept, and its jobs are queued */
	TAKEN_DUPLICATE, /* was taken before: nothing was done */
};

/* Takes n deliveries in one transaction. taken[i] answers for items[i]; two of the same id in one batch are one. */
int deliveries_take(struct store *store, const struct delivery *items, size_t n, int64_t now,
		    enum delivery_taken *taken, struct err *err);
/* Was this one accepted or ignored already? For a gateway that wants to spare itself the parsing. */
int deliveries_known(struct store *store, struct str integration, struct str id, bool *known,
		     struct err *err);

struct delivery_list {
	struct delivery *items;
	size_t           n, cap;
};
/* Newest first; `integration` may be empty for all. */
int deliveries_list(struct store *store, struct view view, struct str integration,
		    struct page *page, struct delivery_list *out, struct arena *mem,
		    struct err *err);
const char *delivery_state_name(enum delivery_state state);
