/*
 * worker.h - the process that does the jobs: asks a broker for work, talks to the forge with the one token that came with the job, and
 * lets a sealed child read what is hostile (flow/analyst.h).
 *
 * No job is taken before the self-test of this machine's sandbox has held, or this host can make none (selftest/record.h); one that does not hold
 * stops it until a later one does.
 *
 * One job at a time; a machine runs several workers. Knows no settings: everything that a job needs comes with it.
 */
#pragma once
#include "base/err.h"

enum {
	WORKER_DRAIN_MS = 40 * 1000,   /* that a running job has after SIGTERM before it is given back */
	WORKER_ASK_MS = 120 * 1000,    /* that an answer of the broker may take, with its questions to forges */
	WORKER_ASK_AGAIN_MS = 3 * 1000,/* a question without an answer is asked again: calls may be repeated */
	WORKER_MAX_ANSWER = 8 << 20,
};

/* Borrowed. */
struct worker_options {
	const char *name;        /* unique; NULL: host and process id */
	const char *endpoint;    /* of the broker */
	const char *key_file;    /* tcp: our key */
	const char *broker_key;  /* tcp: the broker's public key: a file, or the 40 characters themselves */
	const char *data;        /* folder for mirrors */
	const char *record;      /* of the sandbox's self-test (selftest/record.h) */
	unsigned    mirror_gb;
};

/* Runs until SIGTERM, or until the broker is stopped and nothing is left to do. */
int worker_run(const struct worker_options *options, struct err *err);
