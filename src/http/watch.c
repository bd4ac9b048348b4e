#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "server_private.h"

enum { LOOK_EVERY_MS = 500 };

int64_t server_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t whole_request_ms(const struct http_server *server)
{
	return ((int64_t)server->options.idle_s + server->options.request_s) * 1000;
}

static void add(struct http_server *server, struct connection *connection)
{
	pthread_mutex_lock(&server->lock);
	connection->next = server->connections;
	if (connection->next)
		connection->next->before = connection;
	server->connections = connection;
	server->n_connections++;
	pthread_mutex_unlock(&server->lock);
}

static void take_out(struct http_server *server, struct connection *connection)
{
	pthread_mutex_lock(&server->lock);
	if (connection->next)
		connection->next->before = connection->before;
	if (connection->before)
		connection->before->next = connection->next;
	else
		server->connections = connection->next;
	server->n_connections--;
	pthread_mutex_unlock(&server->lock);
}

void watch_connection(void *ctx, struct MHD_Connection *mhd, void **context,
		      enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = ctx;
	struct connection *connection = *context;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection = calloc(1, sizeof *connection);
		info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = connection;
		if (!connection || !info)
			return;
		connection->fd = info->connect_fd;
		connection->deadline_ms = server_now_ms() + whole_request_ms(server);
		add(server, connection);
	} else if (connection) {
		/* the descriptor is closed only after this call: the watch never shuts a stranger's */
		take_out(server, connection);
		free(connection);
		*context = NULL;
	}
}

void watch_set(struct http_exchange *exchange, bool ours)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info ? info->socket_context : NULL;
	struct http_server *server = exchange->server;

	if (!connection)
		return;
	pthread_mutex_lock(&server->lock);
	connection->deadline_ms = ours ? 0 : server_now_ms() + whole_request_ms(server);
	pthread_mutex_unlock(&server->lock);
}

void *watch_run(void *ctx)
{
	struct http_server *server = ctx;

	pthread_mutex_lock(&server->lock);
	while (server->watching) {
		int64_t now = server_now_ms();
		struct timespec until;

		for (struct connection *c = server->connections; c; c = c->next) {
			if (!c->deadline_ms || c->deadline_ms > now)
				continue;
			/* its thread sees the end and closes it */
			shutdown(c->fd, SHUT_RDWR);
			c->deadline_ms = 0;
			server->refused++;
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_EVERY_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&server->changed, &server->lock, &until);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}
