/* shelf_prune.c - what is on the shelves, and what of it goes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/scope.h"
#include "files.h"
#include "shelf_files.h"
#include "tag.h"

struct collector {
	struct shelf_entries *list;
	struct arena         *mem;
};

static int collect(const struct shelf_entry *entry, void *ctx)
{
	struct collector *c = ctx;

	ARENA_PUSH(c->mem, c->list, *entry);
	return 0;
}

static int by_use(const void *a, const void *b)
{
	const struct shelf_entry *x = a, *y = b;

	return x->used_ms < y->used_ms ? 1 : x->used_ms > y->used_ms ? -1 : strcmp(x->path, y->path);
}

int shelf_list(struct shelf_entries *out, struct arena *mem, const char *store, struct err *err)
{
	struct shelf_entries list = { 0 };
	struct collector c = { &list, mem };

	for (int kind = 0; kind < SHELF_KINDS; kind++)
		if (shelf_each(store, (enum shelf_kind)kind, NULL, collect, &c, err))
			return -1;
	if (list.n)
		qsort(list.items, list.n, sizeof *list.items, by_use);
	*out = list;
	return 0;
}

/* Out of its place first: a crash in the middle of the removal leaves nothing that looks whole. 1: in use. */
static int remove_entry(const char *store, const struct shelf_entry *entry, struct err *err)
{
	AUTO_FD int fd = open(entry->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char away[SHELF_MAX_PATH + 16];

	if (fd < 0)
		return errno == ENOENT ? 1 : err_errno(err, "'%s'", entry->path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return 1;
	snprintf(away, sizeof away, "%s/building/gone-%s", store, strrchr(entry->path, '/') + 1);
	if (rename(entry->path, away))
		return err_errno(err, "remove '%s'", entry->path);
	return files_remove(away, err);
}

/* Half made: whoever made it is dead when its lock is free. "gone-...": nobody makes it, and to remove it twice does no harm. */
static int sweep_building(const char *store, const char *name, struct err *err)
{
	char path[SHELF_MAX_PATH], lock[SHELF_MAX_PATH];
	int fd = -1, failed;

	snprintf(path, sizeof path, "%.600s/building/%.300s", store, name);
	snprintf(lock, sizeof lock, "%.600s/lock/%.300s", store, name);
	if (!str_starts(str_of(name), STR("gone-"))) {
		fd = shelf_lock(lock, 0, NULL);
		if (fd < 0)
			return 0;
	}
	failed = files_remove(path, err);
	if (fd >= 0)
		close(fd);
	return failed;
}

/* A lock that nobody holds needs no file: who makes the same later makes a new one. */
static int sweep_lock(const char *store, const char *name, struct err *err)
{
	char path[SHELF_MAX_PATH];
	int fd, failed;

	snprintf(path, sizeof path, "%.600s/lock/%.300s", store, name);
	fd = shelf_lock(path, 0, NULL);
	if (fd < 0)
		return 0;
	failed = unlink(path) ? err_errno(err, "remove '%s'", path) : 0;
	close(fd);
	return failed;
}

static int sweep(const char *store, const char *folder, int (*one)(const char *store, const char *name, struct err *err),
		 struct err *err)
{
	char path[SHELF_MAX_PATH];
	const struct dirent *file;
	DIR *dir;
	int failed = 0;

	snprintf(path, sizeof path, "%s/%s", store, folder);
	dir = opendir(path);
	if (!dir)
		return err_errno(err, "'%s'", path);
	while (!failed && (file = readdir(dir)))
		if (file->d_name[0] != '.')
			failed = one(store, file->d_name, err);
	closedir(dir);
	return failed;
}

static bool is_replaced(const struct shelf_entries *all, const struct shelf_entry *entry)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].kind == entry->kind && strcmp(all->items[i].key, entry->key) == 0 &&
		    all->items[i].made_ms > entry->made_ms)
			return true;
	return false;
}

int shelf_prune(struct shelf_pruned *out, const char *store, int64_t since_ms, uint64_t max_bytes, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct shelf_pruned pruned = { 0 };
	struct shelf_entries all;
	uint64_t sum = 0;

	arena_init(&mem, (size_t)64 << 20);
	if (shelf_list(&all, &mem, store, err) || sweep(store, "building", sweep_building, err) ||
	    sweep(store, "lock", sweep_lock, err) || tag_prune(store, since_ms, err))
		return -1;
	/* newest use first: what comes when the room is gone was used longest ago */
	for (size_t i = 0; i < all.n; i++) {
		const struct shelf_entry *entry = &all.items[i];
		struct shelf_meta meta = { 0 };
		const bool whole = shelf_read(&meta, &mem, entry, NULL) == 0;
		int kept = 1;

		if (!whole || is_replaced(&all, entry) || entry->used_ms < since_ms || sum + meta.bytes > max_bytes)
			kept = remove_entry(store, entry, err);
		if (kept < 0)
			return -1;
		sum += kept ? meta.bytes : 0;
		pruned.kept += kept == 1;
		pruned.removed += kept == 0;
		pruned.bytes += kept ? 0 : meta.bytes;
	}
	*out = pruned;
	return 0;
}
