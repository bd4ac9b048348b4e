/*
 * broker.h - the process between the database and the workers: leases jobs, sends them out, takes their results.
 *
 * One thread for the link and the database, one for errands that wait for a forge (tokens, sweeps). Holds the tokens of all
 * integrations and gives a worker the one of its job alone (DESIGN.md, 3). Several brokers may share a PostgreSQL database.
 */
#pragma once
#include "serve/settings.h"

enum {
	BROKER_POLL_MS = 50,        /* between looks at the database while a worker waits: a new job starts that late at most */
	BROKER_IDLE_MS = 1000,      /* ... while none does */
	BROKER_RESCUE_MS = 5000,    /* between looks for leases that ran out */
	BROKER_PRUNE_MS = 60 * 60 * 1000,
	BROKER_SWEEP_MS = 60 * 60 * 1000, /* between questions for missed deliveries; also at start */
	BROKER_SPOOL_BROKEN_MS = 60 * 1000, /* after one could not be read: it is said that often */
	BROKER_SPOOL_MS = 1000,     /* ... and for events that were left in the folder of a `local` forge */
	BROKER_MAX_WORKERS = 1024,  /* connected at once; more are told to go away by silence */
	BROKER_DRAIN_MS = 45 * 1000, /* that workers have to give back what they run when the broker stops */
};

/* Runs until SIGTERM. */
int broker_run(const struct settings *settings, struct err *err);
