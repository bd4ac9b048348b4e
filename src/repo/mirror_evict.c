#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "mirror_files.h"

enum {
	MAX_DEPTH = 32,        /* of a bare repository: refs nest as deep as their names */
	MAX_MIRRORS = 100000,
};

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static void remove_below(DIR *dir, unsigned depth)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		AUTO(auto_dir) DIR *below = NULL;

		if (is_dots(entry->d_name) || unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			continue;
		below = depth < MAX_DEPTH ? open_dir(dirfd(dir), entry->d_name) : NULL;
		if (below)
			remove_below(below, depth + 1);
		unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
}

int folder_remove(const char *path, struct err *err)
{
	AUTO(auto_dir) DIR *dir = open_dir(AT_FDCWD, path);

	if (dir)
		remove_below(dir, 0);
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_errno(err, "remove %s", path);
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep */
static uint64_t size_below(DIR *dir, unsigned depth)
{
	const struct dirent *entry;
	uint64_t sum = 0;

	while ((entry = readdir(dir))) {
		AUTO(auto_dir) DIR *below = NULL;
		struct stat info;

		if (is_dots(entry->d_name) ||
		    fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		sum += (uint64_t)info.st_blocks * 512u;
		if (S_ISDIR(info.st_mode) && depth < MAX_DEPTH)
			below = open_dir(dirfd(dir), entry->d_name);
		if (below)
			sum += size_below(below, depth + 1);
	}
	return sum;
}

uint64_t folder_size(const char *path)
{
	AUTO(auto_dir) DIR *dir = open_dir(AT_FDCWD, path);

	return dir ? size_below(dir, 0) : 0;
}

size_t folder_count(const char *path, const char *ending)
{
	AUTO(auto_dir) DIR *dir = open_dir(AT_FDCWD, path);
	const struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir)))
		n += str_ends(str_of(entry->d_name), str_of(ending));
	return n;
}

void folder_clean(const char *path, const char *head)
{
	AUTO(auto_dir) DIR *dir = open_dir(AT_FDCWD, path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (str_starts(str_of(entry->d_name), str_of(head)))
			unlinkat(dirfd(dir), entry->d_name, 0);
}

/* One mirror of the root. */
struct place {
	char            path[1100]; /* of its folder */
	struct timespec used;
	uint64_t        bytes;
};

struct places {
	struct place *items;
	size_t        n, cap;
};

static int by_age(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

static void list(struct places *out, struct arena *mem, const char *root)
{
	AUTO(auto_dir) DIR *dir = open_dir(AT_FDCWD, root);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) && out->n < MAX_MIRRORS) {
		struct place place = { .bytes = 0 };
		char used[1200];
		struct stat info;

		if (strlen(entry->d_name) != GIT_OID_HEXSZ)
			continue;
		snprintf(place.path, sizeof place.path, "%.900s/%.40s", root, entry->d_name);
		snprintf(used, sizeof used, "%s/used", place.path);
		if (stat(used, &info) == 0)
			place.used = info.st_mtim;
		place.bytes = folder_size(place.path);
		ARENA_PUSH(mem, out, place);
	}
}

/* The lock goes last and while it is held: who waits for it sees that its file has no name any more. */
static bool remove_place(const struct place *place)
{
	char path[1200];
	AUTO_FD int use = -1;
	static const char *const parts[] = { "git", "new", "old" };
	static const char *const files[] = { "complete", "broken", "key", "used", "fetch.lock",
					     "pack.lock", "use.lock" };

	snprintf(path, sizeof path, "%s/use.lock", place->path);
	use = mirror_lock(path, LOCK_EX, 0, NULL);
	if (use < 0)
		return false;
	for (size_t i = 0; i < COUNT(parts); i++) {
		snprintf(path, sizeof path, "%s/%s", place->path, parts[i]);
		if (folder_remove(path, NULL) < 0)
			return false;
	}
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof path, "%s/%s", place->path, files[i]);
		unlink(path);
	}
	return rmdir(place->path) == 0;
}

int mirror_evict(uint64_t *freed, const struct mirror_store *store, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct places places = { 0 };
	uint64_t all = 0, gone = 0;

	arena_init(&mem, (size_t)512 << 20);
	if (!store->root || store->root[0] != '/')
		return err_input(err, "the folder of mirrors must be an absolute path");
	*freed = 0;
	if (!store->budget)
		return 0;
	list(&places, &mem, store->root);
	for (size_t i = 0; i < places.n; i++)
		all += places.items[i].bytes;
	if (places.n)
		qsort(places.items, places.n, sizeof *places.items, by_age);
	for (size_t i = 0; i < places.n && all - gone > store->budget; i++)
		if (remove_place(&places.items[i]))
			gone += places.items[i].bytes;
	*freed = gone;
	return 0;
}
