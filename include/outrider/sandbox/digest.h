/*
 * digest.h - the SHA-256 of a program that is about to run, and a cache of them.
 *
 * A digest is remembered under (device, inode, size, mtime, ctime). A job cannot set ctime, so a file whose ctime is old has
 * not changed since. Time stamps are coarse (one tick, up to 10 ms): what changed less than
 * DIGEST_SETTLE_NS ago could change again under the same stamp, and is not remembered.
 * A memory file system does not stamp what is written through a mapping: of files that a job can write there, only who is told
 * that they were open for writing (digest_cache_forget) can remember digests.
 */
#pragma once
#include <sys/stat.h>

#include "base/err.h"
#include "base/str.h"

enum {
	DIGEST_BYTES = 32,
	DIGEST_SETTLE_NS = 20000000, /* two ticks at 100 Hz */
	DIGEST_CACHE_MAX = 16384,    /* programs; a toolchain has some 2,000. At the end it starts again with none */
};
#define DIGEST_MAX_FILE ((off_t)1 << 30) /* a larger program is refused: at 200 MB/s this takes 5 s; a clang for debugging has 400 MB */

struct digest {
	unsigned char bytes[DIGEST_BYTES];
};

/* Of all bytes of a regular file, whatever its offset. ERR_INPUT above DIGEST_MAX_FILE, or when it shrinks meanwhile. */
int digest_fd(struct digest *out, int fd, struct err *err);
/* Lower-case, NUL at the end. */
void digest_hex(char out[2 * DIGEST_BYTES + 1], const struct digest *digest);
bool digest_eq(const struct digest *a, const struct digest *b);

/* Its next change will have another ctime. `now` is the real-time clock. */
bool digest_settled(const struct stat *at, struct timespec now);

/* May be shared by all jobs of a process; safe for threads. Holds files that no job can write. */
struct digest_cache;

/* Never NULL. */
struct digest_cache *digest_cache_new(void);
void digest_cache_free(struct digest_cache *cache);
/*
 * As digest_fd(), by way of the cache. `at` is the file's fstat(), `now` the real-time clock. *hit (may be NULL) tells
 * whether the file was not read.
 */
int digest_cached(struct digest_cache *cache, struct digest *out, int fd, const struct stat *at,
		  struct timespec now, bool *hit, struct err *err);
/* The file was open for writing: what was remembered of it is not true any more. */
void digest_cache_forget(struct digest_cache *cache, const struct stat *at);
/* Any file may have been. */
void digest_cache_empty(struct digest_cache *cache);
