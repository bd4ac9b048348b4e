#include "gate_listen.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Linux 6.6; our headers are older */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum {
	SEIZE_TRIES = 10000,
	SEIZE_WAIT_US = 100,
	MAX_FOLLOWERS = 15, /* a machine with 64 processors starts some 10,000 programs a second: 16 threads of 300 us each */
};

static void *follow(void *arg)
{
	listen_all(arg);
	return NULL;
}

static size_t processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : (size_t)CPU_COUNT(&set);
}

/* With the turn held. */
static void add_follower(struct listen *l)
{
	pthread_attr_t attr;

	if (!l->followers) {
		const size_t more = processors() - 1;

		l->max_followers = more < MAX_FOLLOWERS ? more : MAX_FOLLOWERS;
		l->followers = calloc(l->max_followers + 1, sizeof *l->followers);
	}
	if (!l->followers || atomic_load(&l->n_followers) == l->max_followers)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, JUDGE_STACK);
	/* without another thread the next exec waits for this one */
	if (pthread_create(&l->followers[l->n_followers], &attr, follow, l) == 0)
		atomic_fetch_add(&l->n_followers, 1);
	pthread_attr_destroy(&attr);
}

/* Nobody listens, and somebody waits to be heard. */
static void share(struct listen *l)
{
	struct pollfd more = { l->listener, POLLIN, 0 };

	if (pthread_mutex_trylock(&l->turn))
		return;
	if (poll(&more, 1, 0) == 1 && (more.revents & POLLIN))
		add_follower(l);
	pthread_mutex_unlock(&l->turn);
}

/* Until an exec is told, or `other` is readable: then false. */
static bool hear(struct listen *l, struct seccomp_notif *out, int other)
{
	struct pollfd wait[] = { { l->listener, POLLIN, 0 }, { l->stop, POLLIN, 0 }, { other, POLLIN, 0 } };
	bool heard = false;

	pthread_mutex_lock(&l->turn);
	while (!heard) {
		if (poll(wait, COUNT(wait), -1) < 0 && errno == EINTR)
			continue;
		if (wait[1].revents || wait[2].revents || !(wait[0].revents & POLLIN))
			break;
		*out = (struct seccomp_notif){ 0 };
		/* who waited may be dead by now */
		heard = ioctl(l->listener, SECCOMP_IOCTL_NOTIF_RECV, out) == 0;
	}
	pthread_mutex_unlock(&l->turn);
	return heard;
}

static void answer(const struct listen *l, uint64_t id, int error)
{
	struct seccomp_notif_resp said = { .id = id, .error = -error };

	if (!error)
		said.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;

	/* ENOENT: killed meanwhile */
	(void)ioctl(l->listener, SECCOMP_IOCTL_NOTIF_SEND, &said);
}

/*
 * The one process that this thread traces stops once: with its new image, or behind an execve that failed, for it is
 * interrupted. It may have another number then: of the first thread, if it was not that. A killed one only ends.
 */
static void see_through(struct listen *l)
{
	pid_t started = 0;
	int32_t program;

	for (;;) {
		int status, signal = 0;
		pid_t pid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0 || !WIFSTOPPED(status))
			return;
		if (status >> 16 == PTRACE_EVENT_EXEC) {
			if (!judge_exec(l->judge, pid, &program))
				continue;
			started = pid;
		} else if (status >> 16 == 0) {
			signal = WSTOPSIG(status); /* on its way: it is the job's business */
		}
		if (judge_trace(PTRACE_DETACH, pid, (uintptr_t)signal) == 0)
			break;
	}
	if (started)
		judge_started(l->judge, started, program);
}

/*
 * The process and this thread take turns, so that a second processor is of no use: it would have to be woken at the exec-stop, which takes
 * longer than all that is done there. We were woken where the process runs; we stay there until it goes on.
 */
static bool stay(cpu_set_t *before)
{
	const int here = sched_getcpu();
	cpu_set_t one;

	/* a machine with more processors than fit does without */
	if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof *before, before))
		return false;
	CPU_ZERO(&one);
	CPU_SET((size_t)here, &one);
	return sched_setaffinity(0, sizeof one, &one) == 0;
}

/*
 * -1 with errno. A process that called execve again may still be traced by the thread that heard of the first call: its interruption is on the way, and
 * takes this call back.
 */
static int seize(const struct listen *l, const struct seccomp_notif *told)
{
	for (int tries = 0; tries < SEIZE_TRIES; tries++) {
		uint64_t id = told->id;

		if (judge_trace(PTRACE_SEIZE, (pid_t)told->pid, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) == 0)
			return 0;
		if (errno != EPERM || atomic_load(&l->n_followers) == 0)
			return -1;
		if (ioctl(l->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id)) {
			errno = ESRCH;
			return -1;
		}
		usleep(SEIZE_WAIT_US);
	}
	errno = EPERM;
	return -1;
}

/* -1 with errno: it may not be traced. */
static int handle(struct listen *l, const struct seccomp_notif *told)
{
	const pid_t pid = (pid_t)told->pid;
	cpu_set_t before;
	bool pinned;
	int error;

	if (seize(l, told)) {
		error = errno;
		answer(l, told->id, EPERM);
		errno = error;
		return error == ESRCH ? 0 : -1;
	}
	pinned = stay(&before);
	answer(l, told->id, 0);
	/* not before: it would end the wait for the answer. After it nothing does, and the process stops once, whatever becomes of its execve */
	(void)judge_trace(PTRACE_INTERRUPT, pid, 0);
	share(l);
	see_through(l);
	if (pinned)
		sched_setaffinity(0, sizeof before, &before);
	return 0;
}

int listen_first(struct listen *l, int pidfd, struct err *err)
{
	struct seccomp_notif told;

	pthread_mutex_init(&l->turn, NULL);
	/* who calls execve waits for us: to wake us on the same processor is the fastest. Older kernels do without */
	(void)ioctl(l->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	if (!hear(l, &told, pidfd) || handle(l, &told) == 0)
		return 0;
	return err_errno(err, "ptrace");
}

void listen_all(struct listen *l)
{
	struct seccomp_notif told;

	while (hear(l, &told, -1))
		if (handle(l, &told) < 0)
			judge_unseen(l->judge, (pid_t)told.pid);
}

void listen_end(struct listen *l)
{
	/* nobody is added any more: all of the job are dead */
	for (size_t i = 0; i < l->n_followers; i++)
		pthread_join(l->followers[i], NULL);
	free(l->followers);
	pthread_mutex_destroy(&l->turn);
}
