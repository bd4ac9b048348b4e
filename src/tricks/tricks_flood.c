/* Too much of everything, in amounts that a machine does not notice. The harness's limits are far below them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "trick.h"

enum { MANY_PROCESSES = 260, MANY_FILES = 5000, MANY_FDS = 3000, MANY_LEVELS = 3000 };
#define MEBIBYTE ((size_t)1 << 20)
#define MUCH_MEMORY (160 * MEBIBYTE)
#define MUCH_DISK (96 * MEBIBYTE)

static int forks(void)
{
	for (int i = 0; i < MANY_PROCESSES; i++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		if (pid < 0)
			break;
	}
	hold();
}

static int sleeper(void *unused)
{
	(void)unused;
	while (pause() < 0)
		;
	return 0;
}

static int threads(void)
{
	thrd_t thread;

	for (int i = 0; i < MANY_PROCESSES; i++)
		if (thrd_create(&thread, sleeper, NULL) != thrd_success)
			break;
	hold();
}

/* Each leaves a child and goes: no parent is left to be stopped. */
static int fork_and_go(void)
{
	for (int i = 0; i < MANY_PROCESSES; i++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			setsid();
			if (fork() == 0)
				for (;;)
					pause();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	hold();
}

static int touch(void *memory, size_t size)
{
	if (memory == MAP_FAILED)
		return 1;
	for (size_t at = 0; at < size; at += 4096)
		((volatile char *)memory)[at] = 1;
	return 0;
}

static int touch_and_hold(void *memory, size_t size)
{
	return touch(memory, size) ? 1 : hold_fd(0);
}

static int anonymous(void)
{
	return touch_and_hold(
		mmap(NULL, MUCH_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		MUCH_MEMORY);
}

static int shared(void)
{
	return touch_and_hold(
		mmap(NULL, MUCH_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		MUCH_MEMORY);
}

/* No one process is large. */
static int spread(void)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return 1;
	for (int i = 0; i < 16; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			touch(mmap(NULL, MUCH_MEMORY / 16, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			      MUCH_MEMORY / 16);
			close(ready[0]);
			(void)!write(ready[1], "x", 1);
			for (;;)
				pause();
		}
	}
	for (int i = 0; i < 16; i++)
		(void)!read(ready[0], &byte, 1);
	hold();
}

static int fill(int fd, size_t size)
{
	static char zeroes[MEBIBYTE];

	if (fd < 0)
		return 1;
	memset(zeroes, 'x', sizeof zeroes);
	for (size_t done = 0; done < size; done += sizeof zeroes)
		if (write(fd, zeroes, sizeof zeroes) <= 0)
			break;
	return 0;
}

/* The name goes at once: the file lives as long as we do. */
static int fill_hidden(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return 1;
	unlink(path);
	return fill(fd, MUCH_DISK) ? 1 : hold_fd(fd);
}

static int large_file(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return fill(open("large", O_WRONLY | O_CREAT, 0644), MUCH_DISK);
}

static int many_large_files(void)
{
	signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; i < 24; i++)
		if (fill(open(path_of("part-%d", i), O_WRONLY | O_CREAT, 0644), MUCH_DISK / 24))
			return 1;
	return 0;
}

static int hidden_file(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return fill_hidden("hidden");
}

static int temporary_file(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return fill_hidden(path_of("/tmp/outrider-%s", given("token")));
}

static int shared_memory_file(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return fill_hidden(path_of("/dev/shm/outrider-%s", given("token")));
}

static int memory_file(void)
{
	int fd = (int)syscall(SYS_memfd_create, "flood", 0);

	if (fd < 0)
		fd = (int)syscall(SYS_memfd_create, "flood", 8 /* MFD_NOEXEC_SEAL */);
	signal(SIGXFSZ, SIG_IGN);
	return fill(fd, MUCH_MEMORY) ? 1 : hold_fd(fd);
}

static int preallocated(void)
{
	int fd = open("allocated", O_WRONLY | O_CREAT, 0644);

	signal(SIGXFSZ, SIG_IGN);
	return fd < 0 ? 1 : posix_fallocate(fd, 0, (off_t)MUCH_DISK);
}

static int sparse(void)
{
	signal(SIGXFSZ, SIG_IGN);
	if (write_file("sparse", "x") < 0)
		return 1;
	return truncate("sparse", (off_t)1 << 40);
}

static int inodes(void)
{
	for (int i = 0; i < MANY_FILES; i++) {
		int fd = open(path_of("inode-%d", i), O_WRONLY | O_CREAT, 0644);

		if (fd < 0)
			return 1;
		close(fd);
	}
	return 0;
}

static int directories(void)
{
	for (int i = 0; i < MANY_LEVELS; i++)
		if (mkdir("d", 0755) < 0 || chdir("d") < 0)
			return 1;
	return 0;
}

static int descriptors(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) == 0) {
		most.rlim_cur = most.rlim_max;
		setrlimit(RLIMIT_NOFILE, &most);
	}
	for (int i = 0; i < MANY_FDS; i++)
		if (dup(1) < 0)
			break;
	hold();
}

