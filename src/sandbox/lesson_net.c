/* lesson_net.c - routes as narrow as what was asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "lesson.h"

/* "GET https://host:443/path" or "CONNECT host:443", with TLS unless it is http://. */
struct ask {
	struct host     host;
	struct route_ask route;
};

static bool read_ask(struct ask *out, struct arena *mem, const struct receipt_request *request)
{
	struct str what = request->what, method, authority, path;
	struct ask ask = { .route = { .phase = ROUTE_PHASES, .tls = true } };
	size_t slash;

	for (enum route_phase p = 0; p < ROUTE_PHASES; p++)
		if (str_starts(request->route, str_of(route_phase_name(p))))
			ask.route.phase = p;
	if (ask.route.phase == ROUTE_PHASES || !str_cut(&what, ' ', &method))
		return false;
	if (str_starts(what, STR("https://"))) {
		what = str_from(what, 8);
	} else if (str_starts(what, STR("http://"))) {
		what = str_from(what, 7);
		ask.route.tls = false;
	}
	slash = str_find_byte(what, '/');
	authority = str_sub(what, 0, slash);
	path = str_from(what, slash == SIZE_MAX ? what.len : slash);
	if (host_read_port(&ask.host, &ask.route.port, authority, NULL))
		return false;
	if (path.len) {
		/* what was cut in the record does not end in a character's half */
		if (route_path_canon(&ask.route.path, mem, path, NULL))
			return false;
		ask.route.method = method;
	}
	*out = ask;
	out->route.host = &out->host;
	return true;
}

static bool add_word(struct arena *mem, struct route_words *words, struct str word)
{
	for (size_t i = 0; i < words->n; i++)
		if (str_eq(words->items[i], word))
			return false;
	ARENA_PUSH(mem, words, word);
	return true;
}

static struct lesson_route *find_route(struct lesson *l, enum route_phase phase, const struct route *base, struct str host)
{
	struct lesson_routes *routes = &l->routes[phase];
	const struct lesson_route fresh = { .base = base, .host = host };

	for (size_t i = 0; i < routes->n; i++)
		if (routes->items[i].base == base && str_eq(routes->items[i].host, host))
			return &routes->items[i];
	ARENA_PUSH(l->mem, routes, fresh);
	return &routes->items[routes->n - 1];
}

static void use_route(struct lesson *l, size_t source, struct lesson_route *route, const struct route_ask *ask,
		      const struct receipt_request *request)
{
	route->from |= UINT64_C(1) << source;
	route->run_up += request->up;
	route->run_down += request->down;
	if (!ask->method.len)
		return;
	route->count += request->count;
	add_word(l->mem, &route->methods, ask->method);
	/* more than a route can name are not told apart: see path_patterns() */
	if (route->paths.n <= 4 * ROUTE_PATHS_MAX)
		add_word(l->mem, &route->paths, ask->path);
}

static int add_request(struct lesson *l, size_t source, const struct receipt_request *request, struct err *err)
{
	struct route_verdict verdict = { 0 };
	struct ask ask;

	if (!read_ask(&ask, l->mem, request))
		return err_input(err, "%s: '%.*s' is no request", l->sources[source].name,
				 STR_ARG(str_sub(request->what, 0, 200)));
	if (l->base.net)
		verdict = route_match(l->base.net, &ask.route);
	if (!verdict.allowed)
		return err_input(err, "%s: '%.*s' is not allowed by the policy: learn from runs under it",
				 l->sources[source].name, STR_ARG(str_sub(request->what, 0, 200)));
	l->used[ask.route.phase] = true;
	/* the connection of an inspected host: its requests tell */
	if (verdict.inspect && !ask.route.method.len)
		return 0;
	use_route(l, source,
		  find_route(l, ask.route.phase, verdict.route, arena_str(l->mem, host_str(&ask.host))),
		  &ask.route, request);
	return 0;
}

