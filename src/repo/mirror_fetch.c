#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

#include "mirror_files.h"

/* A fetch that is under way. */
struct fetch {
	struct mirror              *mirror;
	const struct mirror_remote *remote;
	const struct mirror_want   *want;
	struct timespec             began;
	struct git_said             said;
};

static uint64_t milliseconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)(now.tv_sec - began->tv_sec) * 1000u +
	       (uint64_t)((now.tv_nsec - began->tv_nsec) / 1000000);
}

static uint64_t milliseconds_left(const struct fetch *f)
{
	uint32_t seconds = f->mirror->store->seconds ? f->mirror->store->seconds : MIRROR_SECONDS;
	uint64_t all = (uint64_t)seconds * 1000u, spent = milliseconds_since(&f->began);

	return spent < all ? all - spent : 0;
}

static bool has_odd_bytes(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return true;
	return false;
}

static int check_url(const struct mirror_remote *remote, struct err *err)
{
	const char *url = remote->url ? remote->url : "";
	struct str s = str_of(url);
	bool web = str_starts(s, STR("https://")) || str_starts(s, STR("http://"));
	bool file = str_starts(s, STR("file:///")) || (s.len && s.p[0] == '/');

	if (remote->local ? !file : !web || has_odd_bytes(url))
		return err_set(err, ERR_PERM, "'%.200s' is no address to fetch from: %s", url,
			       remote->local ? "a path or file:// is" : "http:// or https:// is");
	if (web && str_has(str_sub(s, 0, str_find_byte(str_from(s, 8), '/') == SIZE_MAX
						 ? s.len
						 : 8 + str_find_byte(str_from(s, 8), '/')),
			   STR("@")))
		return err_set(err, ERR_PERM, "an address to fetch from holds no user or password");
	if (remote->authorization && strpbrk(remote->authorization, "\r\n"))
		return err_set(err, ERR_PERM, "a credential is one line");
	return 0;
}

/* What git would read as an option or a pattern is no ref of ours. */
static int check_want(const struct mirror_want *want, struct err *err)
{
	if (want->n_refspecs > MIRROR_MAX_REFS || want->n_oids > MIRROR_MAX_REFS)
		return err_set(err, ERR_BUG, "more than %d refs in one fetch", MIRROR_MAX_REFS);
	for (size_t i = 0; i < want->n_refspecs; i++) {
		const char *spec = want->refspecs[i];

		if (spec[0] == '-' || spec[0] == '^' || !spec[0] || has_odd_bytes(spec) ||
		    !strchr(spec, ':'))
			return err_set(err, ERR_PERM, "'%.200s' is no ref to fetch", spec);
	}
	for (size_t i = 0; i < want->n_oids; i++)
		if (strlen(want->oids[i]) != OID_HEX ||
		    strspn(want->oids[i], "0123456789abcdef") != OID_HEX)
			return err_set(err, ERR_PERM, "'%.60s' is no commit id", want->oids[i]);
	return 0;
}

static bool has_all(const struct fetch *f)
{
	for (size_t i = 0; i < f->want->n_oids; i++)
		if (!mirror_has(f->mirror, f->want->oids[i]))
			return false;
	return true;
}

/* A fetch that was ended leaves what it had; nobody else writes there while we hold the lock. */
static void clean(const struct mirror *mirror)
{
	char path[1100];

	snprintf(path, sizeof path, "%s/objects/pack", mirror->path);
	folder_clean(path, "tmp_");
}

static int run_fetch(struct fetch *f, const char *const *refspecs, size_t n, struct err *err)
{
	static const char *const head[] = { "fetch",
					    "--progress",
					    "--no-tags",
					    "--no-write-fetch-head",
					    "--no-auto-maintenance",
					    "--no-recurse-submodules",
					    "--no-show-forced-updates",
					    "--" };
	const char *args[COUNT(head) + MIRROR_MAX_REFS + 2];
	const struct mirror_store *store = f->mirror->store;
	struct git_run run = {
		.mirror = f->mirror,
		.remote = f->remote,
		.want = f->want,
		.milliseconds = (uint32_t)milliseconds_left(f),
		.bytes = store->fetch_bytes ? store->fetch_bytes : MIRROR_FETCH_BYTES,
	};
	size_t k = 0;

	if (!run.milliseconds)
		return err_set(err, ERR_TEMP, "fetch %s: out of time", f->remote->url);
	for (size_t i = 0; i < COUNT(head); i++)
		args[k++] = head[i];
	args[k++] = f->remote->url;
	for (size_t i = 0; i < n; i++)
		args[k++] = refspecs[i];
	args[k] = NULL;
	if (git_program(&f->said, &run, args, err) < 0)
		return -1;
	if (f->said.code != 0)
		clean(f->mirror);
	return 0;
}

