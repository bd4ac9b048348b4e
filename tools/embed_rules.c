/*
 * embed_rules.c - a build tool: compiles the rule files of the tree once, so that a broken one breaks the build, and
 * writes them with what must be known before they are needed (src/rules/builtin.h) as C.
 *
 *   embed_rules OUT.c LIST
 *
 * LIST has a line NAME=file for each rule file: more files than a command line may hold.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/scope.h"
#include "ruleset_private.h"

enum { LARGEST_FILE = 1 << 20, MEMORY = 256 << 20, LINE = 100, ROW = 16 };

static _Noreturn void die(void *payload, const char *text)
{
	(void)payload;
	fprintf(stderr, "embed_rules: %s\n", text);
	exit(1);
}

struct file_list {
	struct rule_source *items;
	size_t              n, cap;
};

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

static void read_files(struct file_list *files, struct arena *mem, const char *list)
{
	struct str text, line, name;
	struct err err;

	if (file_read(&text, mem, list, LARGEST_FILE, &err) < 0)
		die(NULL, err.text);
	while (str_cut_line(&text, &line)) {
		struct rule_source file = { 0 };

		if (!str_cut(&line, '=', &name) || line.len == 0)
			die(NULL, "the list has lines NAME=file");
		file.name = arena_z(mem, name);
		if (file_read(&file.text, mem, arena_z(mem, line), LARGEST_FILE, &err) < 0)
			die(NULL, err.text);
		ARENA_PUSH(mem, files, file);
	}
}

static void write_files(struct buf *out, const struct file_list *files)
{
	buf_add(out, STR("static const struct builtin_file files[] = {\n"));
	for (size_t i = 0; i < files->n; i++) {
		struct str text = files->items[i].text;

		buf_add(out, STR("\t{ "));
		add_literal(out, str_of(files->items[i].name));
		buf_printf(out, ", %zu,\n", text.len);
		for (; text.len; text = str_from(text, LINE)) {
			buf_add(out, STR("\t  "));
			add_literal(out, str_sub(text, 0, LINE));
			buf_add_byte(out, '\n');
		}
		buf_add(out, STR("\t  \"\" },\n"));
	}
	buf_add(out, STR("};\n\n"));
}

/* As a string of 16-bit characters: a compiler takes minutes and gigabytes for an initializer of a million numbers. */
static void write_numbers(struct buf *out, const char *name, size_t k, const uint16_t *list,
			  size_t n)
{
	buf_printf(out, "static const uint16_t %s_%zu[] =", name, k);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s\\x%x", i % ROW ? "" : i ? "\"\n\tu\"" : "\n\tu\"", list[i]);
	buf_add(out, STR("\";\n"));
}

static void write_prefilter(struct buf *out, size_t k, const struct prefilter *p)
{
	write_numbers(out, "next", k, p->next, (size_t)p->n_states << p->shift);
	write_numbers(out, "literal", k, p->literal, p->n_states);
	write_numbers(out, "also", k, p->also, p->n_states);
	buf_printf(out, "static const struct prefilter prefilter_%zu = {\n\t{", k);
	for (size_t i = 0; i < COUNT(p->classes); i++)
		buf_printf(out, "%s %u,", i % ROW ? "" : "\n\t ", p->classes[i]);
	buf_printf(out, "\n\t}, %u, %u, %u, %u, next_%zu, literal_%zu, also_%zu\n};\n",
		   p->n_classes, p->n_states, p->n_literals, p->shift, k, k, k);
}

static size_t file_of(const struct file_list *files, const struct rule_entry *entry)
{
	size_t i = 0;

	while (!str_eq(str_of(files->items[i].name), entry->source))
		i++;
	return i;
}

/* A rule's row; its numbers go to `needs`, of which *n_needs are written. */
static void write_rule(struct buf *out, const struct rule_entry *entry, size_t file,
		       struct buf *needs, size_t *n_needs)
{
	const uint16_t *at = entry->needs;
	size_t n = 1;

