/*
 * policy.h - what a job may do, as plain data: which walls must stand, what it sees, runs, reaches and uses up.
 *
 * A policy belongs to the administrator of the host. A repository, a tool call or a model may only tighten one
 * (policy_tighten). Nothing here has an effect: run.h applies it.
 */
#pragma once
#include "base/yaml.h"

/* Whose code it is. Decides the built-in policy (sandbox/policies/<word>.yml) and what may be lowered. */
enum sandbox_trust {
	TRUST_UNTRUSTED, /* a pull request: its build and tests; may run what it built */
	TRUST_COMMAND,   /* a command that a model chose: only listed programs, the work directory is not executable */
	TRUST_TRUSTED,   /* marked by the administrator */
	TRUSTS,
};

/* The walls, in the order in which they are put up. name, what it is for people */
#define SANDBOX_LAYERS(X)                                                                         \
	X(CGROUP, "cgroup", "memory, process and processor limits by control groups")             \
	X(USERNS, "userns", "a user namespace")                                                   \
	X(MOUNTS, "mounts", "a mount namespace with a root of its own")                           \
	X(PIDNS, "pidns", "a process namespace")                                                  \
	X(NETNS, "netns", "an empty network namespace")                                           \
	X(IPCNS, "ipcns", "an IPC namespace")                                                     \
	X(UTSNS, "utsns", "a host name of its own")                                               \
	X(CGROUPNS, "cgroupns", "a control group namespace")                                      \
	X(PRIVILEGES, "privileges", "no new privileges, no capabilities, no inherited descriptors") \
	X(LANDLOCK, "landlock", "Landlock, a second wall around files")                           \
	X(SECCOMP, "seccomp", "a filter of system calls")                                         \
	X(MDWE, "mdwe", "no memory both writable and executable")                                 \
	X(GATE, "gate", "the exec gate")

enum sandbox_layer {
#define X(id, name, about) LAYER_##id,
	SANDBOX_LAYERS(X)
#undef X
	LAYERS,
};

/* What happens where the host lacks a layer. Ordered: a larger value is tighter. */
enum layer_need {
	NEED_OFF,       /* not put up at all */
	NEED_PREFERRED, /* put up where possible; the receipt says when it was not */
	NEED_REQUIRED,  /* nothing runs without it */
	NEEDS,
};

/* Ordered: a larger value is tighter. */
enum exec_mode {
	EXEC_AUDIT,  /* everything runs, everything is written down */
	EXEC_BUILD,  /* the toolchain, and what this job itself made in its work directory */
	EXEC_SEALED, /* what `allow` lists, by digest; the work directory is mounted noexec */
	EXEC_MODES,
};

/* Who asks before a program starts (gate.h). Both judge by the same rules. */
enum exec_engine {
	EXEC_BY_AUTO,     /* the root helper where it runs, otherwise ptrace */
	EXEC_BY_PTRACE,   /* the supervisor itself */
	EXEC_BY_FANOTIFY, /* the root helper, or the gate is missing */
	EXEC_BY_BPF,      /* its program in the kernel, or the gate is missing */
	EXEC_ENGINES,
};

/* Who makes the namespaces. */
enum sandbox_launcher {
	LAUNCH_AUTO,       /* we ourselves; bubblewrap where we may not, and it may */
	LAUNCH_OWN,
	LAUNCH_BUBBLEWRAP, /* always: for hosts that want it, and for tests. Weaker: docs/fence.md */
	LAUNCHERS,
};

/* For the log and the reader: an allowed interpreter means arbitrary code inside the walls. */
enum exec_class { CLASS_TOOL, CLASS_COMPILER, CLASS_INTERPRETER, CLASS_FRESH, CLASSES };

struct exec_rule {
	unsigned char   digest[32]; /* SHA-256 of the whole file */
	bool            by_digest;  /* false: `path` was listed, its digest is taken outside before the job starts */
	struct str      path;       /* absolute; empty when listed by digest alone */
	struct str      name;       /* for people */
	enum exec_class class;
};

/* How the work directory is given to the job. Ordered: a larger value is tighter. */
enum workdir_mode {
	WORKDIR_BIND,    /* itself, writable: for trusted jobs; disk is only watched */
	WORKDIR_COPY,    /* a copy in memory, capped by disk and inodes */
	WORKDIR_OVERLAY, /* as it is, changes go to memory, capped by disk and inodes; the copy where the kernel has no such overlay */
	WORKDIR_MODES,
};

struct str_list {
	struct str *items;
	size_t      n, cap;
};

struct exec_rules {
	struct exec_rule *items;
	size_t            n, cap;
};

