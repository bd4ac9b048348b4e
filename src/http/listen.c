#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "server_private.h"

enum { BACKLOG = 512 };

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)address)
				     ->sin_addr.s_addr) >>
			       24 ==
		       127;
	return IN6_IS_ADDR_LOOPBACK(
		&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* "127.0.0.1:80" and "[::1]:80" into what getaddrinfo takes; names are not looked up, but for localhost. */
static int split(struct str text, char *host, char *port, size_t room)
{
	size_t colon = text.len;
	uint64_t number;
	struct str name;

	while (colon && text.p[colon - 1] != ':')
		colon--;
	if (!colon || text.len - colon >= room || colon > room)
		return -1;
	name = str_sub(text, 0, colon - 1);
	if (name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']')
		name = str_sub(name, 1, name.len - 1);
	if (str_eq(name, STR("localhost")))
		name = STR("127.0.0.1");
	snprintf(host, room, "%.*s", STR_ARG(name));
	snprintf(port, room, "%.*s", STR_ARG(str_from(text, colon)));
	/* the C library takes a larger number modulo 65536 */
	return *host && str_to_u64(str_from(text, colon), &number) && number <= 65535 ? 0 : -1;
}

static int name_tcp(struct http_server *server, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	char host[64], port[8];

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
	    getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -1;
	snprintf(server->address, sizeof server->address,
		 address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return 0;
}

static void free_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static int open_tcp(struct http_server *server, struct str text, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				  .ai_socktype = SOCK_STREAM };
	AUTO(free_addresses) struct addrinfo *found = NULL;
	char host[80], port[80];
	int one = 1, fd;

	if (split(text, host, port, sizeof host) < 0 ||
	    getaddrinfo(host, port, &hints, &found) != 0)
		return err_input(
			err,
			"cannot listen at '%.*s': must be ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH",
			STR_ARG(text));
	if (!server->options.anywhere && !is_loopback(found->ai_addr))
		return err_input(
			err,
			"'%.*s' is not loopback: TLS and the outside belong to a proxy in front",
			STR_ARG(text));
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "cannot make a socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0 ||
	    name_tcp(server, fd) < 0) {
		(void)err_errno(err, "cannot listen at '%.*s'", STR_ARG(text));
		close(fd);
		return -1;
	}
	return fd;
}

/* A socket file that nobody listens at is left over from a crash. Anything else is not ours to remove. */
static int clear_path(const struct sockaddr_un *address, struct err *err)
{
	AUTO_FD int fd = -1;
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(err, "'%s'", address->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_input(err, "'%s' is there already and is no socket", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
		return err_input(err, "somebody listens at '%s' already", address->sun_path);
	if (unlink(address->sun_path) < 0)
		return err_errno(err, "cannot remove '%s'", address->sun_path);
	return 0;
}

static int open_unix(struct http_server *server, struct str path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (path.len == 0 || path.len >= sizeof address.sun_path)
		return err_input(err, "the path of a Unix socket must have 1 to %zu bytes",
				 sizeof address.sun_path - 1);
	memcpy(address.sun_path, path.p, path.len);
	if (clear_path(&address, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "cannot make a socket");
	/* the mode of the socket's inode decides who may connect: owner and group */
	if (fchmod(fd, 0660) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		(void)err_errno(err, "cannot listen at '%s'", address.sun_path);
		close(fd);
		return -1;
	}
	server->unix_path = strdup(address.sun_path);
	snprintf(server->address, sizeof server->address, "unix:%s", address.sun_path);
	return fd;
}

int listen_open(struct http_server *server, struct err *err)
{
	struct str text = server->options.listen;

	server->fd = str_starts(text, STR("unix:")) ? open_unix(server, str_from(text, 5), err)
						    : open_tcp(server, text, err);
	return server->fd < 0 ? -1 : 0;
}
