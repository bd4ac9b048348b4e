/*
 * sandbox_lack.c - "sandbox_lack WALL... -- COMMAND": the command on a kernel that lacks these walls; "sandbox_lack --list".
 *
 * What a filter of system calls can see it refuses itself. What stands in memory (the flags of clone3, the name of a file system)
 * is looked up by us, the parent, for each such call.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

enum { WALLS_MAX = 48, ANY = -1, IN_MEMORY = 16, IDMAP = 0x00100000, LANDLOCK_OLD_ABI = 2 };

static const struct wall {
	const char *name;
	long nr;
	int arg;         /* which argument is compared, or ANY; IN_MEMORY + n: what the argument n points to, read by us */
	uint64_t value;  /* bits of it that are refused; of an argument by value: exactly this */
	const char *text; /* instead of value: the string that it points to */
	int error;       /* 0: the call returns `returns` */
	int returns;
} walls[] = {
	{ .name = "userns", SYS_clone3, IN_MEMORY + 0, CLONE_NEWUSER, .error = ENOSPC },
	{ .name = "mounts", SYS_clone3, IN_MEMORY + 0, CLONE_NEWNS, .error = ENOSPC },
	{ .name = "pidns", SYS_clone3, IN_MEMORY + 0, CLONE_NEWPID, .error = ENOSPC },
	/* the job's own is made by unshare, the one of the trial by clone3 */
	{ .name = "netns", SYS_clone3, IN_MEMORY + 0, CLONE_NEWNET, .error = ENOSPC },
	{ .name = "netns", SYS_unshare, 0, CLONE_NEWNET, .error = ENOSPC },
	{ .name = "ipcns", SYS_clone3, IN_MEMORY + 0, CLONE_NEWIPC, .error = ENOSPC },
	{ .name = "utsns", SYS_clone3, IN_MEMORY + 0, CLONE_NEWUTS, .error = ENOSPC },
	{ .name = "cgroupns", SYS_clone3, IN_MEMORY + 0, CLONE_NEWCGROUP, .error = ENOSPC },
	{ .name = "cgroupns", SYS_unshare, 0, CLONE_NEWCGROUP, .error = ENOSPC },
	{ .name = "privileges", SYS_prctl, 0, PR_SET_NO_NEW_PRIVS, .error = EINVAL },
	{ .name = "landlock", SYS_landlock_create_ruleset, ANY, .error = ENOSYS },
	{ .name = "landlock-old", SYS_landlock_create_ruleset, 2, 1, .returns = LANDLOCK_OLD_ABI },
	{ .name = "seccomp", SYS_seccomp, 0, SECCOMP_SET_MODE_FILTER, .error = EINVAL },
	{ .name = "mdwe", SYS_prctl, 0, 65 /* PR_SET_MDWE */, .error = EINVAL },
	{ .name = "gate", SYS_ptrace, ANY, .error = EPERM },
	{ .name = "overlay", SYS_fsopen, IN_MEMORY + 0, .text = "overlay", .error = ENODEV },
	{ .name = "proc", SYS_fsopen, IN_MEMORY + 0, .text = "proc", .error = EPERM },
	{ .name = "idmap", SYS_mount_setattr, IN_MEMORY + 3, IDMAP, .error = EINVAL },
	/* as the usual profile of a container does it */
	{ .name = "clone3", SYS_clone3, ANY, .error = ENOSYS },
	{ .name = "fsopen", SYS_fsopen, ANY, .error = EPERM },
	{ .name = "move_mount", SYS_move_mount, ANY, .error = EPERM },
	{ .name = "pivot_root", SYS_pivot_root, ANY, .error = EPERM },
	{ .name = "mount_setattr", SYS_mount_setattr, ANY, .error = ENOSYS },
	/* the calls of the usual profile of containers that matter here, for who has no CAP_SYS_ADMIN */
	{ .name = "container", SYS_clone3, ANY, .error = ENOSYS },
	{ .name = "container", SYS_unshare, ANY, .error = EPERM },
	{ .name = "container", SYS_setns, ANY, .error = EPERM },
	{ .name = "container", SYS_mount, ANY, .error = EPERM },
	{ .name = "container", SYS_umount2, ANY, .error = EPERM },
	{ .name = "container", SYS_pivot_root, ANY, .error = EPERM },
	{ .name = "container", SYS_fsopen, ANY, .error = EPERM },
	{ .name = "container", SYS_fsmount, ANY, .error = EPERM },
	{ .name = "container", SYS_open_tree, ANY, .error = EPERM },
	{ .name = "container", SYS_move_mount, ANY, .error = EPERM },
	{ .name = "container", SYS_mount_setattr, ANY, .error = EPERM },
	{ .name = "container", SYS_bpf, ANY, .error = EPERM },
	{ .name = "container", SYS_perf_event_open, ANY, .error = EPERM },
	{ .name = "container", SYS_keyctl, ANY, .error = EPERM },
	{ .name = "container", SYS_add_key, ANY, .error = EPERM },
	{ .name = "container", SYS_request_key, ANY, .error = EPERM },
	{ .name = "container", SYS_userfaultfd, ANY, .error = EPERM },
	{ .name = "container", SYS_io_uring_setup, ANY, .error = EPERM },
	{ .name = "container", SYS_open_by_handle_at, ANY, .error = EPERM },
};

