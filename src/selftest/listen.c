#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/scope.h"
#include "lab.h"

enum { BACKLOG = 64, FAST_OPEN_QUEUE = 64 };

static int bound(int domain, int type, const void *address, socklen_t size)
{
	int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return -1;
	if (domain == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, address, size) < 0 || (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* *port: the one that is wanted, 0 for any; then the one that it is. */
static int loopback_v4(int type, uint32_t address, int *port)
{
	struct sockaddr_in on = { .sin_family = AF_INET,
				  .sin_addr = { htonl(address) },
				  .sin_port = htons((uint16_t)*port) };
	socklen_t size = sizeof on;
	int fd, queue = FAST_OPEN_QUEUE;

	fd = bound(AF_INET, type, &on, sizeof on);
	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&on, &size) == 0)
		*port = ntohs(on.sin_port);
	if (fd >= 0 && type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue);
	return fd;
}

static int loopback_v6(int type, int *port)
{
	struct sockaddr_in6 on = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = sizeof on;
	int fd = bound(AF_INET6, type, &on, sizeof on);

	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&on, &size) == 0)
		*port = ntohs(on.sin6_port);
	return fd;
}

static int at_path(int type, const char *path)
{
	struct sockaddr_un on = { .sun_family = AF_UNIX };

	snprintf(on.sun_path, sizeof on.sun_path, "%s", path);
	return bound(AF_UNIX, type, &on, sizeof on);
}

static int at_name(int type, const char *name)
{
	struct sockaddr_un on = { .sun_family = AF_UNIX };

	memcpy(on.sun_path + 1, name, strlen(name));
	return bound(AF_UNIX, type, &on,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

int listeners_open(struct listeners *out, const char *dir, struct err *err)
{
	struct listeners l = { .tcp6_port = -1, .udp6_port = -1 };

	random_hex(l.abstract);
	random_hex(l.abstract_dgram_name);
	snprintf(l.unix_path, sizeof l.unix_path, "%.60s/unix", dir);
	snprintf(l.dgram_path, sizeof l.dgram_path, "%.60s/dgram", dir);
	l.tcp = loopback_v4(SOCK_STREAM, INADDR_LOOPBACK, &l.tcp_port);
	l.udp = loopback_v4(SOCK_DGRAM, INADDR_LOOPBACK, &l.udp_port);
	l.web = loopback_v4(SOCK_STREAM, INADDR_LOOPBACK, &l.web_port);
	/* the same port of 127.0.0.2: where a name leads that changes its address */
	l.rebound = loopback_v4(SOCK_STREAM, INADDR_LOOPBACK + 1, &l.web_port);
	/* a host without IPv6: its tricks are n/a */
	l.tcp6 = loopback_v6(SOCK_STREAM, &l.tcp6_port);
	l.udp6 = loopback_v6(SOCK_DGRAM, &l.udp6_port);
	l.unix_stream = at_path(SOCK_STREAM, l.unix_path);
	l.unix_dgram = at_path(SOCK_DGRAM, l.dgram_path);
	l.abstract_stream = at_name(SOCK_STREAM, l.abstract);
	l.abstract_dgram = at_name(SOCK_DGRAM, l.abstract_dgram_name);
	if (l.tcp < 0 || l.udp < 0 || l.web < 0 || l.rebound < 0 || l.unix_stream < 0 ||
	    l.unix_dgram < 0 || l.abstract_stream < 0 || l.abstract_dgram < 0) {
		(void)err_errno(err, "listen on 127.0.0.1 and in '%s'", dir);
		listeners_close(&l);
		return -1;
	}
	*out = l;
	return 0;
}

static void close_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void listeners_close(struct listeners *l)
{
	const int fds[] = { l->tcp,           l->tcp6,       l->udp,
			    l->udp6,          l->web,        l->rebound,
			    l->unix_stream,   l->unix_dgram, l->abstract_stream,
			    l->abstract_dgram };

	for (size_t i = 0; i < COUNT(fds); i++)
		close_open(fds[i]);
	for (size_t i = 0; i < l->n_clients; i++)
		close(l->clients[i].fd);
	buf_release(&l->received);
	buf_release(&l->served);
}

int listeners_connect(const struct listeners *l)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) },
				  .sin_port = htons((uint16_t)l->tcp_port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void accept_all(struct listeners *l, int fd, bool web)
{
	int client;

	while (fd >= 0 && (client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (l->n_clients == COUNT(l->clients)) {
			/* the oldest has said what it had to say */
			close(l->clients[0].fd);
			memmove(l->clients, l->clients + 1,
				sizeof l->clients - sizeof l->clients[0]);
			l->n_clients--;
		}
		l->clients[l->n_clients++] = (struct client){ client, web };
	}
}

/* The allowed service: it answers everything, and what asks for it is sent on to the forbidden one. */
static void answer(const struct listeners *l, int fd, struct str request)
{
	static const char mark[] = "/redirect-";
	size_t at = str_find(request, (struct str){ mark, sizeof mark - 1 });
	char text[256] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

	if (!str_has(request, STR("\r\n\r\n")))
		return;
	if (at != SIZE_MAX)
		snprintf(
			text, sizeof text,
			"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/%.*s\r\nContent-Length: 0\r\n\r\n",
			l->tcp_port, TOKEN, str_from(request, at + sizeof mark - 1).p);
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* False when the other end is gone. */
static bool take(struct listeners *l, int fd, bool web)
{
	struct buf *into = web ? &l->served : &l->received;
	char bytes[4096];
	ssize_t n;

	while (fd >= 0 && (n = recv(fd, bytes, sizeof bytes, 0)) >= 0) {
		if (n == 0)
			return false;
		if (into->len < MAX_RECEIVED)
			buf_add(into, (struct str){ bytes, (size_t)n });
		if (web)
			answer(l, fd, (struct str){ bytes, (size_t)n });
	}
	return true;
}

void listeners_read(struct listeners *l)
{
	size_t kept = 0;

	accept_all(l, l->tcp, false);
	accept_all(l, l->tcp6, false);
	accept_all(l, l->rebound, false);
	accept_all(l, l->unix_stream, false);
	accept_all(l, l->abstract_stream, false);
	accept_all(l, l->web, true);
	take(l, l->udp, false);
	take(l, l->udp6, false);
	take(l, l->unix_dgram, false);
	take(l, l->abstract_dgram, false);
	for (size_t i = 0; i < l->n_clients; i++) {
		if (take(l, l->clients[i].fd, l->clients[i].web))
			l->clients[kept++] = l->clients[i];
		else
			close(l->clients[i].fd);
	}
	l->n_clients = kept;
}

bool listeners_got(struct listeners *l, const char *token)
{
	listeners_read(l);
	return str_has(buf_str(&l->received), str_of(token));
}

bool listeners_served(struct listeners *l, const char *token)
{
	listeners_read(l);
	return str_has(buf_str(&l->served), str_of(token));
}
