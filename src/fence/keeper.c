#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"

enum { HELD = 2, BURY_MS = 10000 };

struct order {
	uint32_t id;
	bool     hold;
};

struct held {
	uint32_t id;
	int      fds[HELD]; /* group, pidfd of the job's first process */
};

union ancillary {
	struct cmsghdr head;
	char           room[CMSG_SPACE(HELD * sizeof(int))];
};

static int say(int pair, const struct order *order, const int *fds)
{
	union ancillary control = { 0 };
	struct order copy = *order;
	struct iovec part = { &copy, sizeof copy };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fds) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof control;
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(HELD * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, HELD * sizeof(int));
	}
	return sendmsg(pair, &packet, MSG_NOSIGNAL) == sizeof copy ? 0 : -1;
}

int keeper_hold(int pair, int group, int pidfd, uint32_t id, struct err *err)
{
	const int fds[HELD] = { group, pidfd };

	return say(pair, &(struct order){ id, true }, fds) ? err_errno(err, "hand a job to the keeper") : 0;
}

void keeper_drop(int pair, uint32_t id)
{
	(void)say(pair, &(struct order){ id, false }, NULL);
}

static void let_go(struct held *h)
{
	for (int i = 0; i < HELD; i++)
		close(h->fds[i]);
	*h = (struct held){ 0 };
}

static struct held *find(struct held *table, uint32_t id)
{
	for (size_t i = 0; i < KEEPER_JOBS; i++)
		if (table[i].id == id)
			return &table[i];
	return NULL;
}

/* False when the worker is gone. */
static bool obey(struct held *table, int pair)
{
	union ancillary control = { 0 };
	struct order order;
	struct iovec part = { &order, sizeof order };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct cmsghdr *rights;
	struct held *h;

	if (recvmsg(pair, &packet, MSG_CMSG_CLOEXEC) != sizeof order)
		return false;
	rights = CMSG_FIRSTHDR(&packet);
	h = find(table, order.hold ? 0 : order.id);
	if (!order.hold) {
		if (h)
			let_go(h);
		return true;
	}
	if (!h || !rights || rights->cmsg_len != CMSG_LEN(HELD * sizeof(int)))
		return false;
	h->id = order.id;
	memcpy(h->fds, CMSG_DATA(rights), HELD * sizeof(int));
	return true;
}

static void end_jobs(struct held *table)
{
	for (size_t i = 0; i < KEEPER_JOBS; i++)
		if (table[i].id)
			syscall(SYS_pidfd_send_signal, table[i].fds[1], SIGKILL, NULL, 0);
	for (size_t i = 0; i < KEEPER_JOBS; i++) {
		struct pollfd wait = { table[i].fds[1], POLLIN, 0 };

		if (table[i].id && poll(&wait, 1, BURY_MS) >= 0)
			let_go(&table[i]);
	}
}

int keeper_run(int pair, int worker)
{
	static struct held table[KEEPER_JOBS];
	struct pollfd fds[2] = { { .fd = pair, .events = POLLIN }, { .events = POLLIN } };
	bool asked = false;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	while (!asked) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		asked = fds[1].revents != 0;
		if (!asked && fds[0].revents && !obey(table, pair))
			break;
	}
	/* first nobody answers any more, then nobody is left who asks */
	kill(worker, SIGKILL);
	end_jobs(table);
	while (waitpid(worker, NULL, 0) < 0 && errno == EINTR)
		;
	return asked ? 0 : -1;
}
