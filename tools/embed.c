/*
 * embed.c - a build tool: turns the language profiles, and plain files, into C tables.
 *
 *   embed languages OUT.c NAME=profile.yml...
 *   embed texts SYMBOL OUT.c NAME=file...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/scope.h"
#include "base/yaml.h"

enum { LARGEST_FILE = 1 << 20 };

static _Noreturn void die(const struct err *err)
{
	fprintf(stderr, "embed: %s\n", err->text);
	exit(1);
}

static void add_literal(struct buf *out, struct str s)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\' || c < 0x20 || c >= 0x7f || c == '?')
			buf_printf(out, "\\%03o", c);
		else
			buf_add_byte(out, s.p[i]);
	}
	buf_add_byte(out, '"');
}

static void add_list(struct buf *out, const char *member, const struct yaml *list)
{
	buf_printf(out, "\t\t.%s = (const char *const[]){ ", member);
	for (size_t i = 0; list && i < list->n; i++) {
		add_literal(out, list->child[i]->text);
		buf_add(out, STR(", "));
	}
	buf_add(out, STR("NULL },\n"));
}

static void add_definitions(struct buf *out, const struct yaml *map)
{
	buf_add(out, STR("\t\t.definitions = (const struct definition_kind[]){ "));
	for (size_t i = 0; map && i < map->n; i++) {
		buf_add(out, STR("{ "));
		add_literal(out, map->key[i]->text);
		buf_add(out, STR(", "));
		add_literal(out, map->child[i]->text);
		buf_add(out, STR(" }, "));
	}
	buf_add(out, STR("{ NULL, NULL } },\n"));
}

static void add_language(struct buf *out, struct buf *externs, const struct yaml *profile)
{
	const struct yaml *symbol = yaml_get(profile, "symbol");

	buf_add(out, STR("\t{\n\t\t.name = "));
	add_literal(out, yaml_get(profile, "name")->text);
	buf_add(out, STR(",\n\t\t.expando = "));
	add_literal(out, yaml_get(profile, "expando")->text);
	buf_add(out, STR(",\n"));
	add_list(out, "aliases", yaml_get(profile, "aliases"));
	add_list(out, "extensions", yaml_get(profile, "extensions"));
	add_list(out, "files", yaml_get(profile, "files"));
	add_list(out, "interpreters", yaml_get(profile, "interpreters"));
	add_list(out, "strings", yaml_get(profile, "strings"));
	add_list(out, "tests", yaml_get(profile, "tests"));
	add_definitions(out, yaml_get(profile, "definitions"));
	if (symbol) {
		buf_printf(out, "\t\t.grammar = %.*s,\n", STR_ARG(symbol->text));
		buf_printf(externs, "extern const struct TSLanguage *%.*s(void);\n",
			   STR_ARG(symbol->text));
	}
	buf_add(out, STR("\t},\n"));
}

static struct str read_input(struct arena *mem, char *arg, struct str *name)
{
	struct err err;
	struct str text;
	char *path = strchr(arg, '=');

	if (!path) {
		(void)err_input(&err, "NAME=file is expected, not '%s'", arg);
		die(&err);
	}
	*name = (struct str){ arg, (size_t)(path - arg) };
	if (file_read(&text, mem, path + 1, LARGEST_FILE, &err) < 0)
		die(&err);
	return text;
}

static void check_profile(const char *name, const struct yaml *profile)
{
	static const char *const known[] = { "name", "aliases", "extensions", "files",
					     "interpreters", "package", "source", "symbol",
					     "expando", "definitions", "strings", "tests" };
	struct err err;

	for (size_t i = 0; i < profile->n; i++) {
		size_t k = 0;

		while (k < COUNT(known) && !str_eq(profile->key[i]->text, str_of(known[k])))
			k++;
		if (k == COUNT(known)) {
			(void)yaml_error(&err, name, profile->key[i], "unknown key '%.*s'",
				   STR_ARG(profile->key[i]->text));
			die(&err);
		}
	}
	if (!yaml_get(profile, "name") || !yaml_get(profile, "expando")) {
		(void)yaml_error(&err, name, profile, "a profile needs `name` and `expando`");
		die(&err);
	}
}

static void embed_languages(struct buf *out, int n, char **args)
{
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf externs = { 0 };
	AUTO_BUF struct buf rows = { 0 };

	arena_init(&mem, 64 << 20);
	for (int i = 0; i < n; i++) {
		struct yaml_docs docs;
		struct str name;
		struct str text = read_input(&mem, args[i], &name);
		struct err err;

		if (yaml_load(&docs, &mem, args[i], text, &err) < 0)
			die(&err);
		check_profile(args[i], docs.items[0]);
		add_language(&rows, &externs, docs.items[0]);
	}
	buf_add(out, STR("/* Made from grammars/<name>/profile.yml. */\n#include \"syntax/language.h\"\n\n"));
	buf_add(out, buf_str(&externs));
	buf_add(out, STR("\nconst struct language language_table[] = {\n"));
	buf_add(out, buf_str(&rows));
	buf_printf(out, "};\nconst size_t language_count = %d;\n", n);
}

static void add_text(struct buf *out, struct str text)
{
	buf_printf(out, "%zu,\n", text.len);
	while (text.len) {
		struct str line = str_sub(text, 0, 100);

		buf_add(out, STR("\t  "));
		add_literal(out, line);
		buf_add_byte(out, '\n');
		text = str_from(text, line.len);
	}
	buf_add(out, STR("\t  \"\" },\n"));
}

/* Plain files, for folders whose readers know what is in them. */
static void embed_texts(struct buf *out, const char *symbol, int n, char **args)
{
	AUTO_ARENA struct arena mem;

	arena_init(&mem, 64 << 20);
	buf_printf(out, "/* Made from the files of the tree. */\n#include \"embedded.h\"\n\n"
			"const struct embedded %s[] = {\n", symbol);
	for (int i = 0; i < n; i++) {
		struct str name;
		struct str text = read_input(&mem, args[i], &name);

		buf_add(out, STR("\t{ "));
		add_literal(out, name);
		buf_add(out, STR(", "));
		add_text(out, text);
	}
	buf_printf(out, "};\nconst size_t %s_count = %d;\n", symbol, n);
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf out = { 0 };
	struct err err;
	const char *path;

	if (argc > 3 && str_eq(str_of(argv[1]), STR("languages"))) {
		path = argv[2];
		embed_languages(&out, argc - 3, argv + 3);
	} else if (argc > 4 && str_eq(str_of(argv[1]), STR("texts"))) {
		path = argv[3];
		embed_texts(&out, argv[2], argc - 4, argv + 4);
	} else {
		fprintf(stderr, "usage: embed languages OUT.c NAME=profile.yml...\n"
				"       embed texts SYMBOL OUT.c NAME=file...\n");
		return 2;
	}
	if (file_replace(path, buf_str(&out), &err) < 0)
		die(&err);
	return 0;
}
