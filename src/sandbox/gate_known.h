/* gate_known.h - programs that a job started before: their second start needs one look at the file. Private to this folder. */
#pragma once
#include "sandbox/gate_image.h"

enum { GATE_KNOWN = 256 }; /* programs that a build starts again and again: some dozens */

/* Zeroed means empty. Of one job, in one thread. */
struct gate_known {
	struct gate_image *images[GATE_KNOWN]; /* owned */
};

void gate_known_release(struct gate_known *known);
/*
 * What gate_image_read() said of this very file, on the same mount and not changed since (a job cannot set ctime; digest.h);
 * NULL when it must be read. Valid until the next gate_known_keep().
 */
const struct gate_image *gate_known_find(const struct gate_known *known, pid_t pid);
/*
 * Remembers it, where that is safe: read to its end, on a mount that the job cannot write, and old enough for its ctime to tell of the
 * next change.
 */
void gate_known_keep(struct gate_known *known, const struct gate_image *image);
