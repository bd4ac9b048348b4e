/* view.c - the job's file tree: an empty root, into which only what the plan names is mounted. System calls only. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "launch.h"
#include "sys.h"

/*
 * A place below the job's root, which is the current directory: links in it lead where they will lead the job, never to the
 * host. O_PATH, or -1.
 */
static int open_inside(const char *path)
{
	return sys_openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* The first n bytes of a path, opened; its last part is made where it is missing. -1 with errno. */
static int open_part(const char *path, size_t n, bool file)
{
	char part[POLICY_MAX_PATH + 1], *slash;
	int fd, parent;

	if (n == 0 || n > POLICY_MAX_PATH)
		return -1;
	memcpy(part, path, n);
	part[n] = '\0';
	fd = open_inside(part);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	slash = strrchr(part, '/');
	if (slash)
		*slash = '\0';
	parent = open_inside(slash ? part : ".");
	if (parent < 0)
		return -1;
	if (file)
		(void)!mknodat(parent, slash ? slash + 1 : part, S_IFREG | 0644, 0);
	else
		(void)!mkdirat(parent, slash ? slash + 1 : part, 0755);
	close(parent);
	if (slash)
		*slash = '/';
	return open_inside(part);
}

/* The same for a whole relative path, with all directories above it. */
static int open_made(const char *path, bool file)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int fd = open_part(path, (size_t)(slash - path), false);

		if (fd < 0)
			return -1;
		close(fd);
	}
	return open_part(path, strlen(path), file);
}

static void make_link(struct plan *p, const struct plan_link *link)
{
	const char *path = link->at + 1, *slash = strrchr(path, '/');
	char parent[POLICY_MAX_PATH + 1] = ".";
	int fd;

	if (slash && (size_t)(slash - path) <= POLICY_MAX_PATH) {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
	}
	fd = slash ? open_made(parent, false) : open_inside(parent);
	if (fd < 0 || (symlinkat(link->target, fd, slash ? slash + 1 : path) && errno != EEXIST))
		inside_fail(p, STEP_ROOT, link->at);
	close(fd);
}

