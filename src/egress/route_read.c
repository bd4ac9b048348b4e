/* route_read.c - the `net` part of a policy. */
#include "egress/route.h"

enum { ADDRESSES_MAX = 64 }; /* ranges of one policy */

struct reader {
	struct arena *mem;
	const char *name;
	struct err *err;
};

/* `to` is the table, or one route. */
struct key {
	const char *name;
	int (*read)(struct reader *r, const struct yaml *value, void *to);
};

#define FAIL(r, at, ...) yaml_error((r)->err, (r)->name, at, __VA_ARGS__)

static int expect(struct reader *r, const struct yaml *node, enum yaml_kind kind, const char *what,
		  size_t most)
{
	if (node->kind != kind)
		return FAIL(r, node, "expected %s, not %s", what, yaml_kind_name(node));
	if (node->n > most)
		return FAIL(r, node, "more than %zu entries", most);
	return 0;
}

static int read_keys(struct reader *r, const struct yaml *map, const struct key *keys, size_t n,
		     const char *known, void *to)
{
	if (expect(r, map, YAML_MAP, "a mapping", 64) < 0)
		return -1;
	for (size_t i = 0; i < map->n; i++) {
		size_t j = 0;

		while (j < n && !str_eq(map->key[i]->text, str_of(keys[j].name)))
			j++;
		if (j == n)
			return FAIL(r, map->key[i], "unknown key '%.*s'; known: %s",
				    STR_ARG(str_sub(map->key[i]->text, 0, 80)), known);
		if (keys[j].read(r, map->child[i], to) < 0)
			return -1;
	}
	return 0;
}

static int read_host(struct reader *r, const struct yaml *node, void *to)
{
	struct route *route = to;
	struct str text = node->text;
	struct err cause;

	if (expect(r, node, YAML_SCALAR, "a host", 0) < 0)
		return -1;
	route->wild = str_starts(text, STR("*."));
	if (route->wild)
		text = str_from(text, 2);
	if (host_read(&route->host, text, &cause) < 0)
		return FAIL(r, node, "%s", cause.text);
	if (route->wild &&
	    (route->host.kind != HOST_NAME || !str_has(host_str(&route->host), STR("."))))
		return FAIL(r, node, "'*.' needs a domain of two labels at least behind it");
	return 0;
}

static int read_port(struct reader *r, const struct yaml *node, void *to)
{
	struct route *route = to;
	uint64_t port;

	if (node->kind != YAML_SCALAR || !str_to_u64(node->text, &port) || port < 1 || port > 65535)
		return FAIL(r, node, "expected a port from 1 to 65535");
	route->port = (uint16_t)port;
	return 0;
}

static int read_tls(struct reader *r, const struct yaml *node, void *to)
{
	struct route *route = to;

	if (node->kind != YAML_SCALAR ||
	    (!str_eq(node->text, STR("true")) && !str_eq(node->text, STR("false"))))
		return FAIL(r, node, "expected true or false");
	route->tls = str_eq(node->text, STR("true"));
	return 0;
}

static bool is_method(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < 'A' || text.p[i] > 'Z')
			return false;
	return text.len > 0 && text.len <= 20 && !str_eq(text, STR("CONNECT")) &&
	       !str_eq(text, STR("TRACE"));
}

static int read_methods(struct reader *r, const struct yaml *node, void *to)
{
	struct route *route = to;

	if (expect(r, node, YAML_SEQ, "a list of methods", ROUTE_METHODS_MAX) < 0)
		return -1;
	if (!node->n)
		return FAIL(r, node, "an empty list allows nothing; leave the route out");
	for (size_t i = 0; i < node->n; i++) {
		if (!is_method(node->child[i]->text))
			return FAIL(
				r, node->child[i],
				"expected a method in upper case, and neither CONNECT nor TRACE");
		ARENA_PUSH(r->mem, &route->methods, arena_str(r->mem, node->child[i]->text));
	}
	return 0;
}

