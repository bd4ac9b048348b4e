#include "egress/forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scope.h"

int forward_loopback_up(struct err *err)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (fd < 0)
		return err_errno(err, "socket");
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return err_errno(err, "flags of the interface lo");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_errno(err, "set the interface lo up");
	return 0;
}

int forward_open(struct forward *out, int channel, uint16_t port, struct err *err)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		return err_errno(err, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, (struct sockaddr *)&name, sizeof name) < 0 ||
	    listen(fd, FORWARD_BACKLOG) < 0) {
		(void)err_errno(err, "listen on 127.0.0.1:%u", (unsigned)port);
		close(fd);
		return -1;
	}
	*out = (struct forward){ fd, channel, -1 };
	return 0;
}

uint16_t forward_port(const struct forward *forward)
{
	struct sockaddr_in name = { 0 };
	socklen_t size = sizeof name;

	return getsockname(forward->listener, (struct sockaddr *)&name, &size) < 0
		       ? 0
		       : ntohs(name.sin_port);
}

void forward_poll(const struct forward *forward, struct pollfd *out)
{
	bool full = forward->pending >= 0;

	*out = (struct pollfd){ full ? forward->channel : forward->listener,
				full ? POLLOUT : POLLIN, 0 };
}

/* 0 when it went, 1 when the broker has no room now, -1 when it is gone. */
static int hand_over(struct forward *forward)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 'c';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof control.bytes };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &forward->pending, sizeof(int));
	if (sendmsg(forward->channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		/* ETOOMANYREFS: too many sockets are on their way already */
		return errno == EAGAIN || errno == EINTR || errno == ETOOMANYREFS ||
				       errno == ENOBUFS
			       ? 1
			       : -1;
	close(forward->pending);
	forward->pending = -1;
	return 0;
}

int forward_step(struct forward *forward)
{
	for (int i = 0; i < FORWARD_BACKLOG; i++) {
		int went;

		if (forward->pending < 0)
			forward->pending = accept4(forward->listener, NULL, NULL, SOCK_CLOEXEC);
		if (forward->pending < 0)
			return 0;
		went = hand_over(forward);
		if (went)
			return went < 0 ? -1 : 0;
	}
	return 0;
}

void forward_run(struct forward *forward)
{
	for (;;) {
		/* the broker's end says by POLLHUP that it is gone */
		struct pollfd wait[2] = { { 0 }, { forward->channel, 0, 0 } };

		forward_poll(forward, &wait[0]);
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return;
		if (wait[1].revents & (POLLHUP | POLLERR) || forward_step(forward) < 0)
			return;
	}
}

void forward_close(struct forward *forward)
{
	if (forward->pending >= 0)
		close(forward->pending);
	if (forward->listener >= 0)
		close(forward->listener);
	forward->pending = forward->listener = -1;
}

int forward_serve(int channel, int ready)
{
	struct forward forward;
	ssize_t told;

	if (forward_open(&forward, channel, FORWARD_PORT, NULL) < 0)
		return -1;
	do {
		told = write(ready, "r", 1);
	} while (told < 0 && errno == EINTR);
	close(ready);
	forward_run(&forward);
	forward_close(&forward);
	return 0;
}
