/* cmd_sandbox_probe.c - what this host can do for a sandbox. */
#include <stdio.h>

#include "base/file.h"
#include "base/scope.h"
#include "command.h"
#include "option.h"
#include "sandbox/lack.h"
#include "sandbox/probe.h"

static void usage(const struct option *table)
{
	printf("usage: outrider sandbox probe [OPTIONS]\n\n"
	       "Tries each wall on this host, as this user, and tells what is missing and the mend.\n\n");
	options_help(table);
	printf("\nexit codes: 0 all works, 1 something is missing, 2 wrong input\n");
}

/* What happens where a wall is missing: of no host, but of the built-in policies. */
static int print_table(struct str format, struct err *err)
{
	AUTO_BUF struct buf out = { 0 };

	if (str_eq(format, STR("text")))
		lack_text(&out);
	else if (str_eq(format, STR("markdown")))
		lack_markdown(&out);
	else if (!str_eq(format, STR("json")))
		return err_input(err, "--format is text, json or markdown, not '%.*s'", STR_ARG(format));
	else if (lack_json(&out, err))
		return -1;
	return file_write_fd(STDOUT_FILENO, buf_str(&out), err) ? -1 : EXIT_CLEAN;
}

static int print(struct str format, struct err *err)
{
	AUTO_BUF struct buf out = { 0 };
	struct probe probe;
	bool all = true;

	probe_run(&probe);
	/* why not is told as the mend of the walls that are missing */
	(void)probe_bubble(&probe, "/usr/bin/bwrap", false, NULL);
	if (str_eq(format, STR("text")))
		probe_text(&out, &probe);
	else if (!str_eq(format, STR("json")))
		return err_input(err, "--format is text or json, not '%.*s'", STR_ARG(format));
	else if (probe_json(&out, &probe, err))
		return -1;
	for (int l = 0; l < LAYERS; l++)
		all &= probe.layers[l].works;
	if (file_write_fd(STDOUT_FILENO, buf_str(&out), err))
		return -1;
	return all ? EXIT_CLEAN : EXIT_FINDINGS;
}

int cmd_sandbox_probe(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct text_list rest = { 0 };
	const char *format = "text";
	bool help = false, walls = false;
	const struct option table[] = {
		{ "--format", 'f', OPTION_TEXT, &format, "FORMAT", "text or json; of --table markdown, too" },
		{ "--table", 0, OPTION_FLAG, &walls, NULL, "instead: what happens on a host that lacks a wall, for each trust" },
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct err err;
	int code = -1;

	arena_init(&mem, 1 << 20);
	if (options_read(table, argc, argv, &rest, &mem, &err) == 0) {
		if (help) {
			usage(table);
			return EXIT_CLEAN;
		}
		code = rest.n ? err_input(&err, "`sandbox probe` takes no arguments, only options")
			      : (walls ? print_table : print)(str_of(format), &err);
	}
	return code < 0 ? report_error(&err) : code;
}
