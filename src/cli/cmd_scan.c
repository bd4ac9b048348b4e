#include <stdio.h>

#include "output.h"

static void usage(const struct option *table)
{
	printf("Looks at whole files, by default all below the current folder.\n\n"
	       "usage: outrider scan [OPTIONS] [PATH...]\n\n");
	options_help(table);
	printf("\nexit codes: 0 nothing at or above --fail-on, 1 something, 2 wrong input, 3 it did not work\n");
}

int cmd_scan(int argc, char **argv)
{
	struct run_options run = { 0 };
	struct output_options out = { 0 };
	const struct option table[] = {
		{ "--format", 'f', OPTION_TEXT, &out.format, "FORMAT", "text (default), json, sarif or github" },
		{ "--output", 'o', OPTION_TEXT, &out.file, "FILE", "write the report there" },
		{ "--fail-on", 0, OPTION_TEXT, &out.fail_on, "SEVERITY", "error (default), warning, info, hint, never" },
		{ "--apply", 0, OPTION_FLAG, &out.apply, NULL, "apply the safe fixes to the files" },
		{ "--rules", 'r', OPTION_LIST, &out.rules, "PATH", "a rule file or folder, beside the built-in rules" },
		{ "--sgconfig", 0, OPTION_TEXT, &run.sgconfig, "FILE", "an ast-grep project file" },
		{ "--no-builtin", 0, OPTION_FLAG, &run.no_builtin, NULL, "without the built-in rules" },
		{ "--raw", 0, OPTION_FLAG, &run.raw, NULL, "all that rules match: no policy, no dedupe" },
		{ "--labels", 0, OPTION_FLAG, &run.labels, NULL, "tell the places that a match involves" },
		{ "--sarif", 0, OPTION_LIST, &out.sarif, "FILE", "add the findings of another tool" },
		{ "--config", 'c', OPTION_TEXT, &run.config_file, "FILE", "instead of .outrider.yml" },
		{ "--no-config", 0, OPTION_FLAG, &run.no_config, NULL, "without .outrider.yml" },
		{ "--jobs", 'j', OPTION_NUMBER, &run.jobs, "N", "threads; default: one for each processor" },
		{ "--quiet", 'q', OPTION_FLAG, &out.quiet, NULL, "no progress on the terminal" },
		{ "--help", 'h', OPTION_FLAG, &out.help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct arena mem;
	struct err err;
	int code;

	arena_init(&mem, 16 << 20);
	if (options_read(table, argc, argv, &out.paths, &mem, &err) < 0) {
		code = report_error(&err);
	} else if (out.help) {
		usage(table);
		code = EXIT_CLEAN;
	} else {
		code = output_run(&run, &out, scan_stages);
	}
	arena_release(&mem);
	return code;
}
