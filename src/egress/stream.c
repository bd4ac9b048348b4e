#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LINGER_MS = 1000,       /* for a client that still sends when it was refused */
	LINGER_BYTES = 1 << 20, /* the same */
};

uint64_t stream_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int patience_wait(const struct patience *patience, int fd, short events, const char **why)
{
	struct pollfd wait[2] = { { patience->wake, POLLIN, 0 }, { fd, events, 0 } };
	uint64_t idle = stream_clock_ms() + patience->idle_ms, end = patience->end_ms;

	if (patience->head_ms && patience->head_ms < end)
		end = patience->head_ms;
	for (;;) {
		uint64_t now = stream_clock_ms(), until = idle < end ? idle : end;

		if (now >= until) {
			*why = until == idle ? "nothing came for too long"
					     : "the time for it is over";
			return -1;
		}
		if (poll(wait, 2, (int)(until - now)) < 0 && errno != EINTR) {
			*why = "poll failed";
			return -1;
		}
		if (wait[0].revents) {
			*why = "the run is over";
			return -1;
		}
		if (wait[1].revents)
			return 1;
	}
}

void stream_init(struct stream *stream, int fd, const struct patience *patience)
{
	*stream = (struct stream){ .fd = fd, .patience = patience };
}

void stream_close(struct stream *stream)
{
	/* a job may have asked for a close() that waits */
	struct linger off = { 0 };

	if (stream->ssl)
		SSL_free(stream->ssl);
	free(stream->in);
	if (stream->fd >= 0) {
		setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
		close(stream->fd);
	}
	stream_init(stream, -1, stream->patience);
}

void stream_use(struct stream *stream, size_t n)
{
	stream->start += n;
	if (stream->start == stream->end)
		stream->start = stream->end = 0;
}

static int fail(struct stream *stream, const char *why)
{
	stream->why = why;
	return -1;
}

/* One step of TLS or of the socket: >0 bytes, 0 end, -1 wait for *events, -2 broken. */
static ssize_t step_read(struct stream *stream, char *into, size_t room, short *events)
{
	ssize_t n;

	*events = POLLIN;
	if (stream->ssl) {
		int kind;

		ERR_clear_error();
		n = SSL_read(stream->ssl, into, (int)room);
		kind = SSL_get_error(stream->ssl, (int)n);
		*events = kind == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
		if (n > 0)
			return n;
		return kind == SSL_ERROR_ZERO_RETURN                                 ? 0
		       : kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE ? -1
										     : -2;
	}
	n = recv(stream->fd, into, room, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : -2;
	return n;
}

static ssize_t step_write(struct stream *stream, struct str text, short *events)
{
	ssize_t n;

	*events = POLLOUT;
	if (stream->ssl) {
		int kind;

		ERR_clear_error();
		n = SSL_write(stream->ssl, text.p, (int)(text.len > 16384 ? 16384 : text.len));
		kind = SSL_get_error(stream->ssl, (int)n);
		*events = kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		if (n > 0)
			return n;
		return kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE ? -1 : -2;
	}
	n = send(stream->fd, text.p, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : -2;
	return n;
}

static bool make_room(struct stream *stream)
{
	if (!stream->in)
		stream->in = malloc(BROKER_HEADER_BYTES);
	if (!stream->in)
		return false;
	if (stream->start) {
		memmove(stream->in, stream->in + stream->start, stream->end - stream->start);
		stream->end -= stream->start;
		stream->start = 0;
	}
	return stream->end < BROKER_HEADER_BYTES;
}

int stream_fill(struct stream *stream)
{
	if (!make_room(stream))
		return fail(stream, "it is longer than it may be");
	for (;;) {
		short events;
		ssize_t n = step_read(stream, stream->in + stream->end,
				      BROKER_HEADER_BYTES - stream->end, &events);

		if (n > 0) {
			stream->end += (size_t)n;
			stream->got += (size_t)n;
			return 1;
		}
		if (n == 0)
			return 0;
		if (n == -2)
			return fail(stream, "the connection broke");
		if (patience_wait(stream->patience, stream->fd, events, &stream->why) < 0)
			return -1;
	}
}

int stream_write(struct stream *stream, struct str text)
{
	while (text.len) {
		short events;
		ssize_t n = step_write(stream, text, &events);

		if (n > 0) {
			text = str_from(text, (size_t)n);
			stream->put += (size_t)n;
			continue;
		}
		if (n == -2)
			return fail(stream, "the connection broke");
		if (patience_wait(stream->patience, stream->fd, events, &stream->why) < 0)
			return -1;
	}
	return 0;
}

bool stream_ready(struct stream *stream)
{
	struct pollfd wait = { stream->fd, POLLIN, 0 };
	char byte;

	if (stream->end > stream->start)
		return true;
	if (stream->ssl) {
		int n;

		/* session tickets make the socket readable, and say nothing */
		ERR_clear_error();
		n = SSL_peek(stream->ssl, &byte, 1);
		return n > 0 || SSL_get_error(stream->ssl, n) != SSL_ERROR_WANT_READ;
	}
	return poll(&wait, 1, 0) > 0;
}

int stream_start_tls(struct stream *stream, SSL *ssl, BIO_METHOD *method)
{
	BIO *bio = BIO_new(method);

	stream->ssl = ssl;
	if (!bio)
		return fail(stream, "out of memory");
	BIO_set_data(bio, stream);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	for (;;) {
		int n, kind;

		ERR_clear_error();
		n = SSL_do_handshake(ssl);
		if (n == 1)
			return 0;
		kind = SSL_get_error(ssl, n);
		if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
			return fail(stream, "the TLS handshake failed");
		if (patience_wait(stream->patience, stream->fd,
				  kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, &stream->why) < 0)
			return -1;
	}
}

void stream_finish(struct stream *stream)
{
	struct patience brief = *stream->patience;
	char waste[4096];
	size_t left = LINGER_BYTES;

	if (stream->ssl && SSL_is_init_finished(stream->ssl)) {
		ERR_clear_error();
		SSL_shutdown(stream->ssl);
	}
	shutdown(stream->fd, SHUT_WR);
	brief.head_ms = stream_clock_ms() + LINGER_MS;
	while (left >= sizeof waste) {
		ssize_t n = recv(stream->fd, waste, sizeof waste, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (n < 0 && patience_wait(&brief, stream->fd, POLLIN, &stream->why) < 0)
			return;
		left -= n > 0 ? (size_t)n : 0;
	}
}

static int bio_write(BIO *bio, const char *bytes, int n)
{
	struct stream *stream = BIO_get_data(bio);
	ssize_t done = send(stream->fd, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (done < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(bio);
	return (int)done;
}

static int bio_read(BIO *bio, char *bytes, int n)
{
	struct stream *stream = BIO_get_data(bio);
	ssize_t done = recv(stream->fd, bytes, (size_t)n, MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	if (done < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	return (int)done;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

BIO_METHOD *stream_bio(void)
{
	BIO_METHOD *method =
		BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "outrider stream");

	if (!method)
		return NULL;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
	return method;
}
