#include "dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolve.h"

enum { CONNECT_MS = 10000 }; /* for one address: three lost SYNs */

static int resolve(struct address *out, size_t max, size_t *n, const struct dial *dial,
		   const struct patience *patience, struct err *err)
{
	if (dial->options->resolve)
		return dial->options->resolve(out, max, n, dial->host, dial->options->resolve_with,
					      err);
	return resolve_system(out, max, n, dial->host, patience, err);
}

static bool is_allowed(const struct address_ranges *allowed, const struct address *address)
{
	for (size_t i = 0; i < allowed->n; i++)
		if (range_has(&allowed->items[i], address))
			return true;
	return !address_special(address);
}

int dial_find(struct address *out, size_t max, size_t *n, const struct dial *dial,
	      const struct patience *patience, struct err *err)
{
	struct address found[BROKER_ADDRESSES];
	size_t n_found = 0, kept = 0;
	char text[ADDRESS_TEXT] = "none";

	if (dial->host->kind != HOST_NAME) {
		/* a route named exactly this one, or it would not have matched */
		out[0] = dial->host->address;
		*n = 1;
		return 0;
	}
	if (resolve(found, COUNT(found), &n_found, dial, patience, err) < 0)
		return -1;
	for (size_t i = 0; i < n_found && kept < max; i++)
		if (is_allowed(dial->allowed, &found[i]))
			out[kept++] = found[i];
	*n = kept;
	if (kept)
		return 0;
	if (!n_found)
		return err_set(err, ERR_TEMP, "%s has no address", dial->host->text);
	address_text(text, &found[0]);
	return err_set(
		err, ERR_PERM,
		"%s has the address %s, which is %s: no job may reach it unless the host's policy names its range",
		dial->host->text, text, address_special(&found[0]));
}

static socklen_t socket_name(struct sockaddr_storage *out, const struct address *address,
			     uint16_t port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in ip4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (memcmp(address->bytes, mapped, sizeof mapped) == 0) {
		memcpy(&ip4.sin_addr, address->bytes + 12, 4);
		memcpy(out, &ip4, sizeof ip4);
		return sizeof ip4;
	}
	memcpy(&ip6.sin6_addr, address->bytes, 16);
	memcpy(out, &ip6, sizeof ip6);
	return sizeof ip6;
}

static int finish_connect(int fd, const struct patience *patience, const char **why)
{
	struct patience brief = *patience;
	socklen_t size = sizeof(int);
	int error = 0;

	if (brief.idle_ms > CONNECT_MS)
		brief.idle_ms = CONNECT_MS;
	if (patience_wait(&brief, fd, POLLOUT, why) < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		*why = error == ECONNREFUSED ? "connection refused" : "it cannot be reached";
		return -1;
	}
	return 0;
}

int dial_connect(const struct address *address, uint16_t port, const struct patience *patience,
		 struct err *err)
{
	struct sockaddr_storage name;
	socklen_t size = socket_name(&name, address, port);
	int one = 1, fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *why = "it cannot be reached";
	char text[ADDRESS_TEXT];

	address_text(text, address);
	if (fd < 0)
		return err_errno(err, "socket for %s", text);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&name, size) == 0 ||
	    (errno == EINPROGRESS && finish_connect(fd, patience, &why) == 0))
		return fd;
	close(fd);
	return err_set(err, ERR_TEMP, "%s port %u: %s", text, (unsigned)port, why);
}
