/* shelf.c - finds, makes and puts in place; shelf_prune.c throws away. */
#include "shelf_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/scope.h"
#include "files.h"

enum { POLL_MS = 50 };

const char *const shelf_folders[SHELF_KINDS] = { [SHELF_ROOT] = "root", [SHELF_SNAPSHOT] = "snapshot" };

int64_t shelf_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int make_folder(const char *path, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return err_errno(err, "make the folder '%s'", path);
	if (lstat(path, &st))
		return err_errno(err, "'%s'", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0022))
		return err_set(err, ERR_PERM, "'%s' must be a folder of ours, which nobody else may write: what lies there is "
			       "run by jobs", path);
	return 0;
}

int shelf_open(const char *store, struct err *err)
{
	static const char *const below[] = { "", "/root", "/snapshot", "/building", "/lock", "/pool", "/tags" };
	char path[SHELF_MAX_PATH];

	if (store[0] != '/' || strlen(store) > SHELF_MAX_PATH / 2)
		return err_input(err, "the store '%s' must be an absolute path of less than %d bytes", store,
				 SHELF_MAX_PATH / 2);
	for (size_t i = 0; i < COUNT(below); i++) {
		snprintf(path, sizeof path, "%s%s", store, below[i]);
		if (make_folder(path, err))
			return -1;
	}
	return 0;
}

/* "<key>.<16 hex digits of the time>". */
static bool read_name(struct shelf_entry *out, const char *name)
{
	char *end;

	if (strlen(name) != SHELF_KEY + 17 || name[SHELF_KEY] != '.' ||
	    strspn(name, "0123456789abcdef") != SHELF_KEY)
		return false;
	memcpy(out->key, name, SHELF_KEY);
	out->key[SHELF_KEY] = '\0';
	out->made_ms = (int64_t)strtoull(name + SHELF_KEY + 1, &end, 16);
	return *end == '\0';
}

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int shelf_each(const char *store, enum shelf_kind kind, const char *key,
	       int (*take)(const struct shelf_entry *entry, void *ctx), void *ctx, struct err *err)
{
	char path[SHELF_MAX_PATH];
	const struct dirent *file;
	size_t n = 0;

	snprintf(path, sizeof path, "%s/%s", store, shelf_folders[kind]);
	AUTO(auto_dir) DIR *dir = opendir(path);

	if (!dir)
		return err_errno(err, "'%s'", path);
	while ((file = readdir(dir))) {
		struct shelf_entry entry = { .kind = kind };
		struct stat st;

		if (!read_name(&entry, file->d_name) || (key && strcmp(key, entry.key) != 0))
			continue;
		if (++n > SHELF_MAX_ENTRIES)
			return err_set(err, ERR_PERM, "more than %d folders in '%s': prune it", SHELF_MAX_ENTRIES, path);
		snprintf(entry.path, sizeof entry.path, "%.700s/%.100s", path, file->d_name);
		/* when it was last used is the time of its folder */
		entry.used_ms = lstat(entry.path, &st) ? 0 : (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
		if (take(&entry, ctx))
			return -1;
	}
	return 0;
}

struct newest {
	struct shelf_entry entry;
	bool found;
};

static int take_newest(const struct shelf_entry *entry, void *ctx)
{
	struct newest *newest = ctx;

	if (newest->found && newest->entry.made_ms >= entry->made_ms)
		return 0;
	newest->entry = *entry;
	newest->found = true;
	return 0;
}

/* The folder under that name is still this one: it may have been removed between our finding and our locking it. */
static bool is_linked(int fd, const char *path)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

/* -1: it is being removed. */
static int use(struct shelf_entry *entry)
{
	int fd = open(entry->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_SH | LOCK_NB) || !is_linked(fd, entry->path)) {
		close(fd);
		return -1;
	}
	futimens(fd, NULL);
	entry->use = fd + 1;
	return 0;
}

int shelf_find(struct shelf_entry *out, bool *found, const char *store, enum shelf_kind kind, const char *key, int64_t since_ms,
	       struct err *err)
{
	struct newest newest = { .found = false };

	if (shelf_each(store, kind, key, take_newest, &newest, err))
		return -1;
	if (!newest.found || newest.entry.made_ms < since_ms || use(&newest.entry)) {
		*found = false;
		return 0;
	}
	*out = newest.entry;
	*found = true;
	return 0;
}

void shelf_close(struct shelf_entry *entry)
{
	if (entry && entry->use)
		close(entry->use - 1);
	if (entry)
		entry->use = 0;
}

/* ---- what stands beside ---- */

static void auto_json(json_t **json)
{
	json_decref(*json);
}

static struct str json_str(struct arena *mem, const json_t *value)
{
	return arena_str(mem, (struct str){ json_string_value(value), json_string_length(value) });
}

int shelf_read(struct shelf_meta *out, struct arena *mem, const struct shelf_entry *entry, struct err *err)
{
	AUTO(auto_json) json_t *json = NULL;
	const json_t *env, *item;
	struct shelf_meta meta = { 0 };
	char path[SHELF_MAX_PATH + 16];
	struct str text;
	size_t i;

	snprintf(path, sizeof path, "%s/meta.json", entry->path);
	if (file_read(&text, mem, path, SHELF_META_MAX, err))
		return -1;
	json = json_loadb(text.p, text.len, 0, NULL);
	if (!json_is_object(json))
		return err_set(err, ERR_PERM, "%s: no JSON object", path);
	meta.digest = json_str(mem, json_object_get(json, "digest"));
	meta.about = json_str(mem, json_object_get(json, "about"));
	meta.bytes = (uint64_t)json_integer_value(json_object_get(json, "bytes"));
	env = json_object_get(json, "env");
	json_array_foreach((json_t *)(uintptr_t)env, i, item)
		ARENA_PUSH(mem, &meta.env, json_str(mem, item));
	*out = meta;
	return 0;
}

