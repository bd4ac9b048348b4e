#include "image.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/scope.h"
#include "files.h"
#include "image_manifest.h"
#include "image_tool.h"
#include "key.h"
#include "program.h"
#include "root.h"
#include "tag.h"

enum {
	ASK_MS = 120 * 1000, /* for a manifest: a slow registry behind a slow login */
	IMAGE_MAX_ENV = 200,
};
#define SLACK_BYTES (UINT64_C(16) << 20) /* of answers besides the blobs: heads, manifests, tokens, a try again */

struct puller {
	struct arena                   *mem;
	const struct environment_host  *host;
	const struct image_source      *source;
	const char                     *folder;
	struct err                     *err;
};

/* ---- what this machine runs ---- */

static struct image_platform platform(void)
{
	static const struct {
		const char *machine, *arch;
	} rows[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "armv7l", "arm" } };
	static struct utsname name;
	struct image_platform out = { "linux", name.machine };

	uname(&name);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].machine, name.machine) == 0)
			out.arch = rows[i].arch;
	return out;
}

/* ---- a registry ---- */

/* The administrator's routes, none with more bytes of answers than these. */
static struct route_table *capped(struct arena *mem, const struct route_table *routes, uint64_t bytes)
{
	struct route_table *out = ARENA_NEW(mem, struct route_table);
	const struct route_list *from = &routes->phase[ROUTE_FETCH];

	*out = *routes;
	out->phase[ROUTE_FETCH] = (struct route_list){ 0 };
	for (size_t i = 0; i < from->n; i++) {
		struct route route = from->items[i];

		route.down = route.down < bytes ? route.down : bytes;
		ARENA_PUSH(mem, &out->phase[ROUTE_FETCH], route);
	}
	return out;
}

/* In capitals, programs in Go ask the proxy for this machine, too. */
static struct str host_for_skopeo(const struct puller *p)
{
	const struct str registry = p->source->name.registry;

	if (str_starts(registry, STR("localhost")) && (registry.len == 9 || registry.p[9] == ':'))
		return arena_printf(p->mem, "LOCALHOST%.*s", STR_ARG(str_from(registry, 9)));
	return registry;
}

static const char *remote_name(const struct puller *p, const char *digest)
{
	const struct image_name *name = &p->source->name;

	if (*digest)
		return arena_printf(p->mem, "docker://%.*s/%.*s@%s", STR_ARG(host_for_skopeo(p)), STR_ARG(name->repository), digest).p;
	return arena_printf(p->mem, "docker://%.*s/%.*s:%.*s", STR_ARG(host_for_skopeo(p)), STR_ARG(name->repository),
			    STR_ARG(name->tag)).p;
}

static struct image_tool tool_of(const struct puller *p, const struct route_table *routes, uint64_t wall_ms)
{
	return (struct image_tool){ .host = p->host, .mem = p->mem, .routes = routes, .plain = p->source->registry.plain,
				    .wall_ms = wall_ms, .behalf = p->source->wish };
}

/* The bytes under a digest, or under the tag when there is none. */
static int ask(struct buf *out, const struct puller *p, const char *digest)
{
	const struct image_tool tool = tool_of(p, capped(p->mem, &p->source->registry.routes, SLACK_BYTES), ASK_MS);
	const char *const argv[] = { "skopeo", "inspect", "--raw",
				     p->source->registry.plain ? "--tls-verify=false" : "--tls-verify=true",
				     remote_name(p, digest), NULL };
	char found[IMAGE_DIGEST + 1];

	if (image_tool_run(out, &tool, argv, p->err))
		return -1;
	image_digest(found, buf_str(out));
	if (*digest && strcmp(digest, found) != 0)
		return err_set(p->err, ERR_PERM, "the registry was asked for the manifest %s and gave another one, %s", digest, found);
	return 0;
}

/* From a name to the one manifest for this platform. */
static int resolve(char out[IMAGE_DIGEST + 1], const struct puller *p)
{
	const struct image_platform here = platform();
	const char *wanted = arena_z(p->mem, p->source->name.digest);
	AUTO_BUF struct buf text = { 0 };
	struct image_manifest manifest;

	if (ask(&text, p, wanted) || image_manifest_read(&manifest, buf_str(&text), &here, p->host->max_image, p->err))
		return -1;
	if (manifest.is_index)
		memcpy(out, manifest.child, IMAGE_DIGEST + 1);
	else
		image_digest(out, buf_str(&text));
	return 0;
}

