/*
 * sql.h - one small layer above both engines: one SQL text for both wherever both understand it.
 *
 * Parameters are $1, $2, ... Where the engines differ a text has a word in braces, which each engine replaces:
 *   {id} {int} {text} {strict}     column types of the schema
 *   {lock} {skip}                  FOR UPDATE, FOR UPDATE SKIP LOCKED (SQLite has one writer at a time anyway)
 *   {each}$1{end}                  a query of the texts in a JSON array
 *   x {among}$1{end_among}         is x one of them? by an index on x
 *   FROM {rows}$1{as}              the rows of a JSON array of arrays, in their order: r.value->>0 is a first column
 * Texts are string literals: a prepared statement is kept for each, known by its address.
 */
#pragma once
#include "store/store.h"

enum { SQL_MAX_TRIES = 8 }; /* of a transaction that met another one: deadlocks end after one or two */

enum sql_type { SQL_INT, SQL_TEXT };

struct sql_value {
	enum sql_type type;
	int64_t       i;
	struct str    s;
};

/* What a statement gave; cells by row, then column, in the arena of sql_run(). NULL is 0 or empty. */
struct sql_rows {
	struct sql_value *cells;
	size_t            n, columns;
	int64_t           changed; /* rows that were inserted, changed or deleted */
};

enum sql_mode {
	SQL_READ,
	SQL_LAZY,    /* a power cut may undo it, a crash of a process not */
	SQL_DURABLE, /* on disk when it returns */
};

/* What another transaction waits for when it takes the same one (PostgreSQL; SQLite has one writer). */
enum sql_lock { LOCK_ADD = 1, LOCK_CLAIM, LOCK_SCHEMA };

struct sql_word {
	const char *word;
	const char *text;
};

struct sql_failure {
	bool again; /* the same transaction may work when it is repeated at once */
	bool lost;  /* the connection is gone, and all prepared statements with it */
};

/* An engine; `db` is its own struct. All may set *failure beside *err. */
struct engine {
	const char            *name;
	const char            *scheme;  /* how a URL begins; the rest is for open() */
	bool                   whole;   /* open() takes the URL with its scheme */
	const struct sql_word *words;
	int  (*open)(void **db, const char *where, struct err *err);
	void (*close)(void *db);
	int  (*begin)(void *db, enum sql_mode mode, struct sql_failure *failure, struct err *err);
	int  (*commit)(void *db, struct sql_failure *failure, struct err *err);
	void (*rollback)(void *db);
	/* `text` has no words any more; with `key`, which is unique, a prepared statement is kept. */
	int  (*run)(void *db, const char *key, struct str text, const struct sql_value *args, size_t n,
		    struct arena *mem, struct sql_rows *rows, struct sql_failure *failure,
		    struct err *err);
	int  (*lock)(void *db, enum sql_lock lock, struct sql_failure *failure, struct err *err);
	/* Tells other connections at commit that there are jobs. */
	int  (*notify)(void *db, struct sql_failure *failure, struct err *err);
	int  (*changed)(void *db, bool *changed, struct err *err);
	int  (*fd)(const void *db);
	const char *clock; /* queries of one number */
	const char *size;
};

extern const struct engine engine_sqlite, engine_postgres;

struct store {
	const struct engine *engine;
	void                *db;
	struct sql_failure   failure;
	bool                 wakes;  /* the transaction at hand tells others that there are jobs */
};

/* Brings the schema up to date. */
int schema_migrate(struct store *store, struct err *err);

/*
 * Does `work` in one transaction. It is repeated when the engine says so, therefore it may set its outputs several times, the last
 * one counting.
 */
int sql_transact(struct store *store, enum sql_mode mode,
		 int (*work)(struct store *store, void *payload, struct err *err), void *payload,
		 struct err *err);
/* Inside of sql_transact(). `mem` may be NULL when the statement gives no rows. */
int sql_run(struct store *store, struct arena *mem, struct sql_rows *rows, const char *text,
	    const struct sql_value *args, size_t n, struct err *err);
int sql_lock(struct store *store, enum sql_lock lock, struct err *err);
/* Other nodes are told with the commit that there are jobs. */
void sql_notify(struct store *store);
/* One statement as a transaction of its own. */
int sql_alone(struct store *store, enum sql_mode mode, struct arena *mem, struct sql_rows *rows,
	      const char *text, const struct sql_value *args, size_t n, struct err *err);

/* (store, mem, rows, err, text, values...): rows may be NULL. */
#define SQL(store, mem, rows, err, text, ...)                                                \
	sql_run(store, mem, rows, text, (const struct sql_value[]){ __VA_ARGS__ },           \
		sizeof((const struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value), err)
#define SQL_ALONE(store, mode, mem, rows, err, text, ...)                                    \
	sql_alone(store, mode, mem, rows, text, (const struct sql_value[]){ __VA_ARGS__ },   \
		  sizeof((const struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value), err)

static inline struct sql_value N(int64_t i)
{
	return (struct sql_value){ .type = SQL_INT, .i = i };
}

static inline struct sql_value T(struct str s)
{
	return (struct sql_value){ .type = SQL_TEXT, .s = s };
}

static inline struct sql_value Z(const char *z)
{
	return T(str_of(z));
}

int64_t row_int(const struct sql_rows *rows, size_t row, size_t column);
uint64_t row_u64(const struct sql_rows *rows, size_t row, size_t column);
uint32_t row_u32(const struct sql_rows *rows, size_t row, size_t column);
struct str row_str(const struct sql_rows *rows, size_t row, size_t column);
/* Copies at most size - 1 bytes and a NUL. */
void row_z(char *out, size_t size, const struct sql_rows *rows, size_t row, size_t column);

/* ERR_INPUT when `s` is longer than `max` bytes, or no text that both engines keep: UTF-8 without NUL. */
int sql_check(struct str s, size_t max, const char *name, struct err *err);
struct sql_check {
	struct str  s;
	size_t      max;
	const char *name;
};
int sql_check_all(const struct sql_check *checks, size_t n, struct err *err);
/* A copy with U+FFFD for what is no UTF-8 or is NUL, cut at `max` bytes between characters: for texts of foreign programs. */
struct str sql_clean(struct arena *mem, struct str s, size_t max);
