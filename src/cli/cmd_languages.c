#include <stdio.h>

#include "command.h"
#include "syntax/language.h"

static void print_list(const char *const *list, const char *before)
{
	for (; *list; list++)
		printf("%s%s ", before, *list);
}

int cmd_languages(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fprintf(stderr, "outrider: `languages` takes no arguments\n");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < language_count; i++) {
		const struct language *l = &language_table[i];

		printf("%-12s ", l->name);
		print_list(l->extensions, ".");
		print_list(l->files, "");
		printf("%s\n", l->grammar ? "" : "(no grammar: rules see its lines)");
	}
	return EXIT_CLEAN;
}
