/* audit_read.c - verify and who: the whole log, from its oldest file on. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "audit_check.h"
#include "audit_files.h"
#include "audit_head.h"
#include "base/file.h"
#include "base/scope.h"

enum { FILES_MAX = 100000 }; /* rotated ones: beyond, the number in the log is a lie */

/* `line` gets each line, `fragment` a last one without an end; either may be NULL. */
struct reader {
	void (*file)(void *payload, struct str name);
	void (*line)(void *payload, struct str text);
	void (*fragment)(void *payload, struct str text);
	void (*missing)(void *payload, struct str name);
	void *payload;
	struct arena *mem; /* for names */
};

/* Files larger than any writer makes are read too: line by line, with a limit on a line. */
static int read_lines(const struct reader *reader, FILE *file, const char *path, struct err *err)
{
	__attribute__((uninitialized)) char line[2 * AUDIT_LINE_MAX];
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(file)) != EOF) {
		if (c == '\n') {
			reader->line(reader->payload, (struct str){ line, n });
			n = 0;
			continue;
		}
		if (n == sizeof line)
			return err_input(
				err, "'%s' has a line of more than %zu bytes: it is no audit log",
				path, sizeof line);
		line[n++] = (char)c;
	}
	if (ferror(file))
		return err_errno(err, "read '%s'", path);
	if (n && reader->fragment)
		reader->fragment(reader->payload, (struct str){ line, n });
	return 0;
}

static int read_file(const struct reader *reader, const char *path, bool must, struct err *err)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	struct str name = arena_str(reader->mem, str_of(path));

	if (!file && must)
		return err_errno(err, "open '%s'", path);
	if (!file) {
		if (reader->missing)
			reader->missing(reader->payload, name);
		return 0;
	}
	if (reader->file)
		reader->file(reader->payload, name);
	return read_lines(reader, file, path, err);
}

/* How many files came before this one: its first row tells. */
static uint64_t count_old(const char *path)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	char text[AUDIT_LINE_MAX];
	size_t n = file ? fread(text, 1, sizeof text, file) : 0;
	struct str rest = { text, n }, first;
	struct audit_line line;
	uint64_t number;

	if (!str_cut_line(&rest, &first) || audit_line_read(&line, first) < 0)
		return 0;
	number = audit_line_number(&line, "file");
	audit_line_release(&line);
	return number > 0 && number <= FILES_MAX ? number - 1 : 0;
}

/* No writer is at work meanwhile: a shared lock, where the lock file can be opened. */
static int read_all(const struct reader *reader, const struct audit_files *files, struct err *err)
{
	AUTO_FILE FILE *lock = fopen(files->lock, "re");
	uint64_t old;

	if (lock)
		flock(fileno(lock), LOCK_SH);
	old = count_old(files->log);
	for (uint64_t i = 1; i <= old; i++) {
		char path[PATH_MAX];

		audit_files_old(path, files, i);
		if (read_file(reader, path, false, err) < 0)
			return -1;
	}
	return read_file(reader, files->log, true, err);
}

static void on_file(void *payload, struct str name)
{
	audit_check_file(payload, name);
}

static void on_line(void *payload, struct str text)
{
	audit_check_line(payload, text);
}

static void on_fragment(void *payload, struct str text)
{
	audit_check_fragment(payload, text);
}

static void on_missing(void *payload, struct str name)
{
	struct audit_check *check = payload;

	check->file = name;
	check->files++;
	check->lost = true;
	audit_check_fault(check, 0, "this file of the log is missing");
}

static void read_head(struct audit_check *check, const struct audit_files *files, EVP_PKEY *key)
{
	struct err err;

	check->file = arena_str(check->mem, str_of(files->head));
	if (access(files->head, F_OK) < 0)
		audit_check_fault(check, 0, "the signed head is missing");
	else if (audit_head_read(&check->head, files->head, key, &err) < 0)
		audit_check_fault(check, 0, "%s", err.text);
}

int audit_verify(struct audit_report *out, struct arena *mem, const char *path,
		 const char *public_key, struct str known, struct err *err)
{
	struct audit_report report = { .sound = true };
	struct audit_check check = { .mem = mem, .report = &report };
	struct reader reader = { on_file, on_line, on_fragment, on_missing, &check, mem };
	struct audit_files files;
	char public[PATH_MAX + 16];
	EVP_PKEY *key;
	int result;

	if (audit_files_name(&files, path, err) < 0)
		return -1;
	if (known.len && audit_hex_read(&check.known, known) < 0)
		return err_input(err, "a head is 64 hex digits, in small letters");
	check.has_known = known.len > 0;
	snprintf(public, sizeof public, "%s.key.pub", path);
	key = audit_public_read(public_key ? public_key : public, err);
	if (!key)
		return -1;
	read_head(&check, &files, key);
	result = read_all(&reader, &files, err);
	EVP_PKEY_free(key);
	if (result < 0)
		return -1;
	audit_check_end(&check);
	*out = report;
	return 0;
}

struct who {
	struct str target;
	void (*each)(const struct audit_row *row, struct str time, struct str line, void *payload);
	void *payload;
};

static bool is_about(const struct who *who, const struct audit_row *row)
{
	struct str target = who->target;

	if (str_eq(row->path, target) || str_eq(row->run, target) || str_eq(row->actor, target) ||
	    str_eq(row->on_behalf_of, target) || str_eq(row->digest, target) ||
	    str_eq(row->writer, target))
		return true;
	return str_ends(target, STR("/")) && str_starts(row->path, target);
}

static void look(void *payload, struct str text)
{
	const struct who *who = payload;
	struct audit_line line;
	struct audit_row row;

	if (audit_line_read(&line, text) < 0)
		return;
	audit_line_row(&line, &row);
	if (row.kind != AUDIT_KINDS && is_about(who, &row))
		who->each(&row, audit_line_str(&line, "time"), text, who->payload);
	audit_line_release(&line);
}

int audit_who(const char *path, struct str target,
	      void (*each)(const struct audit_row *row, struct str time, struct str line,
			   void *payload),
	      void *payload, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct who who = { target, each, payload };
	struct reader reader = { NULL, look, NULL, NULL, &who, &mem };
	struct audit_files files;

	arena_init(&mem, 64 << 20);
	if (!target.len)
		return err_input(err, "who needs a path, a run, an actor or a digest");
	if (audit_files_name(&files, path, err) < 0)
		return -1;
	return read_all(&reader, &files, err);
}
