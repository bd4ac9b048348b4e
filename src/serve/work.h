/* work.h - one job in the worker's thread. Private to this folder. */
#pragma once
#include "flow/pull_job.h"
#include "worker.h"

struct work {
	struct worker          *worker;
	struct arena            mem;        /* of the whole job */
	json_t                 *body;       /* as it came; owned */
	struct event            event;      /* that started it */
	struct str              integration, repository;
	uint64_t                number;
	struct forge_config     config;     /* with the job's token */
	struct forge           *forge;
	struct identity_text { struct str login, id; } self;
	struct forge_place      place;
	struct str              summary, check; /* ids of what stands there */
	struct str              checked;    /* the head that `check` is of: not always the one of the event */
	struct str              reviewed_base; /* that it was compared with */
	struct str              states;
	bool                    paused, silent;
	json_t                 *reply_rows; /* rows of the outbox, by key; owned */
	json_t                 *losses;     /* what the forge could not express */
	struct pull_options     options;    /* of `pull` */
	struct pull_job        *pull;       /* while one runs, and until the end of the job; owned */
};

/* Asks the broker for the token and what it knows; opens the forge. */
int work_open(struct work *work, struct err *err);
void work_close(struct work *work);
/* Effects into the outbox, then out, each once. */
int work_deliver(struct work *work, const struct forge_plan *plan, struct err *err);
/* What the store remembers of a pull request. New reference. */
json_t *work_pull_json(const struct pull *pull);
/* What lowering needs for this job. */
int work_target(struct forge_target *out, struct work *work, const struct pull *pull, struct err *err);
/* The review of a pull request, as an event or a command asked. *skipped: why nothing was reviewed, or NULL. */
enum review_how { REVIEW_USUAL, REVIEW_FULL, REVIEW_DISMISS };
int work_review(struct work *work, enum review_how how, const char **skipped, struct err *err);
/*
 * Looks at what was merged when that is not what was reviewed last; says nothing. work->pull is then a job whose `end` is PULL_DONE;
 * otherwise the last review has the word.
 */
int work_look_merged(struct work *work, const struct pull *pull, struct err *err);

/* One kind of job. The result goes into `result`, an object. */
typedef int work_fn(struct work *work, json_t *result, struct err *err);
work_fn work_pull, work_command, work_outcome, work_queue;
