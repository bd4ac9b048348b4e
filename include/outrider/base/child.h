/* child.h - another program, run to its end: its output taken as it comes, its time and memory capped. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* Zero is a good default but for path and argv. Borrowed. */
struct child {
	const char        *path;    /* to execve(): no search */
	char *const       *argv;
	char *const       *env;     /* NULL: empty */
	uint32_t           milliseconds; /* by the clock; then it is killed with all that it started. 0: no cap */
	uint64_t           memory;  /* RLIMIT_AS; 0: as it is */
	uint64_t           file;    /* RLIMIT_FSIZE: the largest file that it may write; 0: as it is */
	/* What it writes: `fd` is 1 or 2. False: kill it. Needed. */
	bool             (*output)(void *payload, int fd, struct str bytes);
	bool             (*tick)(void *payload); /* about every quarter second; false: kill it. May be NULL */
	void              *payload;
};

struct child_end {
	int      code;      /* exit code; -1 when a signal ended it */
	int      signal;    /* 0 when it exited */
	bool     late;      /* its time was over */
	bool     stopped;   /* output() or tick() said so */
	uint64_t cpu_us, wall_us, peak_bytes; /* with what it started and waited for */
};

/*
 * The child has no other descriptors, /dev/null as standard input, a process group of its own, and dies with the thread that
 * started it. It is gone, with its group, when this returns. -1 only when it could not be started (ERR_TEMP, or ERR_PERM for
 * a program that is not there). Safe in a process with threads.
 */
int child_run(struct child_end *out, const struct child *child, struct err *err);
