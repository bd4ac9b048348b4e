/* host_image.c - which images there may be, and how registries are reached. */
#include "host_files.h"
#include "image_name.h"

#define REMOTE "docker://"

/* "/srv/debian.oci", or "/srv/images:tag" */
static int read_layout(struct reader *r, const struct yaml *node, struct host_image *out)
{
	const char *path;
	size_t colon;

	if (host_read_path(r, node, &path))
		return -1;
	out->path = str_of(path);
	colon = str_find_byte(out->path, ':');
	if (colon != SIZE_MAX) {
		out->tag = str_from(out->path, colon + 1);
		out->path = arena_str(r->mem, str_sub(out->path, 0, colon));
	}
	if (str_has(out->tag, STR(":")))
		return yaml_error(r->err, r->name, node, "expected PATH or PATH:TAG; no other ':' in it");
	return 0;
}

static size_t stars(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '*';
	return n;
}

/* "docker://mirror.example/app-*": a repository chooses what the star is, never the registry. */
static int read_remote(struct reader *r, const struct yaml *node, struct host_image *out)
{
	const struct str remote = str_from(node->text, strlen(REMOTE));
	struct image_name name;
	struct err why;

	if (stars(remote) > 1 || stars(out->name) > 1 || stars(remote) > stars(out->name))
		return yaml_error(r->err, r->name, node, "expected one '*' at most, and the same in the name");
	if (str_find_byte(remote, '*') < str_find_byte(remote, '/'))
		return yaml_error(r->err, r->name, node, "the registry must be named in full, before the first '/'");
	if (image_name_read(&name, image_name_fill(r->mem, remote, STR("x")), &why))
		return yaml_error(r->err, r->name, node, "%s", why.text);
	/* programs in Go take no proxy to an address of the loopback, and nothing else leads there */
	if (str_starts(name.registry, STR("127.")))
		return yaml_error(r->err, r->name, node, "a registry on this machine is called 'localhost'");
	out->remote = remote;
	return 0;
}

int host_read_images(struct reader *r, const struct yaml *node, void *to)
{
	struct environment_host *host = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping of names to places"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct host_image image = { .name = node->key[i]->text };
		const struct yaml *place = node->child[i];

		if (str_starts(place->text, STR(REMOTE)) ? read_remote(r, place, &image) : read_layout(r, place, &image))
			return -1;
		ARENA_PUSH(r->mem, &host->images, image);
	}
	return 0;
}

const struct host_image *environment_host_image(const struct environment_host *host, struct str name)
{
	struct str rest;

	for (size_t i = 0; i < host->images.n; i++) {
		const struct host_image *image = &host->images.items[i];

		if (image->remote.len ? image_name_match(&rest, image->name, name) : str_eq(image->name, name))
			return image;
	}
	return NULL;
}

/* ---- registries ---- */

/* Without TLS anybody on the way changes what passes: so only where nobody is on the way, and nothing else with it. */
static int check_plain(struct reader *r, const struct yaml *node, struct host_registry *out)
{
	const struct route_list *routes = &out->routes.phase[ROUTE_FETCH];

	for (size_t i = 0; i < routes->n; i++)
		out->plain |= !routes->items[i].tls;
	for (size_t i = 0; i < routes->n && out->plain; i++)
		if (routes->items[i].tls || !str_eq(host_str(&routes->items[i].host), STR("localhost")))
			return yaml_error(r->err, r->name, node, "`tls: false` is for a registry at the host 'localhost' alone, with "
					  "no other route");
	return 0;
}

int host_read_registries(struct reader *r, const struct yaml *node, void *to)
{
	struct environment_host *host = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping of registries to their routes"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct host_registry registry = { .name = node->key[i]->text };
		struct image_name name;
		struct err why;

		if (image_name_read(&name, arena_printf(r->mem, "%.*s/x", STR_ARG(registry.name)), &why))
			return yaml_error(r->err, r->name, node->key[i], "%s", why.text);
		if (!str_eq(name.registry, registry.name))
			return yaml_error(r->err, r->name, node->key[i], "expected the name of a registry, without a path");
		if (route_read(&registry.routes, r->mem, r->name, node->child[i], r->err))
			return -1;
		if (registry.routes.phase[ROUTE_FETCH].n == 0 || registry.routes.given[ROUTE_BUILD])
			return yaml_error(r->err, r->name, node->child[i], "expected routes under `fetch`, and no other phase");
		if (check_plain(r, node->child[i], &registry))
			return -1;
		ARENA_PUSH(r->mem, &host->registries, registry);
	}
	return 0;
}

/* The registry itself, by TLS, and nothing but reading. */
static int usual_routes(struct host_registry *out, struct arena *mem, struct str registry, struct err *err)
{
	const size_t colon = str_find_byte(registry, ':');
	const struct str port = colon == SIZE_MAX ? STR("443") : str_from(registry, colon + 1);
	const struct str text = arena_printf(mem, "fetch: [{host: '%.*s', port: %.*s, methods: [GET, HEAD], paths: [/v2/**]}]",
					     STR_ARG(str_sub(registry, 0, colon)), STR_ARG(port));
	struct yaml_docs docs = { 0 };

	if (yaml_load(&docs, mem, "routes", text, err))
		return -1;
	return route_read(&out->routes, mem, "routes", docs.items[0], err);
}

int host_routes(struct host_registry *out, struct arena *mem, const struct environment_host *host, struct str registry,
		struct err *err)
{
	struct host_registry found = { .name = registry };

	for (size_t i = 0; i < host->registries.n; i++) {
		if (!str_eq(host->registries.items[i].name, registry))
			continue;
		*out = host->registries.items[i];
		return 0;
	}
	if (usual_routes(&found, mem, registry, err))
		return -1;
	*out = found;
	return 0;
}
