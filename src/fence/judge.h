/* judge.h - may this program start: for one job, until its last process is dead. Private to this folder. */
#pragma once
#include <stdatomic.h>

#include "lsm.h"
#include "marks.h"
#include "writers.h"
#include "sandbox/fence.h"
#include "sandbox/gate_image.h"

enum {
	JUDGE_SCRIPTS = 64,       /* scripts whose interpreter is still to come: tasks that start one at the same moment */
	JUDGE_TOLD = 4096,        /* programs of a job: a toolchain has 2,000 */
	JUDGE_END_MS = 10000,     /* for the kernel to bury a job that was killed */
};

struct judge;

/* How a job is judged. */
struct judge_engine {
	const char *name;
	int (*open)(struct judge *judge, const struct fence_job *job, struct err *err);
	int (*fd)(const struct judge *judge);               /* readable when there is something to do; the keeper holds it, too */
	void (*read)(struct judge *judge, bool listening);  /* does it; not listening: the job is being ended, and nothing of it may start */
	void (*close)(struct judge *judge);
};

extern const struct judge_engine judge_fanotify; /* the kernel asks us, and waits */
extern const struct judge_engine judge_bpf;      /* the kernel judges by itself, and tells us */

struct judge {
	const struct judge_engine *engine;
	bool                open;
	struct ward         ward;       /* owned */
	int                 connection; /* borrowed */
	int                 side;       /* borrowed: read when this is readable, too; -1: none */
	struct gate_rules   rules;      /* owned */
	struct digest_cache *shared;    /* borrowed: files that no job can write */
	struct digest_cache *own;       /* owned */
	struct stat         processes;  /* our process namespace */
	atomic_int_fast64_t since_ms;   /* when the judgement under way began; 0: none */
	atomic_bool         given_up;   /* we ended the job: the client is not told that it ended well */

	/* fanotify */
	int                 group;      /* owned */
	struct writers     *writers;    /* owned */
	uint64_t            told[JUDGE_TOLD];
	struct {
		pid_t task;
		char  path[GATE_MAX_PATH];
	} scripts[JUDGE_SCRIPTS];
	size_t              n_scripts;

	/* bpf */
	struct lsm          *lsm;       /* borrowed */
	struct lsm_ring     *ring;      /* owned */
	struct verdict_job   held;
	const struct digest *digests;   /* borrowed from the request */
	size_t               n_digests;
	int                  ns;        /* owned: the job's process namespace, whose number is the job's for the kernel */
	uint32_t             ns_number;
};

struct judge_start {
	const struct judge_engine *engine;
	struct peer                peer;
	int                        connection; /* borrowed */
	struct digest_cache       *shared;     /* borrowed */
	struct lsm                *lsm;        /* borrowed; NULL: no engine bpf */
};

/* From here on the job's programs wait for judge_run(), or are judged by the kernel. `job` is borrowed until judge_close(). */
int judge_open(struct judge *out, const struct judge_start *start, const struct fence_job *job, struct err *err);
/* Until all of the job are dead; kills them when nobody listens any more. True when the job ended by itself. */
bool judge_run(struct judge *judge);
/* Ends the job, from any thread. */
void judge_give_up(struct judge *judge);
void judge_close(struct judge *judge);
/* False when the client does not take it. */
bool judge_tell(const struct judge *judge, const struct fence_packet *packet);

/* 0 when this kernel asks by fanotify, and /proc tells kernel stacks with names. */
int judge_fanotify_probe(struct err *err);
int64_t judge_now_ms(void);
