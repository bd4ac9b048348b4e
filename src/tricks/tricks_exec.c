/* Other names for a denied program: whoever judges paths loses here. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "trick.h"

static int direct(void)
{
	return run_program(given("tool"));
}

static int self_root(void)
{
	return run_program(path_of("/proc/self/root%s", given("tool")));
}

static int parent_root(void)
{
	return run_program(path_of("/proc/%ld/root%s", given_number("pid"), given("tool")));
}

static int dots(void)
{
	return run_program(path_of("/usr/../proc/./../%s", given("tool")));
}

static int self_cwd(void)
{
	return run_program(
		path_of("/proc/self/cwd/../../../../../../../../../..%s", given("tool")));
}

static int through_symlink(void)
{
	return symlink(given("tool"), "link") < 0 ? 1 : run_program("./link");
}

static const char *tool_directory(void)
{
	static char path[4200];

	snprintf(path, sizeof path, "%s/", given("tool"));
	*strrchr(path, '/') = 0;
	if (strrchr(path, '/'))
		*strrchr(path, '/') = 0;
	return path;
}

static int through_symlink_dir(void)
{
	if (symlink(tool_directory(), "linkdir") < 0)
		return 1;
	return run_program("linkdir/tool");
}

static int through_hard_link(void)
{
	return link(given("tool"), "hard") < 0 ? 1 : run_program("./hard");
}

static int moved(void)
{
	return rename(given("tool"), "moved") < 0 ? 1 : run_program("./moved");
}

static int by_directory(void)
{
	static const char *const argv[] = { "tool", NULL };
	int dir = open(tool_directory(), O_PATH | O_DIRECTORY);

	if (dir < 0)
		return 1;
	syscall(SYS_execveat, dir, "tool", argv, NULL, 0);
	return 1;
}

static int by_path_descriptor(void)
{
	return run_fd(open(given("tool"), O_PATH));
}

static int by_proc_descriptor(void)
{
	int fd = open(given("tool"), O_PATH);

	return fd < 0 ? 1 : run_program(path_of("/proc/self/fd/%d", fd));
}

static int by_dev_fd(void)
{
	int fd = open(given("tool"), O_RDONLY);

	return fd < 0 ? 1 : run_program(path_of("/dev/fd/%d", fd));
}

static int copied(void)
{
	return copy_file(given("tool"), "copy") < 0 ? 1 : run_program("./copy");
}

static int one_byte_more(void)
{
	int fd;

	if (copy_file(given("tool"), "longer") < 0)
		return 1;
	fd = open("longer", O_WRONLY | O_APPEND);
	if (fd < 0 || write(fd, "x", 1) != 1)
		return 1;
	close(fd);
	return run_program("./longer");
}

static int allowed_name(void)
{
	if (copy_file(given("tool"), "sh") < 0)
		return 1;
	return run_program("./sh");
}

static int by_shell(void)
{
	const char *const argv[] = { "/bin/sh", "-c", given("tool"), NULL };

	return run_argv(argv);
}

static int by_env(void)
{
	const char *const argv[] = { "/usr/bin/env", given("tool"), NULL };

	return run_argv(argv);
}

static int by_interpreter_line(void)
{
	if (write_file("script", path_of("#!%s\n", given("tool"))) < 0 || chmod("script", 0755) < 0)
		return 1;
	return run_program("./script");
}

static int by_spawn(void)
{
	char name[] = "tool", *argv[] = { name, NULL };
	pid_t pid;
	int status;

	if (posix_spawn(&pid, given("tool"), NULL, NULL, argv, NULL) != 0)
		return 1;
	return waitpid(pid, &status, 0) < 0 ? 1 : status;
}

static int exec_here(void *unused)
{
	static const char *const argv[] = { "tool", NULL };

	(void)unused;
	syscall(SYS_execve, given("tool"), argv, NULL);
	return 1;
}

/* The kernel gives the process a new main thread; a tracer that watches the old one sees nothing. */
static int by_thread(void)
{
	thrd_t thread;
	int result = 1;

	if (thrd_create(&thread, exec_here, NULL) != thrd_success)
		return 1;
	thrd_join(thread, &result);
	return result;
}

