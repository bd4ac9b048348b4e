/* pool.c - ready checkouts: locked, renamed, used, removed. */
#include "environment/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "files.h"
#include "key.h"
#include "model/change.h"
#include "repo/checkout.h"
#include "shelf_files.h"

enum { POOL_FORMAT = 1, POOL_TRIES = 8 /* others take the same ones */ };

static int folder_of(char out[SHELF_MAX_PATH], const char *store, struct str identity, struct err *err)
{
	struct key_hash hash;
	char key[SHELF_KEY + 1];

	key_begin(&hash, "pool", POOL_FORMAT);
	key_text(&hash, identity);
	key_end(&hash, key);
	snprintf(out, SHELF_MAX_PATH, "%s/pool/%s", store, key);
	return mkdir(out, 0700) && errno != EEXIST ? err_errno(err, "make '%s'", out) : 0;
}

static void name_place(char out[SHELF_MAX_PATH], const char *folder, const char *state, const char *id)
{
	snprintf(out, SHELF_MAX_PATH, "%s/%s-%s", folder, state, id);
}

static void set_place(struct workplace *place, const char *path)
{
	snprintf(place->path, sizeof place->path, "%s", path);
	snprintf(place->tree, sizeof place->tree, "%s/tree", path);
}

static bool is_linked(int fd, const char *path)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* A lock that only the one who uses it holds; -1: somebody else does, or it is gone. */
static int lock_place(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) || !is_linked(fd, path))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* An empty place under way, locked. */
static int make_place(struct workplace *out, char id[17], const char *folder, struct err *err)
{
	struct workplace place = { .warm = false };
	char path[SHELF_MAX_PATH];
	uint64_t chance;
	int fd;

	if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
		return err_errno(err, "getrandom");
	snprintf(id, 17, "%016llx", (unsigned long long)chance);
	name_place(path, folder, "make", id);
	if (mkdir(path, 0700))
		return err_errno(err, "make '%s'", path);
	fd = lock_place(path);
	if (fd < 0)
		return err_set(err, ERR_TEMP, "'%s' was taken away at once", path);
	place.lock = fd + 1;
	set_place(&place, path);
	*out = place;
	return 0;
}

static int move_place(struct workplace *place, const char *folder, const char *state, const char *id, struct err *err)
{
	char path[SHELF_MAX_PATH];

	name_place(path, folder, state, id);
	if (rename(place->path, path))
		return err_errno(err, "'%s'", place->path);
	set_place(place, path);
	return 0;
}

/* Which commit is there; "" when it does not say. */
static void read_oid(char out[OID_HEX + 1], const char *place)
{
	AUTO_ARENA struct arena mem;
	char path[SHELF_MAX_PATH + 8];
	struct str text;

	arena_init(&mem, 1 << 20);
	snprintf(path, sizeof path, "%s/oid", place);
	*out = '\0';
	if (file_read(&text, &mem, path, OID_HEX, NULL) == 0 && text.len == OID_HEX)
		memcpy(out, text.p, OID_HEX + 1);
}

static int write_oid(const char *place, const char *oid, struct err *err)
{
	char path[SHELF_MAX_PATH + 8];

	snprintf(path, sizeof path, "%s/oid", place);
	return file_replace(path, str_of(oid), err);
}

struct ready {
	struct { struct { char id[17]; char oid[OID_HEX + 1]; } *items; size_t n, cap; } list;
};

static int list_ready(struct ready *out, struct arena *mem, const char *folder, struct err *err)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir)
		return err_errno(err, "'%s'", folder);
	while ((entry = readdir(dir))) {
		__typeof__(*out->list.items) item = { { 0 }, { 0 } };
		char path[SHELF_MAX_PATH];

		if (!str_starts(str_of(entry->d_name), STR("ready-")) || strlen(entry->d_name) != 22)
			continue;
		memcpy(item.id, entry->d_name + 6, 17);
		name_place(path, folder, "ready", item.id);
		read_oid(item.oid, path);
		ARENA_PUSH(mem, &out->list, item);
	}
	closedir(dir);
	return 0;
}

/* One that is ready, locked: of the wanted commit if there is one. False: none. */
static bool take_ready(struct workplace *out, char id[17], const char *folder, const char *state, const char *oid,
		       bool other_only, struct arena *mem)
{
	struct ready ready = { 0 };

	if (list_ready(&ready, mem, folder, NULL))
		return false;
	for (int round = other_only ? 1 : 0; round < 2; round++)
		for (size_t i = 0; i < ready.list.n; i++) {
			struct workplace place = { .warm = true };
			char path[SHELF_MAX_PATH];
			int fd;

			if ((strcmp(ready.list.items[i].oid, oid) == 0) == (round == 1))
				continue;
			name_place(path, folder, "ready", ready.list.items[i].id);
			fd = lock_place(path);
			if (fd < 0)
				continue;
			place.lock = fd + 1;
			set_place(&place, path);
			if (move_place(&place, folder, state, ready.list.items[i].id, NULL)) {
				close(fd);
				continue;
			}
			memcpy(id, ready.list.items[i].id, 17);
			*out = place;
			return true;
		}
	return false;
}

