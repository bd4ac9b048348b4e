/* watch.h - the time between the start of the command and the death of the last process. Private to this folder. */
#pragma once
#include "cgroup.h"
#include "sandbox/run.h"

struct watch {
	const struct sandbox_job *job;     /* borrowed, as all below */
	const struct cgroup      *cgroup;
	int                       out, err, control, pidfd; /* out and err: -1 when inherited */
	/* what came of it */
	char                     *room; /* owned, while it watches */
	uint64_t                  bytes, lines, dropped;
	int                       status;      /* of the command, as from wait */
	bool                      has_status, ended_by_limit, cancelled;
	enum run_limit            limit;
	int                       exec_error;  /* execve failed */
};

/* Returns when init says that all others are dead, or is dead itself. Kills it at a limit. */
void watch_job(struct watch *watch);
