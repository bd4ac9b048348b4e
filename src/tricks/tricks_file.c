/* Files of the host: read, seen, changed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "trick.h"

static int read_secret(void)
{
	return leak(given("secret"));
}

static int read_self_root(void)
{
	return leak(path_of("/proc/self/root%s", given("secret")));
}

static int read_host_root(void)
{
	int a = leak(path_of("/proc/%ld/root%s", given_number("pid"), given("secret")));

	return leak(path_of("/proc/1/root%s", given("secret"))) & a;
}

static int read_host_cwd(void)
{
	return leak(path_of("/proc/%ld/cwd/secret", given_number("pid")));
}

static int read_host_descriptor(void)
{
	return leak(path_of("/proc/%ld/fd/%ld", given_number("pid"), given_number("open")));
}

static int read_symlink(void)
{
	return symlink(given("secret"), "link") < 0 ? 1 : leak("link");
}

static int read_hard_link(void)
{
	return link(given("secret"), "hard") < 0 ? 1 : leak("hard");
}

static int read_moved(void)
{
	return rename(given("secret"), "moved") < 0 ? 1 : leak("moved");
}

static int read_upwards(void)
{
	return leak(path_of("../../../../../../../../../../../..%s", given("secret")));
}

static int leaked_directory(void)
{
	return leak_fd(openat(LEAKED_DIR, "secret", O_RDONLY));
}

/* Which number it has is not known to a job; it looks at all. */
static int leaked_secret(void)
{
	int found = 1;

	for (int fd = 3; fd < 1024; fd++)
		if (lseek(fd, 0, SEEK_SET) == 0 && leak_fd(fd) == 0)
			found = 0;
	return found;
}

static int leaked_outside(void)
{
	int fd = openat(LEAKED_OUTSIDE, "by-descriptor", O_WRONLY | O_CREAT, 0644);

	return fd < 0;
}

static int leaked_chdir(void)
{
	return fchdir(LEAKED_DIR) < 0 ? 1 : leak("secret");
}

static unsigned hex(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The kernel opens a file by its inode number, past all directories: the way out of early Docker. */
static int by_handle(void)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { 0 };
	const char *text = given("handle");
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	size_t n = strlen(text);

	if (n < 4 || n / 2 - 1 > MAX_HANDLE_SZ || dir < 0)
		return 1;
	handle.head.handle_type = (int)(hex(text[0]) * 16 + hex(text[1]));
	handle.head.handle_bytes = (unsigned)(n / 2 - 1);
	for (size_t i = 2; i + 1 < n; i += 2)
		handle.bytes[i / 2 - 1] = (unsigned char)(hex(text[i]) * 16 + hex(text[i + 1]));
	return leak_fd(open_by_handle_at(dir, &handle.head, O_RDONLY));
}