static int bring(const struct workplace *place, const struct environment_source *source, const char *oid, struct err *err)
{
	char there[OID_HEX + 1];

	if (!place->warm)
		return checkout_make(place->tree, source->repository, oid, err);
	read_oid(there, place->path);
	return strcmp(there, oid) == 0 ? 0 : checkout_move(place->tree, source->repository, oid, err);
}

int pool_take(struct workplace *out, const struct environment_host *host, const struct environment_source *source,
	      const char *oid, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct workplace place = { .lock = 0 };
	char folder[SHELF_MAX_PATH], id[17];

	arena_init(&mem, (size_t)16 << 20);
	if (shelf_open(host->store, err) || folder_of(folder, host->store, source->identity, err))
		return -1;
	if (!take_ready(&place, id, folder, "out", oid, false, &mem) &&
	    (make_place(&place, id, folder, err) || move_place(&place, folder, "out", id, err))) {
		pool_return(&place);
		return -1;
	}
	if (bring(&place, source, oid, err)) {
		pool_return(&place);
		return -1;
	}
	*out = place;
	return 0;
}

void pool_return(struct workplace *place)
{
	if (!place || !place->lock)
		return;
	(void)files_remove(place->path, NULL);
	close(place->lock - 1);
	*place = (struct workplace){ .lock = 0 };
}

/* Whole, on the disk, then ready. */
static int finish(struct workplace *place, const char *folder, const char *id, const struct environment_source *source,
		  struct err *err)
{
	if (bring(place, source, source->base, err) || write_oid(place->path, source->base, err) ||
	    move_place(place, folder, "ready", id, err)) {
		pool_return(place);
		return -1;
	}
	close(place->lock - 1);
	place->lock = 0;
	return 0;
}

int pool_fill(size_t *made, const struct environment_host *host, const struct environment_source *source, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct workplace place;
	struct ready ready = { 0 };
	char folder[SHELF_MAX_PATH], id[17];
	size_t n = 0;

	arena_init(&mem, (size_t)16 << 20);
	if (shelf_open(host->store, err) || folder_of(folder, host->store, source->identity, err) ||
	    list_ready(&ready, &mem, folder, err))
		return -1;
	/* those of an older base first: git writes only what differs */
	for (size_t i = 0; i < ready.list.n && take_ready(&place, id, folder, "make", source->base, true, &mem); i++, n++)
		if (finish(&place, folder, id, source, err))
			return -1;
	for (size_t i = ready.list.n; i < host->pool; i++, n++)
		if (make_place(&place, id, folder, err) || finish(&place, folder, id, source, err))
			return -1;
	if (made)
		*made = n;
	return 0;
}

/* ---- what nobody needs ---- */

static int prune_one(size_t *removed, const char *path, const char *name, int64_t since_ms, struct err *err)
{
	const bool ready = str_starts(str_of(name), STR("ready-"));
	struct stat st;
	int fd, failed;

	if (lstat(path, &st) || (ready && (int64_t)st.st_mtim.tv_sec * 1000 >= since_ms))
		return 0;
	fd = lock_place(path);
	if (fd < 0)
		return 0;
	failed = files_remove(path, err);
	close(fd);
	*removed += !failed;
	return failed;
}

static int prune_folder(size_t *removed, const char *folder, int64_t since_ms, struct err *err)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int failed = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, "'%s'", folder);
	while (!failed && (entry = readdir(dir))) {
		char path[SHELF_MAX_PATH];

		if (entry->d_name[0] == '.' || strlen(folder) + strlen(entry->d_name) + 2 > sizeof path)
			continue;
		snprintf(path, sizeof path, "%.600s/%.300s", folder, entry->d_name);
		failed = prune_one(removed, path, entry->d_name, since_ms, err);
	}
	closedir(dir);
	return failed;
}

int pool_prune(size_t *removed, const char *store, int64_t since_ms, struct err *err)
{
	char path[SHELF_MAX_PATH];
	const struct dirent *entry;
	size_t n = 0;
	DIR *dir;
	int failed = 0;

	snprintf(path, sizeof path, "%s/pool", store);
	dir = opendir(path);
	if (!dir)
		return err_errno(err, "'%s'", path);
	while (!failed && (entry = readdir(dir))) {
		char folder[SHELF_MAX_PATH];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(folder, sizeof folder, "%.600s/%.300s", path, entry->d_name);
		failed = prune_folder(&n, folder, since_ms, err);
	}
	closedir(dir);
	if (!failed)
		*removed = n;
	return failed;
}
