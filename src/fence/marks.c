#include "marks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>

#include "base/scope.h"

enum { MODE = O_RDONLY | O_LARGEFILE | O_CLOEXEC }; /* of the files that the kernel shows us */

/* What is marked, and for what. */
struct watch {
	int             group;
	uint64_t        mask;
	const uint64_t *mounts; /* NULL: all */
	size_t          n_mounts;
};

/* The queue has no cap, since the kernel lets run what finds it full; each process of a job is in it once at most. */
static int group_open(struct err *err)
{
	int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
					  FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_REPORT_TID,
				  MODE);

	if (group < 0)
		return err_errno(err, "fanotify (it needs a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS, and "
				      "CAP_SYS_ADMIN)");
	return group;
}

static int read_table(struct buf *out, pid_t pid, struct err *err)
{
	char path[64], part[16384];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	while ((n = fd < 0 ? -1 : read(fd, part, sizeof part)) > 0 && out->len <= MARKS_TABLE_MAX)
		buf_add(out, (struct str){ part, (size_t)n });
	if (n < 0)
		return err_errno(err, "%s", path);
	if (out->len > MARKS_TABLE_MAX)
		return err_input(err, "a mount table of more than %d bytes", MARKS_TABLE_MAX);
	return 0;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The kernel writes space, tab, line end and backslash as \ooo. */
static bool unescape(char *out, size_t room, struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '\\' && i + 3 < text.len && is_octal(text.p[i + 1]) &&
		    is_octal(text.p[i + 2]) && is_octal(text.p[i + 3])) {
			c = (char)((text.p[i + 1] - '0') << 6 | (text.p[i + 2] - '0') << 3 |
				   (text.p[i + 3] - '0'));
			i += 3;
		}
		if (n + 1 >= room)
			return false;
		out[n++] = c;
	}
	out[n] = 0;
	return true;
}

static bool has_option(struct str options, struct str word)
{
	struct str part;

	while (str_cut(&options, ',', &part))
		if (str_eq(part, word))
			return true;
	return false;
}

static int mark(const struct watch *w, const struct ward *ward, struct str at, struct err *err)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS |
						 RESOLVE_NO_MAGICLINKS };
	char path[PATH_MAX], link[64];

	if (!unescape(path, sizeof path, at))
		return err_input(err, "a mount point of more than %d bytes", PATH_MAX);
	AUTO_FD int fd = (int)syscall(SYS_openat2, ward->root, path, &how, sizeof how);

	/* behind another mount, out of reach for the job too */
	if (fd < 0 && errno == ENOENT)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (fd < 0 || fanotify_mark(w->group, FAN_MARK_ADD | FAN_MARK_MOUNT, w->mask, AT_FDCWD, link))
		return err_errno(err, "watch the mount '%s'", path);
	return 0;
}

static bool is_wanted(const struct watch *w, struct str id)
{
	char text[24];

	for (size_t i = 0; i < w->n_mounts; i++) {
		snprintf(text, sizeof text, "%" PRIu64, w->mounts[i]);
		if (str_eq(id, str_of(text)))
			return true;
	}
	return !w->mounts;
}

/* A line: id parent device root mount-point options ... */
static int mark_line(const struct watch *w, const struct ward *ward, struct str line, struct err *err)
{
	struct str field = { 0 }, at;
	bool wanted = true;

	for (int i = 0; i < 5; i++) {
		if (!str_cut(&line, ' ', &field))
			return err_input(err, "a mount table that cannot be read");
		wanted = wanted && (i || is_wanted(w, field));
	}
	at = field;
	str_cut(&line, ' ', &field);
	return !wanted || has_option(field, STR("noexec")) ? 0 : mark(w, ward, at, err);
}

static int mark_all(const struct watch *w, const struct ward *ward, struct str table, struct err *err)
{
	struct str line;
	int n = 0;

	while (str_cut_line(&table, &line)) {
		if (n++ == MARKS_MAX)
			return err_input(err, "a job with more than %d mounts", MARKS_MAX);
		if (mark_line(w, ward, line, err))
			return -1;
	}
	if (n == 0)
		return err_input(err, "a job without mounts");
	return 0;
}

/* The group, or -1; then it is closed. */
static int set_up(const struct watch *w, const struct ward *ward, struct err *err)
{
	AUTO_BUF struct buf table = { 0 };

	if (w->group < 0)
		return -1;
	if (read_table(&table, ward->pid, err) == 0 && mark_all(w, ward, buf_str(&table), err) == 0)
		return w->group;
	close(w->group);
	return -1;
}

int marks_open(const struct ward *ward, struct err *err)
{
	return set_up(&(struct watch){ .group = group_open(err), .mask = FAN_OPEN_EXEC_PERM }, ward, err);
}

int marks_open_writes(const struct ward *ward, const uint64_t *mounts, size_t n, struct err *err)
{
	struct watch w = { .group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_TID, MODE),
			   .mask = FAN_CLOSE_WRITE, .mounts = mounts, .n_mounts = n };

	if (w.group < 0)
		return err_errno(err, "fanotify");
	return set_up(&w, ward, err);
}

int marks_probe(struct err *err)
{
	int group = group_open(err);

	if (group < 0)
		return -1;
	close(group);
	return 0;
}