static int write_meta(const struct shelf_work *work, const struct shelf_meta *meta, uint64_t bytes, struct err *err)
{
	AUTO(auto_json) json_t *json = json_object();
	json_t *env = json_array();
	char path[SHELF_MAX_PATH + 16], *text;
	int failed;

	for (size_t i = 0; i < meta->env.n; i++)
		json_array_append_new(env, json_stringn(meta->env.items[i].p, meta->env.items[i].len));
	json_object_set_new(json, "digest", json_stringn(meta->digest.len ? meta->digest.p : "", meta->digest.len));
	json_object_set_new(json, "about", json_stringn(meta->about.len ? meta->about.p : "", meta->about.len));
	json_object_set_new(json, "bytes", json_integer((json_int_t)bytes));
	json_object_set_new(json, "env", env);
	text = json_dumps(json, JSON_INDENT(1));
	if (!text)
		return err_set(err, ERR_TEMP, "no memory for what stands beside '%s'", work->path);
	snprintf(path, sizeof path, "%s/meta.json", work->path);
	failed = file_replace(path, str_of(text), err);
	free(text);
	return failed;
}

/* ---- making ---- */

/* 1: somebody else holds it, or has just removed its file. */
static int try_lock(int *out, const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), failed;

	if (fd < 0)
		return err_errno(err, "'%s'", path);
	failed = flock(fd, LOCK_EX | LOCK_NB);
	if (failed && errno != EWOULDBLOCK && errno != EINTR)
		(void)err_errno(err, "lock '%s'", path);
	else
		failed = failed || !is_linked(fd, path) ? 1 : 0;
	if (failed)
		close(fd);
	else
		*out = fd;
	return failed;
}

int shelf_lock(const char *path, uint64_t wait_ms, struct err *err)
{
	int fd = -1, busy;

	for (uint64_t waited = 0; (busy = try_lock(&fd, path, err)) > 0; waited += POLL_MS) {
		if (waited >= wait_ms)
			return err_set(err, ERR_TEMP, "somebody else has been making the same for %" PRIu64 " s (%s)",
				       wait_ms / 1000, path);
		nanosleep(&(struct timespec){ 0, POLL_MS * 1000000L }, NULL);
	}
	return busy < 0 ? -1 : fd;
}

int shelf_begin(struct shelf_work *out, const char *store, enum shelf_kind kind, const char *key, uint64_t wait_ms,
		struct err *err)
{
	struct shelf_work work = { .store = store, .kind = kind };
	char lock[SHELF_MAX_PATH];
	int fd;

	snprintf(work.key, sizeof work.key, "%s", key);
	snprintf(lock, sizeof lock, "%s/lock/%s-%s", store, shelf_folders[kind], key);
	snprintf(work.path, sizeof work.path, "%s/building/%s-%s", store, shelf_folders[kind], key);
	fd = shelf_lock(lock, wait_ms, err);
	if (fd < 0)
		return -1;
	/* a crash left it */
	if (files_remove(work.path, err) || (mkdir(work.path, 0700) && err_errno(err, "make '%s'", work.path))) {
		close(fd);
		return -1;
	}
	work.lock = fd + 1;
	*out = work;
	return 0;
}

static void end_work(struct shelf_work *work)
{
	/* the lock's file stays: whoever waits for it has it open */
	if (work->lock)
		close(work->lock - 1);
	work->lock = 0;
}

void shelf_abandon(struct shelf_work *work)
{
	if (!work || !work->lock)
		return;
	(void)files_remove(work->path, NULL);
	end_work(work);
}

/* All of it is on the disk before it has its name. */
static int settle(const struct shelf_work *work, struct err *err)
{
	AUTO_FD int fd = open(work->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) ? err_errno(err, "write '%s' to the disk", work->path) : 0;
}

int shelf_finish(struct shelf_entry *out, struct shelf_work *work, const struct shelf_meta *meta, struct err *err)
{
	struct shelf_entry entry = { .kind = work->kind, .made_ms = shelf_now_ms() };
	struct files_size size;
	int failed;

	memcpy(entry.key, work->key, sizeof entry.key);
	entry.used_ms = entry.made_ms;
	snprintf(entry.path, sizeof entry.path, "%s/%s/%s.%016" PRIx64, work->store, shelf_folders[work->kind], work->key,
		 (uint64_t)entry.made_ms);
	failed = files_measure(&size, work->path, err) || write_meta(work, meta, size.bytes, err) || settle(work, err);
	if (!failed && rename(work->path, entry.path))
		failed = err_errno(err, "put '%s' in place", entry.path);
	if (!failed && use(&entry))
		failed = err_set(err, ERR_TEMP, "'%s' was removed at once", entry.path);
	if (failed)
		shelf_abandon(work);
	else
		end_work(work);
	if (!failed)
		*out = entry;
	return failed ? -1 : 0;
}
