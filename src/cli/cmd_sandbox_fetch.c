/* cmd_sandbox_fetch.c - packages for later runs without a network, in a cache that is named by its inputs. */
#include <inttypes.h>
#include <stdio.h>

#include "base/scope.h"
#include "command.h"
#include "run_end.h"
#include "sandbox_request.h"

static void usage(const struct option *table)
{
	printf("usage: outrider sandbox fetch --cache DIR --input PATH... [OPTIONS] -- COMMAND [ARGUMENT...]\n\n"
	       "Runs COMMAND in the policy's fetch phase with the inputs alone as its work directory, and keeps what it leaves in\n"
	       "its home directory as an entry of the cache, named by policy, command and inputs. Where the entry is there already,\n"
	       "nothing runs. Prints the path of the entry, for `sandbox run --home`.\n\n");
	options_help(table);
	printf("\nexit codes: as of `sandbox run`; the cache changes only with 0\n");
}

/* Standard output has the path of the entry alone. */
static int print(const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->refused.n; i++)
		fprintf(stderr, "outrider: not kept: %.*s\n", STR_ARG(fetch->refused.items[i]));
	printf("%s\n", fetch->entry);
	return fflush(stdout) ? EXIT_REFUSED : EXIT_CLEAN;
}

int cmd_sandbox_fetch(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct sandbox_request r = { .trust = "untrusted", .actor = "cli", .behalf = "", .phase = "fetch" };
	struct fetch fetch = { .cache = -1, .lock = -1 };
	struct session session = { .request = &r, .mem = &mem, .fetch = &fetch };
	const struct option table[] = {
		{ "--cache", 0, OPTION_TEXT, &r.cache, "DIR", "the cache; made where it is missing" },
		{ "--input", 'i', OPTION_LIST, &r.inputs, "PATH",
		  "a file or directory that COMMAND may see, below -C; '.': all" },
		{ "--workdir", 'C', OPTION_TEXT, &r.workdir, "DIR", "where the inputs are; default: here" },
		{ "--key", 0, OPTION_LIST, &r.words, "TEXT", "more that the entry depends on, as a version" },
		SANDBOX_OPTIONS(r),
	};
	struct err err;
	int code = -1;

	arena_init(&mem, SANDBOX_REQUEST_MEMORY);
	if (options_read(table, argc, argv, &r.rest, &mem, &err) == 0) {
		if (r.help) {
			usage(table);
			return EXIT_CLEAN;
		}
		code = r.cache ? sandbox_request_run(&session, &err) : err_input(&err, "--cache is needed");
	}
	if (code < 0)
		(void)report_error(&err);
	if (code == 0)
		code = print(&fetch);
	return code < 0 ? EXIT_REFUSED : code;
}
