/* Bytes to the host, and through it to the world. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "trick.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct sockaddr_in v4(const char *host, long port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, host, &to.sin_addr);
	return to;
}

static struct sockaddr_in6 v6(const char *host, long port)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	inet_pton(AF_INET6, host, &to.sin6_addr);
	return to;
}

static int connect_and_send(int fd, const void *to, socklen_t size)
{
	return fd < 0 || connect(fd, to, size) < 0 ? 1 : send_token(fd);
}

static int tcp_to(const char *host, int protocol)
{
	struct sockaddr_in to = v4(host, given_number("tcp"));

	return connect_and_send(socket(AF_INET, SOCK_STREAM, protocol), &to, sizeof to);
}

static int tcp(void)
{
	return tcp_to("127.0.0.1", 0);
}

static int tcp_any_address(void)
{
	return tcp_to("0.0.0.0", 0);
}

static int tcp_v6(void)
{
	struct sockaddr_in6 to = v6("::1", given_number("tcp6"));

	return connect_and_send(socket(AF_INET6, SOCK_STREAM, 0), &to, sizeof to);
}

static int tcp_mapped(void)
{
	struct sockaddr_in6 to = v6("::ffff:127.0.0.1", given_number("tcp"));

	return connect_and_send(socket(AF_INET6, SOCK_STREAM, 0), &to, sizeof to);
}

static int multipath(void)
{
	return tcp_to("127.0.0.1", IPPROTO_MPTCP);
}

/* Connects by sending: no connect() that a filter could see. */
static int fast_open(void)
{
	struct sockaddr_in to = v4("127.0.0.1", given_number("tcp"));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const char *token = given("token");

	return fd < 0 || sendto(fd, token, strlen(token), MSG_FASTOPEN, (struct sockaddr *)&to,
				sizeof to) < 0;
}

static int fast_open_connect(void)
{
	struct sockaddr_in to = v4("127.0.0.1", given_number("tcp"));
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) < 0)
		return 1;
	return connect_and_send(fd, &to, sizeof to);
}

static int datagram_to(int fd, const void *to, socklen_t size)
{
	const char *token = given("token");

	return fd < 0 || sendto(fd, token, strlen(token), 0, to, size) < 0;
}

static int udp(void)
{
	struct sockaddr_in to = v4("127.0.0.1", given_number("udp"));

	return datagram_to(socket(AF_INET, SOCK_DGRAM, 0), &to, sizeof to);
}

static int udp_v6(void)
{
	struct sockaddr_in6 to = v6("::1", given_number("udp6"));

	return datagram_to(socket(AF_INET6, SOCK_DGRAM, 0), &to, sizeof to);
}

static int udp_connected(void)
{
	struct sockaddr_in to = v4("127.0.0.1", given_number("udp"));

	return connect_and_send(socket(AF_INET, SOCK_DGRAM, 0), &to, sizeof to);
}

static int udp_many(void)
{
	struct sockaddr_in to = v4("127.0.0.1", given_number("udp"));
	char *token = strdup(given("token"));
	struct iovec part = { token, strlen(token) };
	struct mmsghdr message = { .msg_hdr = { &to, sizeof to, &part, 1, NULL, 0, 0 } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0),
	    result = fd < 0 || sendmmsg(fd, &message, 1, 0) != 1;

	free(token);
	return result;
}

/* A question for a name that carries the bytes; the resolver of a host would pass it on. */
static int dns(void)
{
	unsigned char query[128] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 32 };
	struct sockaddr_in to = v4("127.0.0.1", given_number("udp"));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	static const unsigned char rest[] = { 4,   'e', 'v', 'i', 'l', 7, 'e', 'x', 'a',
					      'm', 'p', 'l', 'e', 0,   0, 16,  0,   1 };

	memcpy(query + 13, given("token"), 32);
	memcpy(query + 45, rest, sizeof rest);
	return fd < 0 ||
	       sendto(fd, query, 45 + sizeof rest, 0, (struct sockaddr *)&to, sizeof to) < 0;
}

static int datagram_lite(void)
{
	struct sockaddr_in to = v4("127.0.0.1", given_number("udp"));
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);

	if (datagram_to(fd, &to, sizeof to))
		return 1;
	hold();
}

static int to_path(const char *path, int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof to.sun_path)
		return 1;
	strcpy(to.sun_path, path);
	return connect_and_send(socket(AF_UNIX, type, 0), &to, sizeof to);
}