/* A grandchild whose parent is gone. */
static int by_orphan(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (fork() == 0)
			exec_here(NULL);
		_exit(0);
	}
	usleep(100000);
	return 0;
}

static int brought(void)
{
	return run_program("./brought");
}

static int brought_renamed(void)
{
	if (mkdir("usr", 0755) < 0 || mkdir("usr/bin", 0755) < 0 ||
	    rename("brought", "usr/bin/env") < 0)
		return 1;
	return run_program("usr/bin/env");
}

/* Like fork(), but a tracer of the parent is not given the child. */
static pid_t fork_untraced(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL, NULL, NULL, 0);
}

static int wait_for(pid_t pid)
{
	int status;

	return pid < 0 || waitpid(pid, &status, 0) < 0 ? 1 : status;
}

static int untraced_loader(void)
{
	const char *const argv[] = { given("loader"), "./brought", NULL };
	pid_t pid = fork_untraced();

	if (pid == 0) {
		syscall(SYS_execve, argv[0], argv, NULL);
		_exit(1);
	}
	return wait_for(pid);
}

/* tr is in every system and in no list: it says the token in other letters. */
static int translate(pid_t (*start)(void))
{
	static const char *const argv[] = { "tr", "0-9a-f", "g-v", NULL };
	int ends[2];
	pid_t pid;

	if (pipe(ends) < 0)
		return 1;
	pid = start();
	if (pid == 0) {
		dup2(ends[0], 0);
		close(ends[1]);
		syscall(SYS_execve, "/usr/bin/tr", argv, NULL);
		_exit(1);
	}
	(void)send_token(ends[1]);
	close(ends[1]);
	return wait_for(pid);
}

static int not_listed(void)
{
	return translate(fork);
}

static int not_listed_untraced(void)
{
	return translate(fork_untraced);
}

const struct trick exec_tricks[] = {
	{ "E01", "exec", "tool", "start a denied program by its path", direct },
	{ "E02", "exec", "tool", "/proc/self/root in front of its path", self_root },
	{ "E03", "exec", "tool", "its path with .. and . in it", dots },
	{ "E04", "exec", "tool", "a symlink to it", through_symlink },
	{ "E05", "exec", "tool", "a hard link to it", through_hard_link },
	{ "E06", "exec", "tool", "execveat() below its directory", by_directory },
	{ "E07", "exec", "tool", "a copy of it", copied },
	{ "E08", "exec", "tool", "a copy of it with one byte appended", one_byte_more },
	{ "E09", "exec", "brought", "a program that lies in the work directory", brought },
	{ "E21", "exec", "tool", "execveat() of an O_PATH descriptor", by_path_descriptor },
	{ "E22", "exec", "tool", "/proc/self/fd/N of an O_PATH descriptor", by_proc_descriptor },
	{ "E23", "exec", "tool", "/proc/PID/root of a host process", parent_root },
	{ "E24", "exec", "tool", "/proc/self/cwd and upwards", self_cwd },
	{ "E25", "exec", "tool", "a symlink to its directory", through_symlink_dir },
	{ "E26", "exec", "tool", "moved into the work directory", moved },
	{ "E27", "exec", "tool", "a copy under an allowed name", allowed_name },
	{ "E28", "exec", "tool", "through a shell", by_shell },
	{ "E29", "exec", "tool", "through env", by_env },
	{ "E30", "exec", "tool", "as the interpreter of a script", by_interpreter_line },
	{ "E31", "exec", "tool", "posix_spawn(), which is vfork()", by_spawn },
	{ "E32", "exec", "tool", "exec by a thread that is not the first", by_thread },
	{ "E33", "exec", "tool", "exec by an orphan in a session of its own", by_orphan },
	{ "E34", "exec", "tool", "/dev/fd/N", by_dev_fd },
	{ "E35", "exec", "brought", "a brought program renamed to usr/bin/env", brought_renamed },
	{ "E47", "exec", "brought", "the dynamic loader, by a child that no tracer follows",
	  untraced_loader },
	{ "E48", "exec", "translated", "a program of the toolchain that no policy lists",
	  not_listed },
	{ "E49", "exec", "translated", "the same, by a child that no tracer follows",
	  not_listed_untraced },
	{ 0 },
};
