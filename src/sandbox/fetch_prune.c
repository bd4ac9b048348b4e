/* fetch_prune.c - use of a cache's entries, and the end of those that nobody uses. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "fetch_files.h"
#include "hex.h"
#include "sandbox/harvest.h"
#include "sys.h"

enum { KEY_TEXT = 64 }; /* hex digits of an entry's name */
#define PRUNE_MEMORY ((size_t)64 << 20) /* names of some 500,000 entries */

static const char stage_prefix[] = ".new-";

int fetch_open_dir(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int fetch_stage_name(char out[FETCH_STAGE_NAME], struct err *err)
{
	unsigned char chance[8];

	if (getrandom(chance, sizeof chance, 0) != sizeof chance)
		return err_errno(err, "cache: getrandom");
	memset(out, 0, FETCH_STAGE_NAME);
	memcpy(out, stage_prefix, sizeof stage_prefix);
	hex_write(out + sizeof stage_prefix - 1, chance, sizeof chance);
	return 0;
}

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *list(int cache)
{
	const int own = fetch_open_dir(cache, ".");
	DIR *dir = own < 0 ? NULL : fdopendir(own);

	if (!dir && own >= 0)
		close(own);
	return dir;
}

void fetch_sweep(int cache)
{
	AUTO(auto_dir) DIR *dir = list(cache);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!str_starts(str_of(entry->d_name), str_of(stage_prefix)))
			continue;
		AUTO_FD int stage = sys_openat2(cache, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH);

		if (stage >= 0 && flock(stage, LOCK_EX | LOCK_NB) == 0)
			(void)harvest_remove(cache, entry->d_name);
	}
}

static bool is_key(const char *name)
{
	return strlen(name) == KEY_TEXT && strspn(name, "0123456789abcdef") == KEY_TEXT;
}

/* The folder under that name is still this one: it may have been removed between our finding and our locking it. */
static bool is_linked(int fd, const char *path)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

int fetch_use(const char *folder, struct err *err)
{
	const char *name = strrchr(folder, '/');
	int fd = fetch_open_dir(AT_FDCWD, folder);

	if (fd < 0)
		return err_errno(err, "open '%s'", folder);
	if (flock(fd, LOCK_SH | LOCK_NB) || !is_linked(fd, folder)) {
		close(fd);
		return err_set(err, ERR_TEMP, "'%s' is just being removed", folder);
	}
	/* not in a cache of somebody else: then its owner looks after it */
	if (is_key(name ? name + 1 : folder))
		(void)futimens(fd, NULL);
	return fd;
}

/* ---- pruning ---- */

struct entry {
	char     name[KEY_TEXT + 1];
	int64_t  used_ms;
	uint64_t bytes; /* on the disk */
};

struct entries {
	struct entry *items;
	size_t        n, cap;
};

static void auto_fts(FTS **walk)
{
	if (*walk)
		fts_close(*walk);
}

static int measure(uint64_t *out, const char *path, struct err *err)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };
	AUTO(auto_fts) FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	const FTSENT *file;
	uint64_t bytes = 0;

	if (!walk)
		return err_errno(err, "look through '%s'", path);
	while ((file = fts_read(walk)))
		if (file->fts_info != FTS_DP && file->fts_info != FTS_NS)
			bytes += (uint64_t)file->fts_statp->st_blocks * 512;
	*out = bytes;
	return 0;
}

/* Newest use first: what comes when the room is gone was used longest ago. */
static int by_use(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->used_ms < y->used_ms ? 1 : x->used_ms > y->used_ms ? -1 : strcmp(x->name, y->name);
}

static int collect(struct entries *out, struct arena *mem, int cache, const char *path, struct err *err)
{
	AUTO(auto_dir) DIR *dir = list(cache);
	const struct dirent *file;

	if (!dir)
		return err_errno(err, "cache: look through '%s'", path);
	while ((file = readdir(dir))) {
		struct entry entry = { .bytes = 0 };
		struct stat st;

		if (!is_key(file->d_name) || fstatat(cache, file->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
			continue;
		if (measure(&entry.bytes, arena_printf(mem, "%s/%s", path, file->d_name).p, err))
			return -1;
		memcpy(entry.name, file->d_name, KEY_TEXT + 1);
		entry.used_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
		ARENA_PUSH(mem, out, entry);
	}
	if (out->n)
		qsort(out->items, out->n, sizeof *out->items, by_use);
	return 0;
}

/* 1: in use. Under a stage's name it counts for nothing, and the next sweep would end what a crash left. */
static int remove_entry(int cache, const char *name, struct err *err)
{
	AUTO_FD int fd = sys_openat2(cache, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH);
	char away[FETCH_STAGE_NAME];

	if (fd < 0)
		return errno == ENOENT ? 1 : err_errno(err, "cache: open '%s'", name);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return 1;
	if (fetch_stage_name(away, err))
		return -1;
	if (renameat(cache, name, cache, away) || harvest_remove(cache, away))
		return err_errno(err, "cache: remove '%s'", name);
	return 0;
}

int fetch_prune(struct fetch_pruned *out, const char *cache, int64_t since_ms, uint64_t max_bytes, struct err *err)
{
	AUTO_ARENA struct arena mem;
	AUTO_FD int dir = fetch_open_dir(AT_FDCWD, cache);
	struct fetch_pruned pruned = { 0 };
	struct entries all = { 0 };
	uint64_t sum = 0;

	arena_init(&mem, PRUNE_MEMORY);
	if (dir < 0 || flock(dir, LOCK_EX))
		return err_errno(err, "cache: lock '%s'", cache);
	fetch_sweep(dir);
	flock(dir, LOCK_UN);
	if (collect(&all, &mem, dir, cache, err))
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct entry *entry = &all.items[i];
		int kept = 1;

		if (entry->used_ms < since_ms || sum + entry->bytes > max_bytes)
			kept = remove_entry(dir, entry->name, err);
		if (kept < 0)
			return -1;
		sum += kept ? entry->bytes : 0;
		pruned.kept += kept == 1;
		pruned.removed += kept == 0;
		pruned.bytes += kept ? 0 : entry->bytes;
	}
	*out = pruned;
	return 0;
}
