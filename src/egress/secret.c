#include "egress/secret.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/scope.h"

struct reader {
	struct arena *mem;
	const char *name;
	const char *(*env)(const char *);
	struct err *err;
};

#define FAIL(r, at, ...) yaml_error((r)->err, (r)->name, at, __VA_ARGS__)

static int read_env(struct reader *r, const struct yaml *at, struct str *out)
{
	const char *value = r->env(arena_z(r->mem, at->text));

	if (!value)
		return FAIL(r, at, "the environment has no variable '%.*s'", STR_ARG(at->text));
	*out = str_of(value);
	return 0;
}

static int read_file(struct reader *r, const struct yaml *at, struct str *out)
{
	const char *path = arena_z(r->mem, at->text);
	struct err cause;
	struct stat st;

	if (file_read(out, r->mem, path, SECRET_MAX + 2, &cause) < 0)
		return FAIL(r, at, "%s", cause.text);
	if (stat(path, &st) < 0 || (st.st_mode & 077))
		return FAIL(r, at, "'%s' may be read by others than its owner; chmod 600 mends it",
			    path);
	if (str_ends(*out, STR("\n")))
		out->len--;
	if (str_ends(*out, STR("\r")))
		out->len--;
	return 0;
}

struct source {
	const char *name;
	int (*read)(struct reader *r, const struct yaml *at, struct str *out);
};

static const struct source sources[] = { { "env", read_env }, { "file", read_file } };

static int check(struct reader *r, const struct yaml *at, struct str value)
{
	if (value.len < SECRET_MIN || value.len > SECRET_MAX)
		return FAIL(r, at, "a secret has %d to %d bytes", SECRET_MIN, SECRET_MAX);
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] <= 0x20 || value.p[i] >= 0x7f)
			return FAIL(r, at,
				    "a secret is visible ASCII, without spaces and line ends");
	return 0;
}

static int read_one(struct reader *r, const struct yaml *id, const struct yaml *node,
		    struct secret *out)
{
	struct str value;

	if (node->kind != YAML_MAP || node->n != 1)
		return FAIL(r, node, "expected {env: NAME} or {file: PATH}");
	for (size_t i = 0; i < COUNT(sources); i++) {
		if (!str_eq(node->key[0]->text, str_of(sources[i].name)))
			continue;
		if (node->child[0]->kind != YAML_SCALAR)
			return FAIL(r, node->child[0], "expected a string");
		if (sources[i].read(r, node->child[0], &value) < 0 ||
		    check(r, node->child[0], value) < 0)
			return -1;
		*out = (struct secret){ arena_str(r->mem, id->text), arena_str(r->mem, value) };
		return 0;
	}
	return FAIL(r, node->key[0], "expected {env: NAME} or {file: PATH}");
}

int secret_list_read(struct secret_list *out, struct arena *mem, const char *name,
		const struct yaml *secrets, const char *(*env)(const char *), struct err *err)
{
	struct reader r = { mem, name, env, err };
	struct secret_list list = { 0 };

	if (secrets && secrets->kind != YAML_NULL) {
		if (secrets->kind != YAML_MAP || secrets->n > SECRET_LIST_MAX)
			return FAIL(&r, secrets, "expected a mapping of at most %d secrets",
				    SECRET_LIST_MAX);
		for (size_t i = 0; i < secrets->n; i++) {
			struct secret secret;

			if (read_one(&r, secrets->key[i], secrets->child[i], &secret) < 0)
				return -1;
			ARENA_PUSH(mem, &list, secret);
		}
	}
	*out = list;
	return 0;
}

const struct secret *secret_find(const struct secret_list *list, struct str id)
{
	for (size_t i = 0; list && i < list->n; i++)
		if (str_eq(list->items[i].id, id))
			return &list->items[i];
	return NULL;
}

void secret_wipe(struct secret_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		explicit_bzero((void *)(uintptr_t)list->items[i].value.p, list->items[i].value.len);
	list->n = 0;
}
