/*
 * forward.h - inside the jail: hands the connections of proxy clients to the broker outside,
 * socket and all, and has no
 * part in what is said on them. Uses no heap and no thread; made for PID 1 of the job, between
 * fork and the end.
 *
 * System calls: socket, bind, listen, accept4, sendmsg, poll, close; ioctl once for
 * forward_loopback_up.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"

enum {
	FORWARD_PORT = 3128, /* of 127.0.0.1 in the job's own network namespace: nothing else is there */
	FORWARD_BACKLOG = 64,
};

struct forward {
	int listener; /* poll it for POLLIN while pending is -1 */
	int channel;  /* the broker's; poll it for POLLOUT while pending is not -1 */
	int pending;  /* accepted, not handed over yet */
};

/*
 * Sets `lo` up in the network namespace of the caller; needs CAP_NET_ADMIN there: before
 * capabilities are dropped.
 */
int forward_loopback_up(struct err *err);
/*
 * Listens on 127.0.0.1:port (0: any; see forward_port). `channel` is broker_job_socket's; it is
 * borrowed.
 */
int forward_open(struct forward *out, int channel, uint16_t port, struct err *err);
uint16_t forward_port(const struct forward *forward);
/* What to wait for now: fills one pollfd's fd and events. */
struct pollfd;
void forward_poll(const struct forward *forward, struct pollfd *out);
/*
 * Takes what is there, never blocks. -1: the broker is gone; then close, clients get "connection
 * refused".
 */
int forward_step(struct forward *forward);
/* Steps until the broker is gone. For callers without a poll loop. */
void forward_run(struct forward *forward);
void forward_close(struct forward *forward);
/*
 * All of it, for a process of its own: listens on FORWARD_PORT, writes one byte to `ready` and
 * closes it, serves until
 * the broker is gone. `lo` must be up. -1 with errno set when it cannot listen.
 */
int forward_serve(int channel, int ready);
