/* connection.c - what a client first says decides what its connection is for. */
#include "connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/scope.h"

enum {
	MEM_MAX = 4 << 20
}; /* of one request: its head and the spellings of its credential, twice */

/*
 * The next head, copied to the request's memory. 1; 0: the client left; -1: refused. The first
 * byte may come late on a
 * connection that is kept, the rest may not.
 */
static int read_head(struct connection *connection, struct str *text, bool first)
{
	struct stream *client = &connection->client;
	const struct broker_limits *limits = &connection->broker->options.limits;
	size_t size;
	int got = 1;

	if (!first && !stream_has(client).len)
		got = stream_fill(client);
	connection->patience.head_ms = stream_clock_ms() + limits->head_seconds * UINT64_C(1000);
	while (got > 0 && (size = head_size(stream_has(client))) == 0) {
		struct str has = stream_has(client);

		/* not even a method: TLS towards the proxy, or no HTTP at all */
		if (has.len && (has.p[0] < 'A' || has.p[0] > 'Z')) {
			reply_refuse(connection, 400, "syntax",
				     "This is an HTTP/1.1 proxy; what came is no HTTP request.");
			return -1;
		}
		got = stream_fill(client);
	}
	connection->patience.head_ms = 0;
	if (got <= 0) {
		if (got < 0 && stream_has(client).len)
			reply_refuse(connection, 400, "syntax", "The head of the request: %s.",
				     client->why);
		return got < 0 && stream_has(client).len ? -1 : 0;
	}
	*text = arena_str(&connection->mem, str_sub(stream_has(client), 0, size));
	stream_use(client, size);
	return 1;
}

static int read_request(struct connection *connection, struct head *head, bool first)
{
	struct str text;
	struct err err;
	int got;

	arena_reset(&connection->mem);
	got = read_head(connection, &text, first);
	if (got <= 0)
		return got;
	if (head_read_request(head, text, &err) == 0)
		return 1;
	reply_refuse(connection, 400, "syntax", "Refused: %s.", err.text);
	return -1;
}

/* Host must say what the target says; the port may be left out. */
static bool host_agrees(const struct connection *connection, const struct head *head)
{
	struct str text = head_find(head, STR("Host"));
	struct host host;
	uint16_t port = connection->port;

	if (!text.p)
		return head->minor == 0;
	if (host_read_port(&host, &port, text, NULL) < 0 && host_read(&host, text, NULL) < 0)
		return false;
	return port == connection->port && host_eq(&host, &connection->host);
}

static int admit(struct connection *connection, const struct head *head)
{
	if (!host_agrees(connection, head)) {
		reply_refuse(connection, 400, "syntax",
			     "The Host header and the target of the request disagree.");
		return -1;
	}
	if (!broker_admit(connection->broker)) {
		reply_refuse(connection, 403, "caps",
			     "This run has made more requests than it may.");
		return -1;
	}
	return 0;
}

/* Takes what names the server off the front: up to its path or query. */
static void take_authority(struct str *rest, struct str *authority)
{
	size_t end = 0;

	while (end < rest->len && rest->p[end] != '/' && rest->p[end] != '?')
		end++;
	*authority = str_sub(*rest, 0, end);
	*rest = str_from(*rest, end);
}

/*
 * "http://host[:port]/path?query". The answer ends the connection: a client may use a kept one for
 * another host.
 */
static void run_plain(struct connection *connection, const struct head *head)
{
	struct str rest = str_from(head->target, sizeof "http://" - 1), authority, path;
	struct err err;
	bool bare;

	take_authority(&rest, &authority);
	connection->port = 80;
	bare = host_read(&connection->host, authority, &err) == 0;
	if (!bare && host_read_port(&connection->host, &connection->port, authority, &err) < 0) {
		reply_begin(connection, head->method, STR(""));
		reply_refuse(connection, 400, "syntax", "Refused: %s.", err.text);
		return;
	}
	path = rest.len && rest.p[0] == '/'
		       ? rest
		       : arena_printf(&connection->mem, "/%.*s", STR_ARG(rest));
	reply_begin(connection, head->method, str_sub(path, 0, str_find_byte(path, '?')));
	if (admit(connection, head) == 0)
		exchange_run(connection, head, path);
}

