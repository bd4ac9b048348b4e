/*
 * launch.h - a run as data, decided outside before anything happens (plan.c), and carried out inside by a child that uses
 * nothing but system calls (inside.c, view.c): the supervisor may have threads, so there is no heap after the fork.
 * Private to this folder.
 */
#pragma once
#include <sys/resource.h>

#include "sandbox/probe.h"
#include "sandbox/profile.h"
#include "sandbox/run.h"

/* What the child does, in order: the layer that it belongs to, and what failed, for people. */
#define LAUNCH_STEPS(X)                                                        \
	X(START, PRIVILEGES, "take over the job's descriptors")                \
	X(CGROUPNS, CGROUPNS, "enter a control group namespace")               \
	X(SOURCE, MOUNTS, "open a place of the host")                          \
	X(IDS, USERNS, "become the job's user")                                \
	X(PRIVATE, MOUNTS, "make mounts private")                              \
	X(ROOT, MOUNTS, "make an empty root")                                  \
	X(PLACE, MOUNTS, "mount into the job's root")                          \
	X(MEMORY, MOUNTS, "make a file system in memory")                      \
	X(PROC, PIDNS, "mount a new /proc")                                    \
	X(PTS, MOUNTS, "mount a new /dev/pts")                                 \
	X(WORK, MOUNTS, "mount the work directory")                            \
	X(COPY, MOUNTS, "copy the work directory")                             \
	X(PROTECT, MOUNTS, "protect a path of the work directory")             \
	X(PIVOT, MOUNTS, "leave the host's root")                              \
	X(HOST, UTSNS, "name the host")                                        \
	X(LOOPBACK, NETNS, "bring up the loopback interface")                  \
	X(SEND, PRIVILEGES, "report to the supervisor")                        \
	X(LIMITS, CGROUP, "set resource limits")                               \
	X(CAPS, PRIVILEGES, "drop all capabilities")                           \
	X(LANDLOCK, LANDLOCK, "set up Landlock")                               \
	X(MDWE, MDWE, "deny memory that is writable and executable")           \
	X(SECCOMP, SECCOMP, "load the filter of system calls")                 \
	X(FORWARD, NETNS, "start the forwarder")                               \
	X(FORK, PRIVILEGES, "start the command")                               \
	X(CWD, MOUNTS, "change to the working directory")

enum launch_step {
#define X(id, layer, text) STEP_##id,
	LAUNCH_STEPS(X)
#undef X
	STEPS,
};

enum message_kind {
	MESSAGE_FAILED, /* step, error, what */
	MESSAGE_PLACES, /* with three descriptors: root, work, changes; value: enum workdir_mode as it is */
	MESSAGE_LAYER,  /* step is a layer that could not be had, error why */
	MESSAGE_READY,  /* from the command; the kernel adds its process id */
	MESSAGE_EXEC,   /* from the command: execve failed with error */
	MESSAGE_END,    /* value: wait status of the command */
};

/* One packet on the control socket. */
struct message {
	int32_t kind, step, error, value;
	char    what[112];
};

struct plan_mount {
	const char *host;     /* NULL: `fd` is already open */
	const char *at;       /* absolute, inside */
	int         fd;       /* detached tree, opened by the child */
	bool        write, exec, device, file;
};

struct plan_file {
	const char *at;       /* absolute */
	struct str  text;
};

struct plan_link {
	const char *at, *target;
};

struct plan_protect {
	const char *path;     /* relative to the work directory */
	bool        dir;      /* as what to make it where it is missing */
};

/* A tree below one that the job may write. */
struct plan_below {
	const char *host;     /* NULL: none */
	uint32_t    uid, gid; /* its owner on the host */
	int         fd;       /* detached tree; -1: the child opens it */
};

struct plan_limit {
	int    resource;
	rlim_t value;
};

