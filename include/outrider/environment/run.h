/*
 * run.h - a command in an environment that was made ready: beside its services, in one sandbox with them.
 *
 * Services start before the command, in their order, each when the one before is ready, as children of the job's init. They share its
 * namespaces (so 127.0.0.1 and sockets in /tmp), its limits and its policy, and end with it.
 */
#pragma once
#include "environment/prepare.h"
#include "egress/journal.h"

enum { SERVICE_LOG_MAX = 256 << 10 }; /* bytes of a log that are kept: the last */

struct environment_job {
	const struct environment_host  *host;
	const struct environment       *environment;
	const struct environment_ready *ready;
	const char        *workdir; /* absolute: a checkout; NULL: an empty one */
	const char        *cwd;     /* below it, relative; NULL */
	const char *const *argv;    /* NULL at the end */
	int                stdin_fd; /* -1: none */
	struct str         actor, on_behalf_of;
	int              (*on_output)(void *ctx, enum sandbox_stream stream, struct str bytes); /* as in sandbox/run.h, and these too */
	int              (*on_done)(void *ctx, int changes, enum workdir_mode mode, struct err *err);
	void              *ctx;
	int                cancel_fd; /* -1: none */
};

/* As the job left it: it can have written there itself. */
struct environment_state {
	struct str name;
	bool       started, ready;
	uint32_t   ready_ms; /* after its start */
	struct str log;      /* the last SERVICE_LOG_MAX bytes, as they are */
	bool       log_cut;
};

struct environment_result {
	struct receipt receipt; /* with a notice for each service */
	struct { struct environment_state *items; size_t n, cap; } services;
	struct str     failed;  /* the service that was not ready: the command never started, the exit code is 125; empty: none */
};

/*
 * Runs it to its end, with the network of the policy's phase `build`. As sandbox_run(): 0 when it was started, however it ended.
 * Memory of *out is in `mem`.
 */
int environment_run(struct environment_result *out, struct arena *mem, const struct environment_job *job, struct err *err);