static bool chosen[sizeof walls / sizeof *walls];

static bool choose(const char *name)
{
	bool found = false;

	for (size_t i = 0; i < sizeof walls / sizeof *walls; i++) {
		bool same = strcmp(walls[i].name, name) == 0;

		chosen[i] |= same;
		found |= same;
	}
	if (!found)
		fprintf(stderr, "sandbox_lack: unknown wall '%s'\n", name);
	return found;
}

/* The number of the call is loaded, and is again at the end. */
static void add_wall(struct sock_fprog *program, const struct wall *w)
{
	const unsigned action = w->error && w->arg < IN_MEMORY ? SECCOMP_RET_ERRNO | (unsigned)w->error
							       : SECCOMP_RET_USER_NOTIF;
	const bool compared = w->arg >= 0 && w->arg < IN_MEMORY;
	const struct sock_filter code[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)w->nr, 0, 4),
		/* without an argument to compare: the number again, which is equal */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 compared ? (unsigned)(offsetof(struct seccomp_data, args) + 8 * (unsigned)w->arg)
				  : (unsigned)offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, compared ? (unsigned)w->value : (unsigned)w->nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};

	memcpy(program->filter + program->len, code, sizeof code);
	program->len = (unsigned short)(program->len + sizeof code / sizeof *code);
}

/* A descriptor on which the kernel asks; only for the calls of the chosen walls. */
static int load(void)
{
	struct sock_filter code[2 + 5 * WALLS_MAX];
	struct sock_fprog program = { 0, code };

	code[program.len++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof walls / sizeof *walls; i++)
		if (chosen[i])
			add_wall(&program, &walls[i]);
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && geteuid() != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static bool reads(pid_t pid, uint64_t at, void *out, size_t n)
{
	struct iovec here = { out, n }, there = { (void *)(uintptr_t)at, n };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) > 0;
}

static bool refuses(const struct wall *w, const struct seccomp_notif *call)
{
	char bytes[16] = "";
	uint64_t bits;

	if (w->nr != call->data.nr)
		return false;
	if (w->arg < IN_MEMORY)
		return w->arg == ANY || call->data.args[w->arg] == w->value;
	if (!reads((pid_t)call->pid, call->data.args[w->arg - IN_MEMORY], bytes, w->text ? strlen(w->text) + 1 : 8)) {
		perror("sandbox_lack: process_vm_readv");
		return true;
	}
	memcpy(&bits, bytes, sizeof bits);
	return w->text ? strcmp(bytes, w->text) == 0 : (bits & w->value) != 0;
}

static void answer(int listener)
{
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return;
	response.id = call.id;
	for (size_t i = 0; i < sizeof walls / sizeof *walls; i++) {
		if (!chosen[i] || !refuses(&walls[i], &call))
			continue;
		response.flags = 0;
		response.error = -walls[i].error;
		response.val = walls[i].returns;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void become(char **argv, int say, int go)
{
	int listener;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	listener = load();
	if (write(say, &listener, sizeof listener) != sizeof listener || listener < 0 || read(go, &byte, 1) != 0) {
		perror("sandbox_lack: no filter");
		_exit(2);
	}
	close(listener);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(2);
}

static int take_listener(pid_t pid, int pidfd, int said)
{
	int theirs, listener;

	if (read(said, &theirs, sizeof theirs) != sizeof theirs || theirs < 0)
		return -1;
	listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	if (listener < 0) {
		perror("sandbox_lack: pidfd_getfd");
		kill(pid, SIGKILL);
	}
	return listener;
}

/* Until the command is dead: kernels before 6.11 do not tell the listener before it is reaped. */
static void serve(int listener, int pidfd)
{
	struct pollfd fds[2] = { { listener, POLLIN, 0 }, { pidfd, POLLIN, 0 } };

	while (listener >= 0) {
		if (poll(fds, 2, -1) < 0 && errno == EINTR)
			continue;
		if (fds[0].revents & POLLIN)
			answer(listener);
		else
			break;
	}
}

int main(int argc, char **argv)
{
	int at = 1, say[2], go[2], pidfd, status;
	pid_t pid;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < sizeof walls / sizeof *walls; i++)
			puts(walls[i].name);
		return 0;
	}
	for (; at < argc && strcmp(argv[at], "--") != 0; at++)
		if (!choose(argv[at]))
			return 2;
	if (at + 1 >= argc || pipe2(say, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return 2;
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		become(argv + at + 1, say[1], go[0]);
	}
	close(say[1]);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	status = take_listener(pid, pidfd, say[0]);
	close(go[1]);
	serve(status, pidfd);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
