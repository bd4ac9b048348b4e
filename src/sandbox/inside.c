/*
 * inside.c - process 1 of the job: puts the walls up around itself, starts the command behind them, reaps, and tells how it
 * ended. System calls only.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "filter.h"
#include "landlock.h"
#include "launch.h"
#include "sys.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#define MDWE_REFUSE_EXEC_GAIN 1
#define KEYCTL_JOIN_SESSION_KEYRING 1

enum { KEPT_FROM = 5, SPARE_FROM = 64, SECURE_BITS = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
	SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED };

void inside_send(const struct plan *p, const struct message *message, const int *fds, size_t n)
{
	union {
		struct cmsghdr head;
		char           room[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct message copy = *message;
	struct iovec part = { &copy, sizeof copy };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n) {
		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
	}
	/* a supervisor that is gone ends us anyway */
	if (sendmsg(p->control, &packet, MSG_NOSIGNAL) < 0)
		_exit(1);
}

void inside_fail(struct plan *p, enum launch_step step, const char *what)
{
	struct message message = { .kind = MESSAGE_FAILED, .step = (int)step, .error = errno };

	if (what)
		strncpy(message.what, what, sizeof message.what - 1);
	inside_send(p, &message, NULL, 0);
	_exit(1);
}

void inside_lack(struct plan *p, enum sandbox_layer layer, enum launch_step step)
{
	struct message message = { .kind = MESSAGE_LAYER, .step = (int)layer, .error = errno };

	if (p->need[layer])
		inside_fail(p, step, NULL);
	inside_send(p, &message, NULL, 0);
}

/* Only what the job may have stays open, at known numbers: nothing of the supervisor leaks, whoever opened it. */
static void keep_descriptors(struct plan *p)
{
	int *const kept[KEPT_FROM] = { &p->in, &p->out, &p->err, &p->control, &p->net };

	for (int i = 0; i < KEPT_FROM; i++)
		if (*kept[i] >= 0)
			*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, SPARE_FROM);
	for (int i = 0; i < KEPT_FROM; i++) {
		if (*kept[i] < 0) {
			close(i);
			continue;
		}
		if (dup3(*kept[i], i, i > 2 ? O_CLOEXEC : 0) < 0)
			_exit(1);
		*kept[i] = i;
	}
	if (sys_close_range(KEPT_FROM, ~0U))
		inside_fail(p, STEP_START, "close_range");
}

static void wait_go(const struct plan *p)
{
	char go;

	if (recv(p->control, &go, 1, 0) != 1)
		_exit(1);
}

/* What the supervisor made meanwhile. */
static void take_gift(struct plan *p, struct gift *gift, int fds[LAUNCH_GIFTS])
{
	union {
		struct cmsghdr head;
		char           room[CMSG_SPACE(LAUNCH_GIFTS * sizeof(int))];
	} control = { 0 };
	struct iovec part = { gift, sizeof *gift };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				 .msg_controllen = sizeof control };
	size_t n;

	if (recvmsg(p->control, &packet, MSG_CMSG_CLOEXEC) != sizeof *gift)
		_exit(1);
	n = gift_size(gift);
	if (n == 0)
		return;
	if (n > LAUNCH_GIFTS || packet.msg_controllen < CMSG_LEN(n * sizeof(int)) ||
	    control.head.cmsg_len != CMSG_LEN(n * sizeof(int)))
		inside_fail(p, STEP_START, "descriptors of the supervisor");
	memcpy(fds, CMSG_DATA(&control.head), n * sizeof(int));
}

/* By itself, before it has children: see cgroup.h. */
static void take_over(struct plan *p)
{
	struct gift gift;
	int *const trees[GIFT_TREES] = { &p->work_fd, &p->below_work.fd, &p->below_home.fd };
	int fds[LAUNCH_GIFTS], n = 0;

	take_gift(p, &gift, fds);
	for (size_t i = 0; i < GIFT_TREES; i++)
		if (gift.tree[i])
			*trees[i] = fds[n++];
	for (int i = 0; i < gift.doors; i++) {
		if (write(fds[n + i], "0", 1) != 1)
			inside_fail(p, STEP_GROUPS, NULL);
		close(fds[n + i]);
	}
	if ((p->flags & CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP))
		inside_lack(p, LAYER_CGROUPNS, STEP_CGROUPNS);
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int s = 1; s < SIGRTMAX; s++)
		signal(s, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void change_ids(struct plan *p)
{
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, p->gid, p->gid, p->gid) ||
	    syscall(SYS_setresuid, p->uid, p->uid, p->uid))
		inside_fail(p, STEP_IDS, NULL);
}

