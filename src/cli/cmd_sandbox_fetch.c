/* cmd_sandbox_fetch.c - packages for later runs without a network, in a cache that is named by its inputs. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/scope.h"
#include "command.h"
#include "run_end.h"
#include "sandbox/values.h"
#include "sandbox_request.h"

#define LONGEST_MS UINT64_C(31536000000) /* a year: as of environments */

struct fetch_request {
	bool        prune;
	const char *max_bytes, *max_age;
};

static void usage(const struct option *table)
{
	printf("usage: outrider sandbox fetch --cache DIR --input PATH... [OPTIONS] -- COMMAND [ARGUMENT...]\n"
	       "       outrider sandbox fetch --cache DIR --prune [--max-bytes SIZE] [--max-age TIME]\n\n"
	       "Runs COMMAND in the policy's fetch phase with the inputs alone as its work directory, and keeps what it leaves in\n"
	       "its home directory as an entry of the cache, named by policy, command and inputs. Where the entry is there already,\n"
	       "nothing runs. Prints the path of the entry, for `sandbox run --home`.\n\n");
	options_help(table);
	printf("\nexit codes: as of `sandbox run`; the cache changes only with 0\n");
}

/* As a value of a policy: "50g", "720h". */
static int read_amount(uint64_t *out, struct arena *mem, const char *option, const char *text, enum unit unit, uint64_t most,
		       struct err *err)
{
	const struct yaml node = { .kind = YAML_SCALAR, .text = str_of(text) };
	struct reader r = { mem, option, NULL };

	if (value_amount(&r, &node, unit, 1, most, out) == 0)
		return 0;
	return err_input(err, "%s: expected %s, not '%s'", option, unit == UNIT_BYTES ? "bytes, as 512m or 50g" : "a time, as 12h or 720h",
			 text);
}

static int prune(const struct fetch_request *f, const char *cache, struct arena *mem, struct err *err)
{
	uint64_t bytes = FETCH_MAX_BYTES, age = FETCH_MAX_AGE_MS;
	struct fetch_pruned pruned;
	struct timespec now;

	if ((f->max_bytes && read_amount(&bytes, mem, "--max-bytes", f->max_bytes, UNIT_BYTES, UINT64_C(1) << 50, err)) ||
	    (f->max_age && read_amount(&age, mem, "--max-age", f->max_age, UNIT_TIME, LONGEST_MS, err)))
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	if (fetch_prune(&pruned, cache, (int64_t)now.tv_sec * 1000 - (int64_t)age, bytes, err))
		return -1;
	fprintf(stderr, "outrider: cache: %zu removed (%.1f MB), %zu kept\n", pruned.removed, (double)pruned.bytes / 1e6, pruned.kept);
	return 0;
}

/* Standard output has the path of the entry alone. */
static int print(const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->refused.n; i++)
		fprintf(stderr, "outrider: not kept: %.*s\n", STR_ARG(fetch->refused.items[i]));
	printf("%s\n", fetch->entry);
	return fflush(stdout) ? EXIT_REFUSED : EXIT_CLEAN;
}

/* One of both, or both: then what was just fetched was used last. */
static int fetch_and_prune(struct session *s, const struct fetch_request *f, struct err *err)
{
	const struct sandbox_request *r = s->request;
	int code = 0;

	if (!r->cache)
		return err_input(err, "--cache is needed");
	if (!f->prune && (f->max_bytes || f->max_age))
		return err_input(err, "--max-bytes and --max-age need --prune");
	if (!f->prune || r->rest.n)
		code = sandbox_request_run(s, err);
	return f->prune && code >= 0 && prune(f, r->cache, s->mem, err) ? -1 : code;
}

int cmd_sandbox_fetch(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct sandbox_request r = { .trust = "untrusted", .actor = "cli", .behalf = "", .phase = "fetch" };
	struct fetch_request f = { .prune = false };
	struct fetch fetch = { .cache = -1, .lock = -1, .use = -1 };
	struct session session = { .request = &r, .mem = &mem, .fetch = &fetch };
	const struct option table[] = {
		{ "--cache", 0, OPTION_TEXT, &r.cache, "DIR", "the cache; made where it is missing" },
		{ "--input", 'i', OPTION_LIST, &r.inputs, "PATH",
		  "a file or directory that COMMAND may see, below -C; '.': all" },
		{ "--workdir", 'C', OPTION_TEXT, &r.workdir, "DIR", "where the inputs are; default: here" },
		{ "--prune", 0, OPTION_FLAG, &f.prune, NULL, "then remove entries that were used too long ago, and nobody uses" },
		{ "--max-bytes", 0, OPTION_TEXT, &f.max_bytes, "SIZE", "and those used longest ago above this size; default: 50g" },
		{ "--max-age", 0, OPTION_TEXT, &f.max_age, "TIME", "since the last use; default: 720h" },
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
		code = fetch_and_prune(&session, &f, &err);
	}
	if (code < 0)
		(void)report_error(&err);
	if (code == 0 && r.rest.n)
		code = print(&fetch);
	/* not before: nobody prunes it while its path is told */
	fetch_close(&fetch);
	return code < 0 ? EXIT_REFUSED : code;
}
