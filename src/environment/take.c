#include "take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"

enum { TAKE_MAX_DEPTH = 64 }; /* as the sandbox's own copy; no real tree is deeper */

struct taker {
	const struct take_options *options;
	struct err                *err;
	size_t                     refused;
	char                       path[POLICY_MAX_PATH + 1]; /* of the entry at work */
};

static int open_below(int dir, const char *name, uint64_t flags)
{
	const struct open_how how = { .flags = flags | O_CLOEXEC | O_NOFOLLOW,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
						 RESOLVE_NO_XDEV };

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
}

/* Names from inside are shown without what a terminal would obey. */
static void refuse(struct taker *t, const char *why)
{
	const struct take_options *o = t->options;
	AUTO_BUF struct buf line = { 0 };

	t->refused++;
	if (!o->refused || t->refused > o->max_refused)
		return;
	buf_printf(&line, "%s/", o->name);
	for (const char *p = t->path; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c >= 0x7f || c == '\\')
			buf_printf(&line, "\\x%02x", c);
		else
			buf_add_byte(&line, (char)c);
	}
	buf_printf(&line, ": %s", why);
	ARENA_PUSH(o->mem, o->refused, arena_str(o->mem, buf_str(&line)));
}

static int copy_bytes(int in, int out, off_t left)
{
	while (left > 0) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n < 0)
			return -1;
		if (n == 0)
			return 0; /* nobody is alive to have cut it; a hole at the end reads as the file's own bytes */
		left -= n;
	}
	return 0;
}

static int take_file(int from, int to, const char *name, const struct stat *st)
{
	AUTO_FD int in = open_below(from, name, O_RDONLY | O_NONBLOCK);
	AUTO_FD int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* readable by us, as the next who copies it */
	return in < 0 || out < 0 || copy_bytes(in, out, st->st_size) || fchmod(out, (st->st_mode & 0777) | 0400) ? -1 : 0;
}

static int take_link(int from, int to, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, to, name);
}

static int take_level(struct taker *t, int from, int to, int kept, size_t at, int depth);

static int take_dir(struct taker *t, int from, int to, int kept, const char *name, const struct stat *st, size_t at, int depth)
{
	AUTO_FD int in = open_below(from, name, O_RDONLY | O_DIRECTORY);
	AUTO_FD int there = kept < 0 ? -1 : open_below(kept, name, O_RDONLY | O_DIRECTORY);
	AUTO_FD int out = -1;

	if (in < 0 || mkdirat(to, name, 0700))
		return -1;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (out < 0 || take_level(t, in, out, there, at, depth + 1))
		return -1;
	return fchmod(out, (st->st_mode & 0777) | 0700);
}

/* False: it stays behind, and it was said why. */
static bool is_wanted(struct taker *t, int kept, const char *name, const struct stat *st, int depth)
{
	struct stat old;

	/* of an overlay: something of the checkout was removed; each commit has its own */
	if (S_ISCHR(st->st_mode) && st->st_rdev == 0)
		return false;
	if (depth == 0 && (strcmp(name, ".git") == 0 || strcmp(name, ".services") == 0))
		return false;
	if (kept >= 0 && fstatat(kept, name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !(S_ISDIR(old.st_mode) && S_ISDIR(st->st_mode))) {
		refuse(t, "set-up changed a file of the repository: each commit has its own");
		return false;
	}
	if (!S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode) && !S_ISDIR(st->st_mode)) {
		refuse(t, "a device, a FIFO or a socket");
		return false;
	}
	if (S_ISDIR(st->st_mode) && depth >= TAKE_MAX_DEPTH) {
		refuse(t, "folders too deep within each other");
		return false;
	}
	return true;
}

static int take_one(struct taker *t, int from, int to, int kept, const char *name, size_t at, int depth)
{
	struct timespec times[2];
	struct stat st;
	int n = snprintf(t->path + at, sizeof t->path - at, "%s%s", at ? "/" : "", name), failed;

	if (n < 0 || (size_t)n >= sizeof t->path - at) {
		refuse(t, "the path is too long");
		return 0;
	}
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_errno(t->err, "keep '%s'", t->path);
	if (!is_wanted(t, kept, name, &st, depth))
		return 0;
	if (S_ISDIR(st.st_mode))
		failed = take_dir(t, from, to, kept, name, &st, at + (size_t)n, depth);
	else
		failed = S_ISLNK(st.st_mode) ? take_link(from, to, name) : take_file(from, to, name, &st);
	t->path[at + (size_t)n] = '\0';
	/* builds compare times */
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (!failed && utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* what is deeper has said it */
	return S_ISDIR(st.st_mode) && t->err->text[0] ? -1 : err_errno(t->err, "keep '%s'", t->path);
}

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int take_level(struct taker *t, int from, int to, int kept, size_t at, int depth)
{
	int own = fcntl(from, F_DUPFD_CLOEXEC, 0);
	AUTO(auto_dir) DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;

	if (!dir) {
		if (own >= 0)
			close(own);
		return err_errno(t->err, "keep '%s'", t->path);
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    take_one(t, from, to, kept, entry->d_name, at, depth))
			return -1;
	return 0;
}

int take_tree(int from, int to, const struct take_options *options, struct err *err)
{
	/* of our own: *err may say already why there is little to take */
	struct err own = { .text = "" };
	struct taker t = { .options = options, .err = &own };

	if (take_level(&t, from, to, options->checkout, 0, 0)) {
		if (err)
			*err = own;
		return -1;
	}
	if (options->refused && t.refused > options->max_refused)
		ARENA_PUSH(options->mem, options->refused,
			   arena_printf(options->mem, "%s: %zu more", options->name, t.refused - options->max_refused));
	return 0;
}
