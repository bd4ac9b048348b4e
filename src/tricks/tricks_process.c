/* Other processes of the host: found, read, traced. And what this process should not have kept. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trick.h"

static pid_t host(void)
{
	return (pid_t)given_number("pid");
}

static uintptr_t address(void)
{
	return (uintptr_t)strtoull(given("address"), NULL, 16);
}

static int trace_host(void)
{
	int status;

	if (ptrace(PTRACE_SEIZE, host(), 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, host(), 0, 0) < 0)
		return 1;
	waitpid(host(), &status, __WALL);
	for (uintptr_t i = 0; i < 64; i += sizeof(long)) {
		/* PTRACE_PEEKDATA takes its address as a pointer of the other process */
		long word = ptrace(PTRACE_PEEKDATA, host(), address() + i, 0);

		say_bytes(&word, sizeof word);
	}
	return 0;
}

static int attach_host(void)
{
	int status;
	long word;

	if (ptrace(PTRACE_ATTACH, host(), 0, 0) < 0)
		return 1;
	waitpid(host(), &status, __WALL);
	for (uintptr_t i = 0; i < 64; i += sizeof word) {
		word = ptrace(PTRACE_PEEKDATA, host(), address() + i, 0);
		say_bytes(&word, sizeof word);
	}
	return 0;
}

static int read_memory(void)
{
	char bytes[64];
	struct iovec here = { bytes, sizeof bytes }, there = { (void *)address(), sizeof bytes };
	ssize_t n = process_vm_readv(host(), &here, 1, &there, 1, 0);

	if (n <= 0)
		return 1;
	say_bytes(bytes, (size_t)n);
	return 0;
}

static int proc_memory(void)
{
	char bytes[64];
	int fd = open(path_of("/proc/%d/mem", (int)host()), O_RDONLY);
	ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, (off_t)address());

	if (n <= 0)
		return 1;
	say_bytes(bytes, (size_t)n);
	return 0;
}

static int steal_descriptor(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, host(), 0);
	int fd =
		pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, (int)given_number("open"), 0);

	return fd < 0 || lseek(fd, 0, SEEK_SET) < 0 || leak_fd(fd) < 0;
}

static int environment(void)
{
	return leak(path_of("/proc/%d/environ", (int)host()));
}

static int parent_environment(void)
{
	return leak(path_of("/proc/%d/environ", (int)getppid())) & leak("/proc/1/environ");
}

static int enumerate(void)
{
	DIR *dir = opendir("/proc");

	if (!dir)
		return 1;
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		leak(path_of("/proc/%s/cmdline", e->d_name));
	closedir(dir);
	return 0;
}

/* Without a list of /proc: the numbers one by one. */
static int guess(void)
{
	for (int pid = 1; pid < 65536; pid++)
		leak(path_of("/proc/%d/cmdline", pid));
	return 0;
}

static int enter_mounts(void)
{
	int fd = open(path_of("/proc/%d/ns/mnt", (int)host()), O_RDONLY);

	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
		return 1;
	return leak(given("secret"));
}

static int enter_by_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, host(), 0);

	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
		return 1;
	return leak(given("secret"));
}

static int host_name(void)
{
	struct utsname name;

	if (uname(&name) < 0)
		return 1;
	say(path_of("\nhost=%s\n", name.nodename));
	return 0;
}

static int stay(void)
{
	hold();
}

static int daemon_left(void)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			close(0);
			close(1);
			close(2);
			sleep(20);
			_exit(0);
		}
		_exit(0);
	}
	usleep(20000);
	return 0;
}

/* The job is over, but somebody still holds its output. */
static int pipe_held(void)
{
	if (fork() == 0) {
		setsid();
		sleep(20);
		_exit(0);
	}
	return 0;
}

static int trace_parent(void)
{
	pid_t parent = getppid();

	if (parent <= 0 || ptrace(PTRACE_SEIZE, parent, 0, 0) < 0)
		return 1;
	hold();
}

static int trace_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return 1;
	hold();
}

static int ask_to_be_traced(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	usleep(50000);
	return waitpid(pid, NULL, WNOHANG) == 0 ? hold_fd(0) : 1;
}

const struct trick process_tricks[] = {
	{ "P01", "processes", "secret", "trace a host process (PTRACE_SEIZE)", trace_host },
	{ "P02", "processes", "secret", "process_vm_readv() of a host process", read_memory },
	{ "P04", "processes", "secret", "pidfd_getfd() from a host process", steal_descriptor },
	{ "P05", "processes", "secret", "the environment of a host process", environment },
	{ "P06", "processes", "victim", "list the host's processes", enumerate },
	{ "P07", "processes", "secret", "setns() into a host process's mounts", enter_mounts },
	{ "P08", "privileges", "status NoNewPrivs 0", "setuid programs may give privileges", stay },
	{ "P09", "privileges", "status CapBnd !0000000000000000", "the bounding set is not empty",
	  stay },
	{ "P12", "processes", "survivor", "a daemon outlives the job", daemon_left },
	{ "P17", "processes", "secret", "/proc/PID/mem of a host process", proc_memory },
	{ "P18", "processes", "secret", "trace a host process (PTRACE_ATTACH)", attach_host },
	{ "P20", "processes", "victim", "find the host's processes by number", guess },
	{ "P21", "processes", "secret", "setns() by pidfd", enter_by_pidfd },
	{ "P22", "processes", "supervisor-secret", "the environment of the supervisor",
	  parent_environment },
	{ "P26", "privileges", "host", "the host's name", host_name },
	{ "P28", "processes", "supervisor-traced", "trace the supervisor", trace_parent },
	{ "P40", "privileges", "status CapEff !0000000000000000", "capabilities are held", stay },
	{ "P41", "processes", "traced", "trace an own child", trace_child },
	{ "P42", "processes", "traced", "PTRACE_TRACEME", ask_to_be_traced },
	{ "T18", "processes", "pipe", "a process in a session of its own holds the output open",
	  pipe_held },
	{ 0 },
};
