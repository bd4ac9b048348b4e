#include "egress/route.h"

static const char *const phase_names[ROUTE_PHASES] = { "fetch", "build" };

const char *route_phase_name(enum route_phase phase)
{
	return phase_names[phase];
}

static bool host_fits(const struct route *route, const struct host *host)
{
	struct str suffix = host_str(&route->host), name = host_str(host);
	size_t head = name.len - suffix.len;

	if (!route->wild)
		return host_eq(&route->host, host);
	return host->kind == HOST_NAME && name.len > suffix.len && str_ends(name, suffix) &&
	       name.p[head - 1] == '.' && head - 1 <= ROUTE_WILD_BYTES;
}

static bool method_fits(const struct route *route, struct str method)
{
	/* they are means to reach other places, or to see what was injected */
	if (str_eq(method, STR("CONNECT")) || str_eq(method, STR("TRACE")))
		return false;
	for (size_t i = 0; i < route->methods.n; i++)
		if (str_eq(route->methods.items[i], method))
			return true;
	return route->methods.n == 0;
}

static bool path_fits(const struct route *route, struct str path)
{
	for (size_t i = 0; i < route->paths.n; i++)
		if (route_path_match(route->paths.items[i], path))
			return true;
	return route->paths.n == 0;
}

/* How far a request came with a route; the furthest of all names the rule that decided. */
enum stage { NO_ROUTE, AT_HOST, AT_PORT, AT_TLS, AT_METHOD, AT_PATH, FITS };

static const char *const stage_rules[] = {
	"phase", "host", "port", "tls", "method", "path", "route"
};

static enum stage check(const struct route *route, const struct route_ask *ask)
{
	if (!host_fits(route, ask->host))
		return AT_HOST;
	if (route->port != ask->port)
		return AT_PORT;
	if (route->tls != ask->tls)
		return AT_TLS;
	if (!ask->method.len)
		return FITS;
	if (!method_fits(route, ask->method))
		return AT_METHOD;
	return path_fits(route, ask->path) ? FITS : AT_PATH;
}

static enum stage match_table(const struct route_table *table, const struct route_ask *ask,
			      struct route_verdict *verdict)
{
	const struct route_list *routes = &table->phase[ask->phase];
	enum stage best = NO_ROUTE;

	for (size_t i = 0; i < routes->n; i++) {
		const struct route *route = &routes->items[i];
		enum stage stage = check(route, ask);

		if (stage == FITS && best != FITS)
			verdict->chain[verdict->n_chain++] = route;
		if (stage > best)
			best = stage;
		/* one route that must read requests is reason enough, whatever the others allow */
		verdict->inspect |= stage > AT_TLS && route->inspect;
	}
	return best;
}

struct route_verdict route_match(const struct route_table *table, const struct route_ask *ask)
{
	const struct route_table *chain[ROUTE_CHAIN];
	struct route_verdict verdict = { .rule = "route" };
	size_t n = 0;

	for (; table; table = table->within) {
		if (table->within && !table->given[ask->phase])
			continue;
		if (n == ROUTE_CHAIN)
			return (struct route_verdict){ .rule = "phase" };
		chain[n++] = table;
	}
	while (n > 0) {
		enum stage stage = match_table(chain[--n], ask, &verdict);

		if (stage != FITS)
			return (struct route_verdict){ .rule = stage_rules[stage] };
	}
	verdict.allowed = verdict.n_chain > 0;
	verdict.route = verdict.chain[0];
	return verdict;
}

bool route_any(const struct route_table *table, enum route_phase phase)
{
	for (; table; table = table->within)
		if ((table->given[phase] || !table->within) && table->phase[phase].n == 0)
			return false;
		else if (!table->within)
			return true;
	return false;
}
