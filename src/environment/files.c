/* files.c - walks by fts(3): depth is no matter of the stack, and links are not followed. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/sha256.h"

/* NULL stops nothing; else errno is set. */
typedef int visit_fn(FTSENT *entry, void *ctx);

static void auto_fts(FTS **walk)
{
	if (*walk)
		fts_close(*walk);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Every entry once, a folder before what is in it, and again after it. */
static int walk(const char *path, visit_fn *visit, void *ctx, struct err *err)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };
	AUTO(auto_fts) FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, by_name);
	FTSENT *entry;

	if (!walk)
		return err_errno(err, "look through '%s'", path);
	for (errno = 0; (entry = fts_read(walk)); errno = 0) {
		if (entry->fts_info == FTS_NS && entry->fts_level == 0 && entry->fts_errno == ENOENT)
			return 0;
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
			errno = entry->fts_errno;
			return err_errno(err, "look through '%s'", entry->fts_path);
		}
		if (visit(entry, ctx))
			return err_errno(err, "'%s'", entry->fts_path);
	}
	return errno ? err_errno(err, "look through '%s'", path) : 0;
}

static int remove_one(FTSENT *entry, void *ctx)
{
	(void)ctx;
	if (entry->fts_info == FTS_D)
		return (entry->fts_statp->st_mode & 0700) == 0700 ? 0 : chmod(entry->fts_accpath, 0700);
	return entry->fts_info == FTS_DP ? rmdir(entry->fts_accpath) : unlink(entry->fts_accpath);
}

int files_remove(const char *path, struct err *err)
{
	return walk(path, remove_one, NULL, err);
}

static int measure_one(FTSENT *entry, void *ctx)
{
	struct files_size *size = ctx;

	if (entry->fts_info == FTS_DP)
		return 0;
	size->bytes += (uint64_t)entry->fts_statp->st_blocks * 512;
	size->entries++;
	return 0;
}

int files_measure(struct files_size *out, const char *path, struct err *err)
{
	struct files_size size = { 0 };

	if (walk(path, measure_one, &size, err))
		return -1;
	*out = size;
	return 0;
}

void files_glance(struct files_size *out, const char *path)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };
	AUTO(auto_fts) FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *entry;

	*out = (struct files_size){ 0 };
	while (walk && (entry = fts_read(walk)))
		if (entry->fts_info != FTS_NS && entry->fts_info != FTS_ERR)
			(void)measure_one(entry, out);
}

static int tidy_one(FTSENT *entry, void *ctx)
{
	const mode_t mode = entry->fts_statp->st_mode;

	(void)ctx;
	if (entry->fts_info == FTS_DP || S_ISLNK(mode))
		return 0;
	if (S_ISDIR(mode))
		return (mode & 07000) || (mode & 0700) != 0700 ? chmod(entry->fts_accpath, (mode & 0777) | 0700) : 0;
	if (!S_ISREG(mode))
		return unlink(entry->fts_accpath);
	return mode & 06000 ? chmod(entry->fts_accpath, mode & 0777) : 0;
}

int files_tidy(const char *path, struct err *err)
{
	return walk(path, tidy_one, NULL, err);
}

struct hasher {
	struct sha256 *hash;
	size_t         skip; /* bytes of the path in front of the names */
};

/* With its length in front: no two trees have the same bytes. */
static void add_bytes(struct sha256 *hash, const void *bytes, size_t n)
{
	const uint64_t len = n;

	sha256_add(hash, &len, sizeof len);
	sha256_add(hash, bytes, n);
}

static int digest_file(struct sha256 *hash, const char *path)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct digest digest;
	struct err err;

	if (fd < 0)
		return -1;
	if (digest_fd(&digest, fd, &err)) {
		errno = EIO;
		return -1;
	}
	add_bytes(hash, digest.bytes, sizeof digest.bytes);
	return 0;
}

static int digest_one(FTSENT *entry, void *ctx)
{
	const struct hasher *h = ctx;
	const uint32_t mode = entry->fts_statp->st_mode;
	char target[4096];
	ssize_t n;

	if (entry->fts_info == FTS_DP)
		return 0;
	add_bytes(h->hash, entry->fts_path + h->skip, strlen(entry->fts_path + h->skip));
	add_bytes(h->hash, &mode, sizeof mode);
	if (S_ISREG(mode))
		return digest_file(h->hash, entry->fts_accpath);
	if (!S_ISLNK(mode))
		return 0;
	n = readlink(entry->fts_accpath, target, sizeof target);
	if (n < 0)
		return -1;
	add_bytes(h->hash, target, (size_t)n);
	return 0;
}

int files_digest(struct digest *out, const char *path, struct err *err)
{
	struct sha256 hash;
	struct hasher hasher = { &hash, strlen(path) };

	sha256_begin(&hash);
	if (walk(path, digest_one, &hasher, err))
		return -1;
	sha256_end(&hash, out->bytes);
	return 0;
}
