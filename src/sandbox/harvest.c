/* harvest.c - lists what a job left, with caps, and reads it; harvest_apply.c puts it in place. */
#include "sandbox/harvest.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/scope.h"
#include "sys.h"

/* A tree being listed. */
struct lister {
	struct harvest               *out;
	struct arena                 *mem;
	const struct harvest_options *options;
	uint64_t                      refused; /* more than there is room for */
};

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Names from inside are shown without what a terminal would obey. */
static void refuse(struct lister *l, struct str path, const char *why)
{
	AUTO_BUF struct buf line = { 0 };

	if (l->out->refused.n >= HARVEST_MAX_REFUSED) {
		l->refused++;
		return;
	}
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c < 0x20 || c >= 0x7f || c == '\\')
			buf_printf(&line, "\\x%02x", c);
		else
			buf_add_byte(&line, path.p[i]);
	}
	buf_printf(&line, ": %s", why);
	ARENA_PUSH(l->mem, &l->out->refused, arena_str(l->mem, buf_str(&line)));
}

/* Is `path` the directory `dir`, or below it. Without case: the next file system may not tell them apart. */
static bool is_below(struct str path, struct str dir)
{
	return path.len >= dir.len && str_eq_nocase(str_sub(path, 0, dir.len), dir) &&
	       (path.len == dir.len || path.p[dir.len] == '/');
}

/* A protected path, below one, or (what is no plain directory) in the place of one of its parents. */
static bool is_protected(const struct lister *l, struct str path, bool plain_dir)
{
	const struct str_list *list = l->options->protect;

	for (size_t i = 0; list && i < list->n; i++) {
		struct str p = list->items[i];

		p.len -= str_ends(p, STR("/"));
		if (is_below(path, p) || (!plain_dir && is_below(p, path)))
			return true;
	}
	return false;
}

/* NULL: the name may stand on the host. */
static const char *bad_name(struct str name, struct str path, const char **text)
{
	static const struct str git = { ".git", 4 };

	*text = NULL;
	if (name.len == 0 || name.len > HARVEST_MAX_NAME || path.len > HARVEST_MAX_PATH)
		*text = "the path is too long";
	else if (!str_is_utf8(name))
		*text = "the name is not UTF-8";
	else if (str_eq_nocase(name, git))
		*text = "git's own files are not taken over";
	for (size_t i = 0; i < name.len && !*text; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
			*text = "a control character in the name";
	return *text;
}

/*
 * ".." only in front, and no more of them than the link is deep: behind a name it could lead out through another link.
 */
static bool stays_below(struct str path, struct str target)
{
	size_t depth = 0, up = 0;
	struct str part;
	bool named = false;

	if (target.len == 0 || target.p[0] == '/')
		return false;
	for (size_t i = 0; i < path.len; i++)
		depth += path.p[i] == '/';
	while (str_cut(&target, '/', &part)) {
		if (!str_eq(part, STR(".."))) {
			named |= part.len > 0 && !str_eq(part, STR("."));
			continue;
		}
		if (named || ++up > depth)
			return false;
	}
	return true;
}

static bool take_link(struct lister *l, int dir, const char *name, struct harvest_item *item)
{
	char target[HARVEST_MAX_PATH + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof target);

	if (n <= 0 || n > HARVEST_MAX_PATH) {
		refuse(l, item->path, "the target of the link is too long");
		return false;
	}
	item->kind = HARVEST_SYMLINK;
	item->target = arena_str(l->mem, (struct str){ target, (size_t)n });
	for (ssize_t i = 0; i < n; i++) {
		if ((unsigned char)target[i] < 0x20 || target[i] == 0x7f) {
			refuse(l, item->path, "a control character in the target of the link");
			return false;
		}
	}
	if (!stays_below(item->path, item->target)) {
		refuse(l, item->path, "the link leads out of the directory");
		return false;
	}
	return true;
}

static bool take_file(struct lister *l, const struct stat *st, struct harvest_item *item)
{
	const struct harvest_options *o = l->options;

	item->kind = HARVEST_FILE;
	item->size = (uint64_t)st->st_size;
	item->executable = st->st_mode & 0111;
	if (item->size > o->max_file) {
		refuse(l, item->path, "larger than one file may be");
		return false;
	}
	if (item->size > o->max_bytes - l->out->bytes) {
		refuse(l, item->path, "more bytes than all files may have");
		return false;
	}
	l->out->bytes += item->size;
	return true;
}

static bool is_opaque(int dir, const char *name)
{
	AUTO_FD int fd = sys_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH);
	char value = 0;

	return fd >= 0 && fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* False: refused. */
static bool classify(struct lister *l, int dir, const char *name, const struct stat *st,
		     struct harvest_item *item)
{
	const bool overlay = l->options->overlay;

	if (S_ISDIR(st->st_mode)) {
		item->kind = HARVEST_DIR;
		item->opaque = overlay && is_opaque(dir, name);
		return true;
	}
	if (S_ISREG(st->st_mode))
		return take_file(l, st, item);
	if (S_ISLNK(st->st_mode))
		return take_link(l, dir, name, item);
	if (overlay && S_ISCHR(st->st_mode) && st->st_rdev == 0) {
		item->kind = HARVEST_REMOVED;
		return true;
	}
	refuse(l, item->path, "a device, a FIFO or a socket");
	return false;
}

static void list_level(struct lister *l, int dir, struct str at, int depth);

static void list_one(struct lister *l, int dir, struct str at, const char *name, int depth)
{
	struct harvest_item item = { .path = arena_printf(l->mem, "%.*s%s%s", STR_ARG(at), at.len ? "/" : "", name) };
	const char *why;
	struct stat st;
	bool plain_dir;

	if (bad_name(str_of(name), item.path, &why)) {
		refuse(l, item.path, why);
		return;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		refuse(l, item.path, strerror(errno));
		return;
	}
	plain_dir = S_ISDIR(st.st_mode) && !(l->options->overlay && is_opaque(dir, name));
	if (is_protected(l, item.path, plain_dir)) {
		refuse(l, item.path, "a protected path");
		return;
	}
	if (l->out->items.n >= l->options->max_items) {
		refuse(l, item.path, "more entries than allowed");
		return;
	}
	if (!classify(l, dir, name, &st, &item))
		return;
	ARENA_PUSH(l->mem, &l->out->items, item);
	if (item.kind == HARVEST_DIR) {
		AUTO_FD int below = sys_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH);

		list_level(l, below, item.path, depth + 1);
	}
}

