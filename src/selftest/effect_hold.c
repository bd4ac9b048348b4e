/* Effects in processes, while the trick holds still: what /proc shows of them outside. */
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "base/scope.h"
#include "lab.h"

struct look {
	struct trial *trial;
	const char *argument;
	struct process process;
	int fd;
	char path[64]; /* /proc/PID/fd/N */
	char link[512];
};

static bool is_trick(const struct process *process)
{
	return strcmp(process->name, "outrider-tricks") == 0;
}

static bool each_fd(struct look *look, bool (*see)(struct look *))
{
	char path[64];
	DIR *dir;
	bool found = false;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)look->process.pid);
	dir = opendir(path);
	for (const struct dirent *e; dir && !found && (e = readdir(dir));) {
		ssize_t n;

		if (e->d_name[0] == '.')
			continue;
		look->fd = (int)strtol(e->d_name, NULL, 10);
		snprintf(look->path, sizeof look->path, "%.40s/%.8s", path, e->d_name);
		n = readlink(look->path, look->link, sizeof look->link - 1);
		look->link[n < 0 ? 0 : n] = 0;
		found = see(look);
	}
	if (dir)
		closedir(dir);
	return found;
}

/*
 * Calls `see` for each descriptor of each process of the job, until one gives true. Only the trick's own: what stands around
 * it is not its catch.
 */
static bool any_descriptor(struct trial *t, const char *argument, bool (*see)(struct look *))
{
	AUTO_ARENA struct arena mem;
	struct processes job = { 0 };

	arena_init(&mem, 64 << 20);
	processes_below(&job, &mem, t->warden);
	for (size_t i = 0; i < job.n; i++) {
		struct look look = { t, argument, job.items[i], -1, { 0 }, { 0 } };

		if (is_trick(&look.process) && each_fd(&look, see))
			return true;
	}
	return false;
}

static bool is_writable(const struct look *look)
{
	char path[80], text[512];
	const char *flags;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)look->process.pid, look->fd);
	read_small(path, text, sizeof text);
	flags = strstr(text, "flags:");
	/* O_WRONLY or O_RDWR, and not O_PATH */
	return flags && (strtoul(flags + 6, NULL, 8) & 3) != 0 &&
	       !(strtoul(flags + 6, NULL, 8) & 010000000);
}

/* "{a,b}" in a pattern stands for either. */
static bool matches(const char *pattern, const char *text)
{
	const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL, *at;
	char one[256];

	if (!close) {
		/* brackets are meant as they are: "anon_inode:[io_uring]" */
		return strchr(pattern, '*') ? fnmatch(pattern, text, 0) == 0
					    : strcmp(pattern, text) == 0;
	}
	for (at = open + 1; at < close;) {
		size_t n = strcspn(at, ",}");

		snprintf(one, sizeof one, "%.*s%.*s%s", (int)(open - pattern), pattern, (int)n, at,
			 close + 1);
		if (strcmp(one, text) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

static bool fd_matches(struct look *look)
{
	const char *pattern = look->argument;
	struct stat st;

	if (!matches(pattern, look->link))
		return false;
	/* a file or device must be open for writing; an anonymous object need not */
	if (strncmp(pattern, "anon", 4) != 0 && strncmp(pattern, "/dev/", 5) != 0 &&
	    !is_writable(look))
		return false;
	/* a private /dev may have a file of that name */
	if (strncmp(pattern, "/dev/", 5) == 0 &&
	    (stat(look->path, &st) < 0 || !S_ISCHR(st.st_mode)))
		return false;
	return saw(look->trial, "it holds %.100s", look->link);
}

static bool fd_is_block(struct look *look)
{
	struct stat st;

	return stat(look->path, &st) == 0 && S_ISBLK(st.st_mode) &&
	       saw(look->trial, "it holds the disk %.100s", look->link);
}

static bool same_file(const struct look *look, const char *path, size_t n)
{
	struct stat held, other;
	char name[256];

	snprintf(name, sizeof name, "%.*s", (int)n, path);
	return stat(look->path, &held) == 0 && stat(name, &other) == 0 &&
	       held.st_dev == other.st_dev && held.st_ino == other.st_ino;
}

static bool fd_is_hostfile(struct look *look)
{
	for (const char *at = look->argument; *at;) {
		size_t n = strcspn(at, " ");

		if (same_file(look, at, n) && is_writable(look))
			return saw(look->trial, "it may write to the host's %.*s", (int)n, at);
		at += n + (at[n] == ' ');
	}
	return false;
}

static bool fd_is_hostdev(struct look *look)
{
	struct stat held, dir;

	return stat(look->path, &held) == 0 && stat(look->argument, &dir) == 0 &&
	       S_ISREG(held.st_mode) && held.st_nlink == 0 && held.st_dev == dir.st_dev &&
	       is_writable(look) && saw(look->trial, "it has a new file in %s", look->argument);
}

static bool fd_is_launcher(struct look *look)
{
	const char *launcher = wall_table[look->trial->wall].launcher();

	return launcher && same_file(look, launcher, strlen(launcher)) &&
	       saw(look->trial, "it holds the launcher's program");
}

static bool fd_is_terminal(struct look *look)
{
	struct stat held, ours;

	/* /dev/tty has its own device number: what it stands for is told by the session, which outside sees in `stat` */
	if (stat(look->path, &held) < 0 || look->trial->stage.slave < 0 ||
	    fstat(look->trial->stage.slave, &ours) < 0 || !S_ISCHR(held.st_mode))
		return false;
	return look->fd > 2 &&
	       (held.st_rdev == ours.st_rdev || strcmp(look->link, "/dev/tty") == 0) &&
	       saw(look->trial, "it opened the user's terminal");
}

static bool fd_is_exec_memory(struct look *look)
{
	struct stat st;

	return strncmp(look->link, "/memfd:", 7) == 0 && stat(look->path, &st) == 0 &&
	       (st.st_mode & 0111) && saw(look->trial, "it holds an executable memory file");
}

/* A directory on a mount that is in no place. */
static bool fd_is_detached(struct look *look)
{
	static char mounts[65536];
	char path[80], text[512], line[32];
	const char *id;
	struct stat st;

	if (stat(look->path, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)look->process.pid, look->fd);
	read_small(path, text, sizeof text);
	id = strstr(text, "mnt_id:");
	snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)look->process.pid);
	if (!id || read_small(path, mounts, sizeof mounts) == 0)
		return false;
	snprintf(line, sizeof line, "%ld ", strtol(id + 7, NULL, 10));
	/* at the start of a line */
	for (const char *at = mounts; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, line, strlen(line)) == 0)
			return false;
	return look->fd > 2 && look->fd < 900 &&
	       saw(look->trial, "it holds a mount without a place");
}

