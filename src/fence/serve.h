/* serve.h - connections: one thread for each, one job for each. Private to this folder. */
#pragma once
#include "lsm.h"

enum {
	SERVE_ASK_SECONDS = 5,      /* for a client to say what it wants */
	SERVE_VERDICT_SECONDS = 30, /* for one program: the largest that is read takes 5 s */
	SERVE_TELL_SECONDS = 10,    /* for a client to take a report */
};

/*
 * Serves until the keeper at the other end of `pair` is gone; then all jobs are dead. `lsm` is NULL where it does not work, for the
 * reason *no_lsm.
 */
int serve_run(int listener, int pair, struct lsm *lsm, const struct err *no_lsm, struct err *err);