/* What is made from here on is the job's. */
static void become_owner(struct plan *p)
{
	if (p->change_ids && (p->flags & CLONE_NEWUSER)) {
		change_ids(p);
	} else if (p->change_ids) {
		/* nothing can be mounted by another user here: we are the job's user when all stands */
		syscall(SYS_setfsgid, p->gid);
		syscall(SYS_setfsuid, p->uid);
	}
}

static void set_host(struct plan *p)
{
	if ((p->flags & CLONE_NEWUTS) && (sethostname("sandbox", 7) || setdomainname("", 0)))
		inside_fail(p, STEP_HOST, NULL);
}

static void set_limits(struct plan *p)
{
	for (size_t i = 0; i < p->limits.n; i++) {
		const struct plan_limit *l = &p->limits.items[i];
		struct rlimit limit = { l->value, l->value }, now;

		/* a lower hard limit of the host stays */
		if (getrlimit((__rlimit_resource_t)l->resource, &now) == 0 &&
		    now.rlim_max < limit.rlim_max)
			limit.rlim_cur = limit.rlim_max = now.rlim_max;
		if (setrlimit((__rlimit_resource_t)l->resource, &limit))
			inside_fail(p, STEP_LIMITS, NULL);
	}
}

/* Without a capability nothing can be set up against later ones; no_new_privs sees to it that there are none. */
static bool has_none(const struct plan *p)
{
	return p->bubble && errno == EPERM;
}

static void drop_privileges(struct plan *p)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	/* a keyring of its own: those of the supervisor have no namespace. Kernels without keys are as good. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		inside_fail(p, STEP_CAPS, "session keyring");
	if (prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0) && !has_none(p))
		inside_fail(p, STEP_CAPS, "securebits");
	/* past the last one that this kernel knows it says EINVAL */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	if (errno != EINVAL && !has_none(p))
		inside_fail(p, STEP_CAPS, "bounding set");
	if (p->change_ids && !(p->flags & CLONE_NEWUSER))
		change_ids(p);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &head, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		inside_fail(p, STEP_CAPS, NULL);
	/* the kernel kills us with the supervisor; changing ids forgets it, so it stands here */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		inside_fail(p, STEP_CAPS, NULL);
}

/* The second wall around files: it holds where a mount should leak. */
static void enforce_landlock(struct plan *p)
{
	const uint64_t work = LL_READ | LL_WRITE | (p->exec == EXEC_SEALED ? 0 : LL_EXECUTE);
	const int abi = landlock_abi();
	int rules = abi >= 2 ? landlock_new(abi, false) : -1;
	bool ok = rules >= 0;

	ok = ok && landlock_allow(rules, abi, AT_FDCWD, "/", LL_READ) == 0;
	for (size_t i = 0; ok && i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.items[i];

		if (!m->exec && !m->write && !m->device)
			continue; /* as "/" */
		ok = landlock_allow(rules, abi, AT_FDCWD, m->at,
				    LL_READ | (m->exec ? LL_EXECUTE : 0) |
					    (m->write ? LL_WRITE | LL_IOCTL_DEV : 0) |
					    (m->device ? LL_WRITE_FILE | LL_TRUNCATE : 0)) == 0;
	}
	ok = ok && landlock_allow(rules, abi, AT_FDCWD, SANDBOX_WORK, work) == 0 &&
	     landlock_allow(rules, abi, AT_FDCWD, SANDBOX_HOME, work) == 0 &&
	     landlock_allow(rules, abi, AT_FDCWD, "/tmp", LL_READ | LL_WRITE) == 0 &&
	     landlock_allow(rules, abi, AT_FDCWD, "/dev/shm", LL_READ | LL_WRITE) == 0 &&
	     landlock_allow(rules, abi, AT_FDCWD, "/dev/pts", LL_READ | LL_WRITE_FILE | LL_IOCTL_DEV) == 0 &&
	     landlock_allow(rules, abi, AT_FDCWD, "/proc", LL_READ | LL_WRITE_FILE) == 0 &&
	     landlock_enforce(rules) == 0;
	if (!ok)
		inside_lack(p, LAYER_LANDLOCK, STEP_LANDLOCK);
	close(rules);
}

