/*
 * gate_fixture.h - commands under the exec gate without the other walls. As in a sandbox, the command is a grandchild, whose
 * parent is not the tracer: what it ends with comes through that parent.
 */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "sandbox/gate.h"

/* How the engine learns of execs: by the word of a filter, as in the sandbox, or by a trace of all processes. */
static bool fixture_listens;

struct gated {
	struct receipt receipt;
	bool           killed;     /* the command itself */
	int            status;     /* of the command, as waitpid() gives it */
	char          *output;     /* what it wrote; to be freed */
	size_t         output_len;
};

static void fixture_check(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

/* A filter that tells of execve and execveat; -1 where the kernel has none. */
static int fixture_filter(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof code / sizeof *code, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static bool fixture_can_listen(void)
{
	/* a flag that is unknown is told before the address */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL) < 0 && errno == EFAULT;
}

struct fixture_command {
	pid_t pid;
	int   listener; /* its number there; -1: none */
};

static void fixture_meet(struct sandbox_target *out, int tell)
{
	struct fixture_command told = { 0, -1 };

	fixture_check(read(tell, &told, sizeof told) == sizeof told, "the command's number");
	out->pid = told.pid;
	out->pidfd = (int)syscall(SYS_pidfd_open, told.pid, 0);
	fixture_check(out->pidfd >= 0, "pidfd_open");
	out->listener = told.listener < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, out->pidfd, told.listener, 0);
	fixture_check(out->listener >= 0 || !fixture_listens, "the filter's descriptor");
}

/*
 * The command waits for a byte, as it does for the gate in a sandbox; or its execve waits. The descriptor of its filter stays open in it until the
 * exec, as ours does.
 */
static pid_t fixture_start(const char *const *argv, const char *dir, int go, int output, int tell)
{
	pid_t middle = fork(), pid;
	int status;

	fixture_check(middle >= 0, "fork");
	if (middle > 0)
		return middle;
	pid = fork();
	if (pid == 0) {
		const struct fixture_command told = { getpid(), fixture_listens ? fixture_filter() : -1 };
		char byte;

		if (write(tell, &told, sizeof told) != sizeof told)
			_exit(126);
		dup2(output, STDOUT_FILENO);
		if (read(go, &byte, 1) == 1 && chdir(dir) == 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(126);
	}
	close(output);
	while (waitpid(pid, &status, 0) < 0)
		;
	if (write(tell, &status, sizeof status) != sizeof status)
		_exit(1);
	_exit(0);
}

static void fixture_read(struct gated *out, int fd)
{
	size_t room = 0;
	ssize_t n;

	do {
		if (out->output_len + 65536 > room)
			out->output = realloc(out->output, room = 2 * room + 131072);
		n = read(fd, out->output + out->output_len, 65536);
		out->output_len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	out->output[out->output_len] = 0;
}

/* `dir` is its work directory. */
static void run_gated(struct gated *out, struct arena *mem, const struct sandbox_policy *policy,
		      const struct gate_options *options, const char *dir, const char *const *argv)
{
	struct sandbox_gate *gate = gate_ptrace_new(options);
	struct sandbox_target target = { .listener = -1, .policy = policy, .work_path = dir };
	int go[2], output[2], tell[2];
	struct statx info;
	struct err err;
	pid_t middle;

	*out = (struct gated){ 0 };
	fixture_check(pipe2(go, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0 && pipe2(tell, O_CLOEXEC) == 0, "pipe");
	middle = fixture_start(argv, dir, go[0], output[1], tell[1]);
	close(output[1]);
	fixture_meet(&target, tell[0]);
	target.root_fd = open("/", O_PATH | O_CLOEXEC);
	target.work_fd = open(dir, O_PATH | O_CLOEXEC);
	fixture_check(statx(target.work_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) == 0, "statx");
	target.work_mount = info.stx_mnt_id;
	if (target.listener >= 0)
		fixture_check(write(go[1], "x", 1) == 1, "go");
	if (gate->attach(gate, &target, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	if (target.listener < 0)
		fixture_check(write(go[1], "x", 1) == 1, "go");
	fixture_read(out, output[0]);
	fixture_check(read(tell[0], &out->status, sizeof out->status) == sizeof out->status, "status");
	while (waitpid(middle, NULL, 0) < 0)
		;
	gate->finish(gate, &out->receipt, mem, &out->killed);
	gate_ptrace_free(gate);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(tell[i]);
	}
	close(output[0]);
	close(target.root_fd);
	close(target.work_fd);
	close(target.pidfd);
	if (target.listener >= 0)
		close(target.listener);
}

static inline const struct receipt_exec *find_exec(const struct receipt *receipt, const char *end)
{
	for (size_t i = 0; i < receipt->execs.n; i++)
		if (str_ends(receipt->execs.items[i].path, str_of(end)))
			return &receipt->execs.items[i];
	return NULL;
}
