/* sqlite.c - the embedded engine: one file, WAL, one writer at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "late_sqlite.h"
#include "sql.h"
#include "statements.h"

enum {
	BUSY_TRIES = 10000,      /* of about 1 ms each: a writer that holds the file longer is stuck */
	WAL_MAX = 64 << 20,      /* bytes that the log keeps on disk after a checkpoint */
	CACHE_KB = 2048,         /* pages in memory of a connection: the service is to stay small */
};

struct sqlite {
	sqlite3          *db;
	struct statements statements;
	enum sql_mode     mode;    /* of the synchronous setting */
	int64_t           version; /* of the file, as store_changed() last saw it */
};

static enum err_kind kind_of(int code)
{
	static const struct {
		int           code;
		enum err_kind kind;
	} kinds[] = {
		{ SQLITE_BUSY, ERR_TEMP },     { SQLITE_LOCKED, ERR_TEMP },  { SQLITE_FULL, ERR_TEMP },
		{ SQLITE_NOMEM, ERR_TEMP },    { SQLITE_IOERR, ERR_TEMP },   { SQLITE_CANTOPEN, ERR_PERM },
		{ SQLITE_CORRUPT, ERR_PERM },  { SQLITE_NOTADB, ERR_PERM },  { SQLITE_READONLY, ERR_PERM },
		{ SQLITE_PERM, ERR_PERM },     { SQLITE_AUTH, ERR_PERM },    { SQLITE_TOOBIG, ERR_INPUT },
		{ SQLITE_INTERRUPT, ERR_TEMP }, { SQLITE_PROTOCOL, ERR_TEMP },
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].code == (code & 0xff))
			return kinds[i].kind;
	return ERR_BUG;
}

static int fail(struct sqlite *s, struct sql_failure *failure, struct err *err)
{
	int code = sqlite3_extended_errcode(s->db);

	/* the snapshot of a reader that wants to write is too old: a new one works */
	if (failure)
		failure->again = code == SQLITE_BUSY_SNAPSHOT;
	return err_set(err, kind_of(code), "sqlite: %s", sqlite3_errmsg(s->db));
}

static void finalize(void *handle)
{
	sqlite3_finalize(handle);
}

static void close_sqlite(void *db)
{
	struct sqlite *s = db;

	if (!s)
		return;
	statements_release(&s->statements, finalize);
	sqlite3_close(s->db);
	free(s);
}

/* SQLite's own handler sleeps up to 100 ms at a time, which a webhook would feel. */
static int when_busy(void *payload, int tries)
{
	struct timespec wait = { 0, tries < 20 ? 250000 : 1000000 };

	(void)payload;
	if (tries > BUSY_TRIES)
		return 0;
	nanosleep(&wait, NULL);
	return 1;
}

/*
 * Makes an empty file that only its owner may read; SQLite gives -wal and -shm the same mode. A file that is there is not touched:
 * to close another descriptor of it would drop this process's locks.
 */
static int create_file(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_ARENA struct arena mem;
	AUTO_FD int dir = -1;
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	arena_init(&mem, 1 << 20);
	if (fd < 0)
		return errno == EEXIST ? 0 : err_errno(err, "cannot make the database '%s'", path);
	/* the name must survive a power cut as what is in the file does */
	dir = open(slash ? arena_z(&mem, str_sub(str_of(path), 0, (size_t)(slash - path) + 1)) : ".",
		   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) < 0)
		return err_errno(err, "cannot sync the folder of '%s'", path);
	return 0;
}

static int configure(struct sqlite *s, struct err *err)
{
	char text[512];

	snprintf(text, sizeof text,
		 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
		 "PRAGMA trusted_schema=OFF; PRAGMA journal_size_limit=%d; PRAGMA cache_size=-%d;"
		 "PRAGMA temp_store=MEMORY", WAL_MAX, CACHE_KB);
	s->mode = SQL_DURABLE;
	if (sqlite3_exec(s->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return fail(s, NULL, err);
	return 0;
}

static int open_sqlite(void **db, const char *where, struct err *err)
{
	struct sqlite *s;
	int result = 0;

	if (!*where)
		return err_input(err, "the database URL has no path: write sqlite:PATH");
	if (create_file(where, err) < 0)
		return -1;
	if (late_sqlite(err))
		return -1;
	s = calloc(1, sizeof *s);
	if (!s)
		return err_set(err, ERR_TEMP, "out of memory");
	if (sqlite3_open_v2(where, &s->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    NULL) != SQLITE_OK) {
		result = fail(s, NULL, err);
	} else {
		sqlite3_busy_handler(s->db, when_busy, NULL);
		result = configure(s, err);
	}
	if (result < 0) {
		(void)err_wrap(err, "cannot open the database '%s'", where);
		close_sqlite(s);
		return -1;
	}
	*db = s;
	return 0;
}

/* NULL on failure. */
static sqlite3_stmt *prepare(struct sqlite *s, const char *key, struct str text,
			     struct sql_failure *failure, struct err *err)
{
	struct statement *slot = statements_find(&s->statements, key);
	sqlite3_stmt *made = NULL;

	if (!slot) {
		(void)err_set(err, ERR_BUG, "sqlite: too many statements");
		return NULL;
	}
	if (slot->handle)
		return slot->handle;
	if (sqlite3_prepare_v3(s->db, text.p, (int)text.len, SQLITE_PREPARE_PERSISTENT, &made,
			       NULL) != SQLITE_OK) {
		fail(s, failure, err);
		return NULL;
	}
	statements_keep(&s->statements, slot, key, made);
	return made;
}

static void bind(sqlite3_stmt *statement, const struct sql_value *args, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char name[24];
		int at;

		snprintf(name, sizeof name, "$%zu", i + 1);
		at = sqlite3_bind_parameter_index(statement, name);
		if (at == 0)
			continue; /* the text has no use for it */
		if (args[i].type == SQL_INT)
			sqlite3_bind_int64(statement, at, args[i].i);
		else
			sqlite3_bind_text64(statement, at, args[i].s.p ? args[i].s.p : "",
					    args[i].s.len, SQLITE_STATIC, SQLITE_UTF8);
	}
}

static void read_cell(struct sql_value *cell, sqlite3_stmt *statement, int column, struct arena *mem)
{
	struct str text;

	*cell = (struct sql_value){ .type = SQL_INT };
	if (sqlite3_column_type(statement, column) == SQLITE_INTEGER) {
		cell->i = sqlite3_column_int64(statement, column);
	} else {
		text.p = (const char *)sqlite3_column_text(statement, column);
		text.len = (size_t)sqlite3_column_bytes(statement, column);
		cell->type = SQL_TEXT;
		cell->s = arena_str(mem, text);
	}
}

/* Steps to the end; rows double their room in the arena. */
static int step_all(struct sqlite *s, sqlite3_stmt *statement, struct arena *mem,
		    struct sql_rows *rows, struct sql_failure *failure, struct err *err)
{
	struct sql_rows got = { .columns = (size_t)sqlite3_column_count(statement) };
	size_t cap = 0;
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (got.n == cap)
			got.cells = arena_grow(mem, got.cells, got.n, &cap,
					       got.columns * sizeof *got.cells);
		for (size_t c = 0; c < got.columns; c++)
			read_cell(&got.cells[got.n * got.columns + c], statement, (int)c, mem);
		got.n++;
	}
	if (code != SQLITE_DONE)
		return fail(s, failure, err);
	got.changed = sqlite3_changes64(s->db);
	*rows = got;
	return 0;
}

