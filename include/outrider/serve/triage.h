/* triage.h - what becomes of an event: a pure decision, so that each one can be explained on the dashboard. */
#pragma once
#include "model/event.h"
#include "serve/settings.h"

enum verdict {
	TRIAGE_IGNORED,  /* kept as a delivery, with the reason */
	TRIAGE_REVIEW,   /* a new head of a pull request, or one that became ready */
	TRIAGE_COMMAND,  /* somebody may have spoken to us */
	TRIAGE_OUTCOME,  /* merged or closed: what became of our comments */
	TRIAGE_CI,       /* stored and shown */
	TRIAGE_QUEUE,    /* a merge queue waits for our check */
	TRIAGE_INSTALL,  /* the list of repositories changed */
	TRIAGE_VERDICTS,
};

/* Who we are on that forge; fields are empty until the forge was asked once. */
struct identity {
	struct str login, id;
	struct str app_id; /* GitHub: the app that reports our check runs */
};

struct triage {
	enum verdict verdict;
	const char         *reason;  /* static, one phrase: why it is ignored, or why it is taken */
};

struct triage triage_decide(const struct event *event, const struct integration *integration,
			    const struct identity *self);
/* "ignored", "review", ...: a stable word, also the kind of the job that follows. */
const char *verdict_name(enum verdict verdict);
