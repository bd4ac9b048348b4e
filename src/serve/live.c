/* live.c - server-sent events: one word when something changed; the page then loads itself again. */
#include <stdio.h>
#include <time.h>

#include "answers.h"
#include "pages_private.h"
#include "serve/log.h"
#include "store/jobs.h"

enum {
	LIVE_LOOK_MS = 1000,   /* a page is that late at most */
	LIVE_PING_LOOKS = 20,  /* proxies end streams that are silent for half a minute */
};

static void end_at(struct pages *pages, size_t i)
{
	http_stream_end(pages->streams[i]);
	pages->streams[i] = pages->streams[--pages->n_streams];
}

/* Under the lock. */
static void send_all(struct pages *pages, bool changed)
{
	for (size_t i = pages->n_streams; i-- > 0;) {
		bool there = changed ? http_stream_send(pages->streams[i], STR("changed"), STR(""), STR("1")) :
				       http_stream_ping(pages->streams[i]);

		if (!there)
			end_at(pages, i);
	}
}

static void wait_look(struct pages *pages)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LIVE_LOOK_MS / 1000;
	pthread_cond_timedwait(&pages->end, &pages->lock, &until);
}

static void *live_main(void *payload)
{
	struct pages *pages = payload;
	struct store *store = NULL;
	struct err err;
	unsigned looks = 0;

	if (store_open(&store, pages->database, &err))
		log_error("live pages: %s", err.text);
	pthread_mutex_lock(&pages->lock);
	while (!pages->stopping) {
		bool changed = false;

		wait_look(pages);
		if (pages->n_streams == 0)
			continue;
		pthread_mutex_unlock(&pages->lock);
		if (store && store_changed(store, &changed, &err))
			log_warning("live pages: %s", err.text);
		pthread_mutex_lock(&pages->lock);
		if (changed || ++looks % LIVE_PING_LOOKS == 0)
			send_all(pages, changed);
	}
	while (pages->n_streams)
		end_at(pages, pages->n_streams - 1);
	pthread_mutex_unlock(&pages->lock);
	store_close(store);
	return NULL;
}

int live_open(struct pages *pages, struct err *err)
{
	if (pthread_create(&pages->thread, NULL, live_main, pages))
		return err_set(err, ERR_TEMP, "cannot start a thread");
	pages->running = true;
	return 0;
}

void live_stop(struct pages *pages)
{
	if (!pages->running)
		return;
	pthread_mutex_lock(&pages->lock);
	pages->stopping = true;
	pthread_cond_signal(&pages->end);
	pthread_mutex_unlock(&pages->lock);
	pthread_join(pages->thread, NULL);
	pages->running = false;
}

static void open_stream(struct request *r, struct http_exchange *exchange)
{
	struct pages *pages = r->pages;
	struct http_headers headers = { 0 };
	struct http_stream *stream;
	bool room;

	pthread_mutex_lock(&pages->lock);
	room = pages->n_streams < PAGES_STREAMS && !pages->stopping;
	stream = room ? http_answer_stream(exchange, &headers) : NULL;
	if (stream)
		pages->streams[pages->n_streams++] = stream;
	pthread_mutex_unlock(&pages->lock);
	if (!room)
		http_answer_typed(exchange, 503, "text/plain", STR("too many live pages\n"));
}

/* Tells no content, only that something changed: whoever may not see a page learns nothing from it. */
void live_handle(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	struct request r = { .pages = ((struct gateway *)ctx)->pages, .call = call, .mem = call->mem };
	struct err err;

	if (request_who(&r, &err))
		http_answer_typed(exchange, 503, "text/plain", STR("the database does not answer\n"));
	else if (!r.visitor.known)
		http_answer_typed(exchange, 401, "text/plain", STR("log in first\n"));
	else if (str_eq(call->method, STR("HEAD")))
		http_answer_typed(exchange, 200, "text/event-stream", STR(""));
	else
		open_stream(&r, exchange);
	request_end(&r);
}
