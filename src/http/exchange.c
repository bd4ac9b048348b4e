#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "server_private.h"

enum { ARENA_CAP = 4 << 20 /* headers, params, and small things of the handler */ };

static struct str make_id(struct arena *mem)
{
	uint64_t random = 0;

	/* 8 bytes are never cut short; without them the id is merely not unique */
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = (uint64_t)server_now_ms();
	return arena_printf(mem, "%016llx", (unsigned long long)random);
}

struct http_exchange *exchange_new(struct http_server *server, struct str target)
{
	struct http_exchange *exchange = calloc(1, sizeof *exchange);

	if (!exchange)
		return NULL;
	exchange->server = server;
	arena_init(&exchange->mem, ARENA_CAP);
	exchange->call.mem = &exchange->mem;
	exchange->call.id = make_id(&exchange->mem);
	exchange->target = arena_str(&exchange->mem, target);
	pthread_mutex_lock(&server->lock);
	exchange->next = server->exchanges;
	if (exchange->next)
		exchange->next->before = exchange;
	server->exchanges = exchange;
	server->requests++;
	pthread_mutex_unlock(&server->lock);
	return exchange;
}

void exchange_free(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	pthread_mutex_lock(&server->lock);
	if (exchange->next)
		exchange->next->before = exchange->before;
	if (exchange->before)
		exchange->before->next = exchange->next;
	else
		server->exchanges = exchange->next;
	server->body_bytes -= exchange->reserved;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	buf_release(&exchange->body);
	arena_release(&exchange->mem);
	free(exchange);
}

static enum MHD_Result queue(struct http_exchange *exchange)
{
	enum MHD_Result result =
		MHD_queue_response(exchange->mhd, (unsigned)exchange->status, exchange->response);

	MHD_destroy_response(exchange->response);
	exchange->response = NULL;
	watch_set(exchange, false);
	return result;
}

enum MHD_Result exchange_proceed(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	bool wait;

	pthread_mutex_lock(&server->lock);
	wait = exchange->state == EXCHANGE_HANDLING;
	if (wait) {
		exchange->suspended = true;
		MHD_suspend_connection(exchange->mhd);
	}
	pthread_mutex_unlock(&server->lock);
	if (wait)
		return MHD_YES;
	return exchange->response ? queue(exchange) : MHD_NO;
}

void exchange_finish(struct http_exchange *exchange, int status, struct MHD_Response *response)
{
	exchange->status = status;
	exchange->response = response;
	exchange->state = EXCHANGE_ANSWERED;
	if (exchange->suspended)
		MHD_resume_connection(exchange->mhd);
	exchange->suspended = false;
}

static void add_header(struct http_exchange *exchange, struct MHD_Response *response,
		       struct str name, struct str value)
{
	MHD_add_response_header(response, arena_z(&exchange->mem, name),
				arena_z(&exchange->mem, value));
}

void exchange_add_headers(struct http_exchange *exchange, struct MHD_Response *response,
			  const struct http_headers *headers)
{
	add_header(exchange, response, STR("X-Request-Id"), exchange->call.id);
	add_header(exchange, response, STR("X-Content-Type-Options"), STR("nosniff"));
	for (size_t i = 0; headers && i < headers->n; i++)
		add_header(exchange, response, headers->items[i].name, headers->items[i].value);
}

void http_answer(struct http_exchange *exchange, int status, const struct http_headers *headers,
		 struct str body)
{
	struct http_server *server = exchange->server;
	char *copy = body.len ? malloc(body.len) : NULL;
	struct MHD_Response *response = NULL;

	if (copy)
		memcpy(copy, body.p, body.len);
	if (copy || !body.len)
		response = MHD_create_response_from_buffer_with_free_callback(body.len, copy, free);
	if (response)
		exchange_add_headers(exchange, response, headers);
	pthread_mutex_lock(&server->lock);
	/* without memory for an answer the connection ends */
	exchange_finish(exchange, status, response);
	pthread_mutex_unlock(&server->lock);
}

void http_answer_typed(struct http_exchange *exchange, int status, const char *type,
		       struct str body)
{
	struct http_header header = { STR("Content-Type"), str_of(type) };
	struct http_headers headers = { &header, 1, 1 };

	http_answer(exchange, status, &headers, body);
}

void exchange_refuse(struct http_exchange *exchange, int status, struct str allow)
{
	struct http_header list[3] = { { STR("Content-Type"), STR("text/plain") } };
	struct http_headers headers = { list, 1, COUNT(list) };
	char words[64];

	/* what follows on this connection cannot be trusted to begin where we think */
	if (status == 400 || status == 413 || status == 501)
		list[headers.n++] = (struct http_header){ STR("Connection"), STR("close") };
	if (allow.len)
		list[headers.n++] = (struct http_header){ STR("Allow"), allow };
	pthread_mutex_lock(&exchange->server->lock);
	exchange->server->refused++;
	pthread_mutex_unlock(&exchange->server->lock);
	snprintf(words, sizeof words, "%s\n", http_status_text(status));
	http_answer(exchange, status, &headers, str_of(words));
}