/* Requests within TLS that we ended: each is read and matched anew, and is for the host of CONNECT. */
static void run_inspected(struct connection *connection)
{
	struct head head;
	bool again = true;

	for (bool first = true; again; first = false) {
		int got;

		reply_begin(connection, STR(""), STR(""));
		got = read_request(connection, &head, first);
		if (got == 0)
			reply_forget(connection);
		if (got <= 0)
			return;
		reply_begin(connection, head.method,
			    str_sub(head.target, 0, str_find_byte(head.target, '?')));
		if (head.target.p[0] != '/') {
			reply_refuse(connection, 400, "syntax",
				     "Inside TLS a target begins with '/'.");
			return;
		}
		if (admit(connection, &head) < 0)
			return;
		again = exchange_run(connection, &head, head.target);
		reply_end(connection);
	}
}

static void say_connected(struct connection *connection)
{
	connection->record.status = 0;
	(void)stream_write(&connection->client, STR("HTTP/1.1 200 Connected\r\n\r\n"));
}

static void start_inspected(struct connection *connection)
{
	struct err err;

	say_connected(connection);
	if (tls_accept(connection->broker->tls, &connection->client, &connection->host, &err) < 0) {
		reply_broken(connection, "sni", "%s.", err.text);
		return;
	}
	/* the requests themselves are what is noted */
	reply_forget(connection);
	run_inspected(connection);
}

static void start_tunnel(struct connection *connection)
{
	if (upstream_open(connection, false) < 0)
		return;
	say_connected(connection);
	tunnel_run(connection);
}

static void run_connect(struct connection *connection, const struct head *head)
{
	struct broker *broker = connection->broker;
	struct route_ask ask = { .phase = broker->options.phase,
				 .host = &connection->host,
				 .tls = true };
	struct err err;

	connection->tls = true;
	if (host_read_port(&connection->host, &connection->port, head->target, &err) < 0) {
		reply_begin(connection, head->method, STR(""));
		reply_refuse(connection, 400, "syntax", "Refused: %s.", err.text);
		return;
	}
	reply_begin(connection, head->method, STR(""));
	if (head->framing != FRAMING_NONE || stream_has(&connection->client).len) {
		reply_refuse(connection, 400, "syntax",
			     "Nothing may follow CONNECT before its answer.");
		return;
	}
	if (admit(connection, head) < 0)
		return;
	ask.port = connection->port;
	connection->verdict = route_match(broker->options.routes, &ask);
	if (!connection->verdict.allowed)
		reply_denied(connection, &ask);
	else if (connection->verdict.inspect)
		start_inspected(connection);
	else
		start_tunnel(connection);
}

static void run(struct connection *connection)
{
	struct head head;
	int got;

	reply_begin(connection, STR(""), STR(""));
	got = read_request(connection, &head, true);
	if (got <= 0) {
		/* who connects and leaves asked for nothing */
		if (got == 0)
			reply_forget(connection);
		return;
	}
	if (str_eq(head.method, STR("CONNECT"))) {
		run_connect(connection, &head);
	} else if (head.minor == 1 && str_starts(head.target, STR("http://"))) {
		run_plain(connection, &head);
	} else {
		reply_begin(connection, head.method, head.target);
		reply_refuse(
			connection, 400, "syntax",
			"This is a proxy: it knows CONNECT, and http:// targets in HTTP/1.1. For https use CONNECT.");
	}
}

void connection_run(struct broker *broker, int fd, uint32_t number)
{
	const struct broker_limits *limits = &broker->options.limits;
	struct connection connection = { .broker = broker, .record.connection = number };
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	connection.patience =
		(struct patience){ broker->wake, limits->idle_seconds * 1000,
				   stream_clock_ms() + limits->total_seconds * UINT64_C(1000), 0 };
	stream_init(&connection.client, fd, &connection.patience);
	stream_init(&connection.server, -1, &connection.patience);
	arena_init(&connection.mem, MEM_MAX);
	run(&connection);
	reply_end(&connection);
	stream_finish(&connection.client);
	stream_close(&connection.client);
	stream_close(&connection.server);
	buf_release(&connection.reason);
	arena_release(&connection.mem);
}
