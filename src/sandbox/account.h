/* account.h - how a run ended and what it used up, in its receipt. Private to this folder. */
#pragma once
#include "cgroup.h"
#include "watch.h"

/* Exit code, signal or limit, as who watched it saw it. */
void account_end(struct receipt *receipt, const struct watch *watch);
/* After that: the command died of a limit that the kernel held. */
void account_limits(struct receipt *receipt, struct arena *mem, const struct sandbox_policy *policy,
		    const struct cgroup_usage *usage);
/* What was written: `changes` is a directory of the job's own file system, or -1. */
void account_disk(struct receipt *receipt, struct arena *mem, int changes);
