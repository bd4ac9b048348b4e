/* describe_text.c - an environment for people. */
#include "environment/environment.h"

#include <inttypes.h>

/* In single quotes: YAML changes nothing in there but a doubled quote; line ends and tabs are shown as what they are in double ones. */
static void add_quoted(struct buf *out, struct str s)
{
	const bool lines = str_find_byte(s, '\n') != SIZE_MAX || str_find_byte(s, '\t') != SIZE_MAX;

	buf_add_byte(out, lines ? '"' : '\'');
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (lines && (c == '\n' || c == '\t'))
			buf_add(out, c == '\n' ? STR("\\n") : STR("\\t"));
		else if (lines && (c == '"' || c == '\\'))
			buf_printf(out, "\\%c", c);
		else if (!lines && c == '\'')
			buf_add(out, STR("''"));
		else
			buf_add_byte(out, c);
	}
	buf_add_byte(out, lines ? '"' : '\'');
}

static void add_one(struct buf *out, const char *key, struct str value)
{
	if (!value.len)
		return;
	buf_printf(out, "%s: ", key);
	add_quoted(out, value);
	buf_add_byte(out, '\n');
}

static void add_list(struct buf *out, const char *key, const struct str_list *list)
{
	if (list->n)
		buf_printf(out, "%s:\n", key);
	for (size_t i = 0; i < list->n; i++) {
		buf_add(out, STR("  - "));
		add_quoted(out, list->items[i]);
		buf_add_byte(out, '\n');
	}
}

static void add_env(struct buf *out, const struct str_list *env)
{
	if (env->n)
		buf_add(out, STR("env:\n"));
	for (size_t i = 0; i < env->n; i++) {
		const size_t equals = str_find_byte(env->items[i], '=');

		buf_printf(out, "  %.*s: ", STR_ARG(str_sub(env->items[i], 0, equals)));
		add_quoted(out, str_from(env->items[i], equals + 1));
		buf_add_byte(out, '\n');
	}
}

static void add_service(struct buf *out, const struct environment_service *s)
{
	buf_printf(out, "  - name: %.*s\n    command: ", STR_ARG(s->name));
	add_quoted(out, s->command);
	if (s->ready.len) {
		buf_add(out, STR("\n    ready: "));
		add_quoted(out, s->ready);
	}
	if (s->port)
		buf_printf(out, "\n    port: %" PRIu32, s->port);
	if (s->data.len) {
		buf_add(out, STR("\n    data: "));
		add_quoted(out, s->data);
	}
	buf_printf(out, "\n    within: %" PRIu64 "ms\n", s->within_ms);
}

void environment_text(struct buf *out, const struct environment *e)
{
	buf_printf(out, "# from %.*s\n", STR_ARG(e->where));
	for (size_t i = 0; i < e->ignored.n; i++)
		buf_printf(out, "# ignored: %.*s\n", STR_ARG(e->ignored.items[i]));
	add_one(out, "image", e->image);
	add_one(out, "profile", e->profile);
	add_list(out, "packages", &e->packages);
	add_list(out, "setup", &e->setup);
	add_env(out, &e->env);
	add_list(out, "files", &e->files);
	buf_printf(out, "refresh: %" PRIu64 "ms\n", e->refresh_ms);
	if (e->services.n)
		buf_add(out, STR("services:\n"));
	for (size_t i = 0; i < e->services.n; i++)
		add_service(out, &e->services.items[i]);
}
