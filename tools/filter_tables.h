/* filter_tables.h - what the seccomp filters say, as data; for filter.c alone. */
#pragma once
#include <asm/ioctls.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>

/*
 * The newest call that a job has: cachestat, Linux 6.5. Newer ones (fchmodat2, open_tree_attr, listmount ...) do not
 * exist for it: their users know older kernels.
 */
enum { LAST_KNOWN_CALL = 451 };

struct call {
	const char *name;
	int         number; /* where libseccomp may not know the name yet; 0: it does */
};

/* Things of the administrator, and kernel code that was the way out too often. EPERM. */
static const struct call denied_calls[] = {
	/* mounts and roots */
	{ "mount", 0 }, { "umount2", 0 }, { "pivot_root", 0 }, { "chroot", 0 }, { "mount_setattr", 442 },
	{ "open_tree", 0 }, { "move_mount", 0 }, { "fsopen", 0 }, { "fsconfig", 0 }, { "fsmount", 0 },
	{ "fspick", 0 },
	/* namespaces of others; handles go around paths */
	{ "setns", 0 }, { "open_by_handle_at", 0 },
	/* other processes */
	{ "ptrace", 0 }, { "process_vm_readv", 0 }, { "process_vm_writev", 0 }, { "pidfd_getfd", 438 },
	{ "kcmp", 0 }, { "process_madvise", 440 },
	/* keys have no namespace */
	{ "add_key", 0 }, { "request_key", 0 }, { "keyctl", 0 },
	/* large, young or rarely used kernel code */
	{ "bpf", 0 }, { "perf_event_open", 0 }, { "userfaultfd", 0 }, { "fanotify_init", 0 },
	{ "fanotify_mark", 0 }, { "memfd_secret", 447 }, { "lookup_dcookie", 0 }, { "modify_ldt", 0 },
	{ "vm86", 0 }, { "vm86old", 0 }, { "uselib", 0 }, { "sysfs", 0 }, { "_sysctl", 0 }, { "nfsservctl", 0 },
	/* the machine */
	{ "syslog", 0 }, { "acct", 0 }, { "swapon", 0 }, { "swapoff", 0 }, { "reboot", 0 },
	{ "kexec_load", 0 }, { "kexec_file_load", 0 }, { "init_module", 0 }, { "finit_module", 0 },
	{ "delete_module", 0 }, { "create_module", 0 }, { "get_kernel_syms", 0 }, { "query_module", 0 },
	{ "iopl", 0 }, { "ioperm", 0 }, { "quotactl", 0 }, { "quotactl_fd", 443 }, { "vhangup", 0 },
	{ "settimeofday", 0 }, { "clock_settime", 0 }, { "adjtimex", 0 }, { "clock_adjtime", 0 },
	{ "sethostname", 0 }, { "setdomainname", 0 },
	{ NULL, 0 },
};

/*
 * Their dangerous arguments stand behind a pointer, or they go around this filter: ENOSYS, for which callers have
 * another way.
 */
static const struct call absent_calls[] = {
	{ "clone3", 435 }, { "openat2", 437 }, { "io_uring_setup", 425 }, { "io_uring_enter", 426 },
	{ "io_uring_register", 427 },
	{ NULL, 0 },
};

/* EPERM or `error` when all of `bits` are set in argument `arg`, and all of `also` (if any) in `also_arg`. */
struct bits_rule {
	const char *name;
	int         number;
	unsigned    arg;
	uint64_t    bits;
	unsigned    also_arg;
	uint64_t    also;
	int         error;
};

#define NEW_NAMESPACE(call)                                                                          \
	{ call, 0, 0, 0x00020000, 0, 0, EPERM }, /* mount */                                         \
	{ call, 0, 0, 0x02000000, 0, 0, EPERM }, /* cgroup */                                        \
	{ call, 0, 0, 0x04000000, 0, 0, EPERM }, /* uts */                                           \
	{ call, 0, 0, 0x08000000, 0, 0, EPERM }, /* ipc */                                           \
	{ call, 0, 0, 0x10000000, 0, 0, EPERM }, /* user */                                          \
	{ call, 0, 0, 0x20000000, 0, 0, EPERM }, /* pid */                                           \
	{ call, 0, 0, 0x40000000, 0, 0, EPERM }  /* net */

/* A setuid or setgid file would be a gift for whoever takes over the results. */
#define SET_ID(call, number, mode)                                                                   \
	{ call, number, mode, 04000, 0, 0, EPERM }, { call, number, mode, 02000, 0, 0, EPERM }
/* open: the mode counts only with O_CREAT (0100) or O_TMPFILE (020000000). */
#define SET_ID_OPEN(call, flags, mode)                                                               \
	{ call, 0, mode, 04000, flags, 0100, EPERM }, { call, 0, mode, 02000, flags, 0100, EPERM },  \
	{ call, 0, mode, 04000, flags, 020000000, EPERM },                                           \
	{ call, 0, mode, 02000, flags, 020000000, EPERM }

