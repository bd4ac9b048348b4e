/*
 * bench_gate [COUNT]: what the exec gate adds to starting a program in the sandbox: medians of COUNT starts of /bin/true by one
 * job, with the gate and without, in turns, so that a busy machine disturbs both alike.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "sandbox/run.h"

enum { ROUNDS = 7 };

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int by_number(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static void start_true(void)
{
	static const char *const argv[] = { "/bin/true", NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* The job: starts /bin/true `count` times and prints the least and the median in ns. */
static int starter(long count)
{
	long *took = calloc((size_t)count, sizeof *took);

	for (long i = 0; took && i < count; i++) {
		long began = now_ns();

		start_true();
		took[i] = now_ns() - began;
	}
	if (!took)
		return 1;
	qsort(took, (size_t)count, sizeof *took, by_number);
	printf("%ld %ld\n", took[0], took[count / 2]);
	free(took);
	return 0;
}

struct figures {
	long least, median;
};

static int on_output(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	struct figures *f = ctx;
	char text[64] = "";

	(void)stream;
	memcpy(text, bytes.p, bytes.len < sizeof text ? bytes.len : sizeof text - 1);
	return sscanf(text, "%ld %ld", &f->least, &f->median) == 2 ? 0 : -1;
}

static struct figures run(char *self, const char *count, enum layer_need gate)
{
	const char *const argv[] = { self, "start", count, NULL };
	const struct str place = str_of(self);
	AUTO_ARENA struct arena mem;
	struct sandbox_policy policy;
	struct figures figures = { 0, 0 };
	struct receipt receipt;
	struct err err = { .text = "the job failed" };
	struct sandbox_job job = { .policy = &policy, .argv = argv, .stdin_fd = -1, .cancel_fd = -1,
				   .on_output = on_output, .ctx = &figures };

	arena_init(&mem, 64 << 20);
	policy_builtin(&policy, &mem, TRUST_UNTRUSTED);
	policy.layers[LAYER_GATE] = gate;
	ARENA_PUSH(&mem, &policy.fs.ro, place);
	if (sandbox_run(&receipt, &mem, &job, &err) || !figures.median) {
		fprintf(stderr, "bench_gate: %s\n", err.text);
		exit(1);
	}
	return figures;
}

int main(int argc, char **argv)
{
	char self[4096];
	const char *count = argc > 1 ? argv[argc - 1] : "1000";
	long least[2] = { LONG_MAX, LONG_MAX }, median[2][ROUNDS];

	if (argc == 3 && strcmp(argv[1], "start") == 0)
		return starter(atol(argv[2]));
	if (!realpath("/proc/self/exe", self))
		return 1;
	for (int i = 0; i < ROUNDS; i++)
		for (int gate = 0; gate < 2; gate++) {
			const struct figures f = run(self, count, gate ? NEED_REQUIRED : NEED_OFF);

			least[gate] = f.least < least[gate] ? f.least : least[gate];
			median[gate][i] = f.median;
		}
	for (int gate = 0; gate < 2; gate++)
		qsort(median[gate], ROUNDS, sizeof *median[gate], by_number);
	printf("start of /bin/true in the sandbox, median of %d times %s: %.1f us, with the exec gate %.1f us (+%.1f us); least "
	       "%.1f us, with the gate %.1f us (+%.1f us)\n",
	       ROUNDS, count, (double)median[0][ROUNDS / 2] / 1000, (double)median[1][ROUNDS / 2] / 1000,
	       (double)(median[1][ROUNDS / 2] - median[0][ROUNDS / 2]) / 1000, (double)least[0] / 1000,
	       (double)least[1] / 1000, (double)(least[1] - least[0]) / 1000);
	return 0;
}