/* id, key, default, least, most, unit of the value in YAML (bytes take k, m, g; times ms, s, m, h). The reasons: */
#define SANDBOX_LIMITS(X)                                                                             \
	X(wall_ms, "wall", 600000, 1, 86400000, TIME)              /* ten minutes: the usual CI step */ \
	X(cpu_ms, "cpu", 1200000, 1, 864000000, TIME)              /* of all processes together */    \
	X(cpu_percent, "cpu_percent", 200, 1, 102400, NUMBER)      /* 100 is one processor */         \
	X(memory, "memory", 2147483648, 4194304, 1099511627776, BYTES) /* tmpfs and page cache too */   \
	X(swap, "swap", 0, 0, 1099511627776, BYTES)                /* swap hides a leak as slowness */\
	X(pids, "pids", 512, 1, 65536, NUMBER)                     /* parallel builds take 100 */     \
	X(disk, "disk", 1073741824, 4096, 1099511627776, BYTES)    /* written below the work dir */   \
	X(inodes, "inodes", 200000, 16, 100000000, NUMBER)         /* a large node_modules: 60,000 */ \
	X(file, "file", 536870912, 4096, 1099511627776, BYTES)     /* of one file */                  \
	X(fds, "fds", 4096, 16, 1048576, NUMBER)                   /* of one process; the JVM asks for many */ \
	X(output_bytes, "output_bytes", 16777216, 0, 1073741824, BYTES) /* a chatty CI log has 5 MB */  \
	X(output_lines, "output_lines", 200000, 0, 100000000, NUMBER)

/* A smaller value is tighter, for each. Bytes, milliseconds, counts. */
struct sandbox_limits {
#define X(id, key, normal, least, most, unit) uint64_t id;
	SANDBOX_LIMITS(X)
#undef X
};

struct route_table; /* egress/route.h */

struct sandbox_policy {
	struct str            name;      /* "untrusted", or the file's own */
	enum sandbox_trust    trust;
	enum layer_need       layers[LAYERS];
	struct str            profile;   /* toolchain profile (profile.h); empty: the plain /usr */
	struct {
		struct str_list   ro;       /* absolute host paths, seen read-only at the same place; what is missing is an error */
		struct str_list   rw;       /* the same, writable: for caches of trusted jobs */
		struct str_list   protect;  /* relative to the work dir: read-only there, even where they do not exist */
		uint64_t          tmp_size; /* bytes of /tmp, which is memory */
		enum workdir_mode workdir;
	} fs;
	struct {
		enum exec_mode    mode;
		struct exec_rules allow;
		enum exec_engine  engine;
		struct str        helper; /* the socket of the root helper (fence.h) */
	} exec;
	enum sandbox_launcher launcher;
	struct str            bubblewrap; /* the program */
	const struct route_table *net;  /* borrowed from the arena; NULL: no network */
	struct sandbox_limits limits;
	bool                  drop_output; /* past the cap: true counts and drops, false ends the job */
	struct str_list       env;       /* names that may be passed in from outside */
};

enum {
	POLICY_MAX_BYTES = 256 << 10, /* written by hand, or learnt: digests of a toolchain are 100 bytes each */
	POLICY_MAX_PATH = 1024,       /* bytes of a path */
	POLICY_MAX_SOCKET = 107, /* bytes of a socket's path: struct sockaddr_un has no room for more */
	POLICY_HASH = 32,
};

/* The built-in policy of a trust; everything in it is static or in `mem`. Cannot fail: a test reads all of them. */
void policy_builtin(struct sandbox_policy *out, struct arena *mem, enum sandbox_trust trust);
/*
 * Reads one YAML document on top of the built-in policy of the `trust` that it names (untrusted if none). `name` goes in front
 * of errors, "name:line:column: what". Unknown keys, keys twice, wrong kinds and values out of bounds are
 * ERR_INPUT. A list replaces that of the built-in policy, except fs.protect, which adds to it. All memory in `mem`.
 */
int policy_load(struct sandbox_policy *out, struct arena *mem, const char *name, struct str text,
		struct err *err);
/*
 * Reads a repository's wishes on top of `host`. Each may only tighten: less trust, more needed layers, shorter limits, a
 * stricter mode, fewer paths, environment names, digests and routes, more protected paths. A loosening is
 * ERR_INPUT with its position and the host's value. A list must be a part of the host's.
 */
int policy_tighten(struct sandbox_policy *out, struct arena *mem, const struct sandbox_policy *host,
		   const char *name, struct str text, struct err *err);
/* SHA-256 of a canonical form: equal exactly when the policies mean the same, whatever file they came from. */
void policy_hash(unsigned char out[POLICY_HASH], const struct sandbox_policy *policy);

/* Stable words, as in YAML and receipts: "untrusted", "required", "sealed", "interpreter", "overlay", "landlock". */
const char *trust_name(enum sandbox_trust trust);
const char *need_name(enum layer_need need);
const char *exec_mode_name(enum exec_mode mode);
const char *exec_engine_name(enum exec_engine engine);
const char *launcher_name(enum sandbox_launcher launcher);
const char *exec_class_name(enum exec_class class);
const char *workdir_mode_name(enum workdir_mode mode);
const char *layer_name(enum sandbox_layer layer);
const char *layer_about(enum sandbox_layer layer);
/* False for a word that is none. */
bool trust_read(enum sandbox_trust *out, struct str word);
