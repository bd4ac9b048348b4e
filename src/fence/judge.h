/*
 * judge.h - may this program start: for one job, until its last process is dead. Private to this folder.
 *
 * The kernel asks twice for most programs: for the file that was named, and for the dynamic loader that it wants. Both look alike; but
 * the task waits inside the kernel, and its kernel stack says which function opens the file. That stack cannot be forged
 * from outside the kernel: in load_elf_binary a loader is that of a program which was judged before; otherwise it is a program itself.
 */
#pragma once
#include <stdatomic.h>

#include "marks.h"
#include "sandbox/fence.h"
#include "sandbox/gate_image.h"

enum {
	JUDGE_SCRIPTS = 64,       /* scripts whose interpreter is still to come: tasks that start one at the same moment */
	JUDGE_TOLD = 4096,        /* programs of a job: a toolchain has 2,000 */
	JUDGE_END_MS = 10000,     /* for the kernel to bury a job that was killed */
};

struct judge {
	struct ward         ward;       /* owned */
	int                 group;      /* owned: fanotify */
	int                 connection; /* borrowed */
	struct gate_rules   rules;      /* owned */
	struct digest_cache *shared;    /* borrowed: files that no job can write */
	struct digest_cache *own;       /* owned */
	struct stat         processes;  /* our process namespace */
	uint64_t            told[JUDGE_TOLD];
	atomic_int_fast64_t since_ms;   /* when the judgement under way began; 0: none */
	atomic_bool         given_up;   /* we ended the job: the client is not told that it ended well */
	struct {
		pid_t task;
		char  path[GATE_MAX_PATH];
	} scripts[JUDGE_SCRIPTS];
	size_t              n_scripts;
};

/* Marks the job's mounts: from here on its programs wait for judge_run(). */
int judge_open(struct judge *out, const struct peer *peer, int connection, const struct fence_job *job,
	       struct digest_cache *shared, struct err *err);
/* Until all of the job are dead; kills them when nobody listens any more. True when the job ended by itself. */
bool judge_run(struct judge *judge);
/* Ends the job, from any thread. */
void judge_give_up(struct judge *judge);
void judge_close(struct judge *judge);

/* 0 when /proc tells kernel stacks with names. */
int judge_probe(struct err *err);
int64_t judge_now_ms(void);