/* What went wrong, in the words of git. */
static int fetch_failed(const struct fetch *f, struct err *err)
{
	const struct git_said *s = &f->said;
	const char *url = f->remote->url;
	const struct mirror_store *store = f->mirror->store;

	if (s->stopped)
		return err_set(err, ERR_TEMP, "fetch %s: stopped", url);
	if (s->late)
		return err_set(err, ERR_TEMP, "fetch %s: not done after %u seconds", url,
			       store->seconds ? store->seconds : MIRROR_SECONDS);
	if (s->signal == SIGXFSZ || str_has(str_of(s->text), STR("File too large")))
		return err_set(err, ERR_PERM, "fetch %s: more than %llu MB at once", url,
			       (unsigned long long)((store->fetch_bytes ? store->fetch_bytes
									: MIRROR_FETCH_BYTES) >> 20));
	return err_set(err, s->refused || s->bad_objects ? ERR_PERM : ERR_TEMP, "fetch %s: %s", url,
		       s->text[0] ? s->text : "git failed without a word");
}

/* Commits that no ref leads to any more: many servers give them by their id. */
static int fetch_by_id(struct fetch *f, struct err *err)
{
	for (size_t i = 0; i < f->want->n_oids; i++) {
		const char *oid = f->want->oids[i];
		char spec[120];
		const char *specs[] = { spec };

		if (mirror_has(f->mirror, oid))
			continue;
		snprintf(spec, sizeof spec, "+%s:refs/outrider/wanted/%s", oid, oid);
		if (run_fetch(f, specs, 1, err) < 0)
			return -1;
		if (f->said.code != 0 && !f->said.no_ref)
			return fetch_failed(f, err);
	}
	return 0;
}

/* With the refs that are there: one that is gone must not keep the others from coming. */
static int fetch_one_by_one(struct fetch *f, struct err *err)
{
	for (size_t i = 0; i < f->want->n_refspecs; i++) {
		if (run_fetch(f, f->want->refspecs + i, 1, err) < 0)
			return -1;
		if (f->said.code != 0 && !f->said.no_ref)
			return fetch_failed(f, err);
	}
	return 0;
}

static int fetch_once(struct fetch *f, struct err *err)
{
	if (run_fetch(f, f->want->refspecs, f->want->n_refspecs, err) < 0)
		return -1;
	if (f->said.code == 0)
		return 0;
	if (f->said.no_ref && !f->said.corrupt)
		return fetch_one_by_one(f, err);
	return fetch_failed(f, err);
}

static size_t count_packs(const struct mirror *mirror)
{
	char path[1100];

	snprintf(path, sizeof path, "%s/objects/pack", mirror->path);
	return folder_count(path, ".pack");
}

/*
 * Many small packs into few larger ones: cheap, as each object is moved a few times in its life (geometric). Only when nobody
 * else reads here; when it takes too long it is given up and nothing is lost.
 */
static void maintain(const struct fetch *f)
{
	static const char *const args[] = { "repack", "-d", "-q", "--geometric=2", "--no-write-bitmap-index", NULL };
	struct git_run run = { .mirror = f->mirror, .milliseconds = MIRROR_REPACK_SECONDS * 1000 };
	int packs = f->mirror->packs - 1;
	struct git_said said;

	if (count_packs(f->mirror) <= MIRROR_MAX_PACKS)
		return;
	if (flock(packs, LOCK_EX | LOCK_NB) == 0)
		(void)!git_program(&said, &run, args, NULL);
	flock(packs, LOCK_SH); /* a lock that could not be raised is lost, too */
}

static int fetch_all(struct fetch *f, struct err *err)
{
	if (fetch_once(f, err) == 0)
		return has_all(f) ? 0 : fetch_by_id(f, err);
	if (!f->said.corrupt || f->said.late || f->said.stopped)
		return -1;
	/* ours is broken: anew, once */
	if (mirror_renew(f->mirror, err) < 0)
		return -1;
	if (fetch_once(f, err) < 0)
		return -1;
	return has_all(f) ? 0 : fetch_by_id(f, err);
}

int mirror_fetch(enum mirror_result *result, struct mirror *mirror,
		 const struct mirror_remote *remote, const struct mirror_want *want,
		 struct err *err)
{
	struct fetch f = { .mirror = mirror, .remote = remote, .want = want };
	char path[1100];
	AUTO_FD int lock = -1;

	clock_gettime(CLOCK_MONOTONIC, &f.began);
	if (check_url(remote, err) < 0 || check_want(want, err) < 0)
		return -1;
	mirror_file(path, mirror, "fetch.lock");
	if (!want->n_oids || !has_all(&f)) {
		lock = mirror_lock(path, LOCK_EX, milliseconds_left(&f), err);
		if (lock < 0)
			return -1;
		/* whoever held it may have brought what we want */
		if (!want->n_oids || !has_all(&f)) {
			if (fetch_all(&f, err) < 0 ||
			    mirror_file_touch(mirror, "complete", err) < 0)
				return -1;
			mirror->complete = mirror->fetched = true;
			maintain(&f);
		}
	}
	*result = has_all(&f) ? MIRROR_OK : MIRROR_MOVED;
	return 0;
}
