/*
 * gate_fixture.h - commands under the exec gate without the other walls. As in a sandbox, the command is a grandchild, whose
 * parent is not the tracer: what it ends with comes through that parent.
 */
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/gate.h"

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

/* The command waits for a byte, as it does for the gate in a sandbox. */
static pid_t fixture_start(const char *const *argv, const char *dir, int go, int output, int tell)
{
	pid_t middle = fork(), pid;
	int status;

	fixture_check(middle >= 0, "fork");
	if (middle > 0)
		return middle;
	pid = fork();
	if (pid == 0) {
		char byte;

		dup2(output, STDOUT_FILENO);
		if (read(go, &byte, 1) == 1 && chdir(dir) == 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(126);
	}
	if (write(tell, &pid, sizeof pid) != sizeof pid)
		_exit(1);
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
	fixture_check(read(tell[0], &target.pid, sizeof target.pid) == sizeof target.pid, "the command's number");
	target.root_fd = open("/", O_PATH | O_CLOEXEC);
	target.work_fd = open(dir, O_PATH | O_CLOEXEC);
	fixture_check(statx(target.work_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) == 0, "statx");
	target.work_mount = info.stx_mnt_id;
	if (gate->attach(gate, &target, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
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
}

static inline const struct receipt_exec *find_exec(const struct receipt *receipt, const char *end)
{
	for (size_t i = 0; i < receipt->execs.n; i++)
		if (str_ends(receipt->execs.items[i].path, str_of(end)))
			return &receipt->execs.items[i];
	return NULL;
}
