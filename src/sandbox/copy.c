/* copy.c - a hostile tree into an empty one: nothing is followed, what is no file, directory or link is left out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "launch.h"
#include "sys.h"

/* As getdents64 gives them. */
struct entry {
	uint64_t       ino;
	int64_t        off;
	unsigned short size;
	unsigned char  type;
	char           name[];
};

enum { COPY_MAX_DEPTH = 64, DENTS = 4096 };

static int copy_file(int from, int to, const char *name, const struct stat *st)
{
	int in = sys_openat2(from, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, SYS_BENEATH);
	int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			 st->st_mode & 0777);
	off_t left = st->st_size;

	while (in >= 0 && out >= 0 && left > 0) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n < 0)
			break;
		if (n == 0)
			left = 0;
		left -= n;
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return in >= 0 && out >= 0 && left <= 0 ? 0 : -1;
}

static int copy_link(int from, int to, const char *name)
{
	char target[POLICY_MAX_PATH * 4];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, to, name);
}

static int copy_level(int from, int to, bool under, int depth);

static int copy_dir(int from, int to, const char *name, const struct stat *st, bool under, int depth)
{
	int in = sys_openat2(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH);
	int out = mkdirat(to, name, (st->st_mode & 0777) | 0700) && !(under && errno == EEXIST)
			  ? -1
			  : openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int failed = in < 0 || out < 0 ? -1 : copy_level(in, out, under, depth + 1);

	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return failed;
}

static int copy_one(int from, int to, const char *name, bool under, int depth)
{
	struct timespec times[2];
	struct stat st, old;
	int failed = 0;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	if (under && fstatat(to, name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !(S_ISDIR(st.st_mode) && S_ISDIR(old.st_mode)))
		return 0;
	if (S_ISREG(st.st_mode))
		failed = copy_file(from, to, name, &st);
	else if (S_ISLNK(st.st_mode))
		failed = copy_link(from, to, name);
	else if (S_ISDIR(st.st_mode))
		failed = copy_dir(from, to, name, &st, under, depth);
	else
		return 0;
	/* builds compare times */
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return failed ? -1 : utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_level(int from, int to, bool under, int depth)
{
	char room[DENTS] __attribute__((aligned(8), uninitialized));

	if (depth > COPY_MAX_DEPTH) {
		errno = ELOOP;
		return -1;
	}
	for (;;) {
		long n = syscall(SYS_getdents64, from, room, sizeof room);

		if (n <= 0)
			return n < 0 ? -1 : 0;
		for (long at = 0; at < n;) {
			const struct entry *entry = (const struct entry *)(const void *)(room + at);

			if (copy_one(from, to, entry->name, under, depth))
				return -1;
			at += entry->size;
		}
	}
}

int copy_tree(int from, int to, bool under)
{
	return copy_level(from, to, under, 0);
}