static bool number_fits(const char *wanted, int got)
{
	return strcmp(wanted, "*") == 0 ||
	       (strcmp(wanted, "odd") == 0 ? got > 10 && got != AF_NETLINK : atoi(wanted) == got);
}

/* Takes the socket out of the process and asks it what it is. */
static bool fd_is_socket(struct look *look)
{
	char want[3][16];
	int got[3] = { -1, -1, -1 };
	static const int options[3] = { SO_DOMAIN, SO_TYPE, SO_PROTOCOL };
	AUTO_FD int pidfd = -1;
	AUTO_FD int fd = -1;

	if (look->fd == 980 || strncmp(look->link, "socket:", 7) != 0 ||
	    sscanf(look->argument, "%15s %15s %15s", want[0], want[1], want[2]) != 3)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, look->process.pid, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, look->fd, 0);
	for (int i = 0; fd >= 0 && i < 3; i++) {
		socklen_t size = sizeof got[i];

		if (getsockopt(fd, SOL_SOCKET, options[i], &got[i], &size) < 0 ||
		    !number_fits(want[i], got[i]))
			return false;
	}
	return fd >= 0 && saw(look->trial, "it holds a socket: family %d, type %d, protocol %d",
			      got[0], got[1], got[2]);
}

/* One function of the table's form for each kind. */
#define HOLDS(name, see)                                                                     \
	static bool holds_##name(struct trial *t, struct listeners *l, const char *argument) \
	{                                                                                    \
		(void)l;                                                                     \
		return any_descriptor(t, argument, see);                                     \
	}
HOLDS(descriptor, fd_matches)
HOLDS(block, fd_is_block)
HOLDS(hostfile, fd_is_hostfile)
HOLDS(hostdev, fd_is_hostdev)
HOLDS(launcher, fd_is_launcher)
HOLDS(terminal, fd_is_terminal)
HOLDS(memory, fd_is_exec_memory)
HOLDS(detached, fd_is_detached)
HOLDS(socket, fd_is_socket)

const struct effect hold_effects[] = {
	{ "descriptor", true, holds_descriptor }, { "block", true, holds_block },
	{ "hostfile", true, holds_hostfile },     { "hostdev", true, holds_hostdev },
	{ "launcher", true, holds_launcher },     { "terminal", true, holds_terminal },
	{ "exec-memory", true, holds_memory },    { "detached", true, holds_detached },
	{ "socket", true, holds_socket },         { NULL, false, NULL },
};
