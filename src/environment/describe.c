/* describe.c - `environment:` of a repository's configuration. */
#include "describe.h"

#include "base/scope.h"
#include "sandbox/run.h"
#include "sandbox/values.h"

enum {
	WITHIN_MS = 30000,      /* a database that replays its log */
	WITHIN_MOST_MS = 600000,
	REFRESH_LEAST_MS = 60000, /* less is no snapshot */
};
#define REFRESH_MOST_MS UINT64_C(31536000000) /* a year */

int describe_text(struct reader *r, const struct yaml *node, struct str *out)
{
	if (reader_expect(r, node, YAML_SCALAR, "a string"))
		return -1;
	if (node->text.len > ENVIRONMENT_MAX_COMMAND)
		return yaml_error(r->err, r->name, node, "longer than %d bytes", ENVIRONMENT_MAX_COMMAND);
	for (size_t i = 0; i < node->text.len; i++) {
		unsigned char c = (unsigned char)node->text.p[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return yaml_error(r->err, r->name, node, "a control character");
	}
	*out = node->text;
	return 0;
}

static bool is_word(struct str s, const char *more)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr(more, c))
			return false;
	}
	return s.len > 0 && s.len <= ENVIRONMENT_MAX_NAME;
}

/* ---- packages, image ---- */

static int read_image(struct reader *r, const struct yaml *node, void *to)
{
	struct environment *e = to;

	if (value_text(r, node, &e->image))
		return -1;
	if (e->image.len == 0)
		return yaml_error(r->err, r->name, node, "an empty name");
	e->image_at = node;
	return 0;
}

static bool has_item(const struct str_list *list, struct str item)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i], item))
			return true;
	return false;
}

/* In order: ["b", "a"] is the same root as ["a", "b"]. */
static void sort(struct str_list *list)
{
	for (size_t i = 1; i < list->n; i++)
		for (size_t j = i; j > 0 && str_cmp(list->items[j - 1], list->items[j]) > 0; j--) {
			struct str item = list->items[j];

			list->items[j] = list->items[j - 1];
			list->items[j - 1] = item;
		}
}

static int read_packages(struct reader *r, const struct yaml *node, void *to)
{
	struct environment *e = to;
	struct str_list list, once = { 0 };

	if (value_list(r, node, &list))
		return -1;
	if (list.n > ENVIRONMENT_MAX_PACKAGES)
		return yaml_error(r->err, r->name, node, "more than %d packages", ENVIRONMENT_MAX_PACKAGES);
	for (size_t i = 0; i < list.n; i++) {
		/* Debian's policy: no options of a program, no versions, no architectures can be smuggled in */
		if (!is_word(list.items[i], "+-.") || list.items[i].p[0] == '-' || list.items[i].p[0] == '+' ||
		    list.items[i].p[0] == '.' || str_ends(list.items[i], STR("-")))
			return yaml_error(r->err, r->name, node->child[i],
					  "expected the name of a Debian package (a-z, 0-9, '+', '-', '.')");
		if (!has_item(&once, list.items[i]))
			ARENA_PUSH(r->mem, &once, list.items[i]);
	}
	sort(&once);
	e->packages = once;
	e->packages_at = node;
	return 0;
}

static int read_profile(struct reader *r, const struct yaml *node, void *to)
{
	return value_text(r, node, &((struct environment *)to)->profile);
}

/* ---- set-up, variables, files ---- */

int describe_setup(struct reader *r, const struct yaml *at, struct str command, struct environment *to)
{
	if (str_trim(command).len == 0)
		return yaml_error(r->err, r->name, at, "an empty command");
	if (to->setup.n >= ENVIRONMENT_MAX_SETUP)
		return yaml_error(r->err, r->name, at, "more than %d set-up commands", ENVIRONMENT_MAX_SETUP);
	if (!to->setup_at)
		to->setup_at = at;
	ARENA_PUSH(r->mem, &to->setup, command);
	return 0;
}