static int read_paths(struct reader *r, const struct yaml *node, void *to)
{
	struct route *route = to;
	struct err cause;

	if (expect(r, node, YAML_SEQ, "a list of paths", ROUTE_PATHS_MAX) < 0)
		return -1;
	if (!node->n)
		return FAIL(r, node, "an empty list allows nothing; leave the route out");
	for (size_t i = 0; i < node->n; i++) {
		struct str path;

		if (node->child[i]->text.len > ROUTE_PATH_BYTES)
			return FAIL(r, node->child[i], "more than %d bytes", ROUTE_PATH_BYTES);
		if (route_path_canon(&path, r->mem, node->child[i]->text, &cause) < 0)
			return FAIL(r, node->child[i], "%s", cause.text);
		ARENA_PUSH(r->mem, &route->paths, path);
	}
	return 0;
}

struct unit {
	const char *name;
	unsigned shift;
};

static const struct unit units[] = { { "", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 } };

static int read_size(struct reader *r, const struct yaml *node, uint64_t *out)
{
	struct str text = node->text;
	size_t digits = 0;
	uint64_t n;

	while (digits < text.len && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	if (node->kind == YAML_SCALAR && str_to_u64(str_sub(text, 0, digits), &n))
		for (size_t i = 0; i < COUNT(units); i++)
			if (str_eq(str_trim(str_from(text, digits)), str_of(units[i].name)) &&
			    n > 0 && n < UINT64_C(1) << 50 >> units[i].shift) {
				*out = n << units[i].shift;
				return 0;
			}
	return FAIL(r, node, "expected bytes above 0, as in 4096 or 16 MiB");
}

static int read_up(struct reader *r, const struct yaml *node, void *to)
{
	return read_size(r, node, &((struct route *)to)->up);
}

static int read_down(struct reader *r, const struct yaml *node, void *to)
{
	return read_size(r, node, &((struct route *)to)->down);
}

static int read_credential(struct reader *r, const struct yaml *node, void *to)
{
	struct route *route = to;

	if (expect(r, node, YAML_SCALAR, "the id of a credential", 0) < 0)
		return -1;
	if (!node->text.len || node->text.len > 64)
		return FAIL(r, node, "an id has 1 to 64 bytes");
	route->credential = arena_str(r->mem, node->text);
	return 0;
}

static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return text.len > 0 && text.len <= 64;
}

/* They frame or route the request: the broker's own. */
static const char *const reserved[] = { "Host",       "Content-Length", "Transfer-Encoding",
					"Connection", "Upgrade",        "TE",
					"Trailer",    "Expect",         "Proxy-Authorization" };

/* One {secret} or {basic:USER}, visible ASCII around it. */
static bool is_template(struct str value)
{
	struct str rest = value;
	size_t braces = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] < 0x20 || value.p[i] > 0x7e)
			return false;
		braces += value.p[i] == '{' || value.p[i] == '}';
	}
	rest = str_from(rest, str_find_byte(rest, '{'));
	return braces == 2 && value.len <= 512 &&
	       (str_starts(rest, STR("{secret}")) ||
		(str_starts(rest, STR("{basic:")) && str_find_byte(rest, '}') != SIZE_MAX));
}

static int read_header(struct reader *r, const struct yaml *node, void *to)
{
	struct route *route = to;
	size_t colon = str_find_byte(node->text, ':');
	struct str name = str_sub(node->text, 0, colon);

	if (expect(r, node, YAML_SCALAR, "a header", 0) < 0)
		return -1;
	if (colon == SIZE_MAX || !is_token(name))
		return FAIL(r, node, "expected 'Name: value'");
	for (size_t i = 0; i < COUNT(reserved); i++)
		if (str_eq_nocase(name, str_of(reserved[i])))
			return FAIL(r, node, "a route may not set the header %s", reserved[i]);
	route->header_name = arena_str(r->mem, name);
	route->header_value = arena_str(r->mem, str_trim(str_from(node->text, colon + 1)));
	if (!is_template(route->header_value))
		return FAIL(r, node,
			    "the value needs one {secret} or {basic:USER}, and no other brace");
	return 0;
}

static const struct key route_keys[] = {
	{ "host", read_host },     { "port", read_port },
	{ "tls", read_tls },       { "methods", read_methods },
	{ "paths", read_paths },   { "up", read_up },
	{ "down", read_down },     { "credential", read_credential },
	{ "header", read_header },
};

