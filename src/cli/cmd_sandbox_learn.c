/* cmd_sandbox_learn.c - a policy from green runs, as a diff that a person reads. */
#include <stdio.h>

#include "base/file.h"
#include "base/scope.h"
#include "command.h"
#include "option.h"
#include "sandbox/learn.h"

#define LEARN_MEMORY ((size_t)4 << 30) /* the most receipts of the largest size, read into structs */

struct request {
	const char *policy, *output;
	bool help;
	struct text_list receipts;
};

static void usage(const struct option *table)
{
	printf("usage: outrider sandbox learn --policy FILE [OPTIONS] RECEIPT...\n\n"
	       "Prints what would make the policy fit the runs of the receipts and no more, as a unified diff. Each line names the\n"
	       "receipts that it comes from. Make them with `sandbox run --receipt`, under the policy with `exec: {mode: audit}`.\n\n");
	options_help(table);
	printf("\nexit codes: 0 the policy fits already, or was written; 1 it would change; 2 wrong input, as a run that\n"
	       "was not green\n");
}

static int read_sources(struct learn_source *out, struct arena *mem, const struct text_list *names, struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		struct str json;

		out[i].name = names->items[i];
		if (file_read(&json, mem, out[i].name, RECEIPT_MAX_BYTES, err) ||
		    receipt_read(&out[i].receipt, mem, json, err))
			return err_wrap(err, "%s", out[i].name);
	}
	return 0;
}

static int learn(const struct request *r, struct arena *mem, struct err *err)
{
	struct learn_source *sources = ARENA_ARRAY(mem, r->receipts.n + 1, struct learn_source);
	struct learned learned;
	struct str text;

	if (!r->policy)
		return err_input(err, "--policy is needed: the file that is to be changed");
	if (file_read(&text, mem, r->policy, POLICY_MAX_BYTES, err) || read_sources(sources, mem, &r->receipts, err) ||
	    learn_policy(&learned, mem, r->policy, text, sources, r->receipts.n, err))
		return -1;
	for (size_t i = 0; i < learned.notes.n; i++)
		fprintf(stderr, "outrider: %.*s\n", STR_ARG(learned.notes.items[i]));
	if (r->output)
		return file_replace(r->output, learned.policy, err) ? -1 : EXIT_CLEAN;
	if (file_write_fd(STDOUT_FILENO, learned.diff, err))
		return -1;
	return learned.diff.len ? EXIT_FINDINGS : EXIT_CLEAN;
}

int cmd_sandbox_learn(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct request r = { 0 };
	const struct option table[] = {
		{ "--policy", 'p', OPTION_TEXT, &r.policy, "FILE", "the policy of the runs" },
		{ "--output", 'o', OPTION_TEXT, &r.output, "FILE", "write the new policy there instead; it may be the old file" },
		{ "--help", 'h', OPTION_FLAG, &r.help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct err err;
	int code = -1;

	arena_init(&mem, LEARN_MEMORY);
	if (options_read(table, argc, argv, &r.receipts, &mem, &err) == 0) {
		if (r.help) {
			usage(table);
			return EXIT_CLEAN;
		}
		code = learn(&r, &mem, &err);
	}
	return code < 0 ? report_error(&err) : code;
}