static int look_at(void)
{
	struct stat st;

	if (stat(given("secret"), &st) < 0)
		return 1;
	say(path_of("mtime %ld.%09ld\n", (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec));
	return 0;
}

static int list_names(void)
{
	static char path[4200];
	DIR *dir;

	snprintf(path, sizeof path, "%s", given("secret"));
	*strrchr(path, '/') = 0;
	dir = opendir(path);
	if (!dir)
		return 1;
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		say(path_of("%s\n", e->d_name));
	closedir(dir);
	return 0;
}

static const char *mine(void)
{
	return path_of("%s/mine", given("outside"));
}

static int create_outside(void)
{
	return write_file(path_of("%s/new", given("outside")), given("token"));
}

static int create_by_root(void)
{
	return write_file(path_of("/proc/self/root%s/new", given("outside")), given("token"));
}

static int create_by_symlink(void)
{
	return symlink(given("outside"), "way") < 0 ? 1 : write_file("way/new", given("token"));
}

static int chmod_outside(void)
{
	return chmod(mine(), 0600);
}

static int truncate_outside(void)
{
	return truncate(mine(), 0);
}

static int remove_outside(void)
{
	return unlink(mine());
}

static int rename_outside(void)
{
	return rename(mine(), path_of("%s/yours", given("outside")));
}

static int take_outside(void)
{
	return rename(mine(), "mine");
}

static int put_outside(void)
{
	return write_file("result", given("token")) < 0
		       ? 1
		       : rename("result", path_of("%s/result", given("outside")));
}

static int link_outside(void)
{
	return write_file("result", given("token")) < 0
		       ? 1
		       : link("result", path_of("%s/result", given("outside")));
}

static int touch_outside(void)
{
	const struct timeval times[2] = { { 1000000, 0 }, { 1000000, 0 } };

	return utimes(mine(), times);
}

static int label_outside(void)
{
	return setxattr(mine(), "user.outrider", "x", 1, 0);
}

static int append_outside(void)
{
	int fd = open(mine(), O_WRONLY | O_APPEND);

	return fd < 0 || write(fd, "x", 1) != 1;
}

static int mkdir_outside(void)
{
	return mkdir(path_of("%s/dir", given("outside")), 0755);
}

static int socket_outside(void)
{
	return mknod(path_of("%s/socket", given("outside")), S_IFSOCK | 0600, 0);
}

static int open_host_tree(void)
{
	/* O_PATH descriptors outlive a change of root */
	int fd = (int)syscall(SYS_open_tree, -100, given("outside"), 1 /* OPEN_TREE_CLONE */);
	int file = fd < 0 ? -1 : openat(fd, "by-tree", O_WRONLY | O_CREAT, 0644);

	return file < 0;
}

const struct trick file_tricks[] = {
	{ "F01", "files", "secret", "open a secret file", read_secret },
	{ "F02", "files", "secret", "/proc/self/root in front of it", read_self_root },
	{ "F03", "files", "secret", "/proc/PID/root of a host process", read_host_root },
	{ "F04", "files", "secret", "a symlink to it", read_symlink },
	{ "F05", "files", "secret", "a hard link to it", read_hard_link },
	{ "F06", "descriptors", "secret", "an inherited directory descriptor", leaked_directory },
	{ "F07", "files", "secret", "open_by_handle_at()", by_handle },
	{ "F08", "files", "stat", "stat() of it", look_at },
	{ "F09", "files", "outside", "create a file outside the work directory", create_outside },
	{ "F10", "files", "outside", "chmod() outside", chmod_outside },
	{ "F16", "files", "outside", "truncate() outside", truncate_outside },
	{ "F17", "files", "outside", "unlink() outside", remove_outside },
	{ "F18", "files", "outside", "rename() outside", rename_outside },
	{ "F19", "files", "outside", "setxattr() outside", label_outside },
	{ "F20", "files", "outside", "utimes() outside", touch_outside },
	{ "F29", "files", "name", "list the secret's directory", list_names },
	{ "F30", "descriptors", "secret", "an inherited descriptor of the secret", leaked_secret },
	{ "F31", "descriptors", "outside", "create through an inherited directory",
	  leaked_outside },
	{ "F32", "descriptors", "secret", "fchdir() to an inherited directory", leaked_chdir },
	{ "F33", "files", "secret", "move it into the work directory", read_moved },
	{ "F34", "files", "secret", "many .. upwards", read_upwards },
	{ "F35", "files", "secret", "/proc/PID/cwd of a host process", read_host_cwd },
	{ "F36", "files", "secret", "/proc/PID/fd/N of a host process", read_host_descriptor },
	{ "F37", "files", "outside", "create by way of /proc/self/root", create_by_root },
	{ "F38", "files", "outside", "create by way of a symlink", create_by_symlink },
	{ "F39", "files", "outside", "move a file from outside in", take_outside },
	{ "F40", "files", "outside", "move a file out", put_outside },
	{ "F41", "files", "outside", "hard link a file out", link_outside },
	{ "F42", "files", "outside", "append to a file outside", append_outside },
	{ "F43", "files", "outside", "make a directory outside", mkdir_outside },
	{ "F44", "files", "outside", "make a socket outside", socket_outside },
	{ "F45", "files", "outside", "open_tree() of a directory outside", open_host_tree },
	{ 0 },
};
