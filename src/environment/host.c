/* host.c - the administrator's file: one table of keys, one small reader for each. */
#include "environment/host.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "host_files.h"
#include "sandbox/values.h"

enum {
	BUILD_MS = 30 * 60 * 1000, /* a slow mirror and a large image */
	OS_RELEASE_MAX = 64 << 10,
};
#define ROOT_REFRESH_MS UINT64_C(604800000) /* a week */
#define MAX_AGE_MS      UINT64_C(2592000000) /* a month */
#define MAX_BYTES       (UINT64_C(50) << 30)
#define MAX_IMAGE       (UINT64_C(10) << 30) /* the largest of usual CI images: unpacked 8 GB */
#define LONGEST_MS      UINT64_C(31536000000)

int host_read_path(struct reader *r, const struct yaml *node, const char **out)
{
	struct str path;

	if (value_text(r, node, &path))
		return -1;
	if (!str_starts(path, STR("/")))
		return yaml_error(r->err, r->name, node, "expected an absolute path");
	while (path.len > 1 && str_ends(path, STR("/")))
		path.len--;
	*out = arena_z(r->mem, path);
	return 0;
}

static int read_store(struct reader *r, const struct yaml *node, void *to)
{
	return host_read_path(r, node, &((struct environment_host *)to)->store);
}

static int read_policy(struct reader *r, const struct yaml *node, void *to)
{
	struct environment_host *host = to;
	const char *path;
	struct str text;

	if (host_read_path(r, node, &path) || file_read(&text, r->mem, path, POLICY_MAX_BYTES, r->err))
		return -1;
	return policy_load(&host->policy, r->mem, path, text, r->err);
}

static const char *variable(const char *name)
{
	return getenv(name);
}

static int read_secrets(struct reader *r, const struct yaml *node, void *to)
{
	struct environment_host *host = to;
	struct yaml_docs docs = { 0 };
	const char *path;
	struct str text;

	if (host_read_path(r, node, &path) || file_read(&text, r->mem, path, POLICY_MAX_BYTES, r->err) ||
	    yaml_load(&docs, r->mem, path, text, r->err))
		return -1;
	if (docs.n != 1)
		return err_input(r->err, "%s: one document with a secret for each id is expected", path);
	return secret_list_read(&host->secrets, r->mem, path, docs.items[0], variable, r->err);
}

static int read_packages(struct reader *r, const struct yaml *node, void *to)
{
	return reader_globs(r, node, &((struct environment_host *)to)->packages);
}

static int read_sources(struct reader *r, const struct yaml *node, void *to)
{
	struct str_list list = { 0 };

	if (reader_expect(r, node, YAML_SEQ, "a list of files"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		const char *path;

		if (host_read_path(r, node->child[i], &path))
			return -1;
		ARENA_PUSH(r->mem, &list, str_of(path));
	}
	((struct environment_host *)to)->sources = list;
	return 0;
}

static int read_suite(struct reader *r, const struct yaml *node, void *to)
{
	struct environment_host *host = to;

	if (value_text(r, node, &host->suite))
		return -1;
	for (size_t i = 0; i < host->suite.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-/", host->suite.p[i]) || host->suite.p[0] == '-')
			return yaml_error(r->err, r->name, node, "expected the name of a release, as 'bookworm'");
	return 0;
}

static int read_setup(struct reader *r, const struct yaml *node, void *to)
{
	return reader_bool(r, node, &((struct environment_host *)to)->setup);
}

static int read_audit(struct reader *r, const struct yaml *node, void *to)
{
	return host_read_path(r, node, &((struct environment_host *)to)->audit);
}

static int read_build(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_TIME, 1000, 86400000, &((struct environment_host *)to)->build_ms);
}

static int read_root_refresh(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_TIME, 60000, LONGEST_MS, &((struct environment_host *)to)->root_refresh_ms);
}

static int read_max_bytes(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_BYTES, 1 << 20, UINT64_C(1) << 50, &((struct environment_host *)to)->max_bytes);
}

static int read_max_image(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_BYTES, 1 << 20, UINT64_C(1) << 44, &((struct environment_host *)to)->max_image);
}

static int read_max_age(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_TIME, 60000, LONGEST_MS, &((struct environment_host *)to)->max_age_ms);
}

