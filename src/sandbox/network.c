/*
 * network.c - the job's network namespace. Making one takes the kernel as long as all other namespaces together several times
 * over, so a helper does it while init makes file systems; where the helper has not begun when it is needed, on a busy
 * machine, init does it itself. System calls only.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "launch.h"
#include "sys.h"

/* A new namespace with its loopback up: 0 or an errno. */
static int enter_new(enum launch_step *step)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd, error = 0;

	*step = STEP_NETWORK;
	if (unshare(CLONE_NEWNET))
		return errno;
	*step = STEP_LOOPBACK;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/* It shares init's memory and descriptors, and ends before init leaves the host's root. */
static int help(void *arg)
{
	struct network *net = arg;
	int dir;

	if (atomic_exchange(&net->begun, true))
		return 0;
	dir = open("/proc/self/ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	net->error = dir < 0 ? errno : enter_new(&net->step);
	if (dir < 0)
		return 0;
	net->fd = openat(dir, "net", O_RDONLY | O_CLOEXEC);
	if (net->fd < 0 && !net->error)
		net->error = errno;
	close(dir);
	return 0;
}

void network_begin(const struct plan *p, struct network *net)
{
	/* one by one: its stack is not to be touched */
	net->helper = 0;
	net->error = 0;
	net->fd = -1;
	net->step = STEP_NETWORK;
	atomic_init(&net->begun, false);
	if (p->flags & CLONE_NEWNET)
		net->helper = clone(help, net->stack + sizeof net->stack, CLONE_VM | CLONE_FILES, net);
}

void network_end(struct plan *p, struct network *net)
{
	if (!(p->flags & CLONE_NEWNET))
		return;
	if (!atomic_exchange(&net->begun, true)) {
		/* reaped with the job's orphans */
		if (net->helper > 0)
			kill(net->helper, SIGKILL);
		net->error = enter_new(&net->step);
	} else {
		while (waitpid(net->helper, NULL, __WALL) < 0 && errno == EINTR)
			;
		if (!net->error && setns(net->fd, CLONE_NEWNET))
			net->error = errno;
		if (net->fd >= 0)
			close(net->fd);
	}
	errno = net->error;
	if (net->error)
		inside_fail(p, net->step, NULL);
}
