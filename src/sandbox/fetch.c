/* fetch.c - the inputs of a fetch, their digest, and what it brought. */
#include "sandbox/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "fetch_files.h"
#include "hex.h"
#include "sandbox/digest.h"
#include "sandbox/harvest.h"
#include "sys.h"

static const struct harvest_options input_caps = {
	/* manifests are small; a whole tree is a checkout */
	.max_bytes = UINT64_C(4) << 30,
	.max_file = UINT64_C(1) << 30,
	.max_items = 500000,
};

static bool is_within(struct str path, struct str dir)
{
	return str_eq(dir, STR(".")) ||
	       (str_starts(path, dir) && (path.len == dir.len || path.p[dir.len] == '/'));
}

/* "a/b/" and "./a" as harvest.h names them. */
static struct str plain_input(const char *text)
{
	struct str path = str_of(text);

	while (str_starts(path, STR("./")))
		path = str_from(path, 2);
	while (path.len > 1 && str_ends(path, STR("/")))
		path.len--;
	return path.len ? path : STR(".");
}

/* The inputs, and the directories above them. */
static bool is_wanted(const struct harvest_item *item, const char *const *inputs)
{
	for (; *inputs; inputs++) {
		struct str input = plain_input(*inputs);

		if (is_within(item->path, input) || (item->kind == HARVEST_DIR && is_within(input, item->path)))
			return true;
	}
	return false;
}

static int check_inputs(const struct harvest *all, const char *const *inputs, struct err *err)
{
	size_t n = 0;

	for (; *inputs; inputs++) {
		struct str input = plain_input(*inputs);
		bool found = str_eq(input, STR("."));

		if (++n > FETCH_MAX_INPUTS)
			return err_input(err, "more than %d inputs", FETCH_MAX_INPUTS);
		for (size_t i = 0; i < all->items.n && !found; i++)
			found = str_eq(all->items.items[i].path, input);
		for (size_t i = 0; i < all->refused.n && !found; i++)
			if (is_within(str_sub(all->refused.items[i], 0, str_find(all->refused.items[i], STR(": "))), input))
				return err_input(err, "input %.*s", STR_ARG(all->refused.items[i]));
		if (!found)
			return err_input(err, "input '%s' is not there", *inputs);
	}
	return 0;
}

static void keep_wanted(struct harvest *all, const char *const *inputs)
{
	size_t n = 0;

	for (size_t i = 0; i < all->items.n; i++)
		if (is_wanted(&all->items.items[i], inputs))
			all->items.items[n++] = all->items.items[i];
	all->items.n = n;
}

static void add_text(struct buf *out, const char *key, struct str text)
{
	buf_printf(out, "%s %zu:%.*s\n", key, text.len, STR_ARG(text));
}

/* By what was copied, not by what stands in the checkout meanwhile. */
static int add_item(struct buf *out, int work, const struct harvest_item *item, struct err *err)
{
	struct digest digest;
	char hex[2 * DIGEST_BYTES + 1];

	add_text(out, item->kind == HARVEST_DIR ? "dir" : item->executable ? "program" : "file", item->path);
	if (item->kind == HARVEST_SYMLINK)
		add_text(out, "link", item->target);
	if (item->kind != HARVEST_FILE)
		return 0;
	AUTO_FD int fd = sys_openat2(work, item->path.p, O_RDONLY | O_CLOEXEC, 0, SYS_BENEATH);

	if (fd < 0)
		return err_errno(err, "input '%s'", item->path.p);
	if (digest_fd(&digest, fd, err))
		return err_wrap(err, "input '%s'", item->path.p);
	digest_hex(hex, &digest);
	buf_printf(out, "%s\n", hex);
	return 0;
}

static int make_key(struct fetch *fetch, const struct fetch_options *options, const struct harvest *inputs, int work,
		    struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	unsigned char policy[POLICY_HASH];
	char hex[2 * POLICY_HASH + 1];

	policy_hash(policy, options->policy);
	hex_write(hex, policy, sizeof policy);
	buf_printf(&text, "outrider cache 1\npolicy %s\n", hex);
	for (const char *const *c = options->command; *c; c++)
		add_text(&text, "command", str_of(*c));
	for (const char *const *w = options->words; w && *w; w++)
		add_text(&text, "word", str_of(*w));
	for (size_t i = 0; i < inputs->items.n; i++)
		if (add_item(&text, work, &inputs->items.items[i], err))
			return -1;
	hex_sha256(fetch->key, text.bytes, text.len);
	return 0;
}

/* CACHE/.new-<random>/work and home: beside the entries, so that a rename is enough. */
static int make_stage(struct fetch *fetch, struct err *err)
{
	char name[FETCH_STAGE_NAME];

	if (fetch_stage_name(name, err))
		return -1;
	if (mkdirat(fetch->cache, name, 0755))
		return err_errno(err, "cache: make '%s'", name);
	memcpy(fetch->stage, name, sizeof name);
	fetch->lock = fetch_open_dir(fetch->cache, name);
	if (fetch->lock < 0 || flock(fetch->lock, LOCK_EX) || mkdirat(fetch->lock, "work", 0755) ||
	    mkdirat(fetch->lock, "home", 0755))
		return err_errno(err, "cache: make '%s'", name);
	return 0;
}