	buf_add(out, STR("\t{ "));
	add_literal(out, entry->id);
	buf_add(out, STR(", "));
	add_literal(out, entry->category);
	buf_printf(out, ", %zu, %d, %d, %d, %d, %zu },\n", file, (int)entry->severity,
		   (int)entry->confidence, entry->skip_tests, entry->off_by_default,
		   at ? *n_needs : 0);
	for (size_t clauses = at ? at[0] & 0x7fff : 0; clauses; clauses--)
		n += 1 + at[n];
	for (size_t i = 0; at && i < n; i++)
		buf_printf(needs, "%s%u,", (*n_needs)++ % ROW ? " " : "\n\t", at[i]);
}

static void write_language(struct buf *out, const struct language_rules *rules, size_t k,
			   const struct file_list *files, struct buf *needs, size_t *n_needs)
{
	if (rules->slots.n == 0)
		return;
	if (rules->prefilter)
		write_prefilter(out, k, rules->prefilter);
	buf_printf(out, "static const struct builtin_rule rules_%zu[] = {\n", k);
	for (size_t i = 0; i < rules->slots.n; i++) {
		const struct rule_entry *entry = rules->slots.items[i].entry;

		write_rule(out, entry, file_of(files, entry), needs, n_needs);
	}
	buf_add(out, STR("};\n\n"));
}

static void write_table(struct buf *out, const struct ruleset *set, const struct file_list *files)
{
	AUTO_BUF struct buf needs = { 0 };
	size_t n_needs = 1; /* the first is not used: 0 says that nothing is known */

	buf_add(out, STR("/* Made from the rule files of the tree. */\n#include \"builtin.h\"\n\n"));
	write_files(out, files);
	for (size_t k = 0; k < language_count; k++)
		write_language(out, &set->languages[k], k, files, &needs, &n_needs);
	buf_printf(out, "static const uint16_t needs[] = { 0,%.*s\n};\n\n",
		   STR_ARG(buf_str(&needs)));
	buf_add(out, STR("static const struct builtin_language languages[] = {\n"));
	for (size_t k = 0; k < language_count; k++) {
		const struct language_rules *rules = &set->languages[k];

		if (rules->slots.n == 0)
			buf_add(out, STR("\t{ NULL, 0, NULL },\n"));
		else if (!rules->prefilter)
			buf_printf(out, "\t{ rules_%zu, %zu, NULL },\n", k, rules->slots.n);
		else
			buf_printf(out, "\t{ rules_%zu, %zu, &prefilter_%zu },\n", k,
				   rules->slots.n, k);
	}
	buf_printf(out, "};\n\nconst struct builtin_table builtin_table = { files, %zu, needs, languages };\n",
		   files->n);
}

static void check_single(const struct rule_source *file, struct arena *mem)
{
	struct yaml_docs docs;
	struct err err;

	if (yaml_load(&docs, mem, file->name, file->text, &err) < 0)
		die(NULL, err.text);
	if (docs.n != 1)
		die(NULL, arena_printf(mem, "%s: a rule file of the program holds one rule", file->name).p);
}

int main(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf out = { 0 };
	struct file_list files = { 0 };
	struct ruleset *set = ruleset_new();
	struct err err;

	arena_init(&mem, MEMORY);
	if (argc != 3 || !set) {
		fprintf(stderr, "usage: embed_rules OUT.c LIST\n");
		return 2;
	}
	read_files(&files, &mem, argv[2]);
	for (size_t i = 0; i < files.n; i++) {
		check_single(&files.items[i], &mem);
		ruleset_add(set, &files.items[i], NULL, 0, die, NULL);
	}
	ruleset_prepare(set);
	write_table(&out, set, &files);
	ruleset_free(set);
	if (file_replace(argv[1], buf_str(&out), &err) < 0)
		die(NULL, err.text);
	return 0;
}
