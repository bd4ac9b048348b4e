/* view.c - the job's file tree: an empty root, into which only what the plan names is mounted. System calls only. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "launch.h"
#include "sys.h"

enum { SCRATCH_MODE = 0755 };

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

static void make_file(struct plan *p, const char *path, struct str text)
{
	int made = open_made(path, true), fd;

	if (made >= 0)
		close(made);
	fd = made < 0 ? -1 : sys_openat2(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
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

/* A file system in memory, detached. */
static int new_memory(const struct plan *p, const char *size, const char *inodes, const char *mode,
		      unsigned attributes)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), mount;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", inodes, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "uid", p->uid_text, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "gid", p->gid_text, 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	mount = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	close(fs);
	return mount;
}

/* Trees that were prepared: plain files of ours, no mounts in them. */
static void open_below(struct plan *p, struct plan_below *below)
{
	if (!below->host || below->fd >= 0)
		return;
	below->fd = sys_open_tree(AT_FDCWD, below->host, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (below->fd < 0)
		inside_fail(p, STEP_SOURCE, below->host);
}

/* While we still are who may read the host's places. Their trees are ours alone from here on. */
void view_open(struct plan *p)
{
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
	open_below(p, &p->below_work);
	open_below(p, &p->below_home);
	if (!p->work_host || p->work_fd >= 0)
		return;
	p->work_fd = sys_open_tree(AT_FDCWD, p->work_host,
				   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (p->work_fd < 0)
		inside_fail(p, STEP_SOURCE, p->work_host);
}

/* Mounts at a relative path of the job's root. */
static void place(struct plan *p, int mount, const char *at, bool file)
{
	int fd = open_made(at, file);

	if (mount < 0 || fd < 0 || syscall(SYS_move_mount, mount, "", fd, "", SYS_MOVE_EMPTY_FROM | SYS_MOVE_EMPTY_TO))
		inside_fail(p, STEP_PLACE, at);
	close(fd);
	close(mount);
}

static void make_root(struct plan *p)
{
	int root = new_memory(p, "16m", "4000", "0755", SYS_ATTR_NOSUID | SYS_ATTR_NODEV);

	if (root < 0)
		inside_fail(p, STEP_MEMORY, "/");
	/* over the old root: its own place needs no directory of the host */
	if (sys_attach(root, AT_FDCWD, "/") || fchdir(root))
		inside_fail(p, STEP_ROOT, "/");
	close(root);
	for (size_t i = 0; i < p->links.n; i++)
		make_link(p, &p->links.items[i]);
	for (size_t i = 0; i < p->files.n; i++)
		make_file(p, p->files.items[i].at + 1, p->files.items[i].text);
}

/* After /tmp: what the policy shows below it lies on it. */
static void place_mounts(struct plan *p)
{
	for (size_t i = 0; i < p->mounts.n; i++)
		place(p, p->mounts.items[i].fd, p->mounts.items[i].at + 1, p->mounts.items[i].file);
}

static void make_system(struct plan *p)
{
	const unsigned closed = SYS_ATTR_NOSUID | SYS_ATTR_NODEV | SYS_ATTR_NOEXEC;
	int fs = fsopen("proc", FSOPEN_CLOEXEC);

	/* hidepid: what cannot be traced, init, is not seen */
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "hidepid", "invisible", 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		inside_fail(p, STEP_PROC, "/proc");
	place(p, fsmount(fs, FSMOUNT_CLOEXEC, closed), "proc", false);
	close(fs);
	fs = fsopen("devpts", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "ptmxmode", "0666", 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0620", 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		inside_fail(p, STEP_PTS, "/dev/pts");
	place(p, fsmount(fs, FSMOUNT_CLOEXEC, SYS_ATTR_NOSUID | SYS_ATTR_NOEXEC), "dev/pts", false);
	close(fs);
	/* a sticky directory for everybody, as programs expect it */
	place(p, new_memory(p, p->tmp_size, "100000", "01777", closed), "tmp", false);
	place(p, new_memory(p, p->tmp_size, "10000", "01777", closed), "dev/shm", false);
}

/* Directories of the scratch file system, which holds all that the job may write but /tmp. */
static int make_scratch(struct plan *p)
{
	static const char *const dirs[] = { "home", "home/.cache", "home/tmp", "upper", "over", "home-over" };
	int scratch = new_memory(p, p->scratch_size, p->scratch_inodes, "0700",
				 SYS_ATTR_NOSUID | SYS_ATTR_NODEV |
					 (p->exec == EXEC_SEALED ? SYS_ATTR_NOEXEC : 0));

	if (scratch < 0)
		inside_fail(p, STEP_MEMORY, "scratch");
	place(p, dup(scratch), ".scratch", false);
	for (size_t i = 0; i < COUNT(dirs); i++)
		if (mkdirat(scratch, dirs[i], SCRATCH_MODE))
			inside_fail(p, STEP_MEMORY, dirs[i]);
	return scratch;
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

/* A part of the scratch file system and what lies below it, on top first; "" at the end. */
struct layers {
	const char *upper, *over;
	const char *lower[2];
};

/* Names without a ':' or ',' in them, whatever the host's paths look like. */
static int set_dir(int fs, const char *key, int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, path, 0);
}

static int set_lower(int fs, const int lower[2])
{
	char path[64];

	if (lower[1] < 0)
		return set_dir(fs, "lowerdir", lower[0]);
	snprintf(path, sizeof path, "/proc/self/fd/%d:/proc/self/fd/%d", lower[0], lower[1]);
	return fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", path, 0);
}

/* What was there below, read-only; changes above, in memory. -1: the kernel does not do it. */
static int mount_overlay(struct plan *p, int scratch, const struct layers *layers)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	const int lower[2] = {
		open(layers->lower[0], O_PATH | O_DIRECTORY | O_CLOEXEC),
		layers->lower[1] ? open(layers->lower[1], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1,
	};
	int upper = openat(scratch, layers->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int over = openat(scratch, layers->over, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int mount = -1;

	if (fs >= 0 && lower[0] >= 0 && (lower[1] >= 0 || !layers->lower[1]) && upper >= 0 && over >= 0 &&
	    set_lower(fs, lower) == 0 && set_dir(fs, "upperdir", upper) == 0 &&
	    set_dir(fs, "workdir", over) == 0 &&
	    fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC,
				SYS_ATTR_NOSUID | SYS_ATTR_NODEV |
					(p->exec == EXEC_SEALED ? SYS_ATTR_NOEXEC : 0));
	close(over);
	close(upper);
	for (size_t i = 0; i < COUNT(lower); i++)
		close(lower[i]);
	close(fs);
	return mount;
}

/* What lies below, on top first, into a directory in memory. */
static void mount_copy(struct plan *p, int scratch, const struct layers *layers, const char *at)
{
	int upper = openat(scratch, layers->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (upper < 0)
		inside_fail(p, STEP_COPY, at);
	for (size_t i = 0; i < COUNT(layers->lower) && layers->lower[i]; i++) {
		int lower = open(layers->lower[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		/* an empty directory takes all; what is there already stays on top */
		if (lower < 0 || copy_tree(lower, upper, true))
			inside_fail(p, STEP_COPY, at);
		close(lower);
	}
	place(p, sys_open_tree(upper, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH), at + 1, false);
	close(upper);
}

static void mount_bind(struct plan *p)
{
	struct sys_attr attr = { .set = SYS_ATTR_NOSUID | SYS_ATTR_NODEV };

	attr.set |= p->exec == EXEC_SEALED ? SYS_ATTR_NOEXEC : 0;
	if (sys_attr(p->work_fd, AT_RECURSIVE, &attr))
		inside_fail(p, STEP_WORK, p->work_host);
	place(p, p->work_fd, &SANDBOX_WORK[1], false);
}

/* For the time until the job's own view stands, below its root. */
static void place_lower(struct plan *p, int tree, const char *host, const char *at)
{
	struct sys_attr attr = { .set = SYS_ATTR_NOSUID | SYS_ATTR_NODEV | SYS_ATTR_RDONLY };

	if (sys_attr(tree, AT_RECURSIVE, &attr))
		inside_fail(p, STEP_WORK, host);
	place(p, tree, at, false);
}

static void mount_work(struct plan *p, int scratch)
{
	struct layers layers = { .upper = "upper", .over = "over" };
	size_t n = 0;
	int overlay = -1;

	if (p->work_host && p->workdir == WORKDIR_BIND) {
		mount_bind(p);
		return;
	}
	if (p->work_host) {
		place_lower(p, p->work_fd, p->work_host, ".lower");
		layers.lower[n++] = ".lower";
	}
	if (p->below_work.host) {
		place_lower(p, p->below_work.fd, p->below_work.host, ".below");
		layers.lower[n++] = ".below";
	}
	if (n && p->workdir == WORKDIR_OVERLAY && overlay_possible(scratch))
		overlay = mount_overlay(p, scratch, &layers);
	if (overlay >= 0) {
		place(p, overlay, &SANDBOX_WORK[1], false);
	} else {
		p->workdir = WORKDIR_COPY;
		mount_copy(p, scratch, &layers, SANDBOX_WORK);
	}
	for (size_t i = 0; i < n; i++)
		umount2(layers.lower[i], MNT_DETACH);
}

static void mount_home(struct plan *p, int scratch)
{
	struct layers layers = { .upper = "home", .over = "home-over" };
	int overlay = -1;

	if (p->below_home.host) {
		place_lower(p, p->below_home.fd, p->below_home.host, ".home");
		layers.lower[0] = ".home";
		/* under a foreign owner the job could change nothing of it */
		if (overlay_possible(scratch) && (p->shift || p->below_home.uid == p->outer_uid))
			overlay = mount_overlay(p, scratch, &layers);
	}
	if (overlay >= 0)
		place(p, overlay, &SANDBOX_HOME[1], false);
	else
		mount_copy(p, scratch, &layers, SANDBOX_HOME);
	if (p->below_home.host)
		umount2(".home", MNT_DETACH);
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

/*
 * Read-only. In the host's own directory also where it is missing: the first missing part is made, empty, and taken away
 * afterwards by the supervisor. The directories above become mounts too: a mount cannot be renamed away, a directory that
 * holds one can.
 */
static void protect(struct plan *p, int work, const struct plan_protect *what)
{
	char part[POLICY_MAX_PATH + 1];
	struct stat st;
	size_t n = strlen(what->path);

	/* in memory nothing that is made there reaches the host but through harvest.h, which refuses it */
	if (p->workdir != WORKDIR_BIND && fstatat(work, what->path, &st, AT_SYMLINK_NOFOLLOW))
		return;
	memcpy(part, what->path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		int made;

		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		made = fstatat(work, part, &st, AT_SYMLINK_NOFOLLOW);
		if (made && (i < n || what->dir))
			made = mkdirat(work, part, 0755) ? -1 : 1;
		else if (made)
			made = mknodat(work, part, S_IFREG | 0644, 0) ? -1 : 1;
		if (made < 0)
			inside_fail(p, STEP_PROTECT, part);
		/* a symbolic link leads elsewhere, and a file has nothing below it: protect it as it is */
		if (made == 0 && S_ISLNK(st.st_mode) && p->workdir != WORKDIR_BIND)
			return;
		cover(p, work, part, i == n || made == 1 || (made == 0 && !S_ISDIR(st.st_mode)));
		if (made == 1 || !S_ISDIR(st.st_mode))
			return;
		part[i] = '/';
	}
}

static void leave_host(struct plan *p)
{
	static const char *const helpers[] = { ".scratch", ".lower", ".below", ".home" };
	struct sys_attr attr = { .set = SYS_ATTR_RDONLY };
	int root;

	umount2(".scratch", MNT_DETACH);
	for (size_t i = 0; i < COUNT(helpers); i++)
		unlinkat(AT_FDCWD, helpers[i], AT_REMOVEDIR);
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		inside_fail(p, STEP_PIVOT, NULL);
	root = open("/", O_PATH | O_CLOEXEC);
	if (root < 0 || sys_attr(root, 0, &attr))
		inside_fail(p, STEP_PIVOT, "/");
	close(root);
}

static void send_places(struct plan *p, int scratch)
{
	const struct message message = { .kind = MESSAGE_PLACES, .value = (int32_t)p->workdir };
	const char *upper = p->workdir == WORKDIR_BIND ? SANDBOX_WORK : NULL;
	int fds[4] = {
		open("/", O_PATH | O_CLOEXEC),
		open(SANDBOX_WORK, O_PATH | O_CLOEXEC),
		upper ? open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		      : openat(scratch, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		open(SANDBOX_HOME, O_PATH | O_CLOEXEC),
	};

	inside_send(p, &message, fds, COUNT(fds));
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

void view_build(struct plan *p)
{
	int scratch, work;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		inside_fail(p, STEP_PRIVATE, NULL);
	umask(022);
	make_root(p);
	make_system(p);
	place_mounts(p);
	scratch = make_scratch(p);
	mount_home(p, scratch);
	mount_work(p, scratch);
	work = open(&SANDBOX_WORK[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (work < 0)
		inside_fail(p, STEP_WORK, NULL);
	for (size_t i = 0; i < p->protect.n; i++)
		protect(p, work, &p->protect.items[i]);
	close(work);
	leave_host(p);
	send_places(p, scratch);
	close(scratch);
}
