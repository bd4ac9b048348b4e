#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "http/url.h"
#include "server_private.h"

enum {
	MAX_HEADERS = 200, /* GitHub sends 15, a proxy adds 5 */
	LAST_ANSWERS_MS = 1000,
};

/* ---- what is refused before any handler ---- */

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct http_exchange *exchange = ctx;
	struct http_headers *headers = &exchange->call.headers;

	(void)kind;
	if (headers->n > MAX_HEADERS)
		return MHD_NO;
	/* a name or value that may not be is kept as an empty name, which check_headers refuses */
	if (http_header_add(headers, &exchange->mem, arena_str(&exchange->mem, str_of(name)),
			    arena_str(&exchange->mem, str_of(value)), NULL) < 0)
		ARENA_PUSH(&exchange->mem, headers, ((struct http_header){ 0 }));
	return MHD_YES;
}

/* 0, or the status that says no. Two ways to tell where the body ends are two requests in one. */
static int check_headers(const struct http_headers *headers)
{
	struct str coding = http_header_get(headers, STR("Transfer-Encoding"));
	struct str length = http_header_get(headers, STR("Content-Length"));
	size_t n_coding = http_header_count(headers, STR("Transfer-Encoding"));
	size_t n_length = http_header_count(headers, STR("Content-Length"));
	uint64_t bytes;

	if (headers->n > MAX_HEADERS)
		return 431;
	for (size_t i = 0; i < headers->n; i++)
		if (!headers->items[i].name.len)
			return 400;
	if (n_coding > 1 || n_length > 1 || (n_coding && n_length))
		return 400;
	if (n_length && !str_to_u64(length, &bytes))
		return 400;
	if (n_coding && !str_eq_nocase(coding, STR("chunked")))
		return 501;
	return http_header_count(headers, STR("Host")) == 1 ? 0 : 400;
}

/* Bytes of one more piece of body: counted for all exchanges together. */
static bool reserve(struct http_exchange *exchange, size_t bytes)
{
	struct http_server *server = exchange->server;
	bool fits;

	pthread_mutex_lock(&server->lock);
	fits = bytes <= server->options.max_bodies - server->body_bytes;
	if (fits) {
		server->body_bytes += bytes;
		exchange->reserved += bytes;
	}
	pthread_mutex_unlock(&server->lock);
	return fits;
}

static int check_body(struct http_exchange *exchange)
{
	struct str length = http_header_get(&exchange->call.headers, STR("Content-Length"));
	uint64_t bytes = 0;

	if (length.len && str_to_u64(length, &bytes) && bytes > exchange->route->max_body)
		return 413;
	return reserve(exchange, (size_t)bytes) ? 0 : 503;
}

static struct str peer_of(struct http_exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	char text[INET6_ADDRSTRLEN];
	const void *ip = NULL;

	if (address && address->sa_family == AF_INET)
		ip = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	if (address && address->sa_family == AF_INET6)
		ip = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (!ip || !inet_ntop(address->sa_family, ip, text, sizeof text))
		return STR("unix");
	return arena_str(&exchange->mem, str_of(text));
}

/* Headers are in, the body is not. Returns the status that refuses, or 0. */
static int begin(struct http_exchange *exchange, const char *method, struct str *allow)
{
	struct http_call *call = &exchange->call;
	size_t mark = str_find_byte(exchange->target, '?');
	struct str path =
		str_sub(exchange->target, 0, mark == SIZE_MAX ? exchange->target.len : mark);
	int status;

	MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, take_header, exchange);
	call->method = arena_str(&exchange->mem, str_of(method));
	call->peer = peer_of(exchange);
	if (mark != SIZE_MAX)
		call->query = str_from(exchange->target, mark + 1);
	status = check_headers(&call->headers);
	if (status)
		return status;
	if (!str_starts(path, STR("/")) || !url_unescape(&call->path, call->mem, path, false) ||
	    memchr(call->path.p, '\0', call->path.len))
		return 400;
	exchange->route = route_find(exchange->server, call, path, allow);
	if (!exchange->route)
		return allow->len ? 405 : 404;
	return exchange->server->closing ? 503 : check_body(exchange);
}

/* ---- libmicrohttpd's callbacks ---- */

static void *take_target(void *ctx, const char *target, struct MHD_Connection *mhd)
{
	struct http_exchange *exchange = exchange_new(ctx, str_of(target));

	if (exchange)
		exchange->mhd = mhd;
	return exchange;
}

static void take_piece(struct http_exchange *exchange, struct str piece)
{
	size_t total = exchange->body.len + piece.len;

	if (exchange->too_large)
		return;
	if (total > exchange->route->max_body ||
	    (total > exchange->reserved && !reserve(exchange, total - exchange->reserved))) {
		/* no answer is possible before the last byte: what comes is thrown away, for as long as a request may take */
		exchange->too_large = true;
		buf_release(&exchange->body);
		return;
	}
	buf_add(&exchange->body, piece);
}

static void handle(struct http_exchange *exchange)
{
	exchange->state = EXCHANGE_HANDLING;
	watch_set(exchange, true);
	exchange->call.body = buf_str(&exchange->body);
	if (exchange->too_large)
		exchange_refuse(exchange, 413, (struct str){ 0 });
	else
		exchange->route->handle(exchange->server->options.ctx, exchange, &exchange->call);
}