static int read_setup(struct reader *r, const struct yaml *node, void *to)
{
	if (reader_expect(r, node, YAML_SEQ, "a list of commands"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct str command;

		if (describe_text(r, node->child[i], &command) || describe_setup(r, node->child[i], command, to))
			return -1;
	}
	return 0;
}

static bool is_variable(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return name.len > 0 && name.len <= ENVIRONMENT_MAX_NAME;
}

int describe_variable(struct reader *r, const struct yaml *name, const struct yaml *value, struct environment *to)
{
	struct str text, entry, head;

	if (!is_variable(name->text))
		return yaml_error(r->err, r->name, name, "expected the name of a variable (letters, digits, '_')");
	if (describe_text(r, value, &text))
		return -1;
	entry = arena_printf(r->mem, "%.*s=%.*s", STR_ARG(name->text), STR_ARG(text));
	head = str_sub(entry, 0, name->text.len + 1);
	for (size_t i = 0; i < to->env.n; i++)
		if (str_starts(to->env.items[i], head)) {
			to->env.items[i] = entry;
			return 0;
		}
	if (to->env.n >= ENVIRONMENT_MAX_ENV)
		return yaml_error(r->err, r->name, name, "more than %d variables", ENVIRONMENT_MAX_ENV);
	ARENA_PUSH(r->mem, &to->env, entry);
	return 0;
}

static int read_env(struct reader *r, const struct yaml *node, void *to)
{
	if (reader_expect(r, node, YAML_MAP, "a mapping of names to values"))
		return -1;
	for (size_t i = 0; i < node->n; i++)
		if (describe_variable(r, node->key[i], node->child[i], to))
			return -1;
	return 0;
}

static bool is_below(struct str path)
{
	struct str part;

	if (path.len == 0 || path.p[0] == '/' || str_ends(path, STR("/")))
		return false;
	while (str_cut(&path, '/', &part))
		if (part.len == 0 || str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return false;
	return true;
}

static int read_files(struct reader *r, const struct yaml *node, void *to)
{
	struct str_list list;

	if (value_list(r, node, &list))
		return -1;
	if (list.n > ENVIRONMENT_MAX_FILES)
		return yaml_error(r->err, r->name, node, "more than %d files", ENVIRONMENT_MAX_FILES);
	for (size_t i = 0; i < list.n; i++)
		if (!is_below(list.items[i]))
			return yaml_error(r->err, r->name, node->child[i],
					  "expected the path of a file in the repository, without '.' and '..'");
	((struct environment *)to)->files = list;
	return 0;
}

static int read_refresh(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_TIME, REFRESH_LEAST_MS, REFRESH_MOST_MS,
			    &((struct environment *)to)->refresh_ms);
}

/* ---- services ---- */

static int read_name(struct reader *r, const struct yaml *node, void *to)
{
	struct environment_service *s = to;

	if (value_text(r, node, &s->name))
		return -1;
	return is_word(s->name, "-") && s->name.p[0] != '-'
		       ? 0
		       : yaml_error(r->err, r->name, node, "expected a name (a-z, 0-9, '-')");
}

static int read_command(struct reader *r, const struct yaml *node, void *to)
{
	return describe_text(r, node, &((struct environment_service *)to)->command);
}

static int read_ready(struct reader *r, const struct yaml *node, void *to)
{
	return describe_text(r, node, &((struct environment_service *)to)->ready);
}

static int read_port(struct reader *r, const struct yaml *node, void *to)
{
	return reader_number(r, node, 1, 65535, &((struct environment_service *)to)->port);
}

static int read_within(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_TIME, 1000, WITHIN_MOST_MS, &((struct environment_service *)to)->within_ms);
}

