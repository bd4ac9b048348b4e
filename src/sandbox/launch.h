/*
 * launch.h - a run as data, decided outside before anything happens (plan.c), and carried out inside by a child that uses
 * nothing but system calls (inside.c, view.c): the supervisor may have threads, so there is no heap after the fork.
 * Private to this folder.
 */
#pragma once
#include <stdatomic.h>
#include <sys/resource.h>

#include "sandbox/probe.h"
#include "sandbox/profile.h"
#include "sandbox/run.h"

enum {
	/* Users that no distribution gives out (systemd: up to 0x6fffffff for containers), one by chance for each run. */
	JOB_ID_BASE = 0x6fff0000,
	JOB_IDS = 0xfff0,
};

/* What the child does, in order: the layer that it belongs to, and what failed, for people. */
#define LAUNCH_STEPS(X)                                                        \
	X(START, PRIVILEGES, "take over the job's descriptors")                \
	X(SOURCE, MOUNTS, "open a place of the host")                          \
	X(IDS, USERNS, "become the job's user")                                \
	X(GROUPS, CGROUP, "enter its control groups")                          \
	X(CGROUPNS, CGROUPNS, "enter a control group namespace")               \
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
	X(NETWORK, NETNS, "make a network namespace")                          \
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
	MESSAGE_LISTENER, /* with one descriptor: of the filter, for the gate */
	MESSAGE_READY,  /* from the command; the kernel adds its process id */
	MESSAGE_EXEC,   /* from the command: execve failed with error */
	MESSAGE_END,    /* value: wait status of the command */
};

/* One packet on the control socket, to the supervisor. */
struct message {
	int32_t kind, step, error, value;
	char    what[112];
};

/*
 * The packet from the supervisor that hands over what it made while the child was busy, with descriptors: those trees that `tree` says,
 * in its order, then `doors` files into each of which the child writes "0" to enter a control group.
 */
enum gift_tree { GIFT_WORK, GIFT_BELOW_WORK, GIFT_BELOW_HOME, GIFT_TREES };
struct gift {
	int32_t tree[GIFT_TREES], doors;
};

static inline size_t gift_size(const struct gift *gift)
{
	size_t n = (size_t)gift->doors;

	for (size_t i = 0; i < GIFT_TREES; i++)
		n += gift->tree[i] != 0;
	return n;
}

struct plan_mount {
	const char *host;     /* NULL: `fd` is already open */
	const char *at;       /* absolute, inside */
	int         fd;       /* detached tree, opened by the child */
	bool        write, exec, device, file;
	bool        ready;    /* its place is in the skeleton */
};

struct plan_file {
	const char *at;       /* absolute */
	struct str  text;
};

