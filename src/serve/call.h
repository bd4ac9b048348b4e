/* call.h - questions of a running job to the broker: one table, one function each. Private to this folder. */
#pragma once
#include "body.h"
#include "serve/settings.h"
#include "store/jobs.h"

/* One question. The job was found, and its lease is the asker's. */
struct call {
	struct store          *store;
	const struct settings *settings;
	const struct job      *job;
	struct view            view;  /* of the job's tenant */
	struct arena          *mem;
	int64_t                now;
	const json_t          *in;
	json_t                *out;   /* an object, to be filled */
};

typedef int call_fn(struct call *call, struct err *err);

struct call_type {
	const char *name;
	call_fn    *answer;
};
/* Ends with a NULL name. "token" is not here: it is an errand (errand.h). */
extern const struct call_type call_types[];

/*
 * Answers a call from its body; *reply is a JSON text in `mem`. ERR_INPUT for an unknown name, ERR_PERM for a stale lease.
 */
int call_answer(struct str *reply, struct store *store, const struct settings *settings, int64_t job,
		int64_t token, struct str name, struct str body, int64_t now, struct arena *mem,
		struct err *err);
/* The job when the lease is the asker's. ERR_PERM when it is stale. */
int call_job(struct job *out, struct store *store, int64_t job, int64_t token, struct arena *mem,
	     struct err *err);

call_fn call_recall, call_conclude, call_mutes, call_outcomes, call_pause, call_mute, call_plan, call_sent,
	call_done, call_failed, call_rate, call_blocked;
