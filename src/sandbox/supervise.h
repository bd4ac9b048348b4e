/* supervise.h - one attempt to run a plan. Private to this folder. */
#pragma once
#include "launch.h"

enum supervised {
	SUPERVISED,       /* the command was started */
	SUPERVISE_FAILED, /* it was not; the text says why, and probing would not help */
	SUPERVISE_UNFIT,  /* the host lacks something that was assumed: probe and try again */
};

enum supervised run_supervise(struct receipt *receipt, struct arena *mem, const struct sandbox_job *job,
			  const struct profile *profile, const struct probe *probe, struct err *err);

/* probe.c: all works, but what costs a system call to know. */
void probe_assume(struct probe *out);
