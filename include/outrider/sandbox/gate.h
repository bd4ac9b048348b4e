/*
 * gate.h - decides at each exec, by what the kernel really loaded and not by a name.
 *
 * Engine "ptrace", which needs no privilege: the filter of system calls tells of each execve (seccomp's USER_NOTIF); then the process is
 * traced until the new image is in place and has not run one instruction. /proc/PID/exe is that very file, so nothing can be swapped
 * between the look and the run. Refused programs are killed. When the supervisor dies, no execve comes through any more, and the job is
 * killed.
 *
 * Where another supervisor has taken the one place for a listener (a container's), every process of the job is traced all the time. For that, the filter must refuse clone() with CLONE_UNTRACED and say ENOSYS to clone3(): the kernel hides such a
 * child from the tracer of its parent.
 *
 * What a gate cannot see: code that a running program maps (a library, a JIT, an interpreter's script). The other walls hold that.
 * Inside nothing can be traced: debuggers, strace and LeakSanitizer do not work there.
 */
#pragma once
#include "sandbox/digest.h"
#include "sandbox/profile.h"
#include "sandbox/run.h"

/* Where a program came from. name in receipts */
#define GATE_ORIGINS(X)                                                                      \
	X(LISTED, "listed")       /* its digest is in the policy */                          \
	X(TOOLCHAIN, "toolchain") /* a file on a read-only mount */                          \
	X(FRESH, "fresh")         /* in the work directory, changed since the job began */   \
	X(BROUGHT, "brought")     /* in the work directory, older than the job */            \
	X(ELSEWHERE, "elsewhere") /* anywhere else: memory, a temporary directory */

enum gate_origin {
#define X(id, name) GATE_##id,
	GATE_ORIGINS(X)
#undef X
	GATE_ORIGIN_COUNT,
};

/* What is known of an image at its exec-stop. Taken from the file itself, never from a path. */
struct gate_facts {
	bool             opened;     /* false: its file could not be opened; nothing else is known */
	bool             digested;
	bool             loader;     /* a shared object run as a program: the dynamic loader, which would map another program */
	bool             deleted;    /* no name left: memfd, O_TMPFILE, unlinked */
	bool             privileged; /* setuid or setgid bits */
	bool             listed;     /* the digest is in the policy */
	enum exec_class  class;      /* of the rule, if listed */
	enum gate_origin origin;     /* never GATE_LISTED: where the file is */
};

/* Which rule decided. Stable ids, as in receipts: "gate.digest", ... */
enum gate_rule {
	GATE_OK,
	GATE_NO_IMAGE,   /* gate.image: cannot be opened or read, so not identified */
	GATE_LOADER,     /* gate.loader */
	GATE_DELETED,    /* gate.deleted */
	GATE_PRIVILEGED, /* gate.setuid */
	GATE_DIGEST,     /* gate.digest: sealed, and not listed */
	GATE_PLACE,      /* gate.place: build, and neither toolchain nor work directory */
	GATE_RULES,
};

/* Pure. GATE_OK lets it run. In audit mode the answer says what build mode would; it runs in any case. */
enum gate_rule gate_decide(const struct gate_facts *facts, enum exec_mode mode);
/* "gate.loader", and a sentence for an agent: what will never be allowed, what is possible instead. "" for GATE_OK. */
const char *gate_rule_id(enum gate_rule rule);
const char *gate_rule_advice(enum gate_rule rule);
const char *gate_origin_name(enum gate_origin origin);

/*
 * True when the ELF file is a shared object that is no position-independent program: no PT_INTERP and no DF_1_PIE. The
 * dynamic loaders of glibc and musl are. False for what is no ELF file. Reads at most GATE_ELF_MAX bytes of headers;
 * what does not fit or is malformed counts as a loader: it could not be told apart.
 */
bool gate_is_loader(int fd);
enum { GATE_ELF_MAX = 64 << 10 };

struct gate_options {
	struct digest_cache  *cache;   /* borrowed, for files on read-only mounts; NULL: nothing is shared between jobs */
	const struct profile *profile; /* borrowed: classes of programs; NULL: all are tools */
	bool                  no_filter; /* attach even to a command without a filter of system calls: its children can hide */
	/*
	 * Both or none. attach() then takes no target: the engine's own thread calls ready(), which waits for the command and tells of it
	 * (-1: there is none), and, without a listener, go() when it is traced. Threads that wake each other take longer than all the rest of it.
	 */
	int  (*ready)(void *ctx, struct sandbox_target *target, struct err *err);
	void (*go)(void *ctx);
	void *ctx;
};

/*
 * A gate for one run: sandbox_run() calls it by struct sandbox_gate. The policy's exec.mode decides. Never NULL. attach() needs
 * the waiting command to be dumpable (prctl(PR_SET_DUMPABLE)), unless the supervisor is root.
 */
struct sandbox_gate *gate_ptrace_new(const struct gate_options *options);
/* After the run. */
void gate_ptrace_free(struct sandbox_gate *gate);
/* 0 when this process may trace its descendants; else why not, with the mend (Yama, a seccomp filter). */
int gate_ptrace_probe(struct err *err);

/*
 * The same gate by the root helper outrider-fence (fence.h), at the socket `socket`: engine "bpf" or "fanotify"; `socket` is borrowed. The kernel asks
 * the helper before a program starts, or judges it as the helper told it, and no process of the job is traced. attach() needs nothing of the command; it fails when no
 * helper listens there, or it refuses. When the helper ends before the job, the job is ended, with the denial gate.lost.
 */
struct sandbox_gate *gate_fence_new(const struct gate_options *options, const char *socket);
void gate_fence_free(struct sandbox_gate *gate);
/* 0 when a helper listens there and can work: *engines says by what, and why not by others. */
struct fence_answer;
int gate_fence_probe(const char *socket, struct fence_answer *engines, struct err *err);

enum {
	GATE_MAX_TASKS = 131072, /* processes and threads alive at once: twice the most that a policy may allow; beyond, the newest are killed */
	GATE_MAX_PATH = 1024,    /* bytes of a path in the receipt; longer ones are cut there, and end in "..." */
};
