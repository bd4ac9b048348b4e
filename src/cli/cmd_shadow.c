#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "flow/shadow.h"
#include "output.h"

static void usage(const struct option *table)
{
	printf("Reviews the last merged pull requests of a clone, and says what would have been said, to nobody else.\n"
	       "Merge commits, and commits whose subject ends in \"(#123)\"; of these the states before the merge are\n"
	       "known where refs/pull/*/head was fetched.\n\n"
	       "usage: outrider shadow [OPTIONS]\n\n");
	options_help(table);
}

static void show(void *payload, size_t done, size_t all)
{
	(void)payload;
	fprintf(stderr, done == all ? "\r\033[K" : "\r%zu/%zu pull requests", done, all);
}

static int check(const struct shadow_options *o, const struct text_list *rest, const char *format,
		 struct err *err)
{
	if (rest->n)
		return err_input(err, "`shadow` takes no arguments but options: '%s'", rest->items[0]);
	if (!o->last || o->last > SHADOW_MAX_PULLS)
		return err_input(err, "--last is a number from 1 to %d", SHADOW_MAX_PULLS);
	if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		return err_input(err, "unknown format '%s'; there are text and json", format);
	return 0;
}

static int run(const struct shadow_options *options, bool json, struct arena *mem, struct err *err)
{
	AUTO_BUF struct buf out = { 0 };
	struct shadow shadow;

	if (shadow_run(&shadow, mem, options, err) < 0)
		return -1;
	if (!json)
		shadow_text(&out, &shadow);
	else if (shadow_json(&out, &shadow, err) < 0)
		return -1;
	return file_write_fd(STDOUT_FILENO, buf_str(&out), err);
}

int cmd_shadow(int argc, char **argv)
{
	struct shadow_options o = { .directory = "." };
	struct text_list rules = { 0 }, rest = { 0 };
	const char *format = NULL;
	unsigned last = 20;
	bool help = false, quiet = false;
	const struct option table[] = {
		{ "--repo", 'C', OPTION_TEXT, &o.directory, "DIR", "the clone; default: around the current folder" },
		{ "--last", 'n', OPTION_NUMBER, &last, "N", "how many pull requests; default: 20" },
		{ "--branch", 'b', OPTION_TEXT, &o.branch, "REV", "what they were merged into; default: the default branch" },
		{ "--format", 'f', OPTION_TEXT, &format, "FORMAT", "text (default) or json" },
		{ "--rules", 'r', OPTION_LIST, &rules, "PATH", "a rule file or folder, beside the built-in rules" },
		{ "--no-builtin", 0, OPTION_FLAG, &o.analyst.no_builtin, NULL, "without the built-in rules" },
		{ "--no-config", 0, OPTION_FLAG, &o.analyst.no_config, NULL, "without .outrider.yml" },
		{ "--quiet", 'q', OPTION_FLAG, &quiet, NULL, "no progress on the terminal" },
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct arena mem;
	struct err err;
	int code = EXIT_CLEAN;

	arena_init(&mem, (size_t)1 << 30);
	if (options_read(table, argc, argv, &rest, &mem, &err) < 0) {
		code = report_error(&err);
	} else if (help) {
		usage(table);
	} else {
		o.last = last;
		o.analyst.rule_paths = rules.items;
		o.analyst.n_rule_paths = rules.n;
		if (isatty(STDERR_FILENO) && !quiet)
			o.progress = show;
		if (check(&o, &rest, format, &err) < 0 ||
		    run(&o, format && strcmp(format, "json") == 0, &mem, &err) < 0)
			code = report_error(&err);
	}
	arena_release(&mem);
	return code;
}
