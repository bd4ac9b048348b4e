/* Signals, priorities and terminals: what reaches the supervisor and the user. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trick.h"

static pid_t host(void)
{
	return (pid_t)given_number("pid");
}

static int signal_host(void)
{
	return kill(host(), SIGUSR1);
}

static int signal_by_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, host(), 0);

	return fd < 0 ? 1 : (int)syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0);
}

static int signal_by_thread(void)
{
	return (int)syscall(SYS_tgkill, host(), host(), SIGUSR1);
}

static int queue_signal(void)
{
	const union sigval value = { 0 };

	return sigqueue(host(), SIGUSR1, value);
}

/* The kernel signals on our behalf when bytes arrive. */
static int signal_by_owner(void)
{
	int ends[2];

	if (pipe(ends) < 0 || fcntl(ends[0], F_SETOWN, host()) < 0 ||
	    fcntl(ends[0], F_SETSIG, SIGUSR1) < 0 ||
	    fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		return 1;
	return write(ends[1], "x", 1) != 1;
}

static int kill_supervisor(void)
{
	/* in a process namespace of its own the parent has number 0 or 1; 0 would be our own group */
	return getppid() > 1 ? kill(getppid(), SIGKILL) : 1;
}

static int stop_supervisor(void)
{
	return getppid() > 1 ? kill(getppid(), SIGSTOP) : 1;
}

static int kill_group(void)
{
	return kill(0, SIGKILL);
}

static int lower_priority(void)
{
	return setpriority(PRIO_PROCESS, (id_t)host(), 7);
}

static int bind_processor(void)
{
	cpu_set_t all, one;
	size_t cpu = 0;

	if (sched_getaffinity(host(), sizeof all, &all) < 0)
		return 1;
	CPU_ZERO(&one);
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &all))
		cpu++;
	CPU_SET(cpu, &one);
	return sched_setaffinity(host(), sizeof one, &one);
}

static int set_limits(void)
{
	const struct rlimit few = { 321, 321 };

	return prlimit(host(), RLIMIT_NOFILE, &few, NULL);
}

static int victim_of_memory(void)
{
	return write_file(path_of("/proc/%d/oom_score_adj", (int)host()), "777");
}

/* Types on the user's terminal. */
static int type_keys(int fd)
{
	static const char keys[] = "outrider\n";

	for (size_t i = 0; i < sizeof keys - 1; i++)
		if (ioctl(fd, TIOCSTI, keys + i) < 0)
			return 1;
	return 0;
}

static int push_back(void)
{
	for (int fd = 0; fd < 16; fd++)
		if (isatty(fd) && type_keys(fd) == 0)
			return 0;
	return 1;
}

static int push_back_tty(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY);

	return fd < 0 ? 1 : type_keys(fd);
}

/* Bits above 32 are not the ioctl's: a filter that compares 64 bits does not see it. */
static int push_back_wide(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY);

	for (const char *key = "outrider\n"; *key; key++)
		if (syscall(SYS_ioctl, fd, 0xffffffff00000000UL | TIOCSTI, key) < 0)
			return 1;
	return 0;
}

static int hold_terminal(void)
{
	return hold_fd(open("/dev/tty", O_RDWR | O_NOCTTY));
}

const struct trick signal_tricks[] = {
	{ "P03", "signals", "signal", "kill() a host process", signal_host },
	{ "P13", "terminal", "typed", "push keys back into the inherited terminal", push_back },
	{ "P14", "signals", "supervisor", "kill the supervisor", kill_supervisor },
	{ "P15", "signals", "supervisor", "kill the supervisor's process group", kill_group },
	{ "P16", "signals", "supervisor", "stop the supervisor", stop_supervisor },
	{ "P19", "signals", "limits", "change the limits of a host process", set_limits },
	{ "P23", "signals", "nice", "lower the priority of a host process", lower_priority },
	{ "P24", "signals", "affinity", "bind a host process to one processor", bind_processor },
	{ "P25", "signals", "score", "make a host process the victim of memory shortage",
	  victim_of_memory },
	{ "P43", "signals", "signal", "pidfd_send_signal()", signal_by_pidfd },
	{ "P44", "signals", "signal", "tgkill()", signal_by_thread },
	{ "P45", "signals", "signal", "sigqueue()", queue_signal },
	{ "P46", "signals", "signal", "F_SETOWN: the kernel signals for us", signal_by_owner },
	{ "P48", "terminal", "typed", "push keys back through /dev/tty", push_back_tty },
	{ "P49", "terminal", "typed", "the same with high bits in the ioctl", push_back_wide },
	{ "P50", "terminal", "terminal", "open the user's terminal", hold_terminal },
	{ 0 },
};
