/*
 * pull_job.h - one job for one pull request in the worker, as an ordered table of stages.
 *
 * The stages know neither forge nor queue nor store: what they need of them is a table of functions that the caller gives. The
 * caller that says nothing (shadow mode, tests) gives other functions; the table of stages is the same.
 *
 *   facts    what the forge says of the pull request now
 *   fetch    its commits into the mirror
 *   analyst  the findings, by the sealed child
 *   threads  our threads on the forge, and what becomes of each
 *   plan     all that is to be said
 *   post     said, through the outbox
 *   conclude what is to be remembered
 */
#pragma once
#include "flow/analyst.h"
#include "model/pull.h"
#include "repo/mirror.h"
#include "review/command.h"
#include "review/say.h"

enum {
	PULL_JOB_MEMORY = 512 << 20, /* of the job's arena: the answer, threads and texts of comments */
	PULL_FULL_COMMENTS = 100,    /* who asks for all still reads them one by one */
};

struct pull_job;

/* What the forge, the store and the outbox do for a job. All but get, remote (without `repository`) and threads may be NULL. */
struct pull_calls {
	/* What the pull request is now. Strings in `mem`. */
	int (*get)(void *payload, struct pull *out, struct arena *mem, struct err *err);
	/* Where to fetch from, and the ref of its head on the remote ("refs/pull/7/head"). */
	int (*remote)(void *payload, struct mirror_remote *out, const char **head_ref,
		      const struct pull *pull, struct arena *mem, struct err *err);
	/* Our threads, resolved ones too, and whether our summary stands there. */
	int (*threads)(void *payload, struct thread_list *out, bool *summary, struct arena *mem,
		       struct err *err);
	/* What thread_states_write() gave last time; empty for the first. */
	int (*recall)(void *payload, struct str *states, struct arena *mem, struct err *err);
	/* Rules that are muted for this repository, and those that were asked to be silent here. */
	int (*mutes)(void *payload, struct mute_list *out, struct arena *mem, struct err *err);
	/* Puts the plan into the outbox and sends it. Called once per head; must be safe to repeat. */
	int (*post)(void *payload, const struct pull_job *job, struct err *err);
	/* Stores job->plan.next (as text), the review and its figures, in one transaction. */
	int (*conclude)(void *payload, const struct pull_job *job, struct err *err);
	/* A stage begins. False: the job was superseded or its lease is lost; it ends as PULL_CANCELLED. */
	bool (*stage)(void *payload, const char *name);
	/* How far the fetch is. False: stop. */
	bool (*progress)(void *payload, const char *what, unsigned percent);
};

/* How a job ended. */
enum pull_end {
	PULL_DONE,
	PULL_SKIPPED,    /* closed, merged or a draft by now: nothing was said */
	PULL_MOVED,      /* the head that was asked for is not the head any more: a newer job does it */
	PULL_CANCELLED,
	PULL_FAILED,     /* see err and job->analyst_end; its kind says whether to try again */
	PULL_ENDS,
};
const char *pull_end_name(enum pull_end end);

/* Borrowed. */
struct pull_options {
	struct mirror_store     mirrors;
	const char             *mirror_key;   /* "integration/owner/name" */
	const char             *repository;   /* a repository on this machine instead: nothing is fetched, no call of remote() */
	const char             *head;         /* 40 hex as the event told; NULL: whatever it is now */
	struct analyst_request  analyst;      /* repository, base and head are filled in */
	enum severity           fail_on;      /* used when fail_on_set, instead of the configuration's */
	bool                    fail_on_set;
	uint32_t                comments;     /* a cap of the operator beside the configuration's; 0: none */
	bool                    drafts;       /* review drafts too */
	bool                    closed;       /* ... and closed or merged ones: shadow */
	bool                    dismiss;      /* the command `resolve` */
	bool                    full;         /* the command `full`: up to PULL_FULL_COMMENTS open ones instead of all caps */
	bool                    no_summary, no_check;
	struct str              url;          /* of our page about this review */
};

/* Filled stage by stage; all of it in job->mem. */
struct pull_job {
	const struct pull_options *options;
	const struct pull_calls   *calls;
	void                      *payload;
	struct arena               mem;
	struct pull                pull;
	struct mirror              mirror;
	struct answer              answer;
	enum analyst_end           analyst_end;
	struct analyst_usage       usage;
	struct thread_list         threads;
	struct thread_states       states;
	struct mute_list           mutes;
	bool                       summary_exists;
	struct thread_plan         plan;
	struct post_plan           post;
	const char                *stage;     /* the one that runs or failed */
	enum pull_end              end;
};

typedef int pull_stage_fn(struct pull_job *job, struct err *err);
struct pull_stage {
	const char    *name;
	pull_stage_fn *run;
};
/* Ends with a NULL name. */
extern const struct pull_stage pull_stages[];

void pull_job_init(struct pull_job *job, const struct pull_options *options,
		   const struct pull_calls *calls, void *payload);
/* Runs the stages in order. 0 for every end but PULL_FAILED; *err says which stage failed and why. */
int pull_job_run(struct pull_job *job, struct err *err);
void pull_job_release(struct pull_job *job);

/* What is known of a rule of the program, for the command `explain`. False: no such rule. Strings in `mem`. */
bool rule_explain(struct rule_about *out, struct arena *mem, struct str rule);
