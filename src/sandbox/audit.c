/* audit.c - the writer. */
#include "sandbox/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit_files.h"
#include "audit_head.h"
#include "base/file.h"
#include "base/scope.h"

enum {
	TAIL_BYTES = 4 * AUDIT_LINE_MAX
}; /* of a log: holds its last two rows whatever they are, and a torn one */

struct audit {
	struct audit_files files;
	enum audit_sync sync;
	uint64_t file_bytes;
	uint64_t (*now_ms)(void);
	EVP_PKEY *key;
	int lock, fd;
	uint64_t number; /* of the file */
	uint64_t end;    /* bytes of it, as far as chain goes */
	struct audit_chain chain;
	bool dirty; /* rows came since the head was signed */
};

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int audit_files_name(struct audit_files *out, const char *path, struct err *err)
{
	/* room for ".head", and for a number */
	if (strlen(path) + 24 > sizeof out->log)
		return err_input(err, "path too long: '%s'", path);
	snprintf(out->log, sizeof out->log, "%s", path);
	snprintf(out->head, sizeof out->head, "%s.head", path);
	snprintf(out->lock, sizeof out->lock, "%s.lock", path);
	snprintf(out->next, sizeof out->next, "%s.next", path);
	return 0;
}

void audit_files_old(char out[PATH_MAX], const struct audit_files *files, unsigned long long number)
{
	snprintf(out, PATH_MAX, "%.*s.%llu", PATH_MAX - 24, files->log, number);
}

static void unlock(const int *fd)
{
	flock(*fd, LOCK_UN);
}

