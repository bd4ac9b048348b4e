/* gateway.c - opens the server with all its routes, and ends it when told to. */
#include "gateway.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "pages.h"
#include "serve/log.h"
#include "store/intake.h"

enum {
	GATEWAY_MEMORY = 16 << 20,   /* configurations and secrets of all integrations */
	GATEWAY_GRACE_MS = 5000,     /* for webhooks under way; the forge sends others again */
	GATEWAY_THREADS = 4,         /* parsing is microseconds; commits are grouped */
	GATEWAY_TRIM_SECONDS = 10,   /* between looks for memory that a burst of requests has left */
};

static int read_hooks(struct gateway *g, struct err *err)
{
	const struct settings *settings = g->settings;

	g->n_hooks = settings->integrations.n;
	g->hooks = ARENA_ARRAY(&g->mem, g->n_hooks + 1, struct hook);
	for (size_t i = 0; i < g->n_hooks; i++) {
		struct hook *hook = &g->hooks[i];

		hook->integration = &settings->integrations.items[i];
		hook->self.app_id = hook->integration->app_id;
		if (connect_config(&hook->config, &g->mem, hook->integration, HOLDS_HOOKS, err))
			return -1;
	}
	return 0;
}

/* The server takes one table. Webhooks know the gateway as their context, pages find theirs in it. */
static struct http_route *all_routes(struct gateway *g, size_t *n)
{
	struct http_route *routes = ARENA_ARRAY(&g->mem, hook_routes_n + page_routes_n, struct http_route);

	for (size_t i = 0; i < hook_routes_n; i++)
		routes[i] = hook_routes[i];
	for (size_t i = 0; i < page_routes_n; i++)
		routes[hook_routes_n + i] = page_routes[i];
	*n = hook_routes_n + page_routes_n;
	return routes;
}

static int open_all(struct gateway *g, struct err *err)
{
	struct http_server_options options = { .listen = g->settings->listen, .anywhere = true,
					       .ctx = g, .threads = GATEWAY_THREADS };

	if (read_hooks(g, err) ||
	    intake_open(&g->intake, arena_z(&g->mem, g->settings->database), clock_ms, err) ||
	    pages_open(&g->pages, g, err))
		return -1;
	options.routes = all_routes(g, &options.n_routes);
	return http_server_open(&g->server, &options, err);
}

/* Until it is told to end. Each thread's heap keeps what its largest request took, for good, if nobody gives it back. */
static void wait_for_end(const struct gateway *g, const sigset_t *set)
{
	static const struct timespec pause = { .tv_sec = GATEWAY_TRIM_SECONDS };
	uint64_t before = 0;

	while (sigtimedwait(set, NULL, &pause) < 0) {
		struct http_server_counts counts;

		http_server_count(g->server, &counts);
		if (counts.requests != before)
			malloc_trim(0);
		before = counts.requests;
	}
}

int gateway_run(const struct settings *settings, struct err *err)
{
	struct gateway g = { .settings = settings };
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL); /* threads inherit it */
	arena_init(&g.mem, GATEWAY_MEMORY);
	status = open_all(&g, err);
	if (status == 0) {
		log_info("gateway on %.*s", STR_ARG(http_server_address(g.server)));
		wait_for_end(&g, &set);
	}
	pages_stop(g.pages);
	http_server_close(g.server, GATEWAY_GRACE_MS);
	pages_close(g.pages);
	intake_close(g.intake);
	arena_release(&g.mem);
	return status;
}