static const struct bits_rule denied_bits[] = {
	NEW_NAMESPACE("clone"),
	/* CLONE_UNTRACED: a child that the exec gate would not see */
	{ "clone", 0, 0, 0x00800000, 0, 0, EPERM },
	NEW_NAMESPACE("unshare"),
	/* SECCOMP_FILTER_FLAG_NEW_LISTENER: a supervisor inside, who answers for the kernel */
	{ "seccomp", 0, 1, 0x8, 0, 0, EPERM },
	{ "unshare", 0, 0, 0x00000080, 0, 0, EPERM }, /* time */
	SET_ID("chmod", 0, 1),
	SET_ID("fchmod", 0, 1),
	SET_ID("fchmodat", 0, 2),
	SET_ID("creat", 0, 1),
	SET_ID("mknod", 0, 1),
	SET_ID("mknodat", 0, 2),
	SET_ID_OPEN("open", 1, 2),
	SET_ID_OPEN("openat", 2, 3),
	{ NULL, 0, 0, 0, 0, 0, 0 },
};

/* Both put text into the input of a terminal, that is into somebody else's shell. */
static const unsigned denied_ioctls[] = { TIOCSTI, 0x541c /* TIOCLINUX */ };

/* Protocols of INET and INET6 that builds do not speak: IPIP, DCCP, SCTP, UDP-Lite, raw, MPTCP. */
static const unsigned denied_protocols[] = { 4, 33, 132, 136, 255, 262 };

/* The analyst computes, reads below its directories (Landlock says which), writes to what it was given. */
static const struct call sealed_calls[] = {
	/* descriptors that it has */
	{ "read", 0 }, { "write", 0 }, { "readv", 0 }, { "writev", 0 }, { "pread64", 0 }, { "pwrite64", 0 },
	{ "preadv", 0 }, { "pwritev", 0 }, { "preadv2", 0 }, { "pwritev2", 0 }, { "close", 0 },
	{ "close_range", 436 }, { "lseek", 0 }, { "dup", 0 }, { "dup2", 0 }, { "dup3", 0 }, { "fcntl", 0 },
	{ "flock", 0 }, { "fsync", 0 }, { "fdatasync", 0 }, { "ftruncate", 0 }, { "fallocate", 0 },
	{ "fadvise64", 0 }, { "readahead", 0 }, { "sendfile", 0 }, { "copy_file_range", 0 },
	{ "poll", 0 }, { "ppoll", 0 }, { "select", 0 }, { "pselect6", 0 }, { "epoll_create1", 0 },
	{ "epoll_ctl", 0 }, { "epoll_wait", 0 }, { "epoll_pwait", 0 }, { "epoll_pwait2", 441 },
	{ "eventfd2", 0 }, { "pipe2", 0 }, { "pipe", 0 },
	/* files */
	{ "open", 0 }, { "openat", 0 }, { "stat", 0 }, { "lstat", 0 }, { "fstat", 0 }, { "newfstatat", 0 },
	{ "statx", 0 }, { "statfs", 0 }, { "fstatfs", 0 }, { "access", 0 }, { "faccessat", 0 },
	{ "faccessat2", 439 }, { "readlink", 0 }, { "readlinkat", 0 }, { "getdents64", 0 }, { "getcwd", 0 },
	{ "chdir", 0 }, { "fchdir", 0 }, { "umask", 0 }, { "mkdir", 0 }, { "mkdirat", 0 }, { "rmdir", 0 },
	{ "unlink", 0 }, { "unlinkat", 0 }, { "rename", 0 }, { "renameat", 0 }, { "renameat2", 0 },
	{ "truncate", 0 }, { "utimensat", 0 },
	/* memory */
	{ "brk", 0 }, { "mmap", 0 }, { "munmap", 0 }, { "mprotect", 0 }, { "mremap", 0 }, { "madvise", 0 },
	{ "msync", 0 }, { "mincore", 0 }, { "mlock", 0 }, { "munlock", 0 },
	/* time, chance, itself */
	{ "clock_gettime", 0 }, { "clock_getres", 0 }, { "clock_nanosleep", 0 }, { "nanosleep", 0 },
	{ "gettimeofday", 0 }, { "time", 0 }, { "getrandom", 0 }, { "getpid", 0 }, { "gettid", 0 },
	{ "getppid", 0 }, { "getuid", 0 }, { "geteuid", 0 }, { "getgid", 0 }, { "getegid", 0 },
	{ "getrlimit", 0 }, { "getrusage", 0 }, { "times", 0 }, { "uname", 0 }, { "sysinfo", 0 },
	{ "sched_yield", 0 }, { "sched_getaffinity", 0 }, { "getcpu", 0 }, { "setitimer", 0 },
	{ "timer_create", 0 }, { "timer_settime", 0 }, { "timer_delete", 0 },
	{ "futex", 0 }, { "set_robust_list", 0 }, { "set_tid_address", 0 }, { "rseq", 0 },
	{ "membarrier", 0 }, { "arch_prctl", 0 }, { "restart_syscall", 0 },
	/* signals that it gets */
	{ "rt_sigaction", 0 }, { "rt_sigprocmask", 0 }, { "rt_sigreturn", 0 }, { "rt_sigpending", 0 },
	{ "rt_sigtimedwait", 0 }, { "rt_sigsuspend", 0 }, { "sigaltstack", 0 }, { "pause", 0 }, { "alarm", 0 },
	{ "exit", 0 }, { "exit_group", 0 },
	{ NULL, 0 },
};

static const unsigned sealed_prctls[] = { PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE,
					  0x53564d41 /* PR_SET_VMA: the heap names its pages */ };
