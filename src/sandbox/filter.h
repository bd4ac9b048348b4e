/* filter.h - the seccomp programs that tools/filter.c makes during the build. Private to this folder. */
#pragma once
#include <linux/filter.h>

#include "base/err.h"

enum filter_id { FILTER_JOB, FILTER_GATED, FILTER_SEAL, FILTER_SEAL_THREADS, FILTERS };

struct filter {
	unsigned short            n;
	const struct sock_filter *code;
};

extern const struct filter filters[FILTERS];

/* Puts it on this thread and its children, for ever; needs no_new_privs. -1 with errno; system calls only. */
int filter_load(enum filter_id id);
/*
 * The same for FILTER_GATED: a descriptor (O_CLOEXEC) that tells of each execve, which waits for the answer. -1 with errno: EBUSY when there
 * is another listener.
 */
int filter_listen(void);
/* SHA-256 of the program, hex. */
void filter_hash(char out[65], enum filter_id id);
