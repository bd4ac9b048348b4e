/* view_root.c - file systems of the job's own, and the skeleton of its root. System calls only. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "launch.h"
#include "sys.h"

/* A file system in memory, detached; its root is the job's, and a sticky directory for everybody where `mode` is NULL. */
static int new_memory(struct plan *p, const char *size, const char *inodes, const char *mode,
		      unsigned attributes)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), mount;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", inodes, 0) ||
	    (mode && fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0)) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		inside_fail(p, STEP_MEMORY, NULL);
	mount = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	if (mount < 0)
		inside_fail(p, STEP_MEMORY, NULL);
	close(fs);
	return mount;
}

static void make_skeleton(struct plan *p, int root)
{
	for (size_t i = 0; i < p->dirs.n; i++)
		if (mkdirat(root, p->dirs.items[i], 0755) && errno != EEXIST)
			inside_fail(p, STEP_ROOT, p->dirs.items[i]);
	for (size_t i = 0; i < p->empty.n; i++)
		if (mknodat(root, p->empty.items[i], S_IFREG | 0644, 0) && errno != EEXIST)
			inside_fail(p, STEP_ROOT, p->empty.items[i]);
	for (size_t i = 0; i < p->links.n; i++)
		if (p->links.items[i].ready &&
		    symlinkat(p->links.items[i].target, root, p->links.items[i].at + 1) && errno != EEXIST)
			inside_fail(p, STEP_ROOT, p->links.items[i].at);
}

static void make_file(struct plan *p, int root, const char *path, struct str text)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	while (fd >= 0 && text.len) {
		ssize_t n = write(fd, text.p, text.len);

		if (n <= 0)
			break;
		text = str_from(text, (size_t)n);
	}
	if (fd < 0 || text.len)
		inside_fail(p, STEP_ROOT, path);
	close(fd);
}

static int make_proc(struct plan *p)
{
	int fs = fsopen("proc", FSOPEN_CLOEXEC), mount;

	/* hidepid: what cannot be traced, init, is not seen */
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "hidepid", "invisible", 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		inside_fail(p, STEP_PROC, "/proc");
	mount = fsmount(fs, FSMOUNT_CLOEXEC, SYS_ATTR_NOSUID | SYS_ATTR_NODEV | SYS_ATTR_NOEXEC);
	if (mount < 0)
		inside_fail(p, STEP_PROC, "/proc");
	close(fs);
	return mount;
}

static int make_pts(struct plan *p)
{
	int fs = fsopen("devpts", FSOPEN_CLOEXEC), mount;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "ptmxmode", "0666", 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0620", 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		inside_fail(p, STEP_PTS, "/dev/pts");
	mount = fsmount(fs, FSMOUNT_CLOEXEC, SYS_ATTR_NOSUID | SYS_ATTR_NOEXEC);
	if (mount < 0)
		inside_fail(p, STEP_PTS, "/dev/pts");
	close(fs);
	return mount;
}

/* The scratch file system holds all that the job may write but /tmp. */
static int make_scratch(struct plan *p)
{
	static const char *const dirs[] = { "home", "home/.cache", "home/tmp", "upper", "over" };
	int scratch = new_memory(p, p->scratch_size, p->scratch_inodes, "0700",
				 SYS_ATTR_NOSUID | SYS_ATTR_NODEV |
					 (p->exec == EXEC_SEALED ? SYS_ATTR_NOEXEC : 0));

	for (size_t i = 0; i < COUNT(dirs); i++)
		if (mkdirat(scratch, dirs[i], 0755))
			inside_fail(p, STEP_MEMORY, dirs[i]);
	return scratch;
}

void view_make(struct plan *p, struct view *v)
{
	const unsigned closed = SYS_ATTR_NOSUID | SYS_ATTR_NODEV | SYS_ATTR_NOEXEC;

	umask(022);
	v->root = new_memory(p, "16m", "4000", "0755", SYS_ATTR_NOSUID | SYS_ATTR_NODEV);
	make_skeleton(p, v->root);
	for (size_t i = 0; i < p->files.n; i++)
		make_file(p, v->root, p->files.items[i].at + 1, p->files.items[i].text);
	v->scratch = make_scratch(p);
	/* as programs expect them */
	v->tmp = new_memory(p, p->tmp_size, "100000", NULL, closed);
	v->shm = new_memory(p, p->tmp_size, "10000", NULL, closed);
	v->proc = make_proc(p);
	v->pts = make_pts(p);
}
