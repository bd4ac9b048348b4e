/* test_seal.c - what a sealed process can still do, seen from outside: each try runs in a child of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/seal.h"

enum { WORKED = 7, NO_SEAL = 8, FAILED = 9 };

static char folder[] = "/tmp/outrider-seal-XXXXXX", inside[64], outside[64];

static int open_inside(void)
{
	return open(inside, O_RDONLY | O_CLOEXEC) >= 0;
}

static int open_outside(void)
{
	return open(outside, O_RDONLY | O_CLOEXEC) >= 0 || open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ||
	       open("/proc/self/environ", O_RDONLY | O_CLOEXEC) >= 0;
}

static int write_inside(void)
{
	return open(inside, O_WRONLY | O_CLOEXEC) >= 0;
}

static int open_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static int run_program(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	execv("/bin/true", argv);
	return 0; /* a success ends the process with 0: told apart below */
}

static int signal_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static int use_descriptor(void)
{
	return fcntl(50, F_GETFD) >= 0;
}

static int use_kept(void)
{
	return fcntl(51, F_GETFD) >= 0;
}

static int take_memory(void)
{
	return mmap(NULL, (size_t)4 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		    0) != MAP_FAILED;
}

static int compute(void)
{
	char *p = malloc(1 << 20);

	return p && memset(p, 1, 1 << 20);
}

/* What a sealed child that tries `what` ends with: its exit code, or 128 and the signal that the kernel sent. */
static int ends(int (*what)(void))
{
	static const int keep[] = { 51, -1 };
	const char *const read[] = { folder, NULL };
	const struct seal_options options = { .read = read, .keep = keep, .memory = (uint64_t)2 << 30,
					      .cpu_seconds = 20 };
	struct seal_report report;
	struct err err = { 0 };
	int status;
	pid_t pid;

	dup2(1, 50);
	dup2(1, 51);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (seal_analyst(&options, &report, &err)) {
			dprintf(2, "%s\n", err.text);
			_exit(NO_SEAL);
		}
		_exit(what() ? WORKED : FAILED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(50);
	close(51);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_may(void **state)
{
	(void)state;
	assert_int_equal(ends(open_inside), WORKED);
	assert_int_equal(ends(use_kept), WORKED);
	assert_int_equal(ends(compute), WORKED);
}

/* Refused with an error, or ended by the filter: both are no. */
static void refuse(int (*what)(void), const char *name)
{
	int end = ends(what);

	if (end != FAILED && end != 128 + SIGSYS)
		fail_msg("%s ended with %d", name, end);
}

static void test_may_not(void **state)
{
	(void)state;
	refuse(open_outside, "a file outside");
	refuse(write_inside, "writing");
	refuse(open_socket, "a socket");
	refuse(make_process, "a process");
	refuse(run_program, "a program");
	refuse(signal_parent, "a signal");
	refuse(use_descriptor, "an inherited descriptor");
#if !defined(__SANITIZE_ADDRESS__)
	refuse(take_memory, "4 GB of memory");
#else
	(void)take_memory;
#endif
}

static void test_report(void **state)
{
	const char *const missing[] = { "/nonexistent/outrider", NULL };
	const struct seal_options options = { .read = missing };
	struct err err = { 0 };
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(seal_analyst(&options, NULL, &err) == -1 && strstr(err.text, "/nonexistent") ? WORKED : FAILED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), WORKED);
}

static int make_files(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(inside, sizeof(inside), "%s/file", folder);
	snprintf(outside, sizeof(outside), "%s.outside", folder);
	close(open(inside, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(open(outside, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	return unlink(inside) || unlink(outside) || rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_may),
		cmocka_unit_test(test_may_not),
		cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
