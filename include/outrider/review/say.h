/* say.h - from a plan of threads to everything that is posted: comments, the one summary, the check run. Pure. */
#pragma once
#include "review/comment.h"
#include "review/thread.h"

struct say_input {
	const struct review      *review;
	const struct thread_plan *plan;
	const struct comment_fix *fixes;   /* of the findings, then of held_back; NULL where there is none */
	const bool               *has_fix;
	enum severity             fail_on; /* SEVERITY_OFF: the check is never red */
	bool                      summary_exists; /* on the forge: it is then kept up to date even when clean */
	bool                      no_summary, no_check;
	struct str                url;     /* of our page about this review; may be empty */
};

/* A clean pull request without a summary gets none. Fills all of *out. */
void say_plan(struct post_plan *out, struct arena *mem, const struct say_input *input);
/* The check of a review that could not be made: `why` is one line. Nothing else is said, so that a failure never looks clean. */
void say_failure(struct post_plan *out, struct arena *mem, const char *head_oid, struct str why);