/* "fetch: GET,HEAD https://host:443/path,..." */
static struct str describe(struct reader *r, enum route_phase phase, const struct route *route)
{
	struct buf text = { 0 };
	struct str out;

	buf_printf(&text, "%s: ", route_phase_name(phase));
	for (size_t i = 0; i < route->methods.n; i++)
		buf_printf(&text, "%s%.*s%s", i ? "," : "", STR_ARG(route->methods.items[i]),
			   i + 1 == route->methods.n ? " " : "");
	buf_printf(&text, "%s://%s%s:%u", route->tls ? "https" : "http", route->wild ? "*." : "",
		   route->host.text, (unsigned)route->port);
	for (size_t i = 0; i < route->paths.n && text.len < 200; i++)
		buf_printf(&text, "%s%.*s", i ? "," : "", STR_ARG(route->paths.items[i]));
	if (text.len >= 200)
		buf_add(&text, STR("..."));
	out = arena_str(r->mem, buf_str(&text));
	buf_release(&text);
	return out;
}

static int finish(struct reader *r, const struct yaml *node, enum route_phase phase,
		  struct route *route)
{
	if (!route->host.len)
		return FAIL(r, node, "a route needs a host");
	if (route->header_name.len && !route->credential.len)
		return FAIL(r, node, "`header` needs a `credential`");
	if (route->credential.len && !route->tls)
		return FAIL(r, node,
			    "a credential needs TLS: without it anybody on the way reads it");
	if (route->credential.len && !route->header_name.len) {
		route->header_name = STR("Authorization");
		route->header_value = STR("Bearer {secret}");
	}
	if (!route->port)
		route->port = route->tls ? 443 : 80;
	route->inspect = !route->tls || route->methods.n || route->paths.n || route->credential.len;
	route->line = node->line;
	route->column = node->column;
	route->text = describe(r, phase, route);
	return 0;
}

static int read_phase(struct reader *r, const struct yaml *node, struct route_table *table,
		      enum route_phase phase)
{
	table->given[phase] = true;
	if (node->kind == YAML_NULL)
		return 0;
	if (expect(r, node, YAML_SEQ, "a list of routes", ROUTE_MAX) < 0)
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct route route = { .tls = true,
				       .up = ROUTE_UP_DEFAULT,
				       .down = ROUTE_DOWN_DEFAULT };

		if (read_keys(r, node->child[i], route_keys, COUNT(route_keys),
			      "host, port, tls, methods, paths, up, down, credential, header",
			      &route) < 0 ||
		    finish(r, node->child[i], phase, &route) < 0)
			return -1;
		ARENA_PUSH(r->mem, &table->phase[phase], route);
	}
	return 0;
}

static int read_fetch(struct reader *r, const struct yaml *node, void *to)
{
	return read_phase(r, node, to, ROUTE_FETCH);
}

static int read_build(struct reader *r, const struct yaml *node, void *to)
{
	return read_phase(r, node, to, ROUTE_BUILD);
}

static int read_publish(struct reader *r, const struct yaml *node, void *to)
{
	(void)to;
	return FAIL(r, node, "there is no phase publish: what runs in a sandbox never publishes");
}

static int read_addresses(struct reader *r, const struct yaml *node, void *to)
{
	struct route_table *table = to;
	struct err cause;

	if (expect(r, node, YAML_SEQ, "a list of address ranges", ADDRESSES_MAX) < 0)
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct address_range range;

		if (range_read(&range, node->child[i]->text, &cause) < 0)
			return FAIL(r, node->child[i], "%s", cause.text);
		ARENA_PUSH(r->mem, &table->addresses, range);
	}
	return 0;
}

static const struct key table_keys[] = {
	{ "addresses", read_addresses },
	{ "fetch", read_fetch },
	{ "build", read_build },
	{ "publish", read_publish },
};

int route_read(struct route_table *out, struct arena *mem, const char *name, const struct yaml *net,
	       struct err *err)
{
	struct reader r = { mem, name, err };
	struct route_table table = { 0 };

	if (net && net->kind != YAML_NULL &&
	    read_keys(&r, net, table_keys, COUNT(table_keys), "addresses, fetch, build", &table) <
		    0)
		return -1;
	*out = table;
	return 0;
}
