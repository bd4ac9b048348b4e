/* decisions.h - each finding, thread and file of a review and what was decided about it, as JSON for the page of the review. Private to this folder. */
#pragma once
#include <jansson.h>

#include "flow/pull_job.h"

enum {
	DECISIONS_MAX = 2000,              /* what a person could read on a page, many times over; the rest is counted */
	DECISIONS_MAX_BYTES = 2 << 20,     /* as JSON: half of what the database takes. From then on without source */
	DECISION_MAX_CODE = 2000,          /* bytes of source: more is read on the forge */
};

/* A new reference. Credentials in source and messages are masked: who sees the page may not see the repository. */
json_t *decisions_json(struct arena *mem, const struct pull_job *job);
