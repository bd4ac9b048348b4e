#include <stdio.h>

#include "base/scope.h"
#include "output.h"
#include "queue/keys.h"

static void usage(const struct option *table)
{
	printf("usage: outrider keys new NAME.key\n"
	       "       outrider keys show NAME.key\n"
	       "       outrider keys allow LIST KEY NAME\n"
	       "       outrider keys list LIST\n"
	       "       outrider keys remove LIST KEY-OR-NAME\n\n"
	       "Key pairs for brokers and workers on different machines. `new` makes a pair in a file that only\n"
	       "you may read and prints the public key; `allow` adds a worker's public key to the broker's list.\n\n");
	options_help(table);
	printf("\nexit codes: 0 done, 2 wrong input\n");
}

static int new_key(const struct text_list *args, struct arena *mem, struct err *err)
{
	struct key_pair pair AUTO(key_wipe) = { "", "" };

	(void)mem;
	if (key_generate(&pair, err) < 0 || key_write(args->items[1], &pair, err) < 0)
		return -1;
	puts(pair.public_key);
	return 0;
}

static int show_key(const struct text_list *args, struct arena *mem, struct err *err)
{
	struct key_pair pair AUTO(key_wipe) = { "", "" };

	(void)mem;
	if (key_read(&pair, args->items[1], err) < 0)
		return -1;
	puts(pair.public_key);
	return 0;
}

static int allow_key(const struct text_list *args, struct arena *mem, struct err *err)
{
	bool changed;

	(void)mem;
	if (allow_add(args->items[1], str_of(args->items[2]), str_of(args->items[3]), &changed, err) < 0)
		return -1;
	printf("%s %s\n", args->items[3], changed ? "is allowed" : "was allowed already");
	return 0;
}

static int list_keys(const struct text_list *args, struct arena *mem, struct err *err)
{
	struct allow_list list;

	if (allow_read(&list, mem, args->items[1], err) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++)
		printf("%s %.*s\n", list.items[i].key, STR_ARG(list.items[i].name));
	return 0;
}

static int remove_key(const struct text_list *args, struct arena *mem, struct err *err)
{
	bool found;

	(void)mem;
	if (allow_remove(args->items[1], str_of(args->items[2]), &found, err) < 0)
		return -1;
	if (!found)
		return err_input(err, "'%s' is not in '%s'", args->items[2], args->items[1]);
	printf("%s is no longer allowed\n", args->items[2]);
	return 0;
}

static const struct {
	const char *name;
	size_t      words; /* with its own */
	int (*run)(const struct text_list *args, struct arena *mem, struct err *err);
} actions[] = {
	{ "new", 2, new_key },       { "show", 2, show_key },	   { "allow", 4, allow_key },
	{ "list", 2, list_keys },    { "remove", 3, remove_key },
};

static int run(const struct text_list *args, const struct option *table, struct arena *mem,
	       struct err *err)
{
	for (size_t i = 0; i < COUNT(actions); i++)
		if (args->n == actions[i].words && strcmp(args->items[0], actions[i].name) == 0)
			return actions[i].run(args, mem, err) < 0 ? report_error(err) : EXIT_CLEAN;
	usage(table);
	return EXIT_USAGE;
}

int cmd_keys(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct text_list args = { 0 };
	bool help = false;
	const struct option table[] = {
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct err err;

	arena_init(&mem, 64 << 20);
	if (options_read(table, argc, argv, &args, &mem, &err) < 0)
		return report_error(&err);
	if (help) {
		usage(table);
		return EXIT_CLEAN;
	}
	return run(&args, table, &mem, &err);
}