/* While we still are who may read the host's places. Their trees are ours alone from here on. */
void view_open(struct plan *p)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		inside_fail(p, STEP_PRIVATE, NULL);
	for (size_t i = 0; i < p->mounts.n; i++) {
		struct plan_mount *m = &p->mounts.items[i];
		struct sys_attr attr = { .set = SYS_ATTR_NOSUID };

		if (m->host)
			m->fd = sys_open_tree(AT_FDCWD, m->host,
					      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		attr.set |= m->write ? 0 : SYS_ATTR_RDONLY;
		attr.set |= m->device ? 0 : SYS_ATTR_NODEV;
		attr.set |= m->exec ? 0 : SYS_ATTR_NOEXEC;
		if (m->fd < 0 || sys_attr(m->fd, AT_RECURSIVE, &attr))
			inside_fail(p, STEP_SOURCE, m->host);
	}
	if (!p->work_host || p->work_shift)
		return;
	p->work_fd = sys_open_tree(AT_FDCWD, p->work_host,
				   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (p->work_fd < 0)
		inside_fail(p, STEP_SOURCE, p->work_host);
}

void view_place(struct plan *p, int mount, const char *at, bool file)
{
	int fd = open_made(at, file);

	if (mount < 0 || fd < 0 || syscall(SYS_move_mount, mount, "", fd, "", SYS_MOVE_EMPTY_FROM | SYS_MOVE_EMPTY_TO))
		inside_fail(p, STEP_PLACE, at);
	close(fd);
	close(mount);
}

void view_place_ready(struct plan *p, int mount, const char *at)
{
	if (mount < 0 || sys_attach(mount, AT_FDCWD, at))
		inside_fail(p, STEP_PLACE, at);
	close(mount);
}

/* False: this kernel's tmpfs keeps no attributes (before 6.6), so that replaced directories would be lost. */
static bool overlay_possible(int scratch)
{
	int fd = openat(scratch, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool works = fd >= 0 && fsetxattr(fd, "user.overlay.test", "y", 1, 0) == 0 &&
		     fremovexattr(fd, "user.overlay.test") == 0;

	if (fd >= 0)
		close(fd);
	return works;
}

/* Names without a ':' or ',' in them, whatever the host's paths look like. */
static int set_dir(int fs, const char *key, int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, path, 0);
}

/* The work directory below, read-only; changes above, in memory. -1: the kernel does not do it. */
static int mount_overlay(struct plan *p, int scratch)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int upper = openat(scratch, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int over = openat(scratch, "over", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int mount = -1;

	if (fs >= 0 && upper >= 0 && over >= 0 &&
	    set_dir(fs, "lowerdir", p->work_fd) == 0 && set_dir(fs, "upperdir", upper) == 0 &&
	    set_dir(fs, "workdir", over) == 0 &&
	    fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC,
				SYS_ATTR_NOSUID | SYS_ATTR_NODEV |
					(p->exec == EXEC_SEALED ? SYS_ATTR_NOEXEC : 0));
	close(over);
	close(upper);
	close(fs);
	return mount;
}

/* The work directory as it is and the changes together: to be mounted at SANDBOX_WORK. */
static int mount_copy(struct plan *p, int scratch)
{
	int upper = openat(scratch, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int lower = p->work_host ? openat(p->work_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int tree;

	p->workdir = WORKDIR_COPY;
	if (upper < 0 || (p->work_host && (lower < 0 || copy_tree(lower, upper))))
		inside_fail(p, STEP_COPY, p->work_host);
	tree = sys_open_tree(upper, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	close(lower);
	close(upper);
	return tree;
}

/*
 * What is cloned or used by an overlay must be mounted somewhere: on a directory of the host's that every host has, with whose tree it
 * goes. Not on its root: that must be on top of all when it is unmounted.
 */
static void park(struct plan *p, int mount, enum launch_step step)
{
	if (sys_attach(mount, AT_FDCWD, "/dev"))
		inside_fail(p, step, NULL);
}

static int mount_work(struct plan *p, int scratch)
{
	struct sys_attr attr = { .set = SYS_ATTR_NOSUID | SYS_ATTR_NODEV };
	int overlay = -1;

	if (!p->work_host)
		return mount_copy(p, scratch);
	attr.set |= p->workdir != WORKDIR_BIND ? SYS_ATTR_RDONLY : 0;
	attr.set |= p->workdir == WORKDIR_BIND && p->exec == EXEC_SEALED ? SYS_ATTR_NOEXEC : 0;
	if (sys_attr(p->work_fd, AT_RECURSIVE, &attr))
		inside_fail(p, STEP_WORK, p->work_host);
	if (p->workdir == WORKDIR_BIND)
		return p->work_fd;
	park(p, p->work_fd, STEP_WORK);
	if (p->workdir == WORKDIR_OVERLAY && overlay_possible(scratch))
		overlay = mount_overlay(p, scratch);
	return overlay >= 0 ? overlay : mount_copy(p, scratch);
}

/* All that is not in the job's root is out of reach after this, and gone when its descriptors are. */
static void leave_host(struct plan *p, int root)
{
	/* over the old root: its own place needs no directory of the host */
	if (sys_attach(root, AT_FDCWD, "/") || fchdir(root))
		inside_fail(p, STEP_ROOT, "/");
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		inside_fail(p, STEP_PIVOT, NULL);
}

static void place_all(struct plan *p, const struct view *v, int home, int work)
{
	view_place_ready(p, v->proc, "proc");
	view_place_ready(p, v->pts, "dev/pts");
	view_place_ready(p, v->tmp, "tmp");
	view_place_ready(p, v->shm, "dev/shm");
	for (size_t i = 0; i < p->links.n; i++)
		if (!p->links.items[i].ready)
			make_link(p, &p->links.items[i]);
	/* after /tmp: what the policy shows below it lies on it */
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.items[i];

		if (m->ready)
			view_place_ready(p, m->fd, m->at + 1);
		else
			view_place(p, m->fd, m->at + 1, m->file);
	}
	view_place_ready(p, home, &SANDBOX_HOME[1]);
	view_place_ready(p, work, &SANDBOX_WORK[1]);
}

static void send_places(struct plan *p, int root, int work, int scratch)
{
	const struct message message = { .kind = MESSAGE_PLACES, .value = (int32_t)p->workdir };
	const char *changes = p->workdir == WORKDIR_BIND ? "." : "upper";
	int fds[4] = {
		root,
		work,
		openat(p->workdir == WORKDIR_BIND ? work : scratch, changes, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		open(SANDBOX_HOME, O_PATH | O_CLOEXEC),
	};

	inside_send(p, &message, fds, COUNT(fds));
	close(fds[2]);
	close(fds[3]);
}

void view_enter(struct plan *p, struct view *v)
{
	const struct sys_attr closed = { .set = SYS_ATTR_RDONLY };
	int home, work, below, root;

	park(p, v->scratch, STEP_MEMORY);
	home = sys_open_tree(v->scratch, "home", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	work = mount_work(p, v->scratch);
	below = p->workdir == WORKDIR_BIND ? -1 : p->work_fd;
	leave_host(p, v->root);
	close(v->root);
	place_all(p, v, home, work);
	root = open("/", O_PATH | O_CLOEXEC);
	work = open(SANDBOX_WORK, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (work < 0)
		inside_fail(p, STEP_WORK, NULL);
	view_protect(p, work, below < 0 ? work : below);
	if (root < 0 || sys_attr(root, 0, &closed))
		inside_fail(p, STEP_PIVOT, "/");
	send_places(p, root, work, v->scratch);
	close(root);
	close(work);
	close(v->scratch);
	if (below >= 0)
		close(below);
}
