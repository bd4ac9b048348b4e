/* A harmless thing is shown, another is used: whoever looks before the kernel does loses here. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#include "trick.h"

enum { RACES = 60 };

static atomic_bool over;

static int swap_links(void *unused)
{
	(void)unused;
	while (!atomic_load(&over)) {
		unlink("new");
		(void)!symlink(given("tool"), "new");
		rename("new", "racing");
		unlink("new");
		(void)!symlink("/bin/true", "new");
		rename("new", "racing");
	}
	return 0;
}

static int race(int (*swap)(void *), int (*use)(void))
{
	thrd_t thread;

	if (thrd_create(&thread, swap, NULL) != thrd_success)
		return 1;
	for (int i = 0; i < RACES; i++)
		use();
	atomic_store(&over, true);
	thrd_join(thread, NULL);
	return 0;
}

static int use_link(void)
{
	return run_program("./racing");
}

static int exec_race(void)
{
	return race(swap_links, use_link);
}

/* RENAME_EXCHANGE swaps in one step. */
static int exchange(void *unused)
{
	(void)unused;
	while (!atomic_load(&over))
		syscall(SYS_renameat2, AT_FDCWD, "harmless", AT_FDCWD, "denied", 2);
	return 0;
}

static int use_harmless(void)
{
	return run_program("./harmless");
}

static int exchange_race(void)
{
	if (copy_file("/bin/true", "harmless") < 0 || copy_file(given("tool"), "denied") < 0)
		return 1;
	return race(exchange, use_harmless);
}

static char racing_path[4200];

static int swap_path(void *unused)
{
	(void)unused;
	while (!atomic_load(&over)) {
		snprintf(racing_path, sizeof racing_path, "%s", given("tool"));
		snprintf(racing_path, sizeof racing_path, "/bin/true");
	}
	return 0;
}

/* execve() without a copy: vfork() lets the path change while the kernel is asked. */
static int use_racing_path(void)
{
	static const char *const argv[] = { "tool", NULL };
	pid_t pid = fork();
	thrd_t thread;

	if (pid == 0) {
		(void)thrd_create(&thread, swap_path, NULL);
		while (!*(volatile char *)racing_path)
			;
		for (int i = 0; i < 2000; i++)
			syscall(SYS_execve, racing_path, argv, NULL);
		_exit(1);
	}
	return pid < 0 ? 1 : run_program("/bin/true");
}

static int path_race(void)
{
	for (int i = 0; i < 20; i++)
		use_racing_path();
	usleep(100000);
	return 0;
}

static int swap_directory(void *unused)
{
	(void)unused;
	while (!atomic_load(&over))
		syscall(SYS_renameat2, AT_FDCWD, "dir", AT_FDCWD, "linked", 2);
	return 0;
}

static int use_directory(void)
{
	for (int i = 0; i < 500; i++) {
		int fd = open("dir/raced", O_WRONLY | O_CREAT, 0644);

		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* A directory and a symlink to the outside take turns while a file is made "in" it. */
static int write_race(void)
{
	if (mkdir("dir", 0755) < 0 || symlink(given("outside"), "linked") < 0)
		return 1;
	return race(swap_directory, use_directory);
}

const struct trick race_tricks[] = {
	{ "T01", "race", "tool", "the path of execve() changes while the kernel is asked",
	  path_race },
	{ "T26", "race", "tool", "a symlink is swapped while it is executed", exec_race },
	{ "T27", "race", "tool", "two programs change places while one is executed",
	  exchange_race },
	{ "T28", "race", "outside", "a directory and a symlink change places while a file is made",
	  write_race },
	{ 0 },
};
