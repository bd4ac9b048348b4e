/*
 * bench_filter [ROUNDS]: what the filter of system calls adds to each: ns of getppid() (which no rule names) and of ioctl() (one
 * that looks at its arguments), before and after the filter is loaded in the same process, and how long loading takes. The
 * least of many short rounds counts: the others were disturbed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../src/sandbox/filter.h"

enum { ROUNDS = 4000, CALLS = 500 };

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double best(long number, long rounds)
{
	double least = 1e9;

	for (long r = 0; r < rounds; r++) {
		double began = now_ns(), each;

		for (long i = 0; i < CALLS; i++)
			syscall(number, -1, 0, 0);
		each = (now_ns() - began) / CALLS;
		least = each < least ? each : least;
	}
	return least;
}

int main(int argc, char **argv)
{
	const long count = argc > 1 ? atol(argv[1]) : ROUNDS;
	const double plain = best(SYS_getppid, count), checked = best(SYS_ioctl, count);
	double began = now_ns(), loading;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || filter_load(FILTER_JOB)) {
		perror("bench_filter");
		return 1;
	}
	loading = now_ns() - began;
	printf("getppid %.1f ns, with the filter +%.1f ns; ioctl %.1f ns, with the filter +%.1f ns; loading %.1f us\n", plain,
	       best(SYS_getppid, count) - plain, checked, best(SYS_ioctl, count) - checked, loading / 1000);
	return 0;
}
