#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scope.h"
#include "command.h"
#include "option.h"
#include "serve/log.h"
#include "serve/roles.h"

enum { MEMORY = 16 << 20 }; /* the settings */

static void usage(const struct option *options)
{
	printf("usage: outrider serve --config FILE\n\n"
	       "Runs the service: webhooks in, reviews out. docs/service.md tells how to set it up.\n\n");
	options_help(options);
}

static int run(const char *config, const char *role_name, unsigned supervisor, const char *name,
	       bool check, struct err *err)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct settings settings;
	enum role_kind role = ROLE_SUPERVISOR;
	char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	struct role_options options = { .program = program, .config = config, .name = name,
					.supervisor = (pid_t)supervisor };

	arena_init(&mem, MEMORY);
	if (n < 0)
		return err_errno(err, "cannot find this program");
	program[n] = '\0';
	if (role_name && !role_kind_parse(str_of(role_name), &role))
		return err_input(err, "--role is supervisor, gateway, broker or worker, not '%s'",
				 role_name);
	if (settings_read(&settings, &mem, config, err))
		return -1;
	if (check) {
		printf("%s: %zu integration%s, as it should be\n", config, settings.integrations.n,
		       settings.integrations.n == 1 ? "" : "s");
		return 0;
	}
	return role_run(role, &settings, &options, err);
}

int cmd_serve(int argc, char **argv)
{
	AUTO_ARENA struct arena mem = { 0 };
	const char *config = "/etc/outrider/outrider.yml", *role = NULL, *name = NULL;
	unsigned supervisor = 0;
	bool help = false, check = false;
	const struct option options[] = {
		{ "--config", 'c', OPTION_TEXT, &config, "FILE",
		  "the settings; default: /etc/outrider/outrider.yml" },
		{ "--check", 0, OPTION_FLAG, &check, NULL, "only read the settings" },
		{ "--role", 0, OPTION_TEXT, &role, "ROLE",
		  "only one of its processes: gateway, broker or worker" },
		{ "--name", 0, OPTION_TEXT, &name, "NAME", "of a worker; default: host and process" },
		{ "--supervisor", 0, OPTION_NUMBER, &supervisor, "PID", "end when that process ends" },
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct text_list rest = { 0 };
	struct err err;

	arena_init(&mem, 1 << 20);
	if (options_read(options, argc, argv, &rest, &mem, &err))
		return report_error(&err);
	if (help) {
		usage(options);
		return EXIT_CLEAN;
	}
	if (rest.n) {
		fprintf(stderr, "outrider: serve takes no argument '%s'\n", rest.items[0]);
		return EXIT_USAGE;
	}
	return run(config, role, supervisor, name, check, &err) ? report_error(&err) : EXIT_CLEAN;
}
