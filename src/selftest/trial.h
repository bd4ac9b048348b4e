/* trial.h - one run of one trick behind one wall, from stage to verdict. Private to this folder. */
#pragma once
#include "lab.h"

struct lab {
	const struct selftest_options *options; /* borrowed */
	char             dir[64], tricks[4096];
	struct listeners listeners;
	struct str       git_index;
	struct arena    *mem; /* borrowed; for reasons */
	size_t           done, all; /* tricks, in all walls */
	int              lock;      /* says that `dir` is in use */
};

/* A folder for this run; removes those of runs that were killed. */
int lab_open(struct lab *lab, struct err *err);
void lab_close(struct lab *lab);

int trial_start(struct trial *out, struct lab *lab, struct selftest_trick *trick, enum selftest_wall wall,
		struct err *err);
/* What has come since; never waits. True when the trial is over and judged. */
bool trial_step(struct trial *trial, struct lab *lab);
/* Writes the verdict into the trick, and cleans up. */
void trial_finish(struct trial *trial, struct lab *lab);
