/* sweep.h - an open forge of an integration, and the search for what it did not tell us. Private to this folder. */
#pragma once
#include "serve/connect.h"
#include "serve/triage.h"
#include "store/store.h"

enum {
	SWEEP_MAX_PULLS = 200,           /* open pull requests of one repository that are compared, the latest first */
	SWEEP_MAX_REPOSITORIES = 2000,   /* of one integration at a time */
	SWEEP_BACK_MS = 3 * 24 * 3600 * 1000, /* GitHub keeps deliveries that long */
};

struct connection {
	const struct integration *integration;
	struct forge_config       config;  /* with tokens */
	struct forge             *forge;
	struct identity           self;
	int64_t                   swept;   /* where the last sweep ended, ms */
};

int connection_open(struct connection *out, const struct integration *integration, struct arena *mem,
		    struct err *err);
void connection_close(struct connection *connection);
/* Asks the forge once who we are. */
int connection_self(struct connection *connection, struct arena *mem, struct err *err);

/* Takes missed deliveries, or where the forge keeps none, compares its open pull requests with what was reviewed. */
int sweep_run(struct connection *connection, struct store *store, struct err *err);
