/*
 * bench_sandbox [COUNT]: medians of COUNT starts of /bin/true: bare (vfork and exec), in the sandbox with the built-in policies,
 * and in a tight bubblewrap, in turns, so that a busy machine disturbs all alike. bubblewrap has neither a filter, a gate,
 * Landlock nor limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "sandbox/run.h"

enum { COUNT_USUAL = 200, WARM_UP = 3 };

static const char *const bare[] = { "/bin/true", NULL };
static const char *const bubblewrap[] = {
	"bwrap", "--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL",
	"--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink",
	"usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--", "/bin/true", NULL,
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int start(const char *const *argv)
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

static int start_bare(void)
{
	return start(bare);
}

static int start_bubblewrap(void)
{
	return start(bubblewrap);
}

static int start_sandbox(enum sandbox_trust trust, enum layer_need gate)
{
	static const struct exec_rule rule = { .path = { "/bin/true", 9 } };
	AUTO_ARENA struct arena mem;
	struct sandbox_policy policy;
	struct receipt receipt;
	struct err err;
	struct sandbox_job job = { .policy = &policy, .argv = bare, .stdin_fd = -1, .cancel_fd = -1 };

	arena_init(&mem, 64 << 20);
	policy_builtin(&policy, &mem, trust);
	policy.layers[LAYER_GATE] = gate;
	ARENA_PUSH(&mem, &policy.exec.allow, rule);
	if (sandbox_run(&receipt, &mem, &job, &err)) {
		fprintf(stderr, "bench_sandbox: %s\n", err.text);
		exit(1);
	}
	return receipt.end == END_EXIT ? receipt.exit_code : -1;
}

static int start_build(void)
{
	return start_sandbox(TRUST_UNTRUSTED, NEED_REQUIRED);
}

static int start_sealed(void)
{
	return start_sandbox(TRUST_COMMAND, NEED_REQUIRED);
}

static int start_ungated(void)
{
	return start_sandbox(TRUST_UNTRUSTED, NEED_OFF);
}

static const struct {
	const char *name;
	int (*start)(void);
} rows[] = {
	{ "bare", start_bare },		 { "sandbox, build", start_build }, { "sandbox, sealed", start_sealed },
	{ "sandbox, no gate", start_ungated }, { "bubblewrap", start_bubblewrap },
};

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT_USUAL;
	double *took = n ? calloc(n * COUNT(rows), sizeof *took) : NULL;

	if (!took)
		return 2;
	for (size_t i = 0; i < n + WARM_UP; i++) {
		for (size_t r = 0; r < COUNT(rows); r++) {
			double began = now_ms();

			if (rows[r].start()) {
				fprintf(stderr, "bench_sandbox: %s: /bin/true failed\n", rows[r].name);
				return 1;
			}
			if (i >= WARM_UP)
				took[r * n + i - WARM_UP] = now_ms() - began;
		}
	}
	for (size_t r = 0; r < COUNT(rows); r++) {
		qsort(took + r * n, n, sizeof *took, by_number);
		printf("%-18s %7.3f ms  p95 %7.3f ms\n", rows[r].name, took[r * n + n / 2], took[r * n + n * 95 / 100]);
	}
	free(took);
	return 0;
}
