/* harvest_apply.c - listed changes into a directory of our own; nothing is followed on either side. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "sandbox/harvest.h"
#include "sys.h"

/* A new file stands here until it is whole. */
static const char beside[] = ".outrider-new";

/* The directory of a path, opened below `top`, and the last part of it. */
static int open_parent(int top, const char *path, const char **name)
{
	char parent[HARVEST_MAX_PATH + 1];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 1;

	*name = slash ? slash + 1 : path;
	memcpy(parent, slash ? path : ".", n);
	parent[n] = '\0';
	return sys_openat2(top, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH);
}

static int remove_below(int fd, int depth);

/* What is there, whatever it is; nothing is fine. */
static int remove_any(int dir, const char *name, int depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dir, name, 0);
	if (remove_below(sys_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH), depth + 1))
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

/* Takes the descriptor. */
static int remove_below(int fd, int depth)
{
	DIR *dir = fd < 0 || depth > HARVEST_MAX_DEPTH ? NULL : fdopendir(fd);
	struct dirent *entry;
	int failed = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (!failed && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			failed = remove_any(fd, entry->d_name, depth);
	closedir(dir);
	return failed;
}

static int apply_dir(const struct harvest_item *item, int parent, const char *name)
{
	struct stat st;
	const bool there = fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (there && S_ISDIR(st.st_mode) && !item->opaque)
		return 0;
	if (there && remove_any(parent, name, 0))
		return -1;
	return mkdirat(parent, name, 0755);
}

static int copy_bytes(int in, int out, uint64_t size)
{
	while (size) {
		ssize_t n = sendfile(out, in, NULL, size > INT32_MAX ? INT32_MAX : (size_t)size);

		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return -1;
		}
		size -= (uint64_t)n;
	}
	return 0;
}

/* Beside it, then renamed: what was there is old or new, never half. */
static int apply_file(const struct harvest_item *item, int from, int parent, const char *name)
{
	AUTO_FD int in = sys_openat2(from, item->path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, SYS_BENEATH);
	AUTO_FD int out = -1;
	struct stat st;

	if (in < 0 || fstat(in, &st))
		return -1;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != item->size) {
		errno = ESTALE;
		return -1;
	}
	unlinkat(parent, beside, 0);
	out = openat(parent, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     item->executable ? 0755 : 0644);
	if (out < 0)
		return -1;
	if (fchmod(out, item->executable ? 0755 : 0644) || copy_bytes(in, out, item->size) ||
	    (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	     remove_any(parent, name, 0)) ||
	    renameat(parent, beside, parent, name)) {
		unlinkat(parent, beside, 0);
		return -1;
	}
	return 0;
}

static int apply_one(const struct harvest_item *item, int from, int to)
{
	const char *name;
	AUTO_FD int parent = open_parent(to, item->path.p, &name);

	if (parent < 0)
		return -1;
	switch (item->kind) {
	case HARVEST_DIR:
		return apply_dir(item, parent, name);
	case HARVEST_FILE:
		return apply_file(item, from, parent, name);
	case HARVEST_SYMLINK:
		return remove_any(parent, name, 0) ? -1 : symlinkat(item->target.p, parent, name);
	case HARVEST_REMOVED:
		break;
	}
	return remove_any(parent, name, 0);
}

int harvest_apply(const struct harvest *harvest, int dir, int to, struct err *err)
{
	for (size_t i = 0; i < harvest->items.n; i++)
		if (apply_one(&harvest->items.items[i], dir, to))
			return err_errno(err, "harvest: '%s'", harvest->items.items[i].path.p);
	return 0;
}

int harvest_remove(int dir, const char *name)
{
	return remove_any(dir, name, 0);
}