struct plan {
	uint64_t    flags;          /* CLONE_NEW... */
	uint32_t    outer_uid, outer_gid; /* the job on the host */
	uint32_t    uid, gid;       /* the same, inside */
	bool        change_ids;     /* the supervisor is root: the child leaves its ids */
	bool        landlock, seccomp, mdwe; /* wanted */
	bool        need[LAYERS];   /* required: a failure is a refusal */
	enum exec_mode    exec;
	enum workdir_mode workdir;
	const char *work_host;      /* NULL: an empty one */
	bool        work_shift;     /* the work directory is shown under another owner: work_fd is a detached tree */
	uint32_t    work_uid, work_gid; /* its owner on the host */
	struct plan_below below_work, below_home;
	bool        shift;          /* these trees are shown under another owner: fd is set before the start */
	struct { struct plan_mount *items; size_t n, cap; } mounts;
	struct { struct plan_file *items; size_t n, cap; } files;
	struct { struct plan_link *items; size_t n, cap; } links;
	struct { struct plan_protect *items; size_t n, cap; } protect;
	struct { struct plan_limit *items; size_t n, cap; } limits;
	const char *scratch_size, *scratch_inodes, *tmp_size; /* decimal */
	const char *uid_text, *gid_text;
	const char *const *paths;   /* where the command may be; NULL at the end */
	const char *const *argv;
	const char *const *env;
	const char *cwd;            /* absolute, inside */
	int (*serve)(int fd, int ready); /* or NULL */
	int         in, out, err, control, net, work_fd; /* -1: none */
};

/* plan.c: everything that can be decided before a process exists. */
int plan_make(struct plan *plan, struct arena *mem, const struct sandbox_job *job,
	      const struct profile *profile, const struct probe *probe, struct err *err);

/* plan_base.c: the file system that it starts from. */
int plan_root(struct plan *plan, struct arena *mem, const char *root, struct err *err);
int plan_below(struct plan *plan, struct arena *mem, const struct sandbox_base *base, struct err *err);

/* inside.c: the child; waits for one byte on plan->control first. */
_Noreturn void inside_main(struct plan *plan);
_Noreturn void inside_fail(struct plan *plan, enum launch_step step, const char *what);
void inside_send(const struct plan *plan, const struct message *message, const int *fds, size_t n);
/* The layer could not be had: a refusal when it is required, otherwise a message. */
void inside_lack(struct plan *plan, enum sandbox_layer layer, enum launch_step step);

/* view.c: the job's file tree. */
void view_open(struct plan *plan);
void view_build(struct plan *plan);
/*
 * copy.c: a tree into another, both directories; 0 or -1 with errno. Nothing is followed, special files are left out. `under`: what is
 * there already stays, and directories are merged.
 */
int copy_tree(int from, int to, bool under);

/* placeholder.c: what is missing before a start (host's own work directory only), for removal after it. */
size_t placeholder_find(const struct plan *plan, struct arena *mem, struct plan_protect **out);
void placeholder_remove(const struct plan *plan, struct arena *mem, const struct plan_protect *missing, size_t n);

/* launch.c */
struct launched {
	pid_t pid;       /* of init; 0: none */
	int   pidfd;     /* of init */
	int   control;   /* our end */
};
/* clone3, id maps; init waits for launch_go(). `cgroup` is a v2 directory or -1. */
int launch_start(struct launched *out, struct plan *plan, int cgroup, struct err *err);
int launch_go(const struct launched *launched, struct err *err);
/* Kills and reaps it; NULL-safe, twice-safe. */
void launch_end(struct launched *launched, struct rusage *usage);
/* A detached tree of `path` in which `from` ids are shown as `to` ids; root only. */
int launch_shift(int *tree, const char *path, uint32_t from_uid, uint32_t from_gid, uint32_t to_uid,
		 uint32_t to_gid, struct err *err);
const char *launch_step_text(enum launch_step step);
enum sandbox_layer launch_step_layer(enum launch_step step);
