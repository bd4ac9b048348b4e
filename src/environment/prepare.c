/* prepare.c - root, key, set-up: each from the shelf, or made. */
#include "environment/prepare.h"

#include "base/scope.h"
#include "key.h"
#include "repo/tree.h"
#include "root.h"
#include "setup.h"
#include "shelf_files.h"

enum { SETUP_FORMAT = 2 }; /* raised when what is kept changes */

struct preparer {
	struct environment_ready        *out;
	struct arena                    *mem;
	const struct environment_host   *host;
	const struct environment        *wish;
	const struct environment_source *source;
	const struct environment_teller *teller;
	struct err                      *err;
};

/* The content of files that set-up reads, as the base has them; a missing one is told apart from an empty one. */
static int key_files(struct key_hash *hash, struct arena *mem, const struct environment *wish,
		     const struct environment_source *source, struct err *err)
{
	AUTO(repo_close) struct repo repo = { 0 };

	if (wish->files.n == 0)
		return 0;
	if (repo_open(&repo, source->repository, err))
		return -1;
	for (size_t i = 0; i < wish->files.n; i++) {
		struct str text;
		bool found;

		if (repo_blob(&text, &found, mem, &repo, source->base, arena_z(mem, wish->files.items[i]), PREPARE_MAX_FILE, err))
			return err_wrap(err, "%.*s: files", STR_ARG(wish->where));
		key_number(hash, found);
		key_text(hash, text);
	}
	return 0;
}

/* "" when there is no set-up. */
static int make_key(char out[SHELF_KEY + 1], const struct preparer *p)
{
	AUTO_BUF struct buf canon = { 0 };
	unsigned char policy[POLICY_HASH];
	struct key_hash hash;

	*out = '\0';
	if (p->wish->setup.n == 0)
		return 0;
	key_begin(&hash, "setup " OUTRIDER_VERSION, SETUP_FORMAT);
	environment_canon(&canon, p->wish);
	policy_hash(policy, &p->host->policy);
	key_text(&hash, p->source->identity);
	key_text(&hash, buf_str(&canon));
	key_text(&hash, str_of(p->out->root_digest));
	/* of an image, the digest of its manifest is in here: its variables count, too */
	key_text(&hash, str_of(p->out->root.key));
	key_text(&hash, (struct str){ (const char *)policy, sizeof policy });
	if (key_files(&hash, p->mem, p->wish, p->source, p->err))
		return -1;
	key_end(&hash, out);
	return 0;
}

static int prepare_root(struct preparer *p)
{
	struct shelf_meta meta;

	if (root_get(&p->out->root, p->host, p->wish, p->teller, p->err))
		return -1;
	if (!p->out->root.use)
		return 0;
	if (shelf_read(&meta, p->mem, &p->out->root, p->err))
		return -1;
	snprintf(p->out->root_digest, sizeof p->out->root_digest, "%.*s", STR_ARG(meta.digest));
	p->out->base.root = arena_printf(p->mem, "%s/tree", p->out->root.path).p;
	for (size_t i = 0; i < meta.env.n; i++)
		ARENA_PUSH(p->mem, &p->out->env, meta.env.items[i]);
	return 0;
}

/* How long somebody else's set-up may take. */
static uint64_t patience(const struct preparer *p)
{
	return p->host->policy.limits.wall_ms + p->host->build_ms;
}

static int make_setup(struct preparer *p, const char *key, int64_t since)
{
	const struct setup setup = { p->host, p->wish, p->source, p->teller, p->out->base.root, &p->out->env };
	struct shelf_work work = { .lock = 0 };
	bool found;
	int failed;

	if (shelf_begin(&work, p->host->store, SHELF_SNAPSHOT, key, patience(p), p->err))
		return -1;
	failed = shelf_find(&p->out->setup, &found, p->host->store, SHELF_SNAPSHOT, key, since, p->err);
	if (!failed && !found) {
		failed = setup_run(&p->out->setup, &p->out->receipt, p->mem, &work, &setup, p->err);
		p->out->built = !failed;
	}
	shelf_abandon(&work);
	return failed;
}

static int prepare_setup(struct preparer *p)
{
	const int64_t since = shelf_now_ms() - (int64_t)p->wish->refresh_ms;
	char key[SHELF_KEY + 1];
	bool found = false;

	if (make_key(key, p))
		return -1;
	if (!*key)
		return 0;
	if (shelf_find(&p->out->setup, &found, p->host->store, SHELF_SNAPSHOT, key, since, p->err) ||
	    (!found && make_setup(p, key, since)))
		return -1;
	p->out->base.work = arena_printf(p->mem, "%s/work", p->out->setup.path).p;
	p->out->base.home = arena_printf(p->mem, "%s/home", p->out->setup.path).p;
	return 0;
}

int environment_prepare(struct environment_ready *out, struct arena *mem, const struct environment_host *host,
			const struct environment *wish, const struct environment_source *source,
			const struct environment_teller *teller, struct err *err)
{
	struct environment_ready ready = { .built = false };
	struct preparer p = { &ready, mem, host, wish, source, teller, err };

	if (environment_permit(host, wish, err) || shelf_open(host->store, err))
		return -1;
	if (prepare_root(&p)) {
		environment_close(&ready);
		return -1;
	}
	/* the image's first: the description's win */
	for (size_t i = 0; i < wish->env.n; i++)
		ARENA_PUSH(mem, &ready.env, wish->env.items[i]);
	if (prepare_setup(&p)) {
		environment_close(&ready);
		return -1;
	}
	*out = ready;
	return 0;
}

void environment_close(struct environment_ready *ready)
{
	if (!ready)
		return;
	shelf_close(&ready->root);
	shelf_close(&ready->setup);
}
