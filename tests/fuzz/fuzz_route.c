/* The first line is a path, the rest a policy: canonical paths stay themselves, and a policy that was read can be matched, told and tightened. */
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "egress/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void try_routes(const struct route_table *table, const struct route_list *routes, enum route_phase phase, struct str path)
{
	for (size_t i = 0; i < routes->n; i++) {
		const struct route *route = &routes->items[i];
		struct route_ask ask = { phase, &route->host, route->port, route->tls, STR("GET"), path };
		struct route_verdict verdict = route_match(table, &ask);
		AUTO_BUF struct buf text = { 0 };

		require(verdict.allowed == (verdict.n_chain > 0 && verdict.route), "a verdict names its route");
		route_explain(&text, table, &ask, &verdict);
		require(text.len > 0 && text.len <= 1000, "a sentence");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct str rest = { (const char *)data, size }, first = { 0 }, path = STR("/"), again;
	struct route_table table, inner;
	struct yaml_docs docs = { 0 };
	struct err err;
	AUTO_BUF struct buf canon = { 0 };

	arena_init(&mem, 512 << 20);
	str_cut_line(&rest, &first);
	if (route_path_canon(&path, &mem, first, &err) == 0) {
		require(route_path_canon(&again, &mem, path, &err) == 0 && str_eq(path, again), "a canonical path is itself");
		require(path.len > ROUTE_PATH_BYTES || str_find_byte(path, '*') != SIZE_MAX || route_path_match(path, path),
			"a path matches itself");
		require(!str_has(path, STR("/../")) && !str_has(path, STR("//")), "no way up");
	} else {
		path = STR("/");
	}
	if (yaml_load(&docs, &mem, "p", rest, &err) < 0 || !docs.n ||
	    route_read(&table, &mem, "p", docs.items[0], &err) < 0 || route_read(&inner, &mem, "p", docs.items[0], &err) < 0)
		return 0;
	route_canon(&canon, &table);
	for (enum route_phase phase = 0; phase < ROUTE_PHASES; phase++)
		try_routes(&table, &table.phase[phase], phase, path);
	/* what lies within itself must not be refused, but for what only a host may say */
	if (route_tighten(&inner, "p", &table, &err) == 0)
		for (enum route_phase phase = 0; phase < ROUTE_PHASES; phase++)
			try_routes(&inner, &inner.phase[phase], phase, path);
	return 0;
}
