/* gate_judge.h - what the engine by ptrace does at an exec, however the process came to stop there. Private to this folder. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ptrace.h>

#include "gate_known.h"
#include "gate_log.h"
#include "gate_task.h"

enum {
	/* of a thread that judges: reading a program takes 32 KiB (digest.c), paths some KiB; the usual 8 MiB take longer to map and to clear */
	JUDGE_STACK = 1 << 20,
};

/* judge_exec() and judge_unseen() are safe for threads, once `rules` and `command` are set. */
struct judge {
	struct gate_options  options;
	struct digest_cache *own;    /* owned; NULL with options.cache */
	struct digest_cache *shared; /* options.cache, or `own`; what the job can write is hashed each time */
	struct gate_rules    rules;
	pid_t                command;
	atomic_bool          command_killed;
	pthread_mutex_t      lock;   /* of all below */
	struct gate_known    known;  /* of what was started before */
	struct gate_log     *log;    /* owned */
	struct task_table    tasks;  /* for the likely writers of programs */
};

void judge_init(struct judge *judge, const struct gate_options *options);
void judge_release(struct judge *judge);
/*
 * The process stands at its exec-stop: the new image is in place and has not run. False when it must not: it was killed, and only its end is
 * to come. *program is its index in the log, or -1.
 */
bool judge_exec(struct judge *judge, pid_t pid, int32_t *program);
/* For an engine that does not see processes end: they run their program until `pid` starts another one. */
void judge_started(struct judge *judge, pid_t pid, int32_t program);
/* An exec that could not be followed, and was refused for that. */
void judge_unseen(struct judge *judge, pid_t pid);
/* ptrace(), whose last argument is a number in disguise. */
static inline long judge_trace(enum __ptrace_request request, pid_t pid, uintptr_t data)
{
	return ptrace(request, pid, NULL, (void *)data);
}
/* The real-time clock in ns: the one of files' time stamps. */
int64_t judge_now(void);