struct plan_link {
	const char *at, *target;
	bool        ready;    /* its directory is in the skeleton */
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
	bool        bubble;         /* bubblewrap has made the namespaces and the view, and left no capabilities */
	bool        change_ids;     /* the supervisor is root: the child leaves its ids */
	bool        landlock, seccomp, mdwe; /* wanted */
	bool        helper;         /* the gate is the root helper's, as it was when this was planned */
	bool        listen;         /* the filter tells of execs, where the kernel can */
	bool        trace_any;      /* the supervisor may trace what is not dumpable */
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
	/* skeleton.c: what of the root is made before anything of the host is in it; relative, parents first */
	struct { const char **items; size_t n, cap; } dirs, empty; /* directories; files to mount on */
	struct { struct plan_protect *items; size_t n, cap; } protect;
	struct { struct plan_limit *items; size_t n, cap; } limits;
	const char *scratch_size, *scratch_inodes, *tmp_size; /* decimal */
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

/* skeleton.c: from mounts, files and links to dirs, empty and what is `ready`. Pure. */
void skeleton_plan(struct plan *plan, struct arena *mem);

/* inside.c: the child. It waits twice on plan->control: for one byte when it has its ids, then for the gift. */
_Noreturn void inside_main(struct plan *plan);
_Noreturn void inside_fail(struct plan *plan, enum launch_step step, const char *what);
void inside_send(const struct plan *plan, const struct message *message, const int *fds, size_t n);
/* The layer could not be had: a refusal when it is required, otherwise a message. */
void inside_lack(struct plan *plan, enum sandbox_layer layer, enum launch_step step);

/*
 * The job's file tree, in three steps, so that the supervisor can do its part meanwhile.
 * view.c, view_root.c
 */
struct view {
	int root, scratch, tmp, shm, proc, pts; /* file systems that are not mounted yet */
};
/* Still as the supervisor's user, before there are ids: what of the host is shown. */
void view_open(struct plan *plan);
/* As the job's user: file systems of its own, and the skeleton of the root. */
void view_make(struct plan *plan, struct view *view);
/* With plan->work_fd: leaves the host's root, and puts everything in place. */
void view_enter(struct plan *plan, struct view *view);
/* Mounts at a relative path of the job's root, which is the current directory. What is missing on the way is made. */
void view_place(struct plan *plan, int mount, const char *at, bool file);
/* A path of the skeleton: nothing but what we made stands on the way. */
void view_place_ready(struct plan *plan, int mount, const char *at);
/* protect.c: protected paths of the work directory, read-only. `work` is it, `below` the same without changes. */
void view_protect(struct plan *plan, int work, int below);
/* network.c: an empty network for init and what comes of it, made between the two calls. */
struct network {
	pid_t            helper;
	atomic_bool      begun;    /* by the helper, or by init itself */
	int              error, fd;
	enum launch_step step;
	char             stack[16 << 10] __attribute__((aligned(16)));
};
void network_begin(const struct plan *plan, struct network *network);
/* Before the host's root is left. *network must stay. */
void network_end(struct plan *plan, struct network *network);

/*
 * copy.c: a tree into another, both directories; 0 or -1 with errno. Nothing is followed, special files are left out. `under`: what is
 * there already stays, and directories are merged.
 */
int copy_tree(int from, int to, bool under);

/* placeholder.c: what is missing before a start (host's own work directory only), for removal after it. */
struct placeholder {
	const char *dir, *name; /* dir: relative to the work directory; "" is itself */
};
struct placeholders {
	const char         *work;
	struct placeholder *items;
	size_t              n, cap;
};
void placeholder_find(struct placeholders *out, const struct plan *plan, struct arena *mem);
/* System calls only. What is not empty, as it was made, stays. */
void placeholder_remove(const struct placeholders *missing);

/* launch.c */
struct launched {
	pid_t pid;       /* of init; 0: none */
	int   pidfd;     /* of init */
	int   control;   /* our end */
	pid_t outer;     /* 0, or bubblewrap's own process, our child; then init is not */
	int   outer_pidfd;
};
/* clone3, id maps; init works and then waits for launch_give(). `cgroup` is a v2 directory or -1. */
int launch_start(struct launched *out, struct plan *plan, int cgroup, struct err *err);
/* fork() without what a thread of ours may hold: the child makes system calls only. */
pid_t launch_clone(int *pidfd, uint64_t flags, int cgroup);
/*
 * bubble.c: the same by bubblewrap, whose inner program is our stage (stage.c). The first message of the control socket comes from init: then
 * launched->pid is set by bubble_meet().
 */
int bubble_start(struct launched *out, struct plan *plan, struct arena *mem, const struct sandbox_policy *policy,
		 int cgroup, const int *doors, int n_doors, struct err *err);
int bubble_meet(struct launched *launched, pid_t init, struct err *err);
/* What bubblewrap said on the job's standard error instead of starting it, if anything, as *err. */
void bubble_explain(int fd, struct err *err);
/* Whether bubblewrap can start our stage here: 0, or why not. *setuid: it makes no user namespace. */
int bubble_probe(const char *program, bool *is_setuid, struct err *err);
/* stage_wire.c: what the stage must know of a plan. */
void stage_encode(struct buf *out, const struct plan *plan);
/* inside.c: as inside_main(), where the namespaces and the view are there already. */
_Noreturn void inside_stage(struct plan *plan);
/* What the gift says, at most LAUNCH_GIFTS descriptors; they stay the caller's. An init that is gone told why in its last message. */
void launch_give(const struct launched *launched, struct gift gift, const int *fds);
enum { LAUNCH_GIFTS = 8 };
/* The command, which waits, goes on. */
int launch_go(const struct launched *launched, struct err *err);
/* Kills and reaps it; twice-safe. */
void launch_end(struct launched *launched, struct rusage *usage);
/*
 * A process that holds a user namespace until its map was used. It shares our memory, so that making it does not copy that; it is killed
 * at once, but may die when there is time for it.
 */
struct holder {
	pid_t pid;   /* 0: none */
	int   pidfd;
	void *stack; /* owned, until it is dead */
};
/* Waits for its death; NULL-safe, twice-safe. */
void holder_end(struct holder *holder);
/*
 * A detached tree of `path` in which `from` ids are shown as `to` ids; root only. *holder is to be ended by the same thread, also
 * after a failure.
 */
int launch_shift(int *tree, struct holder *holder, const char *path, uint32_t from_uid, uint32_t from_gid,
		 uint32_t to_uid, uint32_t to_gid, struct err *err);
const char *launch_step_text(enum launch_step step);
enum sandbox_layer launch_step_layer(enum launch_step step);
