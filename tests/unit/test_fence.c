/* The root helper: which packets it takes, and whose jobs it takes from whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/sched.h>
#include <signal.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/scope.h"
#include "peer.h"
#include "sandbox/fence.h"

static void packets_come_back(void **state)
{
	static struct digest digests[FENCE_MAX_DIGESTS];
	struct fence_packet packet = { .kind = FENCE_JOB }, read;
	AUTO_BUF struct buf bytes = { 0 };
	struct err err;

	(void)state;
	memset(digests, 'x', sizeof digests);
	packet.job = (struct fence_job){ .init = 77, .mode = EXEC_SEALED, .engine = FENCE_BPF, .began_s = 5, .began_ns = 6, .mounts = { 41, 42 },
					 .n_mounts = 2, .digests = digests, .n_digests = COUNT(digests) };
	fence_encode(&bytes, &packet);
	assert_true(bytes.len <= FENCE_MAX_PACKET);
	assert_int_equal(fence_decode(&read, buf_str(&bytes), &err), 0);
	assert_int_equal(read.job.n_digests, COUNT(digests));
	assert_true(digest_eq(&read.job.digests[4095], &digests[4095]));
	assert_int_equal(read.job.mounts[1], 42);
	assert_int_equal(read.job.engine, FENCE_BPF);
	/* one byte less, and one more */
	assert_int_equal(fence_decode(&read, (struct str){ bytes.bytes, bytes.len - 1 }, &err), -1);
	buf_add_byte(&bytes, 0);
	assert_int_equal(fence_decode(&read, buf_str(&bytes), &err), -1);
}

static void reports_come_back(void **state)
{
	struct fence_packet packet = { .kind = FENCE_EXEC }, read;
	AUTO_BUF struct buf bytes = { 0 };
	struct err err;

	(void)state;
	packet.exec = (struct fence_exec){ .pid = 9, .inside = 2, .facts = { .opened = true, .loader = true, .origin = GATE_FRESH },
					   .rule = GATE_LOADER, .denied = true, .written = true, .writer = { "writer" }, .path = "/work/ld", .script = "/work/a" };
	fence_encode(&bytes, &packet);
	assert_int_equal(fence_decode(&read, buf_str(&bytes), &err), 0);
	assert_string_equal(read.exec.path, "/work/ld");
	assert_string_equal(read.exec.script, "/work/a");
	assert_true(read.exec.denied && read.exec.facts.loader && !read.exec.facts.digested);
	assert_int_equal(read.exec.rule, GATE_LOADER);
	assert_true(read.exec.written && memcmp(read.exec.writer.bytes, "writer", 6) == 0);
	/* of another release */
	bytes.bytes[3]++;
	assert_int_equal(fence_decode(&read, buf_str(&bytes), &err), -1);
	assert_non_null(strstr(err.text, "one release"));
}

/* A child in namespaces of its own that waits to be killed, or -1. */
static pid_t child(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	return pid;
}

static void assert_refused(const struct peer *peer, pid_t pid, const char *why)
{
	struct ward ward;
	struct err err = { 0 };

	assert_int_equal(ward_open(&ward, peer, (uint32_t)pid, &err), -1);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void takes_only_what_is_the_peers(void **state)
{
	const struct peer me = { getpid(), getuid() }, other = { getpid(), 65533 }, parent = { getppid(), getuid() };
	const uint64_t users = getuid() ? CLONE_NEWUSER : 0;
	pid_t plain = child(0), half = child(users | CLONE_NEWPID), job = child(users | CLONE_NEWPID | CLONE_NEWNS);
	struct ward ward;
	struct err err;

	(void)state;
	assert_refused(&me, getpid(), "no child");
	assert_refused(&me, getppid(), "no child");
	assert_refused(&me, 1, "no child");
	assert_refused(&me, plain, "not the first process");
	if (job > 0) {
		assert_refused(&me, half, "no mounts of its own");
		assert_refused(&other, job, "another user");
		assert_int_equal(ward_open(&ward, &me, (uint32_t)job, &err), 0);
		assert_false(ward_is_dead(&ward, 0));
		ward_kill(&ward);
		assert_true(ward_is_dead(&ward, 10000));
		ward_close(&ward);
		ward_close(&ward);
		assert_int_equal(ward_open(&ward, &parent, (uint32_t)half, &err), -1);
		end(half);
		end(job);
	}
	end(plain);
	assert_refused(&me, plain, "process");
}

/* A child of user 65534 among mounts that root made. */
static pid_t foreign_child(void)
{
	struct clone_args args = { .flags = CLONE_NEWPID | CLONE_NEWNS, .exit_signal = SIGCHLD };
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0) {
		(void)!syscall(SYS_setresgid, 65534, 65534, 65534);
		(void)!syscall(SYS_setresuid, 65534, 65534, 65534);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	return pid;
}

static void takes_no_mounts_of_others(void **state)
{
	const struct peer user = { getpid(), 65534 };
	pid_t job = getuid() ? -1 : foreign_child();

	(void)state;
	if (job < 0)
		skip();
	assert_refused(&user, job, "no mounts of its own");
	end(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_back),
		cmocka_unit_test(reports_come_back),
		cmocka_unit_test(takes_only_what_is_the_peers),
		cmocka_unit_test(takes_no_mounts_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
