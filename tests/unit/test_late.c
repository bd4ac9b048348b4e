/* Libraries that are loaded when they are needed, with the real libm, and what is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/late.h"

struct calls {
	double (*cos)(double x);
	double (*fabs)(double x);
} __attribute__((aligned(LATE_PAGE)));

static const char *const names[] = { "cos", "fabs" };
static const char *const unknown[] = { "cos", "outrider_no_such_call" };

static void test_loads(void **state)
{
	static struct calls calls;
	const struct late late = { "libm.so.6", names, &calls, 2, sizeof calls };
	struct err err;

	(void)state;
	assert_int_equal(late_load(&late, &err), 0);
	assert_true(calls.cos(0) == 1 && calls.fabs(-2) == 2);
	assert_int_equal(late_load(&late, &err), 0);
}

/* Whoever can write somewhere in memory cannot turn a call elsewhere. */
static void test_read_only(void **state)
{
	static struct calls calls;
	const struct late late = { "libm.so.6", names, &calls, 2, sizeof calls };
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(late_load(&late, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		close(STDERR_FILENO);
		*(void *volatile *)(void *)&calls.cos = NULL;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_missing(void **state)
{
	static struct calls calls;
	const struct late none = { "liboutrider-none.so.1", names, &calls, 2, sizeof calls };
	const struct late old = { "libm.so.6", unknown, &calls, 2, sizeof calls };
	struct err err;

	(void)state;
	assert_int_equal(late_load(&none, &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	assert_non_null(strstr(err.text, "liboutrider-none.so.1"));
	assert_int_equal(late_load(&old, &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	assert_non_null(strstr(err.text, "libm.so.6 is too old: it has no outrider_no_such_call"));
	/* nothing was filled that would pass for a loaded library */
	assert_null(calls.cos);
	assert_int_equal(late_load(&old, NULL), -1);
}

enum { THREADS = 8 };

static struct calls shared;

static void *load_shared(void *arg)
{
	const struct late late = { "libm.so.6", names, &shared, 2, sizeof shared };

	(void)arg;
	return late_load(&late, NULL) == 0 && shared.cos(0) == 1 ? &shared : NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, load_shared, NULL), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_ptr_equal(result, &shared);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
