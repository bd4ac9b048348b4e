/* route_tighten.c - a repository may take from its host's routes, never add to them. */
#include "egress/route.h"

static bool contains(const struct route_words *words, struct str word)
{
	for (size_t i = 0; i < words->n; i++)
		if (str_eq(words->items[i], word))
			return true;
	return false;
}

static bool host_within(const struct route *inner, const struct route *outer)
{
	struct str name = host_str(&inner->host), suffix = host_str(&outer->host);

	if (inner->wild == outer->wild && host_eq(&inner->host, &outer->host))
		return true;
	return outer->wild && inner->host.kind == HOST_NAME && name.len > suffix.len &&
	       str_ends(name, suffix) && name.p[name.len - suffix.len - 1] == '.';
}

static bool methods_within(const struct route *inner, const struct route *outer)
{
	for (size_t i = 0; i < inner->methods.n; i++)
		if (outer->methods.n && !contains(&outer->methods, inner->methods.items[i]))
			return false;
	return inner->methods.n || !outer->methods.n;
}

static bool path_within(struct str path, const struct route *outer)
{
	if (contains(&outer->paths, path))
		return true;
	/* whether one pattern lies within another is not ours to prove: a plain path is */
	if (str_find_byte(path, '*') != SIZE_MAX)
		return false;
	for (size_t i = 0; i < outer->paths.n; i++)
		if (route_path_match(outer->paths.items[i], path))
			return true;
	return false;
}

static bool paths_within(const struct route *inner, const struct route *outer)
{
	for (size_t i = 0; i < inner->paths.n; i++)
		if (outer->paths.n && !path_within(inner->paths.items[i], outer))
			return false;
	return inner->paths.n || !outer->paths.n;
}

static bool budget_within(const struct route *inner, const struct route *outer)
{
	/* who says nothing gets the smaller one when it counts */
	return (inner->up <= outer->up || inner->up == ROUTE_UP_DEFAULT) &&
	       (inner->down <= outer->down || inner->down == ROUTE_DOWN_DEFAULT);
}

struct law {
	bool (*holds)(const struct route *inner, const struct route *outer);
	const char *text;
};

static bool same_port(const struct route *inner, const struct route *outer)
{
	return inner->port == outer->port;
}

static bool same_tls(const struct route *inner, const struct route *outer)
{
	return inner->tls == outer->tls;
}

static const struct law laws[] = {
	{ host_within, "the host's policy does not name this host" },
	{ same_port, "the host's policy does not name this port" },
	{ same_tls, "`tls` is not as in the host's policy" },
	{ methods_within, "these methods are more than the host's policy allows" },
	{ paths_within,
	  "these paths are more than the host's policy allows; a pattern must be one of its own" },
	{ budget_within, "`up` or `down` is more than the host's policy allows" },
};

/* What is wrong, by the host's route that comes closest; NULL when one covers it. */
static const char *uncovered(const struct route *inner, const struct route_list *outer)
{
	size_t best = 0;

	for (size_t i = 0; i < outer->n; i++) {
		size_t law = 0;

		while (law < COUNT(laws) && laws[law].holds(inner, &outer->items[i]))
			law++;
		if (law == COUNT(laws))
			return NULL;
		if (law > best)
			best = law;
	}
	return laws[best].text;
}

static int tighten_phase(struct route_table *repo, enum route_phase phase, const char *name,
			 const struct route_table *host, struct err *err)
{
	while (host->within && !host->given[phase])
		host = host->within;
	for (size_t i = 0; i < repo->phase[phase].n; i++) {
		const struct route *route = &repo->phase[phase].items[i];
		struct yaml at = { .line = route->line, .column = route->column };
		const char *wrong = uncovered(route, &host->phase[phase]);

		if (route->credential.len)
			wrong = "only the host's policy may name a credential";
		if (wrong)
			return yaml_error(err, name, &at, "a repository may only tighten: %s",
					  wrong);
	}
	return 0;
}

int route_tighten(struct route_table *repo, const char *name, const struct route_table *host,
		  struct err *err)
{
	size_t depth = 1;

	for (const struct route_table *t = host; t; t = t->within)
		depth++;
	if (depth > ROUTE_CHAIN)
		return err_set(err, ERR_BUG, "more than %d network policies within each other",
			       ROUTE_CHAIN);
	if (repo->addresses.n)
		return err_input(
			err,
			"%s: a repository may only tighten: `addresses` belongs to the host's policy",
			name);
	for (enum route_phase phase = 0; phase < ROUTE_PHASES; phase++)
		if (tighten_phase(repo, phase, name, host, err) < 0)
			return -1;
	repo->within = host;
	return 0;
}
