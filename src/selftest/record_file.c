/* The record on disk, who it is for, and who is writing it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "corpus.h"
#include "lab.h"
#include "sandbox/digest.h"
#include "selftest/record.h"

/* ---- who it is for ---- */

static int hash_program(char out[RECORD_HEX + 1], const char *path, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct digest digest;

	if (fd < 0)
		return err_errno(err, "read '%s'", path);
	if (digest_fd(&digest, fd, err) < 0)
		return err_wrap(err, "'%s'", path);
	digest_hex(out, &digest);
	return 0;
}

int record_key_here(struct record_key *out, struct err *err)
{
	struct record_key key = { .user = geteuid() };
	char tricks[4096];
	struct utsname name;

	if (corpus_program(tricks, NULL, err) < 0 ||
	    hash_program(key.program, "/proc/self/exe", err) < 0 ||
	    hash_program(key.tricks, tricks, err) < 0)
		return -1;
	if (uname(&name) < 0)
		return err_errno(err, "the kernel's name");
	snprintf(key.kernel, sizeof key.kernel, "%s %s", name.release, name.version);
	if (read_small("/proc/sys/kernel/random/boot_id", key.boot, sizeof key.boot) == 0)
		return err_set(err, ERR_PERM, "/proc/sys/kernel/random/boot_id cannot be read");
	key.boot[strcspn(key.boot, "\n")] = 0;
	*out = key;
	return 0;
}

/* ---- the file ---- */

static int write_new(const char *path, struct str text, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, "create '%s'", path);
	if (file_write_fd(fd, text, err) < 0)
		return err_wrap(err, "'%s'", path);
	return fsync(fd) < 0 ? err_errno(err, "sync '%s'", path) : 0;
}

int record_write(const char *path, const struct record *record, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	char fresh[PATH_MAX];

	if ((size_t)snprintf(fresh, sizeof fresh, "%s.new", path) >= sizeof fresh)
		return err_input(err, "path too long: '%s'", path);
	if (record_encode(&text, record, err) < 0)
		return -1;
	/* what a killed one has left: only who has the lock comes here */
	unlink(fresh);
	if (write_new(fresh, buf_str(&text), err) < 0 ||
	    (rename(fresh, path) < 0 && err_errno(err, "rename to '%s'", path))) {
		unlink(fresh);
		return -1;
	}
	return 0;
}

/* Nobody but us may have had a hand in it. */
static int check_file(int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat");
	if (!S_ISREG(st.st_mode))
		return err_input(err, "no regular file");
	if (st.st_uid != geteuid())
		return err_input(err, "of another user");
	if (st.st_mode & 022)
		return err_input(err, "others may write it");
	if (st.st_nlink != 1)
		return err_input(err, "it has %lu names", (unsigned long)st.st_nlink);
	if (st.st_size > RECORD_MAX_BYTES)
		return err_input(err, "more than %d bytes", RECORD_MAX_BYTES);
	return 0;
}

int record_read(struct record *out, const char *path, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char text[RECORD_MAX_BYTES + 1];
	size_t got = 0;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_PERM, "'%s': there is none", path);
	if (fd < 0 && errno == ELOOP)
		return err_input(err, "'%s': a symlink", path);
	if (fd < 0)
		return err_errno(err, "open '%s'", path);
	if (check_file(fd, err) < 0)
		return err_wrap(err, "'%s'", path);
	while (got < sizeof text && (n = read(fd, text + got, sizeof text - got)) > 0)
		got += (size_t)n;
	if (record_decode(out, (struct str){ text, got }, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

/* ---- who writes it ---- */

static int open_lock(const char *path, int flags)
{
	char name[PATH_MAX];

	if ((size_t)snprintf(name, sizeof name, "%s.lock", path) >= sizeof name) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
}

/* A lock of fcntl(): a process's own, not its children's. So it ends with the harness, whatever lives on. */
int record_lock(int *lock, const char *path, struct err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_lock(path, O_RDWR | O_CREAT);

	if (fd < 0)
		return err_errno(err, "create '%s.lock'", path);
	if (fcntl(fd, F_SETLK, &whole) < 0) {
		bool taken = errno == EAGAIN || errno == EACCES;

		(void)err_errno(err, "lock '%s.lock'", path);
		close(fd);
		return taken ? err_set(err, ERR_TEMP, "another self-test is running that writes '%s'", path) : -1;
	}
	if (ftruncate(fd, 0) < 0) {
		(void)err_errno(err, "write '%s.lock'", path);
		close(fd);
		return -1;
	}
	*lock = fd;
	return 0;
}

void record_progress(int lock, size_t done, size_t all)
{
	char line[64];
	int n = snprintf(line, sizeof line, "%zu %zu\n", done, all);

	/* told again with the next trick */
	(void)!pwrite(lock, line, (size_t)n, 0);
}

bool record_is_running(const char *path, uint64_t *done, uint64_t *all)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	AUTO_FD int fd = open_lock(path, O_RDWR);
	char text[64];
	struct str rest = { text, 0 }, first, second;
	ssize_t n;

	*done = *all = 0;
	if (fd < 0 || fcntl(fd, F_GETLK, &whole) < 0 || whole.l_type == F_UNLCK)
		return false;
	n = pread(fd, text, sizeof text, 0);
	rest.len = n > 0 ? (size_t)n : 0;
	if (str_cut_line(&rest, &second) && str_cut(&second, ' ', &first) &&
	    (!str_to_u64(first, done) || !str_to_u64(second, all)))
		*done = *all = 0;
	return true;
}
