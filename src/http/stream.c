#include <stdlib.h>

#include "server_private.h"

static const char first_words[] =
	": ok\n\n"; /* so that a browser knows at once that it is connected */

/* With the lock held. */
static void drop(struct http_stream *stream)
{
	struct http_server *server = stream->server;

	if (--stream->holders)
		return;
	if (stream->next)
		stream->next->before = stream->before;
	if (stream->before)
		stream->before->next = stream->next;
	else
		server->streams = stream->next;
	server->n_streams--;
	pthread_cond_broadcast(&server->changed);
	buf_release(&stream->pending);
	free(stream);
}

/* With the lock held. */
static void wake(struct http_stream *stream)
{
	if (stream->suspended)
		MHD_resume_connection(stream->mhd);
	stream->suspended = false;
}

static ssize_t read_some(void *ctx, uint64_t at, char *out, size_t room)
{
	struct http_stream *stream = ctx;
	pthread_mutex_t *lock = &stream->server->lock;
	ssize_t result;
	size_t n;

	(void)at;
	pthread_mutex_lock(lock);
	n = stream->pending.len - stream->sent;
	if (n > room)
		n = room;
	if (n) {
		memcpy(out, stream->pending.bytes + stream->sent, n);
		stream->sent += n;
	}
	if (stream->sent == stream->pending.len) {
		buf_clear(&stream->pending);
		stream->sent = 0;
	}
	if (n == 0 && !stream->ended) {
		stream->suspended = true;
		MHD_suspend_connection(stream->mhd);
	}
	result = n == 0 && stream->ended ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
	pthread_mutex_unlock(lock);
	return result;
}

static void connection_gone(void *ctx)
{
	struct http_stream *stream = ctx;
	pthread_mutex_t *lock = &stream->server->lock;

	pthread_mutex_lock(lock);
	stream->gone = true;
	drop(stream);
	pthread_mutex_unlock(lock);
}

static struct http_stream *make(struct http_exchange *exchange)
{
	struct http_stream *stream = calloc(1, sizeof *stream);

	if (!stream)
		return NULL;
	stream->server = exchange->server;
	stream->mhd = exchange->mhd;
	stream->holders = 2;
	buf_add(&stream->pending, str_of(first_words));
	return stream;
}

struct http_stream *http_answer_stream(struct http_exchange *exchange,
				       const struct http_headers *headers)
{
	enum { BLOCK = 4096 };
	struct http_server *server = exchange->server;
	struct http_stream *stream = make(exchange);
	struct MHD_Response *response = NULL;

	if (stream)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_some,
							     stream, connection_gone);
	if (!response) {
		free(stream);
		exchange_refuse(exchange, 503, (struct str){ 0 });
		return NULL;
	}
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	/* nginx would collect the events before it passes them on */
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	exchange_add_headers(exchange, response, headers);
	pthread_mutex_lock(&server->lock);
	stream->next = server->streams;
	if (stream->next)
		stream->next->before = stream;
	server->streams = stream;
	server->n_streams++;
	stream->ended = server->closing;
	exchange_finish(exchange, 200, response);
	pthread_mutex_unlock(&server->lock);
	return stream;
}

static void add_field(struct buf *buf, const char *name, struct str value)
{
	buf_add(buf, str_of(name));
	buf_add(buf, STR(": "));
	/* a line end would begin another field */
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] != '\n' && value.p[i] != '\r' && value.p[i])
			buf_add_byte(buf, value.p[i]);
	buf_add_byte(buf, '\n');
}

static bool send_bytes(struct http_stream *stream, struct str bytes)
{
	pthread_mutex_t *lock = &stream->server->lock;
	bool alive;

	pthread_mutex_lock(lock);
	if (!stream->gone && !stream->ended &&
	    stream->pending.len - stream->sent + bytes.len > HTTP_SERVER_STREAM_BYTES)
		stream->ended = true;
	alive = !stream->gone && !stream->ended;
	if (alive)
		buf_add(&stream->pending, bytes);
	wake(stream);
	pthread_mutex_unlock(lock);
	return alive;
}

bool http_stream_send(struct http_stream *stream, struct str name, struct str id, struct str data)
{
	AUTO_BUF struct buf event = { 0 };
	struct str line;

	if (name.len)
		add_field(&event, "event", name);
	if (id.len)
		add_field(&event, "id", id);
	while (str_cut_line(&data, &line))
		add_field(&event, "data", line);
	buf_add_byte(&event, '\n');
	return send_bytes(stream, buf_str(&event));
}

bool http_stream_ping(struct http_stream *stream)
{
	return send_bytes(stream, STR(":\n\n"));
}

void http_stream_end(struct http_stream *stream)
{
	pthread_mutex_t *lock;

	if (!stream)
		return;
	lock = &stream->server->lock;
	pthread_mutex_lock(lock);
	stream->ended = true;
	wake(stream);
	drop(stream);
	pthread_mutex_unlock(lock);
}

void stream_end_all(struct http_server *server)
{
	for (struct http_stream *stream = server->streams; stream; stream = stream->next) {
		stream->ended = true;
		wake(stream);
	}
}