static int read_data(struct reader *r, const struct yaml *node, void *to)
{
	struct environment_service *s = to;
	struct str path, below = { 0 };

	if (value_text(r, node, &path))
		return -1;
	if (str_starts(path, STR(SANDBOX_HOME "/")))
		below = str_from(path, strlen(SANDBOX_HOME "/"));
	else if (str_starts(path, STR(SANDBOX_WORK "/")))
		below = str_from(path, strlen(SANDBOX_WORK "/"));
	if (!is_below(below))
		return yaml_error(r->err, r->name, node,
				  "expected a folder below " SANDBOX_HOME " or " SANDBOX_WORK ", without '.' and '..'");
	s->data = path;
	return 0;
}

static const struct key service_keys[] = {
	{ "name", read_name },     { "command", read_command }, { "ready", read_ready },
	{ "port", read_port },     { "within", read_within },   { "data", read_data },
};

static int check_service(struct reader *r, const struct yaml *at, const struct environment *e,
			 const struct environment_service *s)
{
	if (s->name.len == 0 || str_trim(s->command).len == 0)
		return yaml_error(r->err, r->name, at, "the key '%s' is missing", s->name.len ? "command" : "name");
	if (s->ready.len && s->port)
		return yaml_error(r->err, r->name, at, "`ready` and `port` exclude each other");
	for (size_t i = 0; i < e->services.n; i++)
		if (str_eq(e->services.items[i].name, s->name))
			return yaml_error(r->err, r->name, at, "a second service '%.*s'", STR_ARG(s->name));
	return 0;
}

static int read_services(struct reader *r, const struct yaml *node, void *to)
{
	struct environment *e = to;

	if (reader_expect(r, node, YAML_SEQ, "a list of services"))
		return -1;
	if (node->n > ENVIRONMENT_MAX_SERVICES)
		return yaml_error(r->err, r->name, node, "more than %d services", ENVIRONMENT_MAX_SERVICES);
	for (size_t i = 0; i < node->n; i++) {
		struct environment_service s = { .within_ms = WITHIN_MS };

		if (reader_keys(r, node->child[i], service_keys, COUNT(service_keys), &s) ||
		    check_service(r, node->child[i], e, &s))
			return -1;
		ARENA_PUSH(r->mem, &e->services, s);
	}
	return 0;
}

/* ---- the whole ---- */

static const struct key keys[] = {
	{ "image", read_image },     { "packages", read_packages }, { "profile", read_profile },
	{ "setup", read_setup },     { "env", read_env },           { "files", read_files },
	{ "refresh", read_refresh }, { "services", read_services },
};

void environment_init(struct environment *out, struct str where)
{
	*out = (struct environment){ .where = where, .refresh_ms = ENVIRONMENT_REFRESH_MS };
}

int environment_read(struct environment *out, struct reader *r, const struct yaml *node)
{
	struct environment e;

	environment_init(&e, str_of(r->name));
	if (reader_keys(r, node, keys, COUNT(keys), &e))
		return -1;
	if (e.image.len && e.packages.n)
		return yaml_error(r->err, r->name, e.packages_at,
				  "`image` and `packages` exclude each other: an image has its own");
	*out = e;
	return 0;
}

static void canon_text(struct buf *out, struct str s)
{
	buf_printf(out, "%zu:", s.len);
	buf_add(out, s);
}

static void canon_list(struct buf *out, const char *name, const struct str_list *list)
{
	buf_printf(out, "\n%s %zu ", name, list->n);
	for (size_t i = 0; i < list->n; i++)
		canon_text(out, list->items[i]);
}

void environment_canon(struct buf *out, const struct environment *e)
{
	buf_add(out, STR("image "));
	canon_text(out, e->image);
	buf_add(out, STR("\nprofile "));
	canon_text(out, e->profile);
	canon_list(out, "packages", &e->packages);
	canon_list(out, "setup", &e->setup);
	canon_list(out, "env", &e->env);
	canon_list(out, "files", &e->files);
	/* their folders are made before set-up */
	for (size_t i = 0; i < e->services.n; i++) {
		buf_add(out, STR("\ndata "));
		canon_text(out, e->services.items[i].data);
	}
}
