/*
 * bench_gate [COUNT]: what the exec gate adds to starting a program: medians of COUNT starts of /bin/true, with and without,
 * in turns, so that a busy machine disturbs both alike.
 */
#include <time.h>

#include "../tests/unit/gate_fixture.h"

enum { ROUNDS = 5 };

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

/* Runs under the gate or not: starts /bin/true `count` times and prints the median in ns. */
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
	printf("%ld\n", took[count / 2]);
	free(took);
	return 0;
}

static long without(const char *self, const char *count)
{
	char command[4200], text[64] = "";
	FILE *pipe;

	snprintf(command, sizeof command, "%s start %s", self, count);
	pipe = popen(command, "r");
	fixture_check(pipe && fgets(text, sizeof text, pipe), command);
	pclose(pipe);
	return atol(text);
}

static long with(const char *self, const char *count)
{
	const char *const argv[] = { self, "start", count, NULL };
	const struct gate_options options = { .no_filter = true };
	struct sandbox_policy policy = { .exec.mode = EXEC_BUILD };
	struct arena mem;
	struct gated run;
	long median;

	arena_init(&mem, 64 << 20);
	run_gated(&run, &mem, &policy, &options, "/", argv);
	median = atol(run.output);
	free(run.output);
	arena_release(&mem);
	return median;
}

int main(int argc, char **argv)
{
	char self[4096];
	const char *count = argc > 1 ? argv[argc - 1] : "1000";
	long bare[ROUNDS], gated[ROUNDS];

	if (argc == 3 && strcmp(argv[1], "start") == 0)
		return starter(atol(argv[2]));
	fixture_check(realpath("/proc/self/exe", self) != NULL, "self");
	for (int i = 0; i < ROUNDS; i++) {
		bare[i] = without(self, count);
		gated[i] = with(self, count);
	}
	qsort(bare, ROUNDS, sizeof *bare, by_number);
	qsort(gated, ROUNDS, sizeof *gated, by_number);
	printf("start of /bin/true, median of %d times %s: %.1f us, with the exec gate %.1f us (+%.1f us)\n",
	       ROUNDS, count, (double)bare[ROUNDS / 2] / 1000, (double)gated[ROUNDS / 2] / 1000,
	       (double)(gated[ROUNDS / 2] - bare[ROUNDS / 2]) / 1000);
	return 0;
}
