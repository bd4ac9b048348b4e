/*
 * run.h - one command behind the walls of a policy.
 *
 * The caller is the supervisor. Inside stand an init (process 1: reaps, forwards nothing from outside but the end), the
 * forwarder if there is a network, and the command:
 *
 *   supervisor --clone3--> init: namespaces, mounts, pivot_root, no capabilities, Landlock, seccomp
 *                            \--fork--> command: waits for the gate, then execve
 *
 * While init makes file systems, the supervisor makes the control group, shows the work directory under the job's owner and starts the
 * gate's thread, and a short-lived helper of init makes the network namespace.
 *
 * When the supervisor dies, so does the job: the kernel kills init with it, and init's death kills the rest.
 */
#pragma once
#include <sys/types.h>

#include "sandbox/receipt.h"

/* The command while it waits before its first execve: already behind every wall, nothing of the job has run. */
struct sandbox_target {
	pid_t       pid;          /* in the supervisor's process namespace */
	pid_t       init;         /* likewise */
	int         pidfd;        /* of the command; borrowed, open until finish() returned */
	int         listener;     /* of its filter, which tells of each execve and lets it wait for us (seccomp_unotify(2)); borrowed likewise;
				     -1: none. With one the command does not wait for anything else */
	int         root_fd;      /* O_PATH, the job's root directory: for paths as the job sees them; borrowed */
	int         work_fd;      /* O_PATH, the job's work directory; borrowed */
	uint64_t    work_mount;   /* STATX_MNT_ID of it: files there are hostile */
	uint64_t    home_mount;   /* of SANDBOX_HOME, likewise */
	const char *work_path;    /* where it is inside */
	const struct sandbox_policy *policy;
	const char *cgroup;       /* host path of a v2 group or NULL */
};

/*
 * An exec gate (gate.h has the engines). sandbox_run() calls attach() once, while the command waits; -1 refuses the run.
 * The engine then works by itself (a thread, which may be the ptracer; it must not reap children that are not its
 * tracees: __WNOTHREAD). finish() is called in every case after a successful attach(), when all of the
 * job's processes are dead: it ends the engine and adds what it saw to the receipt.
 * A process that it refuses is killed by it; `killed` of finish() tells that the command itself was.
 */
struct sandbox_gate {
	const char *name;  /* "ptrace", "fanotify" */
	int  (*attach)(struct sandbox_gate *gate, const struct sandbox_target *target, struct err *err);
	void (*finish)(struct sandbox_gate *gate, struct receipt *receipt, struct arena *mem, bool *killed);
	void (*free)(struct sandbox_gate *gate); /* after finish(), or instead of attach() */
	void (*stop)(struct sandbox_gate *gate); /* may be NULL. All are dead: finish() comes soon, and what takes time before it may begin */
};

/*
 * The way out (egress). `serve` runs inside in a process of its own, behind all walls, as the job's user; it must use nothing but
 * system calls and its own stack before it is ready (the supervisor may have threads: no malloc). It listens on
 * 127.0.0.1, then writes one byte to `ready` and closes it; the command starts after that. `fd` is all it has besides.
 */
struct sandbox_net {
	int fd;                                 /* inside end of the socket to the broker; borrowed */
	int (*serve)(int fd, int ready);        /* returns only when the broker is gone */
	const char *const *env;                 /* "HTTP_PROXY=..." and relatives; NULL at the end */
	struct str ca;                          /* PEM certificates to be seen at SANDBOX_CA_PATH; may be empty */
	struct str java;                        /* the same as a Java trust store, at SANDBOX_JAVA_PATH; may be empty */
};
#define SANDBOX_CA_PATH "/etc/outrider/ca.pem"
#define SANDBOX_JAVA_PATH "/etc/outrider/java.jks"

enum sandbox_stream { STREAM_OUT, STREAM_ERR };

/*
 * What a job starts from besides its work directory, for environments that were prepared before. Absolute host paths, borrowed;
 * nothing below them may change while the job runs, and the job sees all of it read-only: its changes go to memory.
 */
struct sandbox_base {
	const char *root; /* a root file system in the place of the host's toolchain; NULL: the host's, by the policy's profile */
	const char *work; /* lies under the work directory: what that has not is seen from here; NULL: nothing */
	const char *home; /* what the home directory holds at the start; NULL: nothing */
};

struct sandbox_job {
	const struct sandbox_policy *policy;
	const char *const *argv;      /* argv[0] is looked up in the job's PATH; NULL at the end */
	const char *const *env;       /* "NAME=value", over those of the profile; names must be in policy->env; may be NULL */
	const char        *workdir;   /* absolute host path; NULL: an empty one, which is gone afterwards */
	const char        *cwd;       /* below the work dir, relative; NULL: the work dir itself */
	int                stdin_fd;  /* -1: /dev/null */
	bool               inherit_output; /* the job writes to our standard output and error itself: trusted jobs only; no output caps */
	struct sandbox_gate *gate;    /* NULL: the engine that the policy's exec.mode needs, or a refusal */
	const struct sandbox_net *net; /* NULL: no network */
	const struct sandbox_base *base; /* NULL: the host's toolchain, and nothing prepared */
	struct str         actor, on_behalf_of;
	/* Called in the supervisor as output comes, in order within a stream; may be NULL. Not 0: END_CANCEL. */
	int              (*on_output)(void *ctx, enum sandbox_stream stream, struct str bytes);
	/*
	 * Called when all processes are dead and before the work directory of the job is given up: the moment for harvest.h.
	 * `changes` is a directory descriptor of what the job wrote (WORKDIR_OVERLAY: the upper layer; otherwise the
	 * work directory), borrowed. -1 makes sandbox_run() fail with its error. May be NULL.
	 */
	int              (*on_done)(void *ctx, int changes, enum workdir_mode mode, struct err *err);
	/* Called after on_done, likewise: `home` is the job's home directory as it sees it, borrowed. May be NULL. */
	int              (*on_home)(void *ctx, int home, const struct receipt *receipt, struct err *err);
	void              *ctx;
	int                cancel_fd; /* readable: end the job (END_CANCEL); -1 for none */
};

/* Where the work directory is inside, and the one user there. */
#define SANDBOX_WORK "/work"
#define SANDBOX_HOME "/home/job"
enum { SANDBOX_UID = 1000 };

/*
 * Runs the job to its end. 0 with *out filled whenever the command was started, however it ended; -1 when nothing of the job
 * ran, with a text that names the wall that is missing and the mend. Memory of *out is in `mem`. Thread-safe; the calling
 * thread must live until it returns (the kernel ties the job to it), and takes no SIGCHLD meanwhile. Leaves no process, mount or
 * control group.
 */
int sandbox_run(struct receipt *out, struct arena *mem, const struct sandbox_job *job,
		struct err *err);
