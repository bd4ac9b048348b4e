/* The folder in which all is tried; and those that a killed self-test has left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scope.h"
#include "trial.h"

/* /var/tmp: the sandbox covers /tmp, and a disk, not memory, is what floods are about */
#define PLACE "/var/tmp"
#define HEAD "outrider-selftest-"

enum { OPEN_TRIES = 8 };

/* Of fcntl(): it ends with this process, whatever children of it live on. */
static int lock_file(const char *dir, int flags)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[96];
	int fd;

	snprintf(path, sizeof path, "%.64s/lock", dir);
	fd = open(path, flags | O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd >= 0 && fcntl(fd, F_SETLK, &whole) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_left_over(const char *path)
{
	struct stat st;
	int lock;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	lock = lock_file(path, O_CREAT);
	if (lock < 0)
		return false;
	close(lock);
	return true;
}

/* In a sticky folder nobody else can put another thing in the place of what is ours. */
static void sweep(void)
{
	DIR *dir = opendir(PLACE);
	char path[64];

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		if (strncmp(e->d_name, HEAD, sizeof HEAD - 1) != 0 || strlen(e->d_name) != sizeof HEAD - 1 + 6)
			continue;
		snprintf(path, sizeof path, PLACE "/%.40s", e->d_name);
		if (is_left_over(path))
			remove_tree(path);
	}
	if (dir)
		closedir(dir);
}

int lab_open(struct lab *lab, struct err *err)
{
	sweep();
	/* one that has no lock yet is anybody's to sweep: then there is another */
	for (int i = 0; i < OPEN_TRIES; i++) {
		strcpy(lab->dir, PLACE "/" HEAD "XXXXXX");
		if (!mkdtemp(lab->dir))
			return err_errno(err, "make '%s'", lab->dir);
		lab->lock = lock_file(lab->dir, O_CREAT | O_EXCL);
		if (lab->lock >= 0)
			return 0;
	}
	return err_errno(err, "lock '%s'", lab->dir);
}

void lab_close(struct lab *lab)
{
	char path[96];

	snprintf(path, sizeof path, "%.64s/lock", lab->dir);
	unlink(path);
	close(lab->lock);
	rmdir(lab->dir);
}