static int take_lock(struct audit *audit, struct err *err)
{
	while (flock(audit->lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_errno(err, "lock '%s'", audit->files.lock);
	return 0;
}

/* Writes at the end; what did not fit on the disk is taken back, so that no half row stays. */
static int write_text(struct audit *audit, struct str text, struct err *err)
{
	if (file_write_fd(audit->fd, text, err) < 0) {
		if (ftruncate(audit->fd, (off_t)audit->end) < 0)
			return err_wrap(err, "'%s' (a torn row stays)", audit->files.log);
		return err_wrap(err, "'%s'", audit->files.log);
	}
	audit->end += text.len;
	audit->dirty = true;
	return 0;
}

static int write_start(int fd, struct audit *audit, struct audit_chain *chain, uint64_t *size,
		       struct err *err)
{
	AUTO_BUF struct buf text = { 0 };

	audit_row_start(&text, chain, audit->number + 1, audit->now_ms());
	*size = text.len;
	if (file_write_fd(fd, buf_str(&text), err) < 0)
		return -1;
	return fsync(fd) < 0 ? err_errno(err, "sync") : 0;
}

/*
 * A file has its first row before it has its name: after a crash there is the old one, or the new
 * one, or (between the two renames)
 * LOG.next, which refresh() takes up. `old`: what becomes of the present one; NULL: there is none.
 */
static int begin_file(struct audit *audit, const char *old, struct err *err)
{
	struct audit_chain chain = audit->chain;
	uint64_t size;
	int fd = open(audit->files.next,
		      O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return err_errno(err, "create '%s'", audit->files.next);
	if (write_start(fd, audit, &chain, &size, err) < 0) {
		close(fd);
		return err_wrap(err, "'%s'", audit->files.next);
	}
	if ((old && rename(audit->files.log, old) < 0) ||
	    rename(audit->files.next, audit->files.log) < 0) {
		close(fd);
		return err_errno(err, "rename '%s'", audit->files.log);
	}
	auto_fd(&audit->fd);
	audit->fd = fd;
	audit->end = size;
	audit->chain = chain;
	audit->number++;
	audit->dirty = true;
	return 0;
}

static int broken(struct audit *audit, struct err *err, const char *what)
{
	return err_set(
		err, ERR_PERM,
		"'%s' %s; it is not continued: `outrider audit verify` tells more, then move it away",
		audit->files.log, what);
}

static int read_at(int fd, char *into, size_t size, uint64_t at)
{
	while (size) {
		ssize_t n = pread(fd, into, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		into += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* The last row, which must be bound to the one before it if that is in sight. */
static int read_last(struct audit *audit, struct str lines, bool whole, struct err *err)
{
	struct audit_line line;
	struct audit_hash before = { { 0 } }, want;
	struct str rest = lines, text;
	bool known = false, any = false;

	while (str_cut_line(&rest, &text)) {
		if (audit_line_read(&line, text) < 0)
			continue;
		if (!known && whole && strcmp(line.kind, "start") == 0)
			known = audit_hex_read(&before, audit_line_str(&line, "prev")) == 0;
		audit_digest(&want, &before, line.hashed);
		if (known && memcmp(&want, &line.hash, sizeof want) != 0) {
			audit_line_release(&line);
			return broken(audit, err, "has a row that does not fit the one before it");
		}
		before = line.hash;
		known = any = true;
		audit->chain = (struct audit_chain){ line.seq, line.hash };
		audit_line_release(&line);
	}
	return any ? 0 : broken(audit, err, "has no row at its end");
}

/* A line that a crash tore is closed, and told. */
static int heal(struct audit *audit, struct str fragment, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	struct audit_chain chain = audit->chain;

	buf_add_byte(&text, '\n');
	audit_row_torn(&text, &chain, fragment, audit->now_ms());
	if (write_text(audit, buf_str(&text), err) < 0)
		return -1;
	audit->chain = chain;
	return 0;
}

static uint64_t file_number(int fd)
{
	char text[AUDIT_LINE_MAX];
	ssize_t n = pread(fd, text, sizeof text, 0);
	struct str rest = { text, n > 0 ? (size_t)n : 0 }, first;
	struct audit_line line;
	uint64_t number;

	if (!str_cut_line(&rest, &first) || audit_line_read(&line, first) < 0)
		return 0;
	number = audit_line_number(&line, "file");
	audit_line_release(&line);
	return number;
}

static int check_head(struct audit *audit, struct err *err)
{
	struct audit_chain head;

	if (access(audit->files.head, F_OK) < 0)
		return 0;
	if (audit_head_read(&head, audit->files.head, audit->key, err) < 0)
		return -1;
	if (head.seq > audit->chain.seq ||
	    (head.seq == audit->chain.seq &&
	     memcmp(&head.hash, &audit->chain.hash, AUDIT_HASH) != 0))
		return broken(audit, err, "ends before its signed head, or in another row");
	return 0;
}

/* Finds where the chain stands, from the end of the file. */
static int read_end(struct audit *audit, uint64_t size, struct err *err)
{
	size_t n = size < TAIL_BYTES ? (size_t)size : TAIL_BYTES;
	char *tail = malloc(n + 1);
	struct str text = { tail, n }, fragment;
	int result = -1;

	if (!tail)
		return err_set(err, ERR_TEMP, "out of memory");
	if (read_at(audit->fd, tail, n, size - n) < 0) {
		(void)err_errno(err, "read '%s'", audit->files.log);
	} else {
		while (text.len && text.p[text.len - 1] != '\n')
			text.len--;
		fragment = str_from((struct str){ tail, n }, text.len);
		audit->end = size;
		audit->number = file_number(audit->fd);
		if (fragment.len >= AUDIT_LINE_MAX || !audit->number)
			result = broken(audit, err, "does not begin or end as a log does");
		else
			result = read_last(audit, text, n == size, err);
		if (result == 0)
			result = check_head(audit, err);
		if (result == 0 && fragment.len)
			result = heal(audit, fragment, err);
	}
	free(tail);
	return result;
}

/* Catches up with what other writers did: rows, or a new file. */
static int refresh(struct audit *audit, struct err *err)
{
	struct stat st, mine;

	if (stat(audit->files.log, &st) < 0) {
		if (errno != ENOENT)
			return err_errno(err, "'%s'", audit->files.log);
		if (access(audit->files.head, F_OK) < 0)
			return begin_file(audit, NULL, err);
		if (rename(audit->files.next, audit->files.log) < 0 ||
		    stat(audit->files.log, &st) < 0)
			return broken(audit, err, "is gone, and its signed head is there");
	}
	if (audit->fd < 0 || fstat(audit->fd, &mine) < 0 || mine.st_ino != st.st_ino ||
	    mine.st_dev != st.st_dev) {
		auto_fd(&audit->fd);
		audit->end = 0;
		audit->fd = open(audit->files.log, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
		if (audit->fd < 0)
			return err_errno(err, "open '%s'", audit->files.log);
	}
	if ((uint64_t)st.st_size == audit->end)
		return 0;
	return read_end(audit, (uint64_t)st.st_size, err);
}

static int write_head(struct audit *audit, struct err *err)
{
	if (!audit->dirty)
		return 0;
	if (fdatasync(audit->fd) < 0)
		return err_errno(err, "sync '%s'", audit->files.log);
	if (audit_head_write(audit->files.head, audit->key, &audit->chain, audit->now_ms(), err) <
	    0)
		return -1;
	audit->dirty = false;
	return 0;
}

static int rotate(struct audit *audit, struct err *err)
{
	char old[PATH_MAX];

	if (write_head(audit, err) < 0)
		return -1;
	audit_files_old(old, &audit->files, audit->number);
	if (access(old, F_OK) == 0)
		return err_set(err, ERR_PERM, "'%s' is in the way of the rotated log", old);
	return begin_file(audit, old, err);
}

static struct audit *allocate(const struct audit_options *options)
{
	struct audit *audit = calloc(1, sizeof *audit);

	if (!audit)
		return NULL;
	audit->sync = options->sync;
	audit->file_bytes = options->file_bytes ? options->file_bytes : AUDIT_FILE_BYTES;
	audit->now_ms = options->now_ms ? options->now_ms : clock_now;
	audit->lock = audit->fd = -1;
	return audit;
}

static void audit_free(struct audit *audit)
{
	auto_fd(&audit->fd);
	auto_fd(&audit->lock);
	if (audit->key)
		EVP_PKEY_free(audit->key);
	free(audit);
}

static int open_parts(struct audit *audit, const struct audit_options *options, struct err *err)
{
	char key[PATH_MAX + 8];

	if (audit_files_name(&audit->files, options->path, err) < 0)
		return -1;
	snprintf(key, sizeof key, "%s.key", options->path);
	audit->key = audit_key_read(options->key ? options->key : key, err);
	if (!audit->key)
		return err_wrap(
			err, "the audit log needs its key (`outrider audit key FILE` makes one)");
	audit->lock = open(audit->files.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (audit->lock < 0)
		return err_errno(err, "open '%s'", audit->files.lock);
	if (take_lock(audit, err) < 0)
		return -1;
	AUTO(unlock) int held = audit->lock;

	(void)held;
	return refresh(audit, err);
}

int audit_open(struct audit **out, const struct audit_options *options, struct err *err)
{
	struct audit *audit = allocate(options);

	if (!audit)
		return err_set(err, ERR_TEMP, "out of memory");
	if (open_parts(audit, options, err) < 0) {
		audit_free(audit);
		return -1;
	}
	*out = audit;
	return 0;
}

int audit_append(struct audit *audit, const struct audit_row *rows, size_t n, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	struct audit_chain chain;

	if (take_lock(audit, err) < 0)
		return -1;
	AUTO(unlock) int held = audit->lock;

	(void)held;
	if (refresh(audit, err) < 0)
		return -1;
	if (audit->end >= audit->file_bytes && rotate(audit, err) < 0)
		return -1;
	chain = audit->chain;
	for (size_t i = 0; i < n; i++)
		audit_row_add(&text, &chain, &rows[i], audit->now_ms());
	if (text.full)
		return err_set(err, ERR_TEMP, "out of memory for %zu rows", n);
	if (write_text(audit, buf_str(&text), err) < 0)
		return -1;
	audit->chain = chain;
	return audit->sync == AUDIT_SYNC_EACH ? write_head(audit, err) : 0;
}

int audit_sync(struct audit *audit, struct err *err)
{
	if (take_lock(audit, err) < 0)
		return -1;
	AUTO(unlock) int held = audit->lock;

	(void)held;
	/* another writer may have gone on: the head is for all */
	return refresh(audit, err) < 0 ? -1 : write_head(audit, err);
}

int audit_close(struct audit *audit, struct err *err)
{
	int result;

	if (!audit)
		return 0;
	result = audit_sync(audit, err);
	audit_free(audit);
	return result;
}