int lesson_add_requests(struct lesson *l, size_t source, struct err *err)
{
	const struct receipt_requests *requests = &l->sources[source].receipt.requests;

	for (size_t i = 0; i < requests->n; i++)
		if (add_request(l, source, &requests->items[i], err))
			return -1;
	for (enum route_phase p = 0; p < ROUTE_PHASES; p++)
		for (size_t i = 0; i < l->routes[p].n; i++) {
			struct lesson_route *route = &l->routes[p].items[i];

			route->up = route->run_up > route->up ? route->run_up : route->up;
			route->down = route->run_down > route->down ? route->run_down : route->down;
			route->run_up = route->run_down = 0;
		}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* "/simple" of "/simple/click/". */
static struct str first_part(struct str path)
{
	size_t slash = str_find_byte(str_from(path, 1), '/');

	return str_sub(path, 0, slash == SIZE_MAX ? slash : slash + 1);
}

static bool is_plain(struct str path)
{
	return !str_has(path, STR("%2F")) && !str_has(path, STR("%5C"));
}

/* Paths in order that begin with one part: one as it is, several as all below it. */
static void add_patterns(struct arena *mem, struct route_words *out, const struct str *paths, size_t n)
{
	const struct str part = first_part(paths[0]);
	const bool wide = n > 1 || paths[0].len > ROUTE_PATH_BYTES;

	if (wide)
		add_word(mem, out, arena_printf(mem, "%.*s/**", STR_ARG(part)));
	for (size_t i = 0; i < n; i++)
		if (!wide || paths[i].len == part.len || !is_plain(str_from(paths[i], part.len)))
			add_word(mem, out, paths[i]);
}

/* None: too many for a route, or the route's own are the answer. */
static struct route_words path_patterns(const struct lesson *l, const struct lesson_route *route)
{
	struct route_words out = { 0 };
	const struct route_words *own = &route->base->paths;

	for (size_t i = 0; i < own->n; i++)
		for (size_t k = 0; k < route->paths.n; k++)
			if (route_path_match(own->items[i], route->paths.items[k]))
				add_word(l->mem, &out, own->items[i]);
	if (own->n || !route->paths.n)
		return out;
	qsort(route->paths.items, route->paths.n, sizeof *route->paths.items, by_text);
	for (size_t i = 0, next; i < route->paths.n; i = next) {
		struct str part = first_part(route->paths.items[i]);

		next = i + 1;
		while (next < route->paths.n && str_eq(first_part(route->paths.items[next]), part))
			next++;
		add_patterns(l->mem, &out, route->paths.items + i, next - i);
	}
	if (out.n > ROUTE_PATHS_MAX)
		out.n = 0;
	return out;
}

static void add_words(struct buf *out, const char *key, const struct route_words *words)
{
	if (words->n)
		buf_printf(out, ", %s: [", key);
	for (size_t i = 0; i < words->n; i++) {
		buf_printf(out, "%s", i ? ", " : "");
		lesson_write_scalar(out, words->items[i]);
	}
	if (words->n)
		buf_add_byte(out, ']');
}

static void add_bytes(struct buf *out, const char *key, uint64_t bytes, uint64_t normal)
{
	if (bytes == normal)
		return;
	if (bytes % (1 << 20) == 0)
		buf_printf(out, ", %s: %" PRIu64 " MiB", key, bytes >> 20);
	else
		buf_printf(out, ", %s: %" PRIu64, key, bytes);
}

static void add_start(struct buf *out, const struct route *r, struct str host)
{
	buf_add(out, STR("    - {host: "));
	lesson_write_scalar(out, host);
	if (r->port != (r->tls ? 443 : 80))
		buf_printf(out, ", port: %u", (unsigned)r->port);
	if (!r->tls)
		buf_add(out, STR(", tls: false"));
}

static void add_credential(struct buf *out, struct arena *mem, const struct route *r)
{
	if (!r->credential.len)
		return;
	buf_add(out, STR(", credential: "));
	lesson_write_scalar(out, r->credential);
	buf_add(out, STR(", header: "));
	lesson_write_scalar(out, arena_printf(mem, "%.*s: %.*s", STR_ARG(r->header_name), STR_ARG(r->header_value)));
}

/* As it stood. */
static void write_route(struct buf *out, struct arena *mem, const struct route *r)
{
	add_start(out, r, arena_printf(mem, "%s%s", r->wild ? "*." : "", r->host.text));
	add_words(out, "methods", &r->methods);
	add_words(out, "paths", &r->paths);
	add_bytes(out, "up", r->up, ROUTE_UP_DEFAULT);
	add_bytes(out, "down", r->down, ROUTE_DOWN_DEFAULT);
	add_credential(out, mem, r);
	buf_add(out, STR("}\n"));
}

static uint64_t room(uint64_t used, uint64_t most)
{
	const uint64_t unit = 1 << 20, wanted = (used * LEARN_HEAD_ROOM + unit - 1) / unit * unit;

	return used > UINT64_MAX / 4 || wanted > most ? most : wanted ? wanted : unit < most ? unit : most;
}

static void write_learnt(struct buf *out, const struct lesson *l, const struct lesson_route *route)
{
	const struct route *r = route->base;
	const struct route_words paths = path_patterns(l, route);

	add_start(out, r, route->host);
	add_words(out, "methods", route->methods.n ? &route->methods : &r->methods);
	add_words(out, "paths", paths.n ? &paths : &r->paths);
	add_bytes(out, "up", room(route->up, r->up), ROUTE_UP_DEFAULT);
	add_bytes(out, "down", room(route->down, r->down), ROUTE_DOWN_DEFAULT);
	add_credential(out, l->mem, r);
	buf_add(out, STR("} # "));
	lesson_write_sources(out, l, route->from);
	if (route->count)
		buf_printf(out, ": %" PRIu64 " request%s", route->count, route->count == 1 ? "" : "s");
	if (route->paths.n && !paths.n)
		buf_add(out, STR(", of too many paths to name"));
	buf_add_byte(out, '\n');
}

static int by_base(const void *a, const void *b)
{
	const struct lesson_route *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base ? 1 : str_cmp(x->host, y->host);
}

void lesson_write_phase(struct buf *out, const struct lesson *l, enum route_phase p)
{
	const struct route_list *list = &l->base.net->phase[p];
	const struct lesson_routes *routes = &l->routes[p];

	if (!l->base.net->given[p])
		return;
	buf_printf(out, "  %s:%s\n", route_phase_name(p), list->n ? "" : " []");
	if (l->used[p])
		qsort(routes->items, routes->n, sizeof *routes->items, by_base);
	for (size_t i = 0; l->used[p] && i < routes->n; i++)
		write_learnt(out, l, &routes->items[i]);
	for (size_t i = 0; !l->used[p] && i < list->n; i++)
		write_route(out, l->mem, &list->items[i]);
}

void lesson_write_net(struct buf *out, const struct lesson *l)
{
	const struct address_ranges *ranges = &l->base.net->addresses;

	buf_add(out, STR("net:\n"));
	if (ranges->n)
		buf_add(out, STR("  addresses: ["));
	for (size_t i = 0; i < ranges->n; i++) {
		char text[ADDRESS_TEXT];

		/* an IPv4 range lies in ::ffff:0:0/96 */
		address_text(text, &ranges->items[i].first);
		buf_printf(out, "%s\"%s/%d\"", i ? ", " : "", text,
			   ranges->items[i].bits - (strchr(text, ':') ? 0 : 96));
	}
	if (ranges->n)
		buf_add(out, STR("]\n"));
	for (enum route_phase p = 0; p < ROUTE_PHASES; p++)
		lesson_write_phase(out, l, p);
}
