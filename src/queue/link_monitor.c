/* link_monitor.c - what libzmq tells about connections: without it a wrong key is nothing but silence. */
#include <stdarg.h>
#include <stdio.h>

#include "late_zmq.h"
#include "link_private.h"

#define MONITOR "inproc://outrider.monitor"

static const struct {
	int                  event;
	enum link_event_kind kind;
	const char          *hub, *spoke; /* NULL: of no interest */
} events[] = {
	{ ZMQ_EVENT_HANDSHAKE_SUCCEEDED, LINK_CONNECTED, "a peer connected", "connected" },
	{ ZMQ_EVENT_DISCONNECTED, LINK_DISCONNECTED, "a peer went away", "the connection was lost" },
	/* the guard has said which key it was */
	{ ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, LINK_REFUSED, NULL,
	  "the broker does not know our key: allow it there with `outrider keys allow`" },
	{ ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, LINK_REFUSED, "a peer speaks without encryption, with a wrong "
	  "key of ours, or is no Outrider",
	  "the handshake failed: the broker has another public key, or no encryption" },
	{ ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, LINK_REFUSED, "a peer ended the connection during the "
	  "handshake: it has no key, or a wrong public key of this hub",
	  "the handshake failed: the broker's public key may be wrong, or ours is not allowed there" },
};

int monitor_open(struct link *link, struct err *err)
{
	const int none = 0;
	int wanted = 0;

	for (size_t i = 0; i < COUNT(events); i++)
		wanted |= events[i].event;
	if (zmq_socket_monitor(link->socket, MONITOR, wanted) < 0)
		return link_zmq_error(err, "cannot watch connections");
	link->monitor = zmq_socket(link->context, ZMQ_PAIR);
	if (!link->monitor || zmq_setsockopt(link->monitor, ZMQ_LINGER, &none, sizeof none) < 0 ||
	    zmq_connect(link->monitor, MONITOR) < 0)
		return link_zmq_error(err, "cannot watch connections");
	return 0;
}

void link_say(struct link *link, enum link_event_kind kind, const char *fmt, ...)
{
	struct link_event *event;
	va_list args;

	if (link->n_events == LINK_EVENTS) {
		link->first = (link->first + 1) % LINK_EVENTS;
		link->n_events--;
	}
	event = &link->events[(link->first + link->n_events++) % LINK_EVENTS];
	event->kind = kind;
	va_start(args, fmt);
	vsnprintf(event->text, sizeof event->text, fmt, args);
	va_end(args);
}

static void tell(struct link *link, int number, const char *address)
{
	for (size_t i = 0; i < COUNT(events); i++) {
		const char *text = link->hub ? events[i].hub : events[i].spoke;

		if (events[i].event != number)
			continue;
		if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
			link->connected = true;
			link->retry_pause = LINK_RETRY_MS;
		} else {
			link->connected = link->connected && number != ZMQ_EVENT_DISCONNECTED;
		}
		if (events[i].kind == LINK_REFUSED && text)
			link->figures.refused++;
		if (events[i].kind == LINK_REFUSED && !link->hub)
			link_retry_later(link);
		if (text)
			link_say(link, events[i].kind, "%s (%s)", text, address);
	}
}

/* An event is two frames: number (16 bit) and value (32 bit), then the address. */
void monitor_serve(struct link *link)
{
	for (;;) {
		unsigned char head[6];
		char address[200];
		uint16_t number;
		int len;

		if (zmq_recv(link->monitor, head, sizeof head, ZMQ_DONTWAIT) != sizeof head)
			return;
		memcpy(&number, head, sizeof number);
		len = zmq_recv(link->monitor, address, sizeof address - 1, ZMQ_DONTWAIT);
		if (len < 0)
			return;
		address[(size_t)len < sizeof address ? (size_t)len : sizeof address - 1] = 0;
		tell(link, number, address);
	}
}

bool link_event(struct link *link, struct link_event *out)
{
	monitor_serve(link);
	if (link->n_events == 0)
		return false;
	*out = link->events[link->first];
	link->first = (link->first + 1) % LINK_EVENTS;
	link->n_events--;
	return true;
}
