/* program.h - well-kept tools of the host at work: mmdebstrap, skopeo, umoci. Private to this folder. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum {
	PROGRAM_ARGS = 32 + 256,
	PROGRAM_OUTPUT = 1 << 20,  /* of standard output that is kept */
};

/* True when it is in one of the system's folders for programs. */
bool program_is_there(const char *name);
/*
 * Runs it to its end with nothing of our environment but PATH and how to reach the network. `args` follow its name; NULL at the end.
 * *out (may be NULL) takes its standard output. ERR_PERM with its last words when its exit code is not 0; with `package`, what to
 * install, when it is not there.
 */
int program_run(struct buf *out, const char *name, const char *package, const char *const *args, uint64_t milliseconds,
		struct err *err);
