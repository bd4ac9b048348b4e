/*
 * gate_trace.h - the exec gate where the kernel cannot tell of execs alone, for another supervisor of system calls listens already: each
 * process of the job is traced from its birth to its end. Private to this folder.
 */
#pragma once
#include "base/err.h"
#include "gate_judge.h"

/* A birth that the parent told before the child did. */
struct birth {
	pid_t   pid;
	int32_t program;
};

enum { TRACE_EXPECTED = 64 }; /* births on their way at once */

/* Zeroed, with `judge` set, is ready. */
struct trace {
	struct judge *judge; /* its `tasks`: one for each task that is alive and was met */
	struct birth  expected[TRACE_EXPECTED];
	size_t        n_expected;
};

/* The command, before it starts. The calling thread must be the one of trace_all(). */
int trace_first(struct trace *trace, pid_t pid, struct err *err);
/* Until all are dead. */
void trace_all(struct trace *trace);
