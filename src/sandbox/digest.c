#include "sandbox/digest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sha256.h"

enum {
	CHUNK = 32 << 10, /* on the stack, each page of which a new thread has to be given: reading in larger pieces saves less */
	SLOTS = 2 * DIGEST_CACHE_MAX,
};

static int read_into(struct sha256 *hash, int fd, off_t size, struct err *err)
{
	unsigned char bytes[CHUNK] __attribute__((uninitialized));
	off_t at = 0;

	while (at < size) {
		size_t want = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		ssize_t n = pread(fd, bytes, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "read a program");
		if (n == 0)
			return err_input(err, "a program became shorter while it was read");
		sha256_add(hash, bytes, (size_t)n);
		at += n;
	}
	return 0;
}

int digest_fd(struct digest *out, int fd, struct err *err)
{
	struct stat st;
	struct sha256 hash;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "look at a program");
	if (!S_ISREG(st.st_mode) || st.st_size > DIGEST_MAX_FILE)
		return err_input(err, "a program is no file, or larger than %lld bytes",
				 (long long)DIGEST_MAX_FILE);
	sha256_begin(&hash);
	if (read_into(&hash, fd, st.st_size, err))
		return -1;
	sha256_end(&hash, out->bytes);
	return 0;
}

void digest_hex(char out[2 * DIGEST_BYTES + 1], const struct digest *digest)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = digits[digest->bytes[i] >> 4];
		out[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	out[2 * DIGEST_BYTES] = 0;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

struct entry {
	bool used;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	struct digest digest;
};

struct digest_cache {
	pthread_mutex_t lock;
	size_t n, room;        /* room is a power of two */
	struct entry *entries; /* owned */
};

struct digest_cache *digest_cache_new(void)
{
	struct digest_cache *cache = calloc(1, sizeof *cache);

	if (!cache)
		abort();
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void digest_cache_free(struct digest_cache *cache)
{
	if (!cache)
		return;
	pthread_mutex_destroy(&cache->lock);
	free(cache->entries);
	free(cache);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_entry_of(const struct entry *e, const struct stat *at)
{
	return e->dev == at->st_dev && e->ino == at->st_ino && e->size == at->st_size &&
	       same_time(e->mtime, at->st_mtim) && same_time(e->ctime, at->st_ctim);
}

/* Where the entries of the file begin, whatever its stamps. */
static size_t home_of(const struct digest_cache *cache, const struct stat *at)
{
	/* a job can choose its inode numbers only from what the file system gives it */
	uint64_t hash = ((uint64_t)at->st_ino * 0x9e3779b97f4a7c15U) ^
			((uint64_t)at->st_dev * 0xc2b2ae3d27d4eb4fU);

	return (size_t)(hash >> 20) & (cache->room - 1);
}

/* The entry of the file, or the free one where it belongs. There is always one. */
static struct entry *find(const struct digest_cache *cache, const struct stat *at)
{
	size_t i = home_of(cache, at);

	while (cache->entries[i].used && !is_entry_of(&cache->entries[i], at))
		i = (i + 1) & (cache->room - 1);
	return &cache->entries[i];
}

/* Room for one more. A job with few programs needs few. */
static void grow(struct digest_cache *cache)
{
	struct entry *old = cache->entries;
	size_t n = cache->room;

	if (2 * (cache->n + 1) <= cache->room)
		return;
	if (cache->room == SLOTS) {
		memset(cache->entries, 0, SLOTS * sizeof *cache->entries);
		cache->n = 0;
		return;
	}
	cache->room = n ? 2 * n : 128;
	cache->entries = calloc(cache->room, sizeof *cache->entries);
	if (!cache->entries)
		abort();
	for (size_t i = 0; i < n; i++) {
		struct stat at = { .st_dev = old[i].dev,
				   .st_ino = old[i].ino,
				   .st_size = old[i].size,
				   .st_mtim = old[i].mtime,
				   .st_ctim = old[i].ctime };

		if (old[i].used)
			*find(cache, &at) = old[i];
	}
	free(old);
}

bool digest_settled(const struct stat *at, struct timespec now)
{
	time_t seconds = now.tv_sec - at->st_ctim.tv_sec;

	/* a time in the future is not settled */
	if (seconds < 0 || seconds > 1)
		return seconds > 1;
	return seconds * 1000000000 + now.tv_nsec - at->st_ctim.tv_nsec > DIGEST_SETTLE_NS;
}

static bool look_up(struct digest_cache *cache, struct digest *out, const struct stat *at)
{
	const struct entry *e;
	bool found = false;

	pthread_mutex_lock(&cache->lock);
	if (cache->room) {
		e = find(cache, at);
		found = e->used;
		if (found)
			*out = e->digest;
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

static void keep(struct digest_cache *cache, const struct digest *digest, const struct stat *at)
{
	struct entry *e;

	pthread_mutex_lock(&cache->lock);
	grow(cache);
	e = find(cache, at);
	cache->n += !e->used;
	*e = (struct entry){ true,        at->st_dev,  at->st_ino, at->st_size,
			     at->st_mtim, at->st_ctim, *digest };
	pthread_mutex_unlock(&cache->lock);
}

void digest_cache_forget(struct digest_cache *cache, const struct stat *at)
{
	pthread_mutex_lock(&cache->lock);
	for (size_t i = cache->room ? home_of(cache, at) : 0; cache->room && cache->entries[i].used;
	     i = (i + 1) & (cache->room - 1))
		/* its place stays taken, for those behind it: no file is that small */
		if (cache->entries[i].dev == at->st_dev && cache->entries[i].ino == at->st_ino)
			cache->entries[i].size = -1;
	pthread_mutex_unlock(&cache->lock);
}

void digest_cache_empty(struct digest_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	for (size_t i = 0; i < cache->room; i++)
		cache->entries[i].used = false;
	cache->n = 0;
	pthread_mutex_unlock(&cache->lock);
}

int digest_cached(struct digest_cache *cache, struct digest *out, int fd, const struct stat *at,
		  struct timespec now, bool *hit, struct err *err)
{
	struct digest digest;
	struct stat after;
	bool settled = digest_settled(at, now), found = settled && look_up(cache, &digest, at);

	if (!found && digest_fd(&digest, fd, err) < 0)
		return -1;
	/* it must not have changed while it was read */
	if (!found && settled && fstat(fd, &after) == 0 && same_time(after.st_ctim, at->st_ctim) &&
	    after.st_size == at->st_size)
		keep(cache, &digest, at);
	*out = digest;
	if (hit)
		*hit = found;
	return 0;
}
