/* deliver.h - from a parsed event to what is written down: the same for webhooks, sweeps and spools. Private to this folder. */
#pragma once
#include "serve/triage.h"
#include "store/deliveries.h"

struct delivered {
	struct delivery delivery;
	struct job      jobs[1];
	struct triage   triage;
};

/* Borrows from event and integration, which must live as long; texts that are made live in `mem`. `out` must not move afterwards. */
void deliver_event(struct delivered *out, struct arena *mem, const struct event *event,
		   const struct integration *integration, const struct identity *self, int64_t now);
/* A verified delivery that could not be read: kept, so that a person sees it and the forge may send it again. */
void deliver_unread(struct delivered *out, const struct integration *integration, struct str id,
		    const char *why, int64_t now);
/* The job that reviews a pull request, as an event would have started it. */
void deliver_review(struct job *out, struct arena *mem, const struct event *event,
		    const struct integration *integration, int priority);