/* Where the kernel cannot tell the gate of execs alone, the gate waits for the command instead. */
static void filter_calls(struct plan *p)
{
	const struct message told = { .kind = MESSAGE_LISTENER };
	int listener = p->listen ? filter_listen() : -1;

	p->listen = listener >= 0;
	if (!p->listen && filter_load(FILTER_JOB))
		inside_lack(p, LAYER_SECCOMP, STEP_SECCOMP);
	if (!p->listen)
		return;
	inside_send(p, &told, &listener, 1);
	close(listener);
}

static void put_up_walls(struct plan *p)
{
	set_host(p);
	set_limits(p);
	drop_privileges(p);
	if (p->landlock)
		enforce_landlock(p);
	if (p->mdwe && prctl(PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		inside_lack(p, LAYER_MDWE, STEP_MDWE);
	if (p->seccomp)
		filter_calls(p);
}

/* Behind all walls; stops here, or at its execve, until the supervisor (and its gate) lets it go. */
static _Noreturn void become_command(struct plan *p)
{
	struct message failed = { .kind = MESSAGE_EXEC, .error = ENOENT };
	const struct message ready = { .kind = MESSAGE_READY };

	/* the gate attaches by it; execve would set it too */
	if (!(p->trace_any && p->listen))
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	setsid();
	if (chdir(p->cwd))
		inside_fail(p, STEP_CWD, p->cwd);
	inside_send(p, &ready, NULL, 0);
	if (!p->listen)
		wait_go(p);
	for (size_t i = 0; p->paths[i]; i++) {
		/* glibc's execve takes pointers to non-const for historical reasons; the kernel copies */
		syscall(SYS_execve, p->paths[i], p->argv, p->env);
		if (errno != ENOENT && errno != ENOTDIR)
			failed.error = errno;
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			break;
	}
	inside_send(p, &failed, NULL, 0);
	_exit(127);
}

/* The forwarder has its end of the broker's socket, a pipe to say that it listens, and nothing else. */
static void start_forwarder(struct plan *p)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (!p->serve)
		return;
	if (pipe2(ready, O_CLOEXEC))
		inside_fail(p, STEP_FORWARD, "pipe");
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		close(ready[0]);
		close(p->control);
		close(0);
		close(1);
		close(2);
		_exit(p->serve(p->net, ready[1]) ? 1 : 0);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		inside_fail(p, STEP_FORWARD, NULL);
	close(ready[0]);
	close(p->net);
}

/* Until the command has ended; orphans are ours too. Its end is the end of all. */
static _Noreturn void reap(struct plan *p, pid_t command)
{
	struct message end = { .kind = MESSAGE_END };
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid == command)
			break;
		if (pid < 0 && errno != EINTR)
			_exit(1);
	}
	end.value = status;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
	inside_send(p, &end, NULL, 0);
	_exit(0);
}

static int command_main(void *plan)
{
	become_command(plan);
}

/*
 * A copy of our memory takes longer than all else of it. The gate of a supervisor that may trace only what is dumpable needs it, for that is a
 * property of memory; and without a listener the command waits for the gate while we have to see its end.
 */
static pid_t make_command(struct plan *p)
{
	char stack[16 << 10] __attribute__((aligned(16), uninitialized));

	if (p->trace_any && p->listen)
		return clone(command_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, p);
	/* not fork(): it takes locks that a thread of the supervisor may have held */
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Behind all walls but those of the command itself. */
static _Noreturn void start_command(struct plan *p)
{
	pid_t command;

	start_forwarder(p);
	command = make_command(p);
	if (command < 0)
		inside_fail(p, STEP_FORK, NULL);
	if (command == 0)
		become_command(p);
	/* the job's streams belong to the job alone */
	close(0);
	close(1);
	close(2);
	reap(p, command);
}

void inside_stage(struct plan *p)
{
	keep_descriptors(p);
	reset_signals();
	setsid();
	put_up_walls(p);
	start_command(p);
}

void inside_main(struct plan *p)
{
	const bool tree = p->flags & CLONE_NEWNS;
	struct view view;
	struct network network __attribute__((uninitialized));

	keep_descriptors(p);
	network_begin(p, &network);
	reset_signals();
	setsid();
	if (tree)
		view_open(p);
	wait_go(p);
	become_owner(p);
	if (tree)
		view_make(p, &view);
	take_over(p);
	network_end(p, &network);
	if (tree)
		view_enter(p, &view);
	put_up_walls(p);
	start_command(p);
}
