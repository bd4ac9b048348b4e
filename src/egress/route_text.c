/* route_text.c - what a policy says, for people, for agents and for its hash. */
#include "egress/route.h"

#include <inttypes.h>

enum {
	EXPLAIN_BYTES = 1000, /* of a sentence: it ends in a terminal and in a model's prompt */
	EXPLAIN_HOSTS = 400,  /* of the list of hosts in it */
};

static void add_list(struct buf *out, const char *name, const struct route_words *words)
{
	buf_printf(out, " %s=", name);
	for (size_t i = 0; i < words->n; i++)
		buf_printf(out, "%s%.*s", i ? "," : "", STR_ARG(words->items[i]));
}

static void canon_route(struct buf *out, enum route_phase phase, const struct route *route)
{
	buf_printf(out, "%s host=%s%s port=%u tls=%d", route_phase_name(phase),
		   route->wild ? "*." : "", route->host.text, (unsigned)route->port, route->tls);
	add_list(out, "methods", &route->methods);
	add_list(out, "paths", &route->paths);
	buf_printf(out, " up=%" PRIu64 " down=%" PRIu64 " credential=%.*s header=%.*s:%.*s\n",
		   route->up, route->down, STR_ARG(route->credential), STR_ARG(route->header_name),
		   STR_ARG(route->header_value));
}

static void canon_table(struct buf *out, const struct route_table *table)
{
	for (size_t i = 0; i < table->addresses.n; i++) {
		char text[ADDRESS_TEXT];

		address_text(text, &table->addresses.items[i].first);
		buf_printf(out, "address %s/%u\n", text, (unsigned)table->addresses.items[i].bits);
	}
	for (enum route_phase phase = 0; phase < ROUTE_PHASES; phase++) {
		buf_printf(out, "%s given=%d\n", route_phase_name(phase), table->given[phase]);
		for (size_t i = 0; i < table->phase[phase].n; i++)
			canon_route(out, phase, &table->phase[phase].items[i]);
	}
}

void route_canon(struct buf *out, const struct route_table *table)
{
	for (; table; table = table->within) {
		canon_table(out, table);
		if (table->within)
			buf_add(out, STR("within\n"));
	}
}

struct reason {
	const char *rule;
	const char *text;
};

static const struct reason reasons[] = {
	{ "phase", "this phase has no network" },
	{ "host", "the policy does not name this host" },
	{ "port", "the policy does not name this port of the host" },
	{ "tls",
	  "the policy wants this host with TLS, or without it, and not the way that was tried" },
	{ "method", "the policy does not allow this method here" },
	{ "path", "the policy does not name this path" },
};

static const char *reason_of(const char *rule)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (strcmp(reasons[i].rule, rule) == 0)
			return reasons[i].text;
	return "the policy allows it";
}

/* The table that speaks for this phase. */
static const struct route_table *speaker(const struct route_table *table, enum route_phase phase)
{
	while (table->within && !table->given[phase])
		table = table->within;
	return table;
}

static void add_allowed(struct buf *out, const struct route_list *routes)
{
	size_t end = out->len + EXPLAIN_HOSTS;

	for (size_t i = 0; i < routes->n; i++) {
		struct str text = routes->items[i].text;

		if (out->len + text.len > end) {
			buf_printf(out, "%sand %zu more", i ? ", " : "", routes->n - i);
			return;
		}
		buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(text));
	}
}

void route_explain(struct buf *out, const struct route_table *table, const struct route_ask *ask,
		   const struct route_verdict *verdict)
{
	const struct route_list *routes = &speaker(table, ask->phase)->phase[ask->phase];
	size_t start = out->len;

	if (ask->method.len)
		buf_printf(out, "%.*s of %s://%s:%u%.*s", STR_ARG(str_sub(ask->method, 0, 20)),
			   ask->tls ? "https" : "http", ask->host->text, (unsigned)ask->port,
			   STR_ARG(str_sub(ask->path, 0, 200)));
	else
		buf_printf(out, "A connection to %s:%u", ask->host->text, (unsigned)ask->port);
	if (verdict->allowed) {
		buf_add(out, STR(" is allowed by the network policy."));
		return;
	}
	buf_printf(out, " is refused, and will never be allowed in this sandbox (rule: %s): %s.",
		   verdict->rule, reason_of(verdict->rule));
	if (!routes->n) {
		buf_add(out, STR(" Nothing can be reached; work with what is there."));
	} else {
		buf_add(out, STR(" Only this is allowed: "));
		add_allowed(out, routes);
		buf_add(out, STR(". Work with that, or report what is missing to a person."));
	}
	if (out->len > start + EXPLAIN_BYTES)
		out->len = start + EXPLAIN_BYTES;
}