static int begin_stage(struct fetch *fetch, struct err *err)
{
	int failed;

	if (flock(fetch->cache, LOCK_EX))
		return err_errno(err, "cache: lock");
	fetch_sweep(fetch->cache);
	failed = make_stage(fetch, err);
	flock(fetch->cache, LOCK_UN);
	return failed;
}

static int open_cache(struct fetch *fetch, struct arena *mem, const char *path, struct err *err)
{
	char *real;

	if (mkdir(path, 0755) && errno != EEXIST)
		return err_errno(err, "cache: make '%s'", path);
	real = realpath(path, NULL);
	fetch->cache = real ? fetch_open_dir(AT_FDCWD, real) : -1;
	if (fetch->cache < 0) {
		free(real);
		return err_errno(err, "cache: open '%s'", path);
	}
	fetch->entry = arena_z(mem, str_of(real));
	free(real);
	return 0;
}

static int stage_inputs(struct fetch *fetch, const struct fetch_options *options, struct err *err)
{
	AUTO_FD int from = fetch_open_dir(AT_FDCWD, options->from);
	AUTO_FD int work = -1;
	struct harvest inputs;
	const char *cache = fetch->entry;

	if (from < 0)
		return err_errno(err, "open '%s'", options->from);
	if (harvest_list(&inputs, fetch->mem, from, &input_caps, err) || check_inputs(&inputs, options->inputs, err))
		return -1;
	keep_wanted(&inputs, options->inputs);
	if (begin_stage(fetch, err))
		return -1;
	fetch->work = arena_printf(fetch->mem, "%s/%s/work", cache, fetch->stage).p;
	work = fetch_open_dir(AT_FDCWD, fetch->work);
	if (work < 0)
		return err_errno(err, "cache: open '%s'", fetch->work);
	if (harvest_apply(&inputs, from, work, err) || make_key(fetch, options, &inputs, work, err))
		return -1;
	fetch->entry = arena_printf(fetch->mem, "%s/%s", cache, fetch->key).p;
	/* one that is just being removed is as good as none */
	fetch->use = fetch_use(fetch->entry, NULL);
	fetch->known = fetch->use >= 0;
	return 0;
}

int fetch_open(struct fetch *out, struct arena *mem, const struct fetch_options *options, struct err *err)
{
	struct fetch fetch = { .cache = -1, .lock = -1, .use = -1, .mem = mem, .policy = options->policy };

	if (!options->inputs || !*options->inputs)
		return err_input(err, "a fetch needs inputs: the files that say what is fetched");
	if (open_cache(&fetch, mem, options->cache, err) || stage_inputs(&fetch, options, err)) {
		fetch_close(&fetch);
		return -1;
	}
	*out = fetch;
	return 0;
}

/* What TMPDIR points to is nobody's package. */
static void drop_scratch(struct harvest *harvest)
{
	size_t n = 0;

	for (size_t i = 0; i < harvest->items.n; i++)
		if (!is_within(harvest->items.items[i].path, STR("tmp")))
			harvest->items.items[n++] = harvest->items.items[i];
	harvest->items.n = n;
}

int fetch_keep(struct fetch *fetch, int home, struct err *err)
{
	const struct harvest_options options = {
		.max_bytes = fetch->policy->limits.disk,
		.max_file = fetch->policy->limits.file,
		.max_items = (uint32_t)fetch->policy->limits.inodes,
	};
	struct harvest harvest;
	char path[sizeof fetch->stage + 8];

	snprintf(path, sizeof path, "%s/home", fetch->stage);
	AUTO_FD int to = fetch_open_dir(fetch->cache, path);

	if (to < 0)
		return err_errno(err, "cache: open '%s'", path);
	if (harvest_list(&harvest, fetch->mem, home, &options, err))
		return -1;
	drop_scratch(&harvest);
	if (harvest_apply(&harvest, home, to, err))
		return -1;
	fetch->refused = harvest.refused;
	fetch->kept = true;
	return 0;
}

int fetch_publish(struct fetch *fetch, struct err *err)
{
	char path[sizeof fetch->stage + 8];

	if (!fetch->kept)
		return err_set(err, ERR_BUG, "cache: nothing was kept");
	snprintf(path, sizeof path, "%s/home", fetch->stage);
	fetch->use = fetch_open_dir(fetch->cache, path);
	if (fetch->use < 0 || flock(fetch->use, LOCK_SH) || futimens(fetch->use, NULL))
		return err_errno(err, "cache: lock '%s'", path);
	/* on disk before it has its name: an entry is whole, also after a power cut */
	if (syncfs(fetch->cache))
		return err_errno(err, "cache: sync");
	if (renameat(fetch->cache, path, fetch->cache, fetch->key)) {
		if (errno != EEXIST && errno != ENOTEMPTY)
			return err_errno(err, "cache: name '%s'", fetch->key);
		close(fetch->use);
		fetch->use = fetch_use(fetch->entry, err);
	}
	fetch->known = fetch->use >= 0;
	return fetch->known ? 0 : -1;
}

void fetch_close(struct fetch *fetch)
{
	/* what cannot be removed is no entry: nobody looks at it */
	if (fetch->stage[0])
		(void)harvest_remove(fetch->cache, fetch->stage);
	if (fetch->lock >= 0)
		close(fetch->lock);
	if (fetch->use >= 0)
		close(fetch->use);
	if (fetch->cache >= 0)
		close(fetch->cache);
	fetch->cache = fetch->lock = fetch->use = -1;
	fetch->stage[0] = '\0';
}
