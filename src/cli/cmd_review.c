#include <stdio.h>

#include "output.h"

static void usage(const struct option *table)
{
	printf("Reviews what a change adds: by default HEAD against its merge base with the default branch.\n"
	       "What stood in the base already is not reported. Configuration and rules come from the base.\n\n"
	       "usage: outrider review [OPTIONS] [PATH...]\n\n");
	options_help(table);
	printf("\nexit codes: 0 nothing at or above --fail-on, 1 something, 2 wrong input, 3 it did not work\n");
}

static int check(const struct run_options *run, const struct output_options *out, bool staged,
		 bool worktree, struct err *err)
{
	if (staged && worktree)
		return err_input(err, "--staged and --worktree exclude each other");
	if ((staged || worktree) && run->head)
		return err_input(err, "--head is for commits: not with --staged or --worktree");
	if (out->apply && !worktree)
		return err_input(err, "--apply changes files: use it with --worktree");
	return 0;
}

int cmd_review(int argc, char **argv)
{
	struct run_options run = { 0 };
	struct output_options out = { 0 };
	bool staged = false, worktree = false;
	const struct option table[] = {
		{ "--base", 'b', OPTION_TEXT, &run.base, "REV", "compare with the merge base with REV" },
		{ "--head", 0, OPTION_TEXT, &run.head, "REV", "the commit to review; default: HEAD" },
		{ "--staged", 0, OPTION_FLAG, &staged, NULL, "review the index instead" },
		{ "--worktree", 'w', OPTION_FLAG, &worktree, NULL, "review all uncommitted changes instead" },
		{ "--repo", 'C', OPTION_TEXT, &run.directory, "DIR", "the repository; default: around the current folder" },
		{ "--format", 'f', OPTION_TEXT, &out.format, "FORMAT", "text (default), json, sarif or github" },
		{ "--output", 'o', OPTION_TEXT, &out.file, "FILE", "write the report there" },
		{ "--fail-on", 0, OPTION_TEXT, &out.fail_on, "SEVERITY", "error (default), warning, info, hint, never" },
		{ "--apply", 0, OPTION_FLAG, &out.apply, NULL, "with --worktree: apply the safe fixes" },
		{ "--rules", 'r', OPTION_LIST, &out.rules, "PATH", "a rule file or folder, beside the built-in rules" },
		{ "--sgconfig", 0, OPTION_TEXT, &run.sgconfig, "FILE", "an ast-grep project file" },
		{ "--no-builtin", 0, OPTION_FLAG, &run.no_builtin, NULL, "without the built-in rules" },
		{ "--sarif", 0, OPTION_LIST, &out.sarif, "FILE", "add the findings of another tool on changed lines" },
		{ "--config", 'c', OPTION_TEXT, &run.config_file, "FILE", "instead of the base's .outrider.yml" },
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
	if (options_read(table, argc, argv, &out.paths, &mem, &err) < 0 ||
	    (!out.help && check(&run, &out, staged, worktree, &err) < 0)) {
		code = report_error(&err);
	} else if (out.help) {
		usage(table);
		code = EXIT_CLEAN;
	} else {
		run.kind = staged ? DIFF_STAGED : worktree ? DIFF_WORKTREE : DIFF_COMMITS;
		code = output_run(&run, &out, review_stages);
	}
	arena_release(&mem);
	return code;
}
