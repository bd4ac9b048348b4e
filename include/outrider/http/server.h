/*
 * server.h - requests in: webhooks, the API, the pages.
 *
 * libmicrohttpd below, one table of routes above. Plain HTTP on loopback or a Unix socket: TLS belongs to the proxy in
 * front. A handler runs on a thread of the server, after the whole body has arrived, and either answers at once
 * or keeps the exchange and answers later from any thread (so that one commit answers many webhooks). Each exchange is
 * answered exactly once; an exchange kept for ever keeps the server from ending cleanly.
 *
 * Refused before any handler: both Content-Length and Transfer-Encoding, two of either, a coding other than chunked,
 * header names that are no tokens, a missing or double Host (400, and the connection ends: request smuggling); a body over the
 * route's cap (413) and headers over 32 KB (431); no such path (404), no such method (405 with Allow). HEAD is served by GET's route.
 */
#pragma once
#include "http/message.h"

enum {
	HTTP_SERVER_CONNECTIONS = 512,     /* each costs up to 32 KB and a body */
	HTTP_SERVER_PER_ADDRESS = 512,     /* behind a proxy all come from one address */
	HTTP_SERVER_HEADER_BYTES = 32 << 10, /* memory of a connection: request line and headers */
	HTTP_SERVER_BODIES = 256 << 20,    /* bytes of all bodies in memory: above, new ones get a 503 */
	HTTP_SERVER_IDLE_S = 30,           /* without a byte, between requests too */
	HTTP_SERVER_REQUEST_S = 60,        /* from the first byte to the last: one byte a second is no client */
	HTTP_SERVER_STREAM_BYTES = 1 << 20, /* unsent events of one stream: a reader that is slower is cut off */
};

struct http_exchange;

/* What a handler may read, until it has answered. */
struct http_call {
	struct str          id;      /* 16 hex digits, also sent back as X-Request-Id */
	struct str          method;  /* "HEAD" for a HEAD */
	struct str          path;    /* unescaped */
	struct str          query;   /* raw */
	struct str          params[4]; /* what the braces of the route stand for, unescaped, in order */
	struct http_headers headers;
	struct str          body;    /* raw bytes */
	struct str          peer;    /* address of the connection; "unix" */
	struct arena       *mem;     /* lives as long as the exchange; for the thread that owns it */
};

struct http_route {
	const char *method;          /* "GET", "POST", ... */
	const char *pattern;         /* "/hooks/{name}"; a final "{rest...}" takes the remaining path */
	size_t      max_body;        /* 0: none is taken */
	void      (*handle)(void *ctx, struct http_exchange *exchange, const struct http_call *call);
};

struct http_server_options {
	struct str               listen;   /* "127.0.0.1:8080", "[::1]:0", "unix:/run/outrider.sock" */
	bool                     anywhere; /* an address that is not loopback is otherwise ERR_INPUT */
	const struct http_route *routes;   /* borrowed for the server's life */
	size_t                   n_routes;
	void                    *ctx;      /* for handlers */
	unsigned                 threads;  /* 0: 2 */
	unsigned                 connections, per_address, idle_s, request_s; /* 0: the values above */
	size_t                   max_bodies;
};

struct http_server;

int http_server_open(struct http_server **out, const struct http_server_options *options, struct err *err);
/* Where it listens, with the real port. */
struct str http_server_address(const struct http_server *server);
/*
 * Takes no new connections, waits up to grace_ms for exchanges under way, answers what is left with 503 and ends all
 * streams; returns when every holder of a stream has ended it. A kept exchange that is still to be answered must not be
 * answered after it returned. Accepts NULL.
 */
void http_server_close(struct http_server *server, int64_t grace_ms);

/* A copy is made of everything. `body` may be empty. Content-Length, Date, X-Request-Id and nosniff are added. */
void http_answer(struct http_exchange *exchange, int status, const struct http_headers *headers, struct str body);
/* With a type: http_answer_typed(x, 200, "application/json", body). */
void http_answer_typed(struct http_exchange *exchange, int status, const char *type, struct str body);

/*
 * Answers with an endless text/event-stream. The stream has one reference for its holder, who ends it with
 * http_stream_end, from any thread, also after the client has gone.
 */
struct http_stream;
struct http_stream *http_answer_stream(struct http_exchange *exchange, const struct http_headers *headers);
/* One event; `name` and `id` may be empty; line ends in data are kept the way the format wants it. False: the client has gone or was too slow. */
bool http_stream_send(struct http_stream *stream, struct str name, struct str id, struct str data);
/* A comment line, to find out whether the client is still there. */
bool http_stream_ping(struct http_stream *stream);
void http_stream_end(struct http_stream *stream);

struct http_server_counts {
	uint64_t requests, refused; /* since the start */
	uint64_t connections, open_bodies; /* now; the second in bytes */
	uint64_t streams;
};
void http_server_count(struct http_server *server, struct http_server_counts *out);
