/*
 * tunnel.c - bytes in both directions, after the client said in its handshake whom it wants to
 * reach.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "connection.h"
#include "hello.h"

enum {
	PIPE_BYTES = 16384,
	RECORD_HEAD = 5,
	CHANGE_CIPHER = 20, /* record types that may stand between two ClientHellos */
	EARLY_DATA = 23,
	RECORD_MAX = 16384 + 2048,
};

/* Bytes on their way from one end to the other. */
struct pipe {
	struct stream *from, *to;
	size_t start, end;
	bool closed; /* nothing more comes from `from` */
	bool told;   /* and `to` knows it */
	bool up;
	char *bytes; /* PIPE_BYTES */
};

static void refuse(struct connection *connection, const char *why)
{
	reply_broken(
		connection, "sni",
		"Refused, and will never be allowed: a tunnel to %s must begin with a TLS handshake that names it; %s.",
		connection->host.text, why);
}

/* Collects the ClientHello at the start of the client's bytes: its size, or 0 after a refusal. */
static size_t check_hello(struct connection *connection)
{
	struct stream *client = &connection->client;
	struct hello hello;

	for (;;) {
		hello_read(&hello, stream_has(client));
		if (hello.state != HELLO_MORE)
			break;
		if (stream_fill(client) <= 0) {
			refuse(connection, "it ended before that");
			return 0;
		}
	}
	if (hello.state == HELLO_WRONG)
		refuse(connection, hello.why);
	else if (connection->host.kind == HOST_NAME && hello.state == HELLO_BARE)
		refuse(connection, "it names no server");
	else if (hello.state == HELLO_NAME && !host_eq(&hello.name, &connection->host))
		refuse(connection, "it names another server");
	else
		return hello.size;
	return 0;
}

static int spend(struct connection *connection, uint64_t up, uint64_t down)
{
	if (upstream_spend(connection, up, down) == 0)
		return 0;
	reply_broken(
		connection, "budget",
		"The byte budget of this route for this run is used up: the tunnel was cut (%.*s).",
		STR_ARG(connection->verdict.route->text));
	return -1;
}

/* Hands the first n bytes of `from` on. */
static int pass(struct connection *connection, struct stream *from, struct stream *to, size_t n)
{
	bool up = from == &connection->client;

	if (spend(connection, up ? n : 0, up ? 0 : n) < 0)
		return -1;
	if (stream_write(to, str_sub(stream_has(from), 0, n)) < 0) {
		reply_broken(connection, "upstream", "The tunnel: %s.", to->why);
		return -1;
	}
	stream_use(from, n);
	return 0;
}

/* Before a second ClientHello: records of other kinds, handed on one by one. 0 when it begins. */
static int pass_until_hello(struct connection *connection)
{
	struct stream *client = &connection->client;

	for (;;) {
		struct str has = stream_has(client);
		size_t size;

		if (has.len && has.p[0] != CHANGE_CIPHER && has.p[0] != EARLY_DATA)
			return 0;
		if (has.len >= RECORD_HEAD) {
			size = RECORD_HEAD +
			       ((size_t)(unsigned char)has.p[3] << 8 | (unsigned char)has.p[4]);
			if (size > RECORD_MAX) {
				refuse(connection, "a record is too long");
				return -1;
			}
			if (has.len >= size) {
				if (pass(connection, client, &connection->server, size) < 0)
					return -1;
				continue;
			}
		}
		if (stream_fill(client) <= 0) {
			refuse(connection, "it ended before that");
			return -1;
		}
	}
}

/* The handshake up to the last ClientHello that is not encrypted: a server may ask for a second one. */
static int open_tunnel(struct connection *connection)
{
	struct stream *server = &connection->server;
	size_t size = check_hello(connection);
	int retry;

	if (!size || pass(connection, &connection->client, server, size) < 0)
		return -1;
	while ((retry = hello_is_retry(stream_has(server))) < 0)
		if (stream_fill(server) <= 0) {
			reply_broken(connection, "upstream",
				     "Allowed, but it failed: %s ended the handshake.",
				     connection->host.text);
			return -1;
		}
	if (pass(connection, server, &connection->client, stream_has(server).len) < 0)
		return -1;
	if (!retry)
		return 0;
	if (pass_until_hello(connection) < 0)
		return -1;
	size = check_hello(connection);
	return size ? pass(connection, &connection->client, server, size) : -1;
}

/* Without waiting: reads into an empty pipe, writes a full one. -1: the tunnel is over. */
static int step(struct connection *connection, struct pipe *pipe)
{
	ssize_t n;

	if (!pipe->closed && pipe->start == pipe->end) {
		n = recv(pipe->from->fd, pipe->bytes, PIPE_BYTES, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		pipe->closed = n == 0;
		pipe->start = 0;
		pipe->end = n > 0 ? (size_t)n : 0;
		if (pipe->end &&
		    spend(connection, pipe->up ? pipe->end : 0, pipe->up ? 0 : pipe->end) < 0)
			return -1;
	}
	if (pipe->start < pipe->end) {
		n = send(pipe->to->fd, pipe->bytes + pipe->start, pipe->end - pipe->start,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		pipe->start += n > 0 ? (size_t)n : 0;
	}
	if (pipe->closed && pipe->start == pipe->end && !pipe->told) {
		shutdown(pipe->to->fd, SHUT_WR);
		pipe->told = true;
	}
	return 0;
}

static short wants(const struct pipe *in, const struct pipe *out)
{
	return (short)((!in->closed && in->start == in->end ? POLLIN : 0) |
		       (out->start < out->end ? POLLOUT : 0));
}

static int wait_both(struct connection *connection, const struct pipe *up, const struct pipe *down)
{
	const struct patience *patience = &connection->patience;
	uint64_t now = stream_clock_ms(), left = patience->end_ms > now ? patience->end_ms - now : 0;
	struct pollfd wait[3] = { { patience->wake, POLLIN, 0 },
				  { up->from->fd, wants(up, down), 0 },
				  { down->from->fd, wants(down, up), 0 } };

	/* an end from which nothing is wanted would wake us by its hang-up, again and again */
	for (size_t i = 1; i < COUNT(wait); i++)
		if (!wait[i].events)
			wait[i].fd = -1;
	if (left > patience->idle_ms)
		left = patience->idle_ms;
	if (!left || poll(wait, COUNT(wait), (int)left) == 0) {
		reply_broken(connection, "caps",
			     "The tunnel was cut: nothing came for too long, or its time is over.");
		return -1;
	}
	return wait[0].revents ? -1 : 0;
}

void tunnel_run(struct connection *connection)
{
	struct stream *client = &connection->client, *server = &connection->server;
	struct pipe up = { .from = client, .to = server, .up = true };
	struct pipe down = { .from = server, .to = client };

	if (open_tunnel(connection) < 0)
		return;
	up.bytes = arena_alloc(&connection->mem, PIPE_BYTES);
	down.bytes = arena_alloc(&connection->mem, PIPE_BYTES);
	/* what came behind the handshake is not of interest any more */
	if (stream_has(client).len && pass(connection, client, server, stream_has(client).len) < 0)
		return;
	while (step(connection, &up) == 0 && step(connection, &down) == 0) {
		if (up.told && down.told)
			return;
		if (wait_both(connection, &up, &down) < 0)
			return;
	}
}
