/*
 * client.h - one request out, one answer back.
 *
 * A client keeps its connections open between requests. It is for one thread at a time; several clients run
 * side by side. TLS certificates are always verified; only http and https are spoken; HTTP/1.1 and 2.
 *
 * Redirects are followed by hand, as RFC 9110 (15.4) has them: 307 and 308 keep the method and body, 303 becomes GET, 301 and 302 become
 * GET for a POST. A redirect from https to http is refused. When scheme, host or port change, every header of the
 * caller is dropped but Accept and User-Agent: tokens have many names, and a log store refuses a foreign Authorization.
 */
#pragma once
#include "base/scope.h"
#include "http/message.h"

enum {
	HTTP_MAX_ANSWER = 64 << 20, /* bytes of a body: a job's log is the largest that is read whole */
	HTTP_MAX_HEADERS = 256 << 10, /* bytes of all headers of an answer */
	HTTP_MAX_REDIRECTS = 5,
	HTTP_TIMEOUT_MS = 60000,    /* of one request with its redirects */
	HTTP_STALL_MS = 20000,      /* without a byte in either direction */
	HTTP_CONNECT_MS = 10000,
};

/* Borrowed, and read by http_client_open only. What is 0 or empty takes the value above. */
struct http_client_options {
	struct str user_agent;     /* "outrider" when empty */
	struct str proxy;          /* "http://host:port"; empty: none. The environment is not read. */
	struct str ca_file;        /* PEM bundle instead of the system's */
	int64_t    timeout_ms, stall_ms, connect_ms;
	size_t     max_answer;     /* bytes */
	int        max_redirects;  /* negative: none, the 3xx itself is the answer */
	/*
	 * Called once for each hop, redirects too, after its answer is in (response NULL when there was none). For tests and
	 * transcripts: the headers of the request hold the credential.
	 */
	void (*record)(void *ctx, const struct http_request *request, const struct http_response *response);
	/* Asked several times a second; true ends the request with ERR_TEMP "cancelled". */
	bool (*cancelled)(void *ctx);
	void *ctx;
};

struct http_client;

int http_client_open(struct http_client **out, const struct http_client_options *options, struct err *err);
void http_client_close(struct http_client *client);
static inline void auto_http_client(struct http_client **client)
{
	http_client_close(*client);
}
#define AUTO_HTTP_CLIENT AUTO(auto_http_client)

/*
 * Any status is a success here: what a 404 means is the caller's to say. ERR_TEMP: no connection, timeout, stall, cut
 * answer. ERR_PERM: certificate, larger than the cap, too many redirects. ERR_INPUT: no address of ours. Error texts name method
 * and host, never path, query, header or body: each may hold a secret. The answer lies in `mem`, which needs room for twice max_answer;
 * the body has a NUL behind it.
 */
int http_send(struct http_client *client, struct arena *mem, const struct http_request *request,
	      struct http_response *out, struct err *err);