static void list_level(struct lister *l, int fd, struct str at, int depth)
{
	AUTO(auto_dir) DIR *dir = NULL;
	struct dirent *entry;
	int own;

	if (depth > HARVEST_MAX_DEPTH) {
		refuse(l, at, "directories too deep within each other");
		return;
	}
	/* closedir() takes a descriptor of its own */
	own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	dir = own < 0 ? NULL : fdopendir(own);
	if (!dir) {
		refuse(l, at, strerror(errno));
		if (own >= 0)
			close(own);
		return;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			list_one(l, fd, at, entry->d_name, depth);
}

static int by_path(const void *a, const void *b)
{
	const struct harvest_item *x = a, *y = b;

	return str_cmp(x->path, y->path);
}

int harvest_list(struct harvest *out, struct arena *mem, int dir,
		 const struct harvest_options *options, struct err *err)
{
	struct harvest harvest = { 0 };
	struct lister l = { &harvest, mem, options, 0 };
	AUTO_FD int top = sys_openat2(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH);

	if (top < 0)
		return err_set(err, ERR_INPUT, "harvest: the directory cannot be read: %s", strerror(errno));
	list_level(&l, top, (struct str){ 0 }, 0);
	if (harvest.items.n)
		qsort(harvest.items.items, harvest.items.n, sizeof *harvest.items.items, by_path);
	if (l.refused)
		ARENA_PUSH(mem, &harvest.refused, arena_printf(mem, "%" PRIu64 " more", l.refused));
	*out = harvest;
	return 0;
}

int harvest_read(struct str *out, struct arena *mem, int dir, const struct harvest_item *item, struct err *err)
{
	AUTO_FD int fd = sys_openat2(dir, item->path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, SYS_BENEATH);
	struct stat st;
	size_t at = 0;
	char *text;

	if (fd < 0 || fstat(fd, &st))
		return err_errno(err, "harvest: '%s'", item->path.p);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != item->size)
		return err_input(err, "harvest: '%s' is no longer the file that was listed", item->path.p);
	text = ARENA_ARRAY(mem, item->size + 1, char);
	while (at < item->size) {
		ssize_t n = read(fd, text + at, item->size - at);

		if (n <= 0)
			return err_input(err, "harvest: '%s' ended early", item->path.p);
		at += (size_t)n;
	}
	text[at] = '\0';
	*out = (struct str){ text, at };
	return 0;
}