static int output(void)
{
	static char line[4096];

	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	for (size_t done = 0; done < 8 * MEBIBYTE; done += sizeof line)
		say_bytes(line, sizeof line);
	return 0;
}

static int lines(void)
{
	static char empty[4096];

	memset(empty, '\n', sizeof empty);
	for (int i = 0; i < 100; i++)
		say_bytes(empty, sizeof empty);
	return 0;
}

static void ignore_all(void)
{
	for (int i = 1; i < 32; i++)
		signal(i, SIG_IGN);
}

static int long_sleep(void)
{
	ignore_all();
	sleep(30);
	return 0;
}

static int spin(void)
{
	volatile unsigned n = 0;

	ignore_all();
	for (time_t end = time(NULL) + 30; time(NULL) < end;)
		n++;
	return 0;
}

static int stopped(void)
{
	raise(SIGSTOP);
	return 0;
}

static int core(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_CORE, &most) == 0) {
		most.rlim_cur = most.rlim_max;
		setrlimit(RLIMIT_CORE, &most);
	}
	if (fork() == 0)
		abort();
	wait(NULL);
	return 0;
}

const struct trick flood_tricks[] = {
	{ "R01", "floods", "processes 200", "260 processes", forks },
	{ "R02", "floods", "memory 150", "160 MiB of memory", anonymous },
	{ "R03", "floods", "disk 90", "a file of 96 MiB", large_file },
	{ "R04", "floods", "descriptors 2900", "3,000 descriptors", descriptors },
	{ "R05", "floods", "inodes 4900", "5,000 files", inodes },
	{ "R06", "floods", "output 8", "8 MiB of output", output },
	{ "R07", "floods", "overtime", "sleep on, all signals ignored", long_sleep },
	{ "R08", "floods", "overtime", "compute on, all signals ignored", spin },
	{ "R09", "floods", "held 90", "96 MiB in /tmp, without a name", temporary_file },
	{ "R10", "floods", "held 150", "160 MiB in a memory file", memory_file },
	{ "R11", "floods", "held 90", "96 MiB in /dev/shm, without a name", shared_memory_file },
	{ "R12", "floods", "memory 150", "160 MiB of shared memory", shared },
	{ "R13", "floods", "memory 150", "160 MiB in 16 processes", spread },
	{ "R14", "floods", "size 1000000", "a sparse file of 1 TiB", sparse },
	{ "R15", "floods", "depth 2900", "3,000 directories in each other", directories },
	{ "R16", "floods", "threads 200", "260 threads", threads },
	{ "R17", "floods", "disk 90", "24 files of 4 MiB", many_large_files },
	{ "R18", "floods", "held 90", "96 MiB in the work directory, without a name", hidden_file },
	{ "R19", "floods", "disk 90", "96 MiB preallocated", preallocated },
	{ "R20", "floods", "processes 200", "260 processes whose parents are gone", fork_and_go },
	{ "R21", "floods", "core", "a core dump in the work directory", core },
	{ "R22", "floods", "lines 400000", "400,000 lines", lines },
	{ "R23", "floods", "overtime", "stop itself and wait", stopped },
	{ 0 },
};
