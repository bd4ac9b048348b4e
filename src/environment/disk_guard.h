/*
 * disk_guard.h - holds a folder to a size while a program that we do not trust writes there: for what is larger than memory. It looks
 * every now and then, so what was written between two looks comes on top, and folders that a plain user may not read are not seen
 * before files_tidy(): measure again then. Private to this folder.
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { DISK_GUARD_ENTRIES = 2000000 }; /* a large image of a whole toolchain has 400,000 */

struct disk_guard {
	const char *path;      /* borrowed */
	uint64_t    max_bytes; /* on the disk */
	int         cancel;    /* readable when it is too large: cancel_fd of a sandbox_job */
	int         stop;      /* written by disk_guard_close() */
	atomic_bool over;
	pthread_t   thread;
};

/* Must stay where it is until disk_guard_close(). */
int disk_guard_open(struct disk_guard *guard, const char *path, uint64_t max_bytes, struct err *err);
/* True when it was too large, also at the very end. */
bool disk_guard_close(struct disk_guard *guard);