static int wrap(const struct puller *p)
{
	const struct host_image *image = p->source->image;

	if (image->path.len)
		return err_wrap(p->err, "the image '%.*s' at '%.*s'", STR_ARG(p->source->wish), STR_ARG(image->path));
	return err_wrap(p->err, "the image '%.*s' from the registry %.*s", STR_ARG(p->source->wish),
			STR_ARG(p->source->name.registry));
}

static void key_of_name(char out[65], const struct image_source *source)
{
	struct key_hash hash;

	key_begin(&hash, "tag", 1);
	key_text(&hash, source->name.registry);
	key_text(&hash, source->name.repository);
	key_text(&hash, source->name.digest.len ? source->name.digest : source->name.tag);
	key_text(&hash, str_of(platform().arch));
	key_end(&hash, out);
}

static int find_digest(struct image_source *source, const struct puller *p, int64_t since_ms, const struct environment_teller *teller)
{
	char key[65];
	bool found;

	/* a digest means the same for ever */
	if (source->name.digest.len)
		since_ms = 0;
	key_of_name(key, source);
	if (tag_read(source->digest, &found, p->host->store, key, since_ms, p->err))
		return -1;
	if (found)
		return 0;
	teller_say(teller, "asking the registry %.*s for '%.*s'", STR_ARG(source->name.registry), STR_ARG(source->wish));
	return resolve(source->digest, p) ? wrap(p) : tag_write(p->host->store, key, source->digest, p->err);
}

int image_find(struct image_source *out, struct arena *mem, const struct environment_host *host, const struct host_image *image,
	       struct str wish, int64_t since_ms, const struct environment_teller *teller, struct err *err)
{
	struct image_source source = { .image = image, .wish = wish };
	const struct puller p = { mem, host, &source, NULL, err };
	struct str rest = STR("");

	if (image->remote.len) {
		image_name_match(&rest, image->name, wish);
		if (image_name_read(&source.name, image_name_fill(mem, image->remote, rest), err))
			return err_wrap(err, "the image '%.*s'", STR_ARG(str_sub(wish, 0, IMAGE_NAME_MAX)));
		if (host_routes(&source.registry, mem, host, source.name.registry, err) ||
		    find_digest(&source, &p, since_ms, teller))
			return -1;
	}
	*out = source;
	return 0;
}

/* ---- onto this machine ---- */

static int pull(const struct puller *p)
{
	const struct image_platform here = platform();
	AUTO_BUF struct buf text = { 0 };
	struct image_manifest manifest;

	if (ask(&text, p, p->source->digest) ||
	    image_manifest_read(&manifest, buf_str(&text), &here, p->host->max_image, p->err))
		return -1;
	if (manifest.is_index)
		return err_input(p->err, "its index leads to another index");
	struct image_tool tool = tool_of(p, capped(p->mem, &p->source->registry.routes, manifest.bytes + SLACK_BYTES),
					 p->host->build_ms);
	/* each blob is checked against its digest; signatures are not looked at */
	const char *const argv[] = { "skopeo", "--insecure-policy", "--tmpdir", SANDBOX_WORK, "copy", "--quiet",
				     p->source->registry.plain ? "--src-tls-verify=false" : "--src-tls-verify=true",
				     remote_name(p, p->source->digest), "oci:" SANDBOX_WORK "/layout:it", NULL };

	tool.folder = p->folder;
	return image_tool_run(NULL, &tool, argv, p->err);
}

/* The administrator's own, wherever it lies: by the host's skopeo, which checks each blob against its digest. */
static int copy_layout(const struct puller *p)
{
	const struct host_image *image = p->source->image;
	struct stat st;
	const bool is_dir = stat(image->path.p, &st) == 0 && S_ISDIR(st.st_mode);
	const char *const copy[] = { "--insecure-policy", "copy", "--quiet",
				     arena_printf(p->mem, "%s:%.*s%s%.*s", is_dir ? "oci" : "oci-archive",
						  STR_ARG(image->path), image->tag.len ? ":" : "", STR_ARG(image->tag)).p,
				     arena_printf(p->mem, "oci:%s/layout:it", p->folder).p, NULL };

	return program_run(NULL, "skopeo", "skopeo", copy, p->host->build_ms, p->err);
}

