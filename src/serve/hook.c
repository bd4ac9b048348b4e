/* hook.c - POST /hooks/NAME: signature, envelope, decision, disk, 202. */
#include <stdlib.h>
#include <time.h>

#include "deliver.h"
#include "gateway.h"
#include "serve/log.h"
#include "store/intake.h"

/* A webhook that waits for its commit. Lives in the exchange's arena. */
struct waiting {
	struct intake_item    item;
	struct delivered      delivered;
	struct gateway       *gateway;
	struct http_exchange *exchange;
};

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void answer(struct http_exchange *exchange, int status, const char *text)
{
	http_answer_typed(exchange, status, "text/plain; charset=utf-8", str_of(text));
}

static const struct hook *find_hook(const struct gateway *gateway, struct str name)
{
	for (size_t i = 0; i < gateway->n_hooks; i++)
		if (str_eq(gateway->hooks[i].integration->name, name))
			return &gateway->hooks[i];
	return NULL;
}

static void answer_busy(struct http_exchange *exchange)
{
	struct http_header retry = { STR("Retry-After"), STR("5") };
	struct http_headers headers = { &retry, 1, 1 };

	http_answer(exchange, 503, &headers, STR("the database does not answer: send it again\n"));
}

/* In the intake's thread. */
static void on_disk(struct intake_item *item)
{
	struct waiting *w = item->payload;

	if (item->result) {
		w->gateway->failed++;
		log_error("a delivery could not be kept: %s", item->err.text);
		answer_busy(w->exchange);
		return;
	}
	if (item->taken == TAKEN_DUPLICATE) {
		w->gateway->duplicates++;
		answer(w->exchange, 202, "known\n");
		return;
	}
	w->gateway->taken++;
	log_line(LOG_INFO,
		 LOG_FIELDS(LOG_TEXT("integration", w->delivered.delivery.integration),
			    LOG_TEXT("delivery", w->delivered.delivery.id),
			    LOG_TEXT("event", w->delivered.delivery.name)),
		 "%s: %s", verdict_name(w->delivered.triage.verdict), w->delivered.triage.reason);
	answer(w->exchange, 202,
	       w->delivered.triage.verdict == TRIAGE_IGNORED ? "ignored\n" : "queued\n");
}

/* A delivery that nobody can name has the hash of its body for a name. */
static void read_event(struct waiting *w, const struct hook *hook, const struct forge_delivery *delivery,
		       struct arena *mem)
{
	/* what is delivered borrows from it, until it is on disk */
	struct event *event = ARENA_NEW(mem, struct event);
	struct err err;
	int64_t now = clock_ms();

	if (forge_parse(event, mem, &hook->config, delivery, &err) == 0) {
		event->integration = hook->integration->name;
		deliver_event(&w->delivered, mem, event, hook->integration, &hook->self, now);
		return;
	}
	deliver_unread(&w->delivered, hook->integration,
		       arena_printf(mem, "unread-%016llx", (unsigned long long)str_hash(delivery->body)),
		       arena_z(mem, str_of(err.text)), now);
}

static void handle_hook(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	struct gateway *gateway = ctx;
	const struct hook *hook = find_hook(gateway, call->params[0]);
	struct forge_delivery delivery = { &call->headers, call->query, call->body, clock_ms() / 1000 };
	struct waiting *w;
	struct err err;

	if (!hook) {
		answer(exchange, 404, "there is no such integration\n");
		return;
	}
	if (forge_verify(&hook->config, &delivery, &err)) {
		gateway->refused++;
		log_line(LOG_WARNING,
			 LOG_FIELDS(LOG_TEXT("integration", hook->integration->name),
				    LOG_TEXT("peer", call->peer)),
			 "refused: %s", err.text);
		answer(exchange, 401, "the signature does not hold\n");
		return;
	}
	w = ARENA_NEW(call->mem, struct waiting);
	w->gateway = gateway;
	w->exchange = exchange;
	read_event(w, hook, &delivery, call->mem);
	w->item = (struct intake_item){ .delivery = &w->delivered.delivery, .done = on_disk,
					.payload = w };
	if (intake_post(gateway->intake, &w->item, &err)) {
		gateway->failed++;
		answer_busy(exchange);
	}
}

const struct http_route hook_routes[] = {
	{ "POST", "/hooks/{name}", EVENT_MAX_BODY, handle_hook },
};
const size_t hook_routes_n = COUNT(hook_routes);
