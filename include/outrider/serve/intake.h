/* intake.h - what becomes of an event: a pure decision, so that each one can be explained on the dashboard. */
#pragma once
#include "model/event.h"
#include "serve/settings.h"

enum intake_verdict {
	INTAKE_IGNORED,  /* kept as a delivery, with the reason */
	INTAKE_REVIEW,   /* a new head of a pull request, or one that became ready */
	INTAKE_COMMAND,  /* somebody may have spoken to us */
	INTAKE_OUTCOME,  /* merged or closed: what became of our comments */
	INTAKE_CI,       /* stored and shown */
	INTAKE_QUEUE,    /* a merge queue waits for our check */
	INTAKE_INSTALL,  /* the list of repositories changed */
	INTAKE_VERDICTS,
};

/* Who we are on that forge; fields are empty until the forge was asked once. */
struct identity {
	struct str login, id;
	struct str app_id; /* GitHub: the app that reports our check runs */
};

struct intake {
	enum intake_verdict verdict;
	const char         *reason;  /* static, one phrase: why it is ignored, or why it is taken */
};

struct intake intake_decide(const struct event *event, const struct integration *integration,
			    const struct identity *self);
/* "ignored", "review", ...: a stable word, also the kind of the job that follows. */
const char *intake_verdict_name(enum intake_verdict verdict);
