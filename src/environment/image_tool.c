#include "image_tool.h"

#include <inttypes.h>

#include "base/scope.h"
#include "disk_guard.h"
#include "inside.h"
#include "program.h"
#include "sandbox/way_out.h"
#include "tail.h"

enum { SHOWN = 500 }; /* bytes of why the network was refused */

struct listener {
	struct buf *out; /* may be NULL */
	struct tail tail;
};

static int on_output(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	struct listener *l = ctx;

	if (stream == STREAM_OUT && l->out)
		buf_add(l->out, bytes);
	else
		tail_add(&l->tail, bytes);
	return 0;
}

/* That of the host, for our own programs: they write through to the folder, and images are larger than what jobs write. */
static void make_policy(struct sandbox_policy *policy, const struct image_tool *tool)
{
	policy->trust = TRUST_TRUSTED;
	policy->profile = STR("");
	policy->fs.ro.n = policy->fs.rw.n = policy->fs.protect.n = 0;
	if (tool->folder)
		policy->fs.workdir = WORKDIR_BIND;
	/* the gate holds only with the filter */
	if (tool->unfiltered)
		policy->layers[LAYER_SECCOMP] = policy->layers[LAYER_GATE] = NEED_OFF;
	policy->exec.mode = tool->unfiltered ? EXEC_AUDIT : EXEC_BUILD;
	policy->net = tool->routes;
	policy->limits.wall_ms = tool->wall_ms;
	policy->limits.cpu_ms = 4 * tool->wall_ms;
	policy->limits.file = tool->host->max_image;
	policy->limits.output_bytes = IMAGE_TOOL_OUTPUT;
	policy->drop_output = false;
}

/* The msg="..." of skopeo's log, where it is one. */
static struct str plain_words(struct str words)
{
	const size_t at = str_find(words, STR("msg=\""));

	if (at == SIZE_MAX)
		return words;
	words = str_trim(str_from(words, at + strlen("msg=\"")));
	return str_ends(words, STR("\"")) ? str_sub(words, 0, words.len - 1) : words;
}

/* The first that it was refused, or NULL: what came after that was done for want of it. */
static const struct receipt_denial *refusal(const struct receipt *receipt, bool plain)
{
	for (size_t i = 0; i < receipt->denials.n; i++) {
		const struct receipt_denial *d = &receipt->denials.items[i];

		if (!(plain && str_eq(d->rule, STR("net.tls"))))
			return d;
	}
	return NULL;
}

/* Why a server could not be had, in the words of the broker: skopeo sees only a number. */
static struct str trouble(const struct receipt *receipt, struct str words)
{
	if (!str_has(words, STR("Bad Gateway")))
		return STR("");
	for (size_t i = 0; i < receipt->notices.n; i++)
		if (str_starts(receipt->notices.items[i], STR(WAY_OUT_TROUBLE)))
			return str_from(receipt->notices.items[i], strlen(WAY_OUT_TROUBLE));
	return STR("");
}

int image_too_large(const struct environment_host *host, struct err *err)
{
	return err_set(err, ERR_PERM, "it takes more than the %" PRIu64 " bytes on the disk that `max_image` allows, or more than %d files",
		       host->max_image, DISK_GUARD_ENTRIES);
}

static int failed(const struct image_tool *tool, const char *name, const struct receipt *receipt, struct listener *l, struct err *err)
{
	const struct receipt_denial *denied = refusal(receipt, tool->plain);
	const struct str words = plain_words(tail_words(&l->tail)), why = trouble(receipt, words);

	if (denied)
		return err_set(err, ERR_PERM, "%.*s: %.*s", STR_ARG(str_sub(denied->what, 0, 200)),
			       STR_ARG(str_sub(denied->advice, 0, SHOWN)));
	if (why.len)
		return err_set(err, ERR_TEMP, "%.*s", STR_ARG(str_sub(why, 0, SHOWN)));
	if (receipt->end == END_LIMIT)
		return err_set(err, receipt->limit == LIMIT_WALL ? ERR_TEMP : ERR_PERM, "%s was ended by the limit of %s", name,
			       run_limit_name(receipt->limit));
	if (receipt->end != END_EXIT)
		return err_set(err, ERR_PERM, "%s ended badly (%s): %.*s", name, run_end_name(receipt->end), STR_ARG(words));
	/* RLIMIT_FSIZE, which comes before the next look at the folder */
	if (str_has(words, STR("file too large")))
		return image_too_large(tool->host, err);
	return err_set(err, ERR_PERM, "%s failed: %.*s", name, STR_ARG(words));
}

static int run_in(struct receipt *receipt, const struct image_tool *tool, const char *const *argv, struct listener *l, int cancel,
		  struct err *err)
{
	/* Go's list of hosts without a proxy has this machine; inside, all goes by the proxy. */
	struct str env_items[] = { STR("NO_PROXY="), STR("no_proxy=") };
	const struct str_list env = { env_items, COUNT(env_items), 0 };
	struct environment_host host = *tool->host;
	const struct sandbox_job job = {
		.argv = argv,
		.workdir = tool->folder,
		.stdin_fd = -1,
		.actor = STR("environment"),
		.on_behalf_of = tool->behalf,
		.on_output = on_output,
		.ctx = l,
		.cancel_fd = cancel,
	};

	make_policy(&host.policy, tool);
	return inside_run(receipt, tool->mem, &job, &host, STR(""), &env, ROUTE_FETCH, err);
}

int image_tool_run(struct buf *out, const struct image_tool *tool, const char *const *argv, struct err *err)
{
	struct listener l = { .out = out };
	struct receipt receipt;
	struct disk_guard guard;
	bool over;
	int bad;

	if (!program_is_there(argv[0]))
		return err_set(err, ERR_PERM, "the program %s is not installed (Debian: %s)", argv[0], argv[0]);
	if (!tool->folder) {
		bad = run_in(&receipt, tool, argv, &l, -1, err);
		over = false;
	} else {
		if (disk_guard_open(&guard, tool->folder, tool->host->max_image, err))
			return -1;
		bad = run_in(&receipt, tool, argv, &l, guard.cancel, err);
		over = disk_guard_close(&guard);
	}
	if (bad)
		return -1;
	if (over)
		return image_too_large(tool->host, err);
	return receipt.end == END_EXIT && receipt.exit_code == 0 ? 0 : failed(tool, argv[0], &receipt, &l, err);
}