static void auto_json(json_t **json)
{
	json_decref(*json);
}

static struct str text_of(const json_t *value)
{
	return (struct str){ json_string_value(value), json_string_length(value) };
}

static int check_platform(const struct puller *p, const json_t *config)
{
	const struct image_platform here = platform();
	const struct str os = text_of(json_object_get(config, "os")), arch = text_of(json_object_get(config, "architecture"));

	/* old builders say neither */
	if ((!os.len || str_eq(os, str_of(here.os))) && (!arch.len || str_eq(arch, str_of(here.arch))))
		return 0;
	return err_input(p->err, "it is for another platform than %s/%s, that of this host", here.os, here.arch);
}

/* As engines have it for images that say none. */
static void need_path(struct shelf_meta *meta, struct arena *mem)
{
	for (size_t i = 0; i < meta->env.n; i++)
		if (str_starts(meta->env.items[i], STR("PATH=")))
			return;
	ARENA_PUSH(mem, &meta->env, STR("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
}

/* What its programs expect: PATH above all. */
static int read_config(struct shelf_meta *meta, const struct puller *p, const struct image_tool *tool)
{
	const char *const argv[] = { "skopeo", "inspect", "--config", "oci:" SANDBOX_WORK "/layout:it", NULL };
	AUTO(auto_json) json_t *json = NULL;
	AUTO_BUF struct buf text = { 0 };
	const json_t *env;

	if (image_tool_run(&text, tool, argv, p->err))
		return -1;
	json = json_loadb(text.bytes ? text.bytes : "", text.len, 0, NULL);
	if (!json_is_object(json))
		return err_input(p->err, "its configuration is no JSON object");
	env = json_object_get(json_object_get(json, "config"), "Env");
	for (size_t i = 0; i < json_array_size(env) && i < IMAGE_MAX_ENV; i++) {
		const struct str entry = text_of(json_array_get(env, i));

		if (entry.len <= ENVIRONMENT_MAX_COMMAND && str_find_byte(entry, '=') != SIZE_MAX)
			ARENA_PUSH(p->mem, &meta->env, arena_str(p->mem, entry));
	}
	need_path(meta, p->mem);
	return check_platform(p, json);
}

/* The tree of hostile layers; a link in its place would lead us elsewhere. */
static int put_tree(const struct puller *p, const char *to)
{
	const char *from = arena_printf(p->mem, "%s/bundle/rootfs", p->folder).p;
	struct files_size size;
	struct stat st;

	if (lstat(from, &st) || !S_ISDIR(st.st_mode))
		return err_set(p->err, ERR_PERM, "umoci left no folder at '%s'", from);
	if (files_tidy(from, p->err) || files_measure(&size, from, p->err))
		return -1;
	if (size.bytes > p->host->max_image)
		return image_too_large(p->host, p->err);
	if (rename(from, to))
		return err_errno(p->err, "'%s'", to);
	return files_remove(p->folder, p->err);
}

static int unpack(struct shelf_meta *meta, const struct puller *p, const char *tree)
{
	/* files are ours, whatever owner the layers name */
	static const char *const argv[] = { "umoci", "unpack", "--rootless", "--image", SANDBOX_WORK "/layout:it", SANDBOX_WORK "/bundle", NULL };
	struct image_tool tool = tool_of(p, NULL, p->host->build_ms);

	tool.folder = p->folder;
	if (mkdir(p->folder, 0700))
		return err_errno(p->err, "make '%s'", p->folder);
	if (p->source->image->path.len ? copy_layout(p) : pull(p))
		return -1;
	if (read_config(meta, p, &tool))
		return -1;
	tool.unfiltered = true;
	return image_tool_run(NULL, &tool, argv, p->err) || put_tree(p, tree) ? -1 : 0;
}

int image_unpack(struct shelf_meta *meta, struct arena *mem, const struct environment_host *host, const struct image_source *source,
		 const char *folder, const struct environment_teller *teller, struct err *err)
{
	const struct puller p = { mem, host, source, arena_printf(mem, "%s/image", folder).p, err };

	teller_say(teller, "%s the image '%.*s'", source->image->path.len ? "unpacking" : "pulling", STR_ARG(source->wish));
	return unpack(meta, &p, arena_printf(mem, "%s/tree", folder).p) ? wrap(&p) : 0;
}
