#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"

enum { TEMP_LETTERS = 6, NAME_TRIES = 100 };

static int read_all(int fd, char *into, size_t size, size_t *got)
{
	*got = 0;
	while (*got < size) {
		ssize_t n = read(fd, into + *got, size - *got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return 0;
}

int file_read(struct str *out, struct arena *mem, const char *path, size_t max, struct err *err)
{
	/* O_NONBLOCK: a FIFO in the tree must not hang us before fstat tells what it is */
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t size, got;
	char *text;

	if (fd < 0)
		return err_errno(err, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_input(err, "'%s' is not a regular file", path);
	size = (size_t)st.st_size;
	if (size > max)
		return err_input(err, "'%s' has %zu bytes, more than the limit of %zu", path, size,
				 max);
	text = arena_alloc(mem, size + 1);
	if (read_all(fd, text, size, &got) < 0)
		return err_errno(err, "read '%s'", path);
	text[got] = '\0';
	*out = (struct str){ text, got };
	return 0;
}

/* A pipe tells no size: read until it ends. */
static int read_stream(struct str *out, struct arena *mem, int fd, size_t max, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	char part[65536];
	size_t got;

	/* it was opened so as not to wait for a writer; from here on, wait */
	if (fcntl(fd, F_SETFL, 0) < 0)
		return err_errno(err, "fcntl");
	do {
		if (read_all(fd, part, sizeof part, &got) < 0)
			return err_errno(err, "read");
		buf_add(&text, (struct str){ part, got });
		if (text.len > max || text.full)
			return err_input(err, "more than %zu bytes", max);
	} while (got == sizeof part);
	*out = arena_str(mem, buf_str(&text));
	return 0;
}

int file_read_any(struct str *out, struct arena *mem, const char *path, size_t max,
		  struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_errno(err, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat '%s'", path);
	if (!S_ISFIFO(st.st_mode))
		return file_read(out, mem, path, max, err);
	if (read_stream(out, mem, fd, max, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

int file_write_fd(int fd, struct str text, struct err *err)
{
	while (text.len) {
		ssize_t n = write(fd, text.p, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "write");
		text = str_from(text, (size_t)n);
	}
	return 0;
}

/* Without a name until it is whole, where the system can: who is killed while it is written leaves nothing behind. */
static int new_temp(char *temp, bool *named)
{
	char *slash = strrchr(temp, '/');
	int fd;

	if (slash)
		*slash = '\0';
	fd = open(slash == temp ? "/" : slash ? temp : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (slash)
		*slash = '/';
	if (fd >= 0 && access("/proc/self/fd", X_OK) == 0) {
		*named = false;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	*named = true;
	return mkostemp(temp, O_CLOEXEC);
}

static int give_name(int fd, char *temp)
{
	char *end = temp + strlen(temp) - TEMP_LETTERS, from[64];
	uint32_t chance;

	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	for (int i = 0; i < NAME_TRIES; i++) {
		if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
			return -1;
		snprintf(end, TEMP_LETTERS + 1, "%06x", chance & 0xffffff);
		if (linkat(AT_FDCWD, from, AT_FDCWD, temp, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static int write_temp(char *temp, const char *path, struct str text, struct err *err)
{
	bool named;
	AUTO_FD int fd = new_temp(temp, &named);
	struct stat st;
	mode_t mask = umask(0);

	umask(mask);
	if (fd < 0)
		return err_errno(err, "create '%s'", temp);
	if (fchmod(fd, stat(path, &st) == 0 ? st.st_mode & 07777 : 0666 & ~mask) < 0)
		return err_errno(err, "chmod '%s'", temp);
	if (file_write_fd(fd, text, err) < 0)
		return err_wrap(err, "'%s'", temp);
	if (fsync(fd) < 0)
		return err_errno(err, "sync '%s'", temp);
	if (!named && give_name(fd, temp) < 0)
		return err_errno(err, "name '%s'", temp);
	return 0;
}

/* A device, a pipe or a terminal is written to; only regular files are replaced. */
static int write_through(const char *path, struct str text, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "open '%s'", path);
	if (file_write_fd(fd, text, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

static int replace_regular(const char *path, struct str text, struct err *err)
{
	char temp[PATH_MAX + 8];

	if ((size_t)snprintf(temp, sizeof temp, "%s.XXXXXX", path) >= sizeof temp)
		return err_input(err, "path too long: '%s'", path);
	if (write_temp(temp, path, text, err) < 0) {
		unlink(temp);
		return err_wrap(err, "write '%s'", path);
	}
	if (rename(temp, path) < 0) {
		(void)err_errno(err, "rename to '%s'", path);
		unlink(temp);
		return -1;
	}
	return 0;
}

int file_replace(const char *path, struct str text, struct err *err)
{
	char target[PATH_MAX];
	struct stat st;

	if (stat(path, &st) < 0)
		return replace_regular(path, text, err);
	if (!S_ISREG(st.st_mode))
		return write_through(path, text, err);
	/* a link stays a link: what it leads to is replaced */
	if (!realpath(path, target))
		return err_errno(err, "'%s'", path);
	return replace_regular(target, text, err);
}
