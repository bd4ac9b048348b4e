#include "trick.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *path_of(const char *format, ...)
{
	static char paths[4][4200];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof paths[0], format, args);
	va_end(args);
	return path;
}

void say_bytes(const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = write(STDOUT_FILENO, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		at += done;
		n -= (size_t)done;
	}
}

void say(const char *text)
{
	say_bytes(text, strlen(text));
}

int leak_fd(int fd)
{
	char bytes[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	say_bytes(bytes, (size_t)n);
	return 0;
}

int leak(const char *path)
{
	/* a FIFO or a terminal must not stop the trick */
	return leak_fd(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
}

_Noreturn void hold(void)
{
	say("\noutrider:hold\n");
	for (;;)
		pause();
}

int hold_fd(int fd)
{
	if (fd < 0)
		return 1;
	hold();
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int in_child(int (*run)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (pid == 0)
		_exit(run());
	return status_of(pid);
}

static const char *const no_env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", NULL };

int run_env(const char *const *argv, const char *const *env)
{
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (pid == 0) {
		/* execve() takes them without const and does not change them */
		execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
		_exit(126);
	}
	return status_of(pid);
}

int run_argv(const char *const *argv)
{
	return run_env(argv, no_env);
}

int run_program(const char *path)
{
	const char *const argv[] = { path, NULL };

	return run_argv(argv);
}

int run_fd(int fd)
{
	static const char *const argv[] = { "tool", NULL };
	pid_t pid = fd < 0 ? -1 : fork();

	if (pid < 0)
		return 1;
	if (pid == 0) {
		syscall(SYS_execveat, fd, "", argv, no_env, AT_EMPTY_PATH);
		_exit(126);
	}
	return status_of(pid);
}

/* "0 UID 1": root inside is the user outside. */
static int map_root(uid_t uid, gid_t gid)
{
	if (write_file("/proc/self/setgroups", "deny") < 0 && errno != ENOENT)
		return -1;
	if (write_file("/proc/self/uid_map", path_of("0 %u 1", (unsigned)uid)) < 0)
		return -1;
	return write_file("/proc/self/gid_map", path_of("0 %u 1", (unsigned)gid));
}

int in_namespace(int flags, int (*run)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (pid == 0) {
		uid_t uid = getuid();
		gid_t gid = getgid();

		if (unshare(CLONE_NEWUSER | flags) < 0)
			_exit(1);
		/* without a map much still works, so the trick goes on */
		(void)map_root(uid, gid);
		_exit(run());
	}
	return status_of(pid);
}

int copy_to_fd(const char *from, int to)
{
	char bytes[65536];
	ssize_t n = -1;
	int in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0 || to < 0)
		return -1;
	while ((n = read(in, bytes, sizeof bytes)) > 0)
		if (write(to, bytes, (size_t)n) != n)
			break;
	close(in);
	return n == 0 ? 0 : -1;
}

int copy_file(const char *from, const char *to)
{
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	int result = copy_to_fd(from, out);

	if (out >= 0) {
		(void)fchmod(out, 0755);
		close(out);
	}
	return result;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t n = strlen(text);
	bool ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;

	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

int send_token(int fd)
{
	const char *token = given("token");

	return fd >= 0 && write(fd, token, strlen(token)) > 0 ? 0 : 1;
}
