/*
 * keeper.h - a process beside each run that outlives a supervisor which is killed (kill -9, a crash) and takes away what the
 * kernel leaves then: the control groups, and placeholders in a bound work directory. Private to this folder.
 *
 * The job's processes need none: the kernel kills them with their supervisor. A keeper shares the supervisor's memory, so that it
 * costs a fraction of a fork; where both are killed at once, as by the kernel when memory is used up, the user's next run
 * removes the groups (cgroup.c).
 */
#pragma once
#include "cgroup.h"
#include "launch.h"

struct keeper_room;

struct keeper {
	pid_t pid;                /* 0: none */
	int   pidfd;
	struct keeper_room *room; /* owned */
};

/* Before the first of it is made. The groups are named; the text of the placeholders is borrowed until keeper_close(). */
int keeper_open(struct keeper *out, const struct cgroup *cgroup, const struct placeholders *placeholders, struct err *err);
/* The job's first process; its end is waited for before anything is taken away. */
void keeper_tell(const struct keeper *keeper, pid_t init);
/* After the supervisor took everything away itself: it is killed, and dies when there is time. */
void keeper_end(const struct keeper *keeper);
/* Waits for that; twice-safe. */
void keeper_close(struct keeper *keeper);
