/* writers.h - which program of a job last wrote a file: for the log, as far as it can be known by fanotify. Private to this folder. */
#pragma once
#include "sandbox/fence.h"
#include "sandbox/gate_image.h"

#include "peer.h"

enum {
	WRITERS_FILES = 16384, /* a large build writes some 10,000; older ones are forgotten */
	WRITERS_TASKS = 4096,  /* processes that were started lately */
};

/* All functions but writers_open() take NULL, too: then nothing is known. Of one job, in one thread. */
struct writers;

/*
 * The kernel tells when a file that was open for writing is closed, on the mounts that the job may write. NULL for a sealed job, which
 * runs none of them.
 */
int writers_open(struct writers **out, const struct ward *ward, const struct fence_job *job, struct err *err);
void writers_close(struct writers *writers);
/* Readable when there is something to read; -1: never. */
int writers_fd(const struct writers *writers);
/* The task will run this program. */
void writers_ran(struct writers *writers, pid_t task, const struct digest *program);
/*
 * Reads all that the kernel told, and takes out of `own` what was written: to be called before a program is judged, since its writer closed it before. A process that runs what
 * it was forked with is looked at, by these rules and caches; one that is gone by then leaves no name.
 */
void writers_read(struct writers *writers, const struct gate_rules *rules, struct digest_cache *shared, struct digest_cache *own);
bool writers_find(const struct writers *writers, struct digest *out, const struct stat *file);
