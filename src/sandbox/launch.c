/* launch.c - the supervisor's half of a start: clone3, the maps of ids, and the end. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/scope.h"
#include "launch.h"
#include "sys.h"

enum { HOLDER_STACK = 16 << 10 }; /* of a process that makes one system call */

static const struct {
	const char        *text;
	enum sandbox_layer layer;
} steps[STEPS] = {
#define X(id, layer, text) { text, LAYER_##layer },
	LAUNCH_STEPS(X)
#undef X
};

const char *launch_step_text(enum launch_step step)
{
	return steps[step].text;
}

enum sandbox_layer launch_step_layer(enum launch_step step)
{
	return steps[step].layer;
}

static int write_proc(pid_t pid, const char *file, struct str text, struct err *err)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* one write: the kernel takes a map whole or not at all */
	if (fd < 0 || write(fd, text.p, text.len) != (ssize_t)text.len)
		return err_errno(err, "write %s", path);
	return 0;
}

static int write_map(pid_t pid, const char *file, uint32_t inside, uint32_t outside, struct err *err)
{
	char text[64];
	int n = snprintf(text, sizeof text, "%u %u 1\n", inside, outside);

	return write_proc(pid, file, (struct str){ text, (size_t)n }, err);
}

static int write_ids(pid_t pid, const struct plan *plan, struct err *err)
{
	if (!(plan->flags & CLONE_NEWUSER))
		return 0;
	/* without privilege a group map may be written only when groups cannot be dropped */
	if (!plan->change_ids && write_proc(pid, "setgroups", STR("deny"), err))
		return -1;
	if (write_map(pid, "uid_map", plan->uid, plan->outer_uid, err))
		return -1;
	return write_map(pid, "gid_map", plan->gid, plan->outer_gid, err);
}

static pid_t clone_process(int *pidfd, uint64_t flags, int cgroup)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		/* no signal at its end: only who asks for it by __WALL sees it, not the caller's own handlers */
		.exit_signal = 0,
	};

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (__u64)cgroup;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

int launch_start(struct launched *out, struct plan *plan, int cgroup, struct err *err)
{
	struct launched launched = { .pidfd = -1, .control = -1 };
	int ends[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return err_errno(err, "sandbox: socketpair");
	if (setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on)) {
		close(ends[0]);
		close(ends[1]);
		return err_errno(err, "sandbox: setsockopt");
	}
	plan->control = ends[1];
	launched.pid = clone_process(&launched.pidfd, plan->flags & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWNET), cgroup);
	if (launched.pid == 0)
		inside_main(plan);
	close(ends[1]);
	launched.control = ends[0];
	if (launched.pid < 0) {
		close(ends[0]);
		return err_errno(err, "sandbox: cannot make namespaces (clone3)");
	}
	if (write_ids(launched.pid, plan, err) == 0 && launch_go(&launched, err) == 0) {
		*out = launched;
		return 0;
	}
	launch_end(&launched, NULL);
	return -1;
}

int launch_go(const struct launched *launched, struct err *err)
{
	if (send(launched->control, "g", 1, MSG_NOSIGNAL) != 1)
		return err_errno(err, "sandbox: the job's first process is gone");
	return 0;
}

void launch_give(const struct launched *launched, struct gift gift, const int *fds)
{
	const size_t n = (size_t)(gift.work + gift.doors);
	union {
		struct cmsghdr head;
		char           room[CMSG_SPACE(LAUNCH_GIFTS * sizeof(int))];
	} control = { 0 };
	struct iovec part = { &gift, sizeof gift };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n) {
		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
	}
	(void)!sendmsg(launched->control, &packet, MSG_NOSIGNAL);
}

void launch_end(struct launched *launched, struct rusage *usage)
{
	if (launched->pid > 0) {
		syscall(SYS_pidfd_send_signal, launched->pidfd, SIGKILL, NULL, 0);
		while (wait4(launched->pid, NULL, __WALL, usage) < 0 && errno == EINTR)
			;
		close(launched->pidfd);
		close(launched->control);
	}
	*launched = (struct launched){ .pidfd = -1, .control = -1 };
}

static int hold(void *parent)
{
	/* it must not outlive us, whenever we are killed; no other signal wakes it */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (getppid() == *(const pid_t *)parent)
		pause();
	return 0;
}

static int holder_start(struct holder *out, struct err *err)
{
	pid_t *parent;
	sigset_t all, before;
	struct holder h = { .pidfd = -1, .stack = malloc(HOLDER_STACK) };

	if (!h.stack)
		return err_set(err, ERR_TEMP, "sandbox: no memory");
	/* our handlers must not run in it */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	parent = h.stack;
	*parent = getpid();
	h.pid = clone(hold, (char *)h.stack + HOLDER_STACK, CLONE_VM | CLONE_NEWUSER | CLONE_PIDFD, parent, &h.pidfd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (h.pid < 0) {
		free(h.stack);
		return err_errno(err, "sandbox: cannot make a user namespace");
	}
	*out = h;
	return 0;
}

void holder_end(struct holder *h)
{
	if (h->pid > 0) {
		syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
		while (waitpid(h->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		close(h->pidfd);
		free(h->stack);
	}
	*h = (struct holder){ .pidfd = -1 };
}

/* A user namespace that lives as long as the descriptor, for the kernel to read the map from. */
static int shift_namespace(struct holder *holder, uint32_t from_uid, uint32_t from_gid, uint32_t to_uid, uint32_t to_gid,
			   struct err *err)
{
	char path[64];
	int fd = -1;

	if (holder_start(holder, err))
		return -1;
	if (write_map(holder->pid, "uid_map", from_uid, to_uid, err) == 0 &&
	    write_map(holder->pid, "gid_map", from_gid, to_gid, err) == 0) {
		snprintf(path, sizeof path, "/proc/%d/ns/user", (int)holder->pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			(void)err_errno(err, "open %s", path);
	}
	syscall(SYS_pidfd_send_signal, holder->pidfd, SIGKILL, NULL, 0);
	return fd;
}

int launch_shift(int *tree, struct holder *holder, const char *path, uint32_t from_uid, uint32_t from_gid,
		 uint32_t to_uid, uint32_t to_gid, struct err *err)
{
	AUTO_FD int users = shift_namespace(holder, from_uid, from_gid, to_uid, to_gid, err);
	struct sys_attr attr = { .set = SYS_ATTR_IDMAP };
	int fd;

	if (users < 0)
		return -1;
	fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	attr.userns = (uint64_t)users;
	if (fd < 0 || sys_attr(fd, 0, &attr)) {
		(void)err_errno(err, "sandbox: '%s' cannot be shown under another owner", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*tree = fd;
	return 0;
}
