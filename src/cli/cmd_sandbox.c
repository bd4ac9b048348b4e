#include <stdio.h>
#include <string.h>

#include "command.h"

static const struct command commands[] = {
	{ "run", "run a command behind the walls of a policy", cmd_sandbox_run },
	{ "fetch", "fill a cache of packages, named by its inputs, for runs without a network", cmd_sandbox_fetch },
	{ "learn", "what green runs needed, as a change of their policy", cmd_sandbox_learn },
	{ "probe", "what this host can do for a sandbox, and what is missing", cmd_sandbox_probe },
	{ "selftest", "try every known way out of the sandbox on this host", cmd_sandbox_selftest },
	{ NULL, NULL, NULL },
};

static void usage(FILE *to)
{
	fprintf(to, "usage: outrider sandbox COMMAND [OPTIONS]\n\n");
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-10s %s\n", c->name, c->about);
}

int cmd_sandbox(int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return EXIT_CLEAN;
	}
	for (const struct command *c = commands; argc > 1 && c->name; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "outrider: there is no command 'sandbox %s'\n\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