static int read_pool(struct reader *r, const struct yaml *node, void *to)
{
	return reader_number(r, node, 0, HOST_MAX_POOL, &((struct environment_host *)to)->pool);
}

static const struct key keys[] = {
	{ "store", read_store },         { "policy", read_policy },       { "images", host_read_images },
	{ "packages", read_packages },   { "sources", read_sources },     { "suite", read_suite },
	{ "setup", read_setup },         { "build", read_build },         { "root_refresh", read_root_refresh },
	{ "max_bytes", read_max_bytes }, { "max_age", read_max_age },     { "pool", read_pool },
	{ "secrets", read_secrets },     { "audit", read_audit },         { "registries", host_read_registries },
	{ "max_image", read_max_image },
};

/* VERSION_CODENAME of this machine; empty when it does not say. */
static struct str own_suite(struct arena *mem)
{
	struct str text, line;

	if (file_read(&text, mem, "/etc/os-release", OS_RELEASE_MAX, NULL))
		return STR("");
	while (str_cut_line(&text, &line))
		if (str_starts(line, STR("VERSION_CODENAME=")))
			return str_from(line, strlen("VERSION_CODENAME="));
	return STR("");
}

void environment_host_init(struct environment_host *out, struct arena *mem, const char *store)
{
	static const char *const usual[] = { "/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list" };

	*out = (struct environment_host){
		.where = "",
		.store = store,
		.setup = true,
		.build_ms = BUILD_MS,
		.root_refresh_ms = ROOT_REFRESH_MS,
		.max_bytes = MAX_BYTES,
		.max_image = MAX_IMAGE,
		.max_age_ms = MAX_AGE_MS,
		.suite = own_suite(mem),
	};
	policy_builtin(&out->policy, mem, TRUST_UNTRUSTED);
	for (size_t i = 0; i < COUNT(usual); i++)
		if (access(usual[i], R_OK) == 0)
			ARENA_PUSH(mem, &out->sources, str_of(usual[i]));
}

int environment_host_load(struct environment_host *out, struct arena *mem, const char *path, struct err *err)
{
	struct reader r = { mem, path, err };
	struct yaml_docs docs = { 0 };
	struct environment_host host = *out;
	struct str text;

	host.where = path;
	if (file_read(&text, mem, path, HOST_MAX_BYTES, err) || yaml_load(&docs, mem, path, text, err))
		return -1;
	if (docs.n > 1)
		return yaml_error(err, path, docs.items[1], "more than one YAML document");
	if (docs.n == 1 && docs.items[0]->kind != YAML_NULL && reader_keys(&r, docs.items[0], keys, COUNT(keys), &host))
		return -1;
	/* what is built is reused: nothing of it may be changed by the jobs themselves */
	if (host.policy.fs.workdir == WORKDIR_BIND)
		host.policy.fs.workdir = WORKDIR_OVERLAY;
	*out = host;
	return 0;
}

/* Whom to ask. */
static const char *file_of(const struct environment_host *host)
{
	return *host->where ? host->where : "a file given by --host";
}

static int refuse(const struct environment_host *host, const struct environment *e, const struct yaml *at, const char *what,
		  struct str name, const char *key, struct err *err)
{
	char place[48] = "";

	if (at)
		snprintf(place, sizeof place, ":%u:%u", at->line, at->column);
	return err_set(err, ERR_PERM, "%.*s%s: %s%.*s%s not allowed on this host; the administrator lists it under `%s` in %s",
		       STR_ARG(e->where), place, what, STR_ARG(str_sub(name, 0, 200)), name.len ? "' is" : " are", key,
		       file_of(host));
}

int environment_permit(const struct environment_host *host, const struct environment *e, struct err *err)
{
	if (e->image.len && !environment_host_image(host, e->image))
		return refuse(host, e, e->image_at, "the image '", e->image, "images", err);
	for (size_t i = 0; i < e->packages.n; i++)
		if (!glob_find(&host->packages, e->packages.items[i]))
			return refuse(host, e, e->packages_at, "the package '", e->packages.items[i], "packages", err);
	if (e->setup.n && !host->setup)
		return refuse(host, e, e->setup_at, "set-up commands", STR(""), "setup", err);
	return 0;
}