static int run(void *db, const char *key, struct str text, const struct sql_value *args, size_t n,
	       struct arena *mem, struct sql_rows *rows, struct sql_failure *failure,
	       struct err *err)
{
	struct sqlite *s = db;
	sqlite3_stmt *statement = prepare(s, key, text, failure, err);
	int result;

	if (!statement)
		return -1;
	bind(statement, args, n);
	result = step_all(s, statement, mem, rows, failure, err);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return result;
}

static int execute(struct sqlite *s, const char *text, struct sql_failure *failure, struct err *err)
{
	struct sql_rows rows;

	return run(s, text, str_of(text), NULL, 0, NULL, &rows, failure, err);
}

static int begin(void *db, enum sql_mode mode, struct sql_failure *failure, struct err *err)
{
	struct sqlite *s = db;

	if (mode == SQL_READ)
		return execute(s, "BEGIN", failure, err);
	if (mode != s->mode) {
		if (sqlite3_exec(s->db, mode == SQL_LAZY ? "PRAGMA synchronous=NORMAL"
							 : "PRAGMA synchronous=FULL",
				 NULL, NULL, NULL) != SQLITE_OK)
			return fail(s, failure, err);
		s->mode = mode;
	}
	return execute(s, "BEGIN IMMEDIATE", failure, err);
}

static int commit(void *db, struct sql_failure *failure, struct err *err)
{
	return execute(db, "COMMIT", failure, err);
}

static void rollback(void *db)
{
	struct sqlite *s = db;

	if (!sqlite3_get_autocommit(s->db))
		execute(s, "ROLLBACK", NULL, NULL);
}

static int lock(void *db, enum sql_lock lock, struct sql_failure *failure, struct err *err)
{
	(void)db, (void)lock, (void)failure, (void)err;
	return 0; /* BEGIN IMMEDIATE has it */
}

/* Others see by the version of the file that something was committed. */
static int notify(void *db, struct sql_failure *failure, struct err *err)
{
	(void)db, (void)failure, (void)err;
	return 0;
}

static int changed(void *db, bool *out, struct err *err)
{
	static const char query[] = "PRAGMA data_version";
	AUTO_ARENA struct arena mem;
	struct sqlite *s = db;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	if (run(s, query, str_of(query), NULL, 0, &mem, &rows, NULL, err) < 0)
		return -1;
	*out = row_int(&rows, 0, 0) != s->version;
	s->version = row_int(&rows, 0, 0);
	return 0;
}

static int no_fd(const void *db)
{
	(void)db;
	return -1;
}

static const struct sql_word words[] = {
	{ "id", "INTEGER PRIMARY KEY AUTOINCREMENT" },
	{ "int", "INTEGER" },
	{ "text", "TEXT" },
	{ "strict", "STRICT" },
	{ "lock", "" },
	{ "skip", "" },
	{ "each", "SELECT value FROM json_each(" },
	{ "end", ")" },
	{ "among", "IN (SELECT value FROM json_each(" },
	{ "end_among", "))" },
	{ "rows", "json_each(" },
	{ "as", ") AS r WHERE true" },
	{ NULL, NULL },
};

const struct engine engine_sqlite = {
	.name = "sqlite",
	.scheme = "sqlite:",
	.words = words,
	.open = open_sqlite,
	.close = close_sqlite,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.run = run,
	.lock = lock,
	.notify = notify,
	.changed = changed,
	.fd = no_fd,
	.size = "SELECT p.page_count * s.page_size FROM pragma_page_count AS p, pragma_page_size AS s",
};
