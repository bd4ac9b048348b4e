#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "command.h"

static const struct command commands[] = {
	{ "review", "review a change: what a commit, a branch, the index or the work tree adds",
	  cmd_review },
	{ "scan", "look at whole files", cmd_scan },
	{ "rules", "list or test rules", cmd_rules },
	{ "keys", "make and allow the keys of brokers and workers", cmd_keys },
	{ "audit", "check or ask the audit log of sandboxed runs", cmd_audit },
	{ "shadow", "what would have been said on the last merged pull requests", cmd_shadow },
	{ "analyst", NULL, cmd_analyst }, /* for our own workers: not in the help */
	{ "languages", "list the languages and their files", cmd_languages },
	{ "serve", "run the service: webhooks in, reviews out", cmd_serve },
	{ "worker", "do jobs for a broker on another machine", cmd_worker },
	{ "doctor", "check a set-up of the service", cmd_doctor },
	{ "env", "build and tests of a repository in its environment: packages, set-up, services", cmd_env },
	{ "sandbox", "run untrusted code behind walls, or try these walls", cmd_sandbox },
	{ NULL, NULL, NULL },
};

static void usage(FILE *to)
{
	fprintf(to, "Outrider reviews changes before people look.\n\n"
		    "usage: outrider COMMAND [OPTIONS]\n\n");
	for (const struct command *c = commands; c->name; c++)
		if (c->about)
			fprintf(to, "  %-10s %s\n", c->name, c->about);
	fprintf(to, "\n`outrider COMMAND --help` tells the options of a command.\n");
}

int report_error(const struct err *err)
{
	fprintf(stderr, "outrider: %s\n", err->text);
	return err->kind == ERR_INPUT || err->kind == ERR_PERM ? EXIT_USAGE : EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	struct rlimit core;

	/* a reader that went away is an error of write(), not our end */
	signal(SIGPIPE, SIG_IGN);
	/* a core would hold secrets, in a folder that nobody watches */
	if (getrlimit(RLIMIT_CORE, &core) == 0) {
		core.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &core);
	}
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return EXIT_CLEAN;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		printf("outrider " OUTRIDER_VERSION "\n");
		return EXIT_CLEAN;
	}
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	fprintf(stderr, "outrider: there is no command '%s'\n\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