static enum MHD_Result access_handler(void *ctx, struct MHD_Connection *mhd, const char *url,
				      const char *method, const char *version, const char *data,
				      size_t *size, void **own)
{
	struct http_exchange *exchange = *own;
	struct str allow = { 0 };
	int status;

	(void)ctx;
	(void)mhd;
	(void)url;
	(void)version;
	if (!exchange)
		return MHD_NO;
	if (!exchange->begun) {
		exchange->begun = true;
		status = begin(exchange, method, &allow);
		if (!status)
			return MHD_YES;
		exchange->state = EXCHANGE_HANDLING;
		exchange_refuse(exchange, status, allow);
		return exchange_proceed(exchange);
	}
	if (*size) {
		take_piece(exchange, (struct str){ data, *size });
		*size = 0;
		return MHD_YES;
	}
	if (exchange->state == EXCHANGE_READING)
		handle(exchange);
	return exchange_proceed(exchange);
}

static void completed(void *ctx, struct MHD_Connection *mhd, void **own,
		      enum MHD_RequestTerminationCode code)
{
	(void)ctx;
	(void)mhd;
	(void)code;
	if (*own)
		exchange_free(*own);
	*own = NULL;
}

/* ---- life ---- */

static void set_defaults(struct http_server_options *options)
{
	if (!options->threads)
		options->threads = 2;
	if (!options->connections)
		options->connections = HTTP_SERVER_CONNECTIONS;
	if (!options->per_address)
		options->per_address = HTTP_SERVER_PER_ADDRESS;
	if (!options->idle_s)
		options->idle_s = HTTP_SERVER_IDLE_S;
	if (!options->request_s)
		options->request_s = HTTP_SERVER_REQUEST_S;
	if (!options->max_bodies)
		options->max_bodies = HTTP_SERVER_BODIES;
}

static int start(struct http_server *server, struct err *err)
{
	const struct http_server_options *options = &server->options;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;

	if (late_mhd(err))
		return -1;
	/* libmicrohttpd divides connections among the threads and wants one thread to be none */
	server->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, access_handler, server, MHD_OPTION_LISTEN_SOCKET, server->fd,
		MHD_OPTION_THREAD_POOL_SIZE, options->threads > 1 ? options->threads : 0u,
		MHD_OPTION_CONNECTION_LIMIT, options->connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, options->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_SERVER_HEADER_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, take_target, server, MHD_OPTION_NOTIFY_COMPLETED,
		completed, server, MHD_OPTION_NOTIFY_CONNECTION, watch_connection, server,
		MHD_OPTION_END);
	if (!server->daemon)
		return err_set(err, ERR_TEMP, "cannot start the HTTP server at %s",
			       server->address);
	server->watching = true;
	if (pthread_create(&server->watch, NULL, watch_run, server) != 0) {
		server->watching = false;
		return err_set(err, ERR_TEMP, "cannot start a thread");
	}
	return 0;
}

int http_server_open(struct http_server **out, const struct http_server_options *options,
		     struct err *err)
{
	struct http_server *server = calloc(1, sizeof *server);

	if (!server)
		return err_set(err, ERR_TEMP, "out of memory");
	server->options = *options;
	set_defaults(&server->options);
	server->fd = -1;
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->changed, NULL);
	if (listen_open(server, err) < 0 || start(server, err) < 0) {
		http_server_close(server, 0);
		return -1;
	}
	*out = server;
	return 0;
}

struct str http_server_address(const struct http_server *server)
{
	return str_of(server->address);
}

/* With the lock held. Until none is left, or time is up. */
static void wait_for_exchanges(struct http_server *server, int64_t grace_ms)
{
	int64_t end = server_now_ms() + grace_ms;

	while (server->exchanges && server_now_ms() < end) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 50 * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&server->changed, &server->lock, &until);
	}
}

/* libmicrohttpd must not be stopped while a connection is suspended. */
static void answer_the_rest(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	for (struct http_exchange *exchange = server->exchanges; exchange;
	     exchange = exchange->next)
		if (exchange->state == EXCHANGE_HANDLING)
			exchange_finish(
				exchange, 503,
				MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
	stream_end_all(server);
	/* so that the last answers are on their way */
	wait_for_exchanges(server, LAST_ANSWERS_MS);
	pthread_mutex_unlock(&server->lock);
}

static void stop(struct http_server *server, int64_t grace_ms)
{
	MHD_quiesce_daemon(server->daemon);
	pthread_mutex_lock(&server->lock);
	server->closing = true;
	/* an endless answer would use up the grace */
	stream_end_all(server);
	wait_for_exchanges(server, grace_ms);
	pthread_mutex_unlock(&server->lock);
	answer_the_rest(server);
	MHD_stop_daemon(server->daemon);
	/* whoever holds a stream is told by its next send */
	pthread_mutex_lock(&server->lock);
	while (server->streams)
		pthread_cond_wait(&server->changed, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

void http_server_close(struct http_server *server, int64_t grace_ms)
{
	bool watching;

	if (!server)
		return;
	if (server->daemon)
		stop(server, grace_ms);
	pthread_mutex_lock(&server->lock);
	watching = server->watching;
	server->watching = false;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	if (watching)
		pthread_join(server->watch, NULL);
	if (server->fd >= 0)
		close(server->fd);
	if (server->unix_path)
		unlink(server->unix_path);
	free(server->unix_path);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

void http_server_count(struct http_server *server, struct http_server_counts *out)
{
	pthread_mutex_lock(&server->lock);
	*out = (struct http_server_counts){
		.requests = server->requests,
		.refused = server->refused,
		.connections = server->n_connections,
		.open_bodies = server->body_bytes,
		.streams = server->n_streams,
	};
	pthread_mutex_unlock(&server->lock);
}
