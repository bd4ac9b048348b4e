/* marks.h - where the kernel asks before a program starts. Private to this folder. */
#pragma once
#include <stdint.h>

#include "peer.h"

enum {
	MARKS_MAX = 4096,          /* mounts of a job: some ten, and those below what its policy shows */
	MARKS_TABLE_MAX = 4 << 20, /* bytes of its mount table */
};

/*
 * A fanotify group that is asked before a program on any mount of the job is started. The marks are on the job's own mounts,
 * copies that nobody else has: a helper that is slow holds up this job and nothing else of the machine.
 * Mounts that are noexec are left out, which the kernel refuses by itself. -1 with *err.
 */
int marks_open(const struct ward *ward, struct err *err);
/*
 * Another group, that is told (and not asked) when a file that was open for writing is closed, on those of these mounts (STATX_MNT_ID) from which
 * something can run. Its queue has the kernel's cap, 16,384: what does not fit is lost.
 */
int marks_open_writes(const struct ward *ward, const uint64_t *mounts, size_t n, struct err *err);
/* 0 when this kernel can ask, and we may be asked. */
int marks_probe(struct err *err);
