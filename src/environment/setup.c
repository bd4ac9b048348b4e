#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "files.h"
#include "inside.h"
#include "repo/checkout.h"
#include "root.h"
#include "take.h"

struct run {
	const struct setup *setup;
	struct arena       *mem;
	const char         *path;     /* of the folder under way */
	int                 checkout; /* directory */
	struct str_list     refused;
	struct buf          tail;     /* of what it printed, at most twice PREPARE_TAIL */
};

static int on_output(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	struct run *run = ctx;
	const struct environment_teller *teller = run->setup->teller;

	bytes = str_from(bytes, 0);
	if (teller && teller->output && teller->output(teller->ctx, stream, bytes))
		return -1;
	if (run->tail.len > PREPARE_TAIL) {
		memmove(run->tail.bytes, run->tail.bytes + run->tail.len - PREPARE_TAIL, PREPARE_TAIL);
		run->tail.len = PREPARE_TAIL;
	}
	buf_add(&run->tail, str_from(bytes, bytes.len > PREPARE_TAIL ? bytes.len - PREPARE_TAIL : 0));
	return 0;
}

static int take(struct run *run, int from, const char *folder, const char *name, int checkout, struct err *err)
{
	const struct take_options options = { .checkout = checkout, .name = name, .refused = &run->refused, .mem = run->mem,
					      .max_refused = PREPARE_MAX_REFUSED };
	const char *path = arena_printf(run->mem, "%s/%s", run->path, folder).p;
	AUTO_FD int to = mkdir(path, 0755) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return to < 0 ? err_errno(err, "make '%s'", path) : take_tree(from, to, &options, err);
}

static int on_done(void *ctx, int changes, enum workdir_mode mode, struct err *err)
{
	struct run *run = ctx;

	(void)mode; /* of a copy, what the checkout has is told apart by the checkout */
	return take(run, changes, "work", SANDBOX_WORK, run->checkout, err);
}

static int on_home(void *ctx, int home, const struct receipt *receipt, struct err *err)
{
	(void)receipt;
	return take(ctx, home, "home", SANDBOX_HOME, -1, err);
}

/* sh -c SCRIPT setup FOLDERS (FOLDER)... COMMAND... */
static const char *const *arguments(struct arena *mem, const struct environment *e)
{
	struct { const char **items; size_t n, cap; } args = { 0 };
	size_t folders = 0;

	ARENA_PUSH(mem, &args, "/bin/sh");
	ARENA_PUSH(mem, &args, "-c");
	ARENA_PUSH(mem, &args, inside_script("setup"));
	ARENA_PUSH(mem, &args, "setup");
	ARENA_PUSH(mem, &args, "0");
	for (size_t i = 0; i < e->services.n; i++) {
		if (e->services.items[i].data.len == 0)
			continue;
		ARENA_PUSH(mem, &args, arena_z(mem, e->services.items[i].data));
		folders++;
	}
	args.items[4] = arena_printf(mem, "%zu", folders).p;
	for (size_t i = 0; i < e->setup.n; i++)
		ARENA_PUSH(mem, &args, arena_z(mem, e->setup.items[i]));
	ARENA_PUSH(mem, &args, NULL);
	return args.items;
}

/* "exit code 1: its last line". */
static int failed(struct run *run, const struct receipt *receipt, struct err *err)
{
	enum { SHOWN = 700 };
	struct str tail = str_trim(buf_str(&run->tail));
	AUTO_BUF struct buf words = { 0 };
	AUTO_BUF struct buf end = { 0 };

	tail = str_from(tail, tail.len > SHOWN ? tail.len - SHOWN : 0);
	for (size_t i = 0; i < tail.len; i++) {
		unsigned char c = (unsigned char)tail.p[i];

		if (c == '\n')
			buf_add(&words, STR("; "));
		else
			buf_add_byte(&words, c < 0x20 || c >= 0x7f ? '?' : (char)c);
	}
	if (receipt->end == END_EXIT)
		buf_printf(&end, "exit code %d", receipt->exit_code);
	else if (receipt->end == END_LIMIT)
		buf_printf(&end, "the limit of %s", run_limit_name(receipt->limit));
	else
		buf_printf(&end, "%s", run_end_name(receipt->end));
	return err_set(err, ERR_PERM, "%.*s: set-up failed (%.*s): %.*s", STR_ARG(run->setup->environment->where),
		       STR_ARG(buf_str(&end)), STR_ARG(buf_str(&words)));
}

/* The commands in the checkout; what they wrote stands beside it then. */
static int run_commands(struct run *run, struct receipt *receipt, struct err *err)
{
	const struct setup *s = run->setup;
	const char *tree = arena_printf(run->mem, "%s/checkout", run->path).p;
	const struct sandbox_base base = { .root = s->root };
	const struct sandbox_job job = {
		.argv = arguments(run->mem, s->environment),
		.workdir = tree,
		.stdin_fd = -1,
		.base = &base,
		.actor = STR("environment"),
		.on_behalf_of = s->source->identity,
		.on_output = on_output,
		.on_done = on_done,
		.on_home = on_home,
		.ctx = run,
		.cancel_fd = -1,
	};

	if (checkout_make(tree, s->source->repository, s->source->base, err))
		return -1;
	AUTO_FD int checkout = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (checkout < 0)
		return err_errno(err, "'%s'", tree);
	run->checkout = checkout;
	if (inside_run(receipt, run->mem, &job, s->host, s->environment->profile, s->env, ROUTE_FETCH, err))
		return -1;
	if (receipt->end != END_EXIT || receipt->exit_code != 0)
		return failed(run, receipt, err);
	return files_remove(tree, err);
}

int setup_run(struct shelf_entry *out, struct receipt *receipt, struct arena *mem, struct shelf_work *work,
	      const struct setup *setup, struct err *err)
{
	struct run run = { .setup = setup, .mem = mem, .path = work->path, .checkout = -1 };
	struct shelf_meta meta = { .about = arena_printf(mem, "%.*s, %.*s, base %.10s", STR_ARG(setup->source->identity),
							 STR_ARG(setup->environment->where), setup->source->base) };
	int bad;

	teller_say(setup->teller, "set-up: %zu commands", setup->environment->setup.n);
	bad = run_commands(&run, receipt, err);
	buf_release(&run.tail);
	if (!bad) {
		for (size_t i = 0; i < run.refused.n; i++)
			teller_say(setup->teller, "not kept: %.*s", STR_ARG(run.refused.items[i]));
		bad = shelf_finish(out, work, &meta, err);
	}
	shelf_abandon(work);
	return bad;
}
