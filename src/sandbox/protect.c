/* protect.c - paths of the work directory that the job must not change, in its file tree. System calls only. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "launch.h"
#include "sys.h"

enum { COVERED_MAX = 64 }; /* the built-in policies have three directories above protected paths */

/* Directories above protected paths that are mounts by now, so that each becomes one once. More than fit are covered again. */
struct covered {
	struct {
		const char *path; /* its first `len` bytes */
		size_t      len;
	} items[COVERED_MAX];
	size_t n;
};

static bool is_covered(const struct covered *c, const char *path, size_t len)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->items[i].len == len && memcmp(c->items[i].path, path, len) == 0)
			return true;
	return false;
}

static void remember(struct covered *c, const char *path, size_t len)
{
	if (c->n == COVERED_MAX)
		return;
	c->items[c->n].path = path;
	c->items[c->n++].len = len;
}

static void cover(struct plan *p, int work, const char *path, bool read_only)
{
	struct sys_attr attr = { .set = read_only ? SYS_ATTR_RDONLY : 0 };
	int fd = sys_openat2(work, path, O_PATH | O_CLOEXEC, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	int tree = fd < 0 ? -1 : sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
						AT_EMPTY_PATH | AT_RECURSIVE);

	if (tree < 0 || sys_attr(tree, AT_RECURSIVE, &attr) ||
	    syscall(SYS_move_mount, tree, "", fd, "", SYS_MOVE_EMPTY_FROM | SYS_MOVE_EMPTY_TO))
		inside_fail(p, STEP_PROTECT, path);
	close(tree);
	close(fd);
}

/* A part that is missing is made: 1; there: 0; -1 with errno. */
static int make_part(struct stat *st, int work, const char *part, bool dir)
{
	if (fstatat(work, part, st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (dir)
		return mkdirat(work, part, 0755) ? -1 : 1;
	return mknodat(work, part, S_IFREG | 0644, 0) ? -1 : 1;
}

/* One part of a path: false when nothing below it needs protection. */
static bool protect_part(struct plan *p, int work, struct covered *c, const struct plan_protect *what, char *part, size_t n)
{
	const bool last = what->path[n] == '\0';
	struct stat st;
	int made;

	if (!last && is_covered(c, what->path, n))
		return true;
	made = make_part(&st, work, part, !last || what->dir);
	/* below a placeholder of another path, or on a disk that is read-only: nobody can make it */
	if (made < 0 && errno == EROFS)
		return false;
	if (made < 0)
		inside_fail(p, STEP_PROTECT, part);
	/* a symbolic link leads elsewhere, and a file has nothing below it: protect it as it is */
	if (made == 0 && S_ISLNK(st.st_mode) && p->workdir != WORKDIR_BIND)
		return false;
	cover(p, work, part, last || made == 1 || !S_ISDIR(st.st_mode));
	if (made == 1 || !S_ISDIR(st.st_mode))
		return false;
	if (!last)
		remember(c, what->path, n);
	return true;
}

/*
 * Read-only. In the host's own directory also where it is missing: the first missing part is made, empty, and taken away
 * afterwards by the supervisor. The directories above become mounts too: a mount cannot be renamed away, a directory that
 * holds one can.
 */
static void protect(struct plan *p, int work, int below, struct covered *c, const struct plan_protect *what)
{
	char part[POLICY_MAX_PATH + 1];
	struct stat st;
	const size_t n = strlen(what->path);

	/* in memory nothing that is made there reaches the host but through harvest.h, which refuses it */
	if (p->workdir != WORKDIR_BIND && fstatat(below, what->path, &st, AT_SYMLINK_NOFOLLOW))
		return;
	memcpy(part, what->path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (!protect_part(p, work, c, what, part, i))
			return;
		part[i] = what->path[i];
	}
}

void view_protect(struct plan *p, int work, int below)
{
	struct covered covered = { .n = 0 };

	for (size_t i = 0; i < p->protect.n; i++)
		protect(p, work, below, &covered, &p->protect.items[i]);
}
