/* begin.h - a run under way, and its beginning: from a plan to a command that waits or, under our own gate, runs. Private to this folder. */
#pragma once
#include <unistd.h>

#include "cgroup.h"
#include "keeper.h"
#include "launch.h"
#include "sandbox/gate.h"

enum { PLACES = 4 };

/* Everything in it is released by run_supervise(). */
struct run {
	struct receipt           *receipt;
	struct arena             *mem;
	const struct sandbox_job *job;
	const struct probe       *probe;
	const struct profile     *profile;
	struct err               *err;
	struct plan               plan;
	struct cgroup             cgroup;
	struct placeholders       placeholders;
	struct keeper             keeper;
	struct launched           launched;
	struct holder             holders[GIFT_TREES];
	struct sandbox_gate      *gate;   /* attached */
	struct sandbox_gate      *own_gate; /* owned */
	pid_t                     command;
	int                       pidfd;  /* of the command */
	int                       listener; /* -1: the filter does not tell of execs */
	int                       places[PLACES]; /* root, work, changes, home */
	int                       pipes[2][2];
	int                       null;   /* what the command reads where nothing is given to it */
	bool                      waits;  /* the command, to be let go */
	bool                      unfit;
};

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What init needs before it is made. */
int begin_prepare(struct run *run);
/* 0: `waits` tells whether the command is still to be let go. */
int begin(struct run *run);
