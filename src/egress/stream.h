/*
 * stream.h - one end of a connection, with TLS or without, that never waits longer than it may.
 * Private to this folder.
 */
#pragma once

#include "base/err.h"
#include "egress/broker.h"
#include "late_crypto.h"
#include "late_ssl.h"

/*
 * How long one connection may wait; shared by both of its ends. Times in milliseconds of the
 * monotonic clock.
 */
struct patience {
	int      wake;      /* readable: the run is over */
	uint32_t idle_ms;
	uint64_t end_ms;    /* of the connection */
	uint64_t head_ms;   /* of the head that is read now; 0: none */
};

uint64_t stream_clock_ms(void);
/* Waits for `events` of fd (-1: of nothing): 1, or -1 with *why set to a sentence. */
int patience_wait(const struct patience *patience, int fd, short events, const char **why);

/*
 * The socket may come from the job, which holds it too and may change its flags: it is never
 * trusted to block or not.
 * `in` holds what was read and not used. Zeroed but for fd -1 means none.
 */
struct stream {
	int                    fd;       /* owned */
	SSL                   *ssl;      /* owned; NULL: plain */
	const struct patience *patience; /* borrowed */
	const char            *why;      /* after a failure: a sentence */
	char                  *in;       /* owned; BROKER_HEADER_BYTES */
	size_t                 start, end;
	uint64_t               got, put; /* bytes of content */
};

void stream_init(struct stream *stream, int fd, const struct patience *patience);
void stream_close(struct stream *stream);
static inline struct str stream_has(const struct stream *stream)
{
	return (struct str){ stream->in ? stream->in + stream->start : NULL, stream->end - stream->start };
}
/* Drops the first n bytes of stream_has. */
void stream_use(struct stream *stream, size_t n);
/* Reads more: 1; 0 at the end; -1. The buffer must not be full of unused bytes: that is -1 too. */
int stream_fill(struct stream *stream);
/* All of it, or -1. */
int stream_write(struct stream *stream, struct str text);
/* Is there something to read, or the end, without waiting. */
bool stream_ready(struct stream *stream);
/*
 * Starts TLS with an SSL that is set up but for its BIO; takes it, also on failure. Waits for the
 * handshake.
 */
int stream_start_tls(struct stream *stream, SSL *ssl, BIO_METHOD *method);
/*
 * Says goodbye so that the other end gets what was written: it may still be sending what nobody
 * reads.
 */
void stream_finish(struct stream *stream);

/*
 * The BIO that reads and writes a stream's socket without waiting. NULL without memory. Freed by
 * BIO_meth_free.
 */
BIO_METHOD *stream_bio(void);
