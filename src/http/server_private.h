/* server_private.h - what the files of the server share. One lock for all: it is held for moments only. */
#pragma once
#include <pthread.h>

#include "base/scope.h"
#include "http/server.h"
#include "late_mhd.h"

/* A connection from its accept to its close; the watch ends it when its deadline has passed. */
struct connection {
	struct connection *next, *before;
	int                fd;
	int64_t            deadline_ms; /* monotonic; 0: none, the server itself is at work */
};

enum exchange_state { EXCHANGE_READING, EXCHANGE_HANDLING, EXCHANGE_ANSWERED };

struct http_exchange {
	struct http_server      *server;
	struct MHD_Connection   *mhd;
	struct http_exchange    *next, *before; /* of all that are under way */
	struct arena             mem;
	struct http_call         call;
	struct str               target;      /* as the request line has it */
	const struct http_route *route;
	struct buf               body;
	size_t                   reserved;    /* bytes counted in server->body_bytes */
	enum exchange_state      state;
	bool                     begun;       /* the headers were looked at */
	bool                     too_large;   /* the rest of the body is read and thrown away */
	bool                     suspended;
	struct MHD_Response     *response;    /* owned, until queued */
	int                      status;
};

struct http_stream {
	struct http_stream    *next, *before;
	struct http_server    *server;
	struct MHD_Connection *mhd;
	struct buf             pending;
	size_t                 sent;      /* of pending */
	unsigned               holders;   /* the caller and the connection */
	bool                   suspended, ended, gone;
};

struct http_server {
	struct http_server_options  options;
	struct MHD_Daemon          *daemon;
	int                         fd;
	char                       *unix_path;   /* owned, to be removed */
	char                        address[256];
	pthread_t                   watch;
	pthread_mutex_t             lock;
	pthread_cond_t              changed;     /* something ended, or the server closes */
	struct connection          *connections;
	struct http_exchange       *exchanges;
	struct http_stream         *streams;
	size_t                      body_bytes, n_connections, n_streams;
	uint64_t                    requests, refused;
	bool                        closing;
	bool                        watching;
};

int64_t server_now_ms(void);

/* A bound and listening socket; fills address and unix_path. */
int listen_open(struct http_server *server, struct err *err);

/* The route for a method and raw path, its params in the call. *allow: the methods of the path when none fits; NULL: no such path. */
const struct http_route *route_find(const struct http_server *server, struct http_call *call, struct str path,
				    struct str *allow);

struct http_exchange *exchange_new(struct http_server *server, struct str target);
void exchange_free(struct http_exchange *exchange);
/* Lets the connection wait for, or send, its answer. On a thread of the server, once the handler has returned. */
enum MHD_Result exchange_proceed(struct http_exchange *exchange);
void exchange_refuse(struct http_exchange *exchange, int status, struct str allow);
/* With the lock held: hands a response over and wakes the connection. */
void exchange_finish(struct http_exchange *exchange, int status, struct MHD_Response *response);
/* Adds what every answer has. */
void exchange_add_headers(struct http_exchange *exchange, struct MHD_Response *response,
			  const struct http_headers *headers);

/* With the lock held. */
void stream_end_all(struct http_server *server);

/* Thread that ends connections which take too long over one request. */
void *watch_run(void *server);
void watch_connection(void *server, struct MHD_Connection *mhd, void **context,
		      enum MHD_ConnectionNotificationCode code);
void watch_set(struct http_exchange *exchange, bool ours);
