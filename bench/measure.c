/*
 * measure.c - runs a command with its output thrown away and prints what it cost, as JSON:
 * {"cpu_ms": user + system, "wall_ms": ..., "rss_kb": peak, "exit": code or -1}
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static _Noreturn void run(char **command)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2)
		execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start = now_ms();
	int status;
	pid_t child;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_measure COMMAND [ARGUMENT...]\n");
		return 2;
	}
	child = fork();
	if (child < 0)
		return 3;
	if (child == 0)
		run(argv + 1);
	if (wait4(child, &status, 0, &usage) != child)
		return 3;
	printf("{\"cpu_ms\": %.3f, \"wall_ms\": %.3f, \"rss_kb\": %ld, \"exit\": %d}\n",
	       ms_of(usage.ru_utime) + ms_of(usage.ru_stime), now_ms() - start, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}
