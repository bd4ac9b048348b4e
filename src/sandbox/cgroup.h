/*
 * cgroup.h - control groups of one run: limits of memory, processes and processors for all its processes together, and what they
 * used. Version 2 where its controllers are, else version 1. Private to this folder.
 */
#pragma once
#include <sys/types.h>

#include "sandbox/policy.h"
#include "sandbox/probe.h"

enum { CGROUP_PATH = 512, CGROUP_DIRS = 4 };

struct cgroup {
	enum cgroup_kind kind;
	char dirs[CGROUP_DIRS][CGROUP_PATH]; /* absolute; "" where unused. v2: the first alone */
	int  fds[CGROUP_DIRS];               /* owned; of the directories, where there are any: their files are often opened */
	bool has[CGROUP_DIRS];               /* by enum cgroup_controller */
};

/* v1: the index of its directory. */
enum cgroup_controller { CONTROL_MEMORY, CONTROL_PIDS, CONTROL_CPU, CONTROL_ACCOUNT };

struct cgroup_usage {
	uint64_t cpu_us, peak_memory, peak_pids;
	uint64_t oom_kills;   /* processes that the kernel killed for memory */
	uint64_t pids_denied; /* forks refused */
};

/*
 * Names a new group below the one that we may write; nothing is made yet. Groups of dead supervisors are removed first, once per
 * process. -1: there is none; cgroup_open() says why.
 */
int cgroup_name(struct cgroup *out);
/* Makes the group that was named (or names it) with these limits. ERR_PERM when memory or pids cannot be controlled: then it is none. */
int cgroup_open(struct cgroup *group, const struct sandbox_limits *limits, struct err *err);
/* True: processes are born in their group (v2), so it must be open before them. Otherwise they enter it by its doors (v1). */
bool cgroup_at_birth(void);
/* v2: a descriptor for CLONE_INTO_CGROUP, to be closed; -1 for v1. */
int cgroup_fd(const struct cgroup *cgroup);
/*
 * v1: up to CGROUP_DIRS files, to be closed: a process with one thread that writes "0" into each is in the group. That does not wait
 * until all processors have looked up (milliseconds), as it does when somebody else moves it. v2: none. Returns how many, or -1.
 */
int cgroup_doors(const struct cgroup *cgroup, int *fds, struct err *err);
/* What is unknown stays 0. */
void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *out);
/* Kills all that is in it and removes it. */
void cgroup_close(struct cgroup *cgroup);
/* "v1: memory, pids, cpu" */
void cgroup_describe(const struct cgroup *cgroup, char *out, size_t size);