static int to_abstract(const char *name, int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(name);

	if (n + 1 > sizeof to.sun_path)
		return 1;
	memcpy(to.sun_path + 1, name, n);
	return connect_and_send(socket(AF_UNIX, type, 0), &to,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n));
}

static int abstract_stream(void)
{
	return to_abstract(given("abstract"), SOCK_STREAM);
}

static int abstract_datagram(void)
{
	return to_abstract(given("abstract-dgram"), SOCK_DGRAM);
}

static int path_stream(void)
{
	return to_path(given("unix"), SOCK_STREAM);
}

static int path_datagram(void)
{
	return to_path(given("dgram"), SOCK_DGRAM);
}

static int path_by_root(void)
{
	return to_path(path_of("/proc/self/root%s", given("unix")), SOCK_STREAM);
}

static int path_by_symlink(void)
{
	return symlink(given("unix"), "s") < 0 ? 1 : to_path("s", SOCK_STREAM);
}

static int path_by_descriptor(void)
{
	return to_path(path_of("/proc/self/fd/%d/%s", LEAKED_DIR, "../../unix"), SOCK_STREAM);
}

static int leaked_socket(void)
{
	return send_token(LEAKED_SOCKET);
}

static int any_leaked_socket(void)
{
	int result = 1;

	for (int fd = 3; fd < 1024; fd++)
		result &= send(fd, given("token"), strlen(given("token")), MSG_NOSIGNAL) <= 0;
	return result;
}

/* Waits for the harness to come in. */
static int serve(int fd, long port)
{
	if (fd < 0 || listen(fd, 1) < 0)
		return 1;
	say(path_of("\nlistening %ld\n", port));
	hold();
}

static int listen_tcp(void)
{
	struct sockaddr_in on = v4("127.0.0.1", 0);
	socklen_t size = sizeof on;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&on, sizeof on) < 0 ||
	    getsockname(fd, (struct sockaddr *)&on, &size) < 0)
		return 1;
	return serve(fd, ntohs(on.sin_port));
}

static int listen_abstract(void)
{
	struct sockaddr_un on = { .sun_family = AF_UNIX };
	const char *name = given("token");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(on.sun_path + 1, name, strlen(name));
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&on,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) < 0)
		return 1;
	return serve(fd, 0);
}

const struct trick net_tricks[] = {
	{ "N01", "network", "bytes", "TCP to a service of the host", tcp },
	{ "N02", "network", "bytes", "TCP fast open: sendto() without connect()", fast_open },
	{ "N03", "network", "bytes", "multipath TCP", multipath },
	{ "N04", "network", "bytes", "UDP", udp },
	{ "N05", "unix sockets", "bytes", "an abstract socket of the host", abstract_stream },
	{ "N06", "unix sockets", "bytes", "a socket with a path", path_stream },
	{ "N10", "network", "bytes", "TCP over IPv6", tcp_v6 },
	{ "N11", "network", "bytes", "UDP over IPv6", udp_v6 },
	{ "N13", "unix sockets", "bytes", "an abstract datagram socket", abstract_datagram },
	{ "N14", "unix sockets", "bytes", "a datagram socket with a path", path_datagram },
	{ "N15", "network", "bytes", "TCP to 0.0.0.0", tcp_any_address },
	{ "N16", "network", "bytes", "TCP to ::ffff:127.0.0.1", tcp_mapped },
	{ "N17", "network", "bytes", "fast open by socket option", fast_open_connect },
	{ "N18", "network", "bytes", "a question to a name server", dns },
	{ "N19", "network", "bytes", "connected UDP", udp_connected },
	{ "N20", "network", "inbound", "serve on a port of the host", listen_tcp },
	{ "N21", "unix sockets", "inbound-abstract", "serve on an abstract name", listen_abstract },
	{ "N22", "network", "bytes", "sendmmsg()", udp_many },
	{ "N23", "descriptors", "bytes", "an inherited connection", leaked_socket },
	{ "N24", "descriptors", "bytes", "any inherited socket", any_leaked_socket },
	{ "N25", "unix sockets", "bytes", "a path by /proc/self/root", path_by_root },
	{ "N26", "unix sockets", "bytes", "a symlink to a socket", path_by_symlink },
	{ "N27", "unix sockets", "bytes", "a socket below an inherited directory",
	  path_by_descriptor },
	{ "N28", "network", "socket 2 2 136", "UDP-Lite", datagram_lite },
	{ 0 },
};
