/*
 * store.h - the database: the truth about deliveries, jobs, effects, reviews and threads. SQLite or PostgreSQL.
 *
 * Every header of this folder works on one struct store. It is one connection: use it in one thread at a time,
 * each thread opens its own, and so does a process after fork(). Each function is one transaction: after 0 it has happened and is on disk as
 * far as its header says; after -1 nothing has happened, except ERR_TEMP from a lost connection to
 * PostgreSQL, after which a commit may stand: all functions may be repeated.
 *
 * Errors: ERR_TEMP busy, full, or not reachable (the next call connects again); ERR_INPUT a text that cannot be
 * stored (not UTF-8, a NUL byte, over its cap), a wrong cursor or URL; ERR_PERM no access, not a database, a newer schema.
 *
 * Times are milliseconds since 1970; `now` is an argument. Take it from store_clock() where several machines
 * share a database. Secrets are never stored: tokens and sessions come hashed, webhook secrets stay in files.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct store;

enum {
	STORE_MAX_PAGE = 200, /* rows of a listing: a page for people, and memory of a request */
	STORE_MAX_KEY = 1024, /* bytes of names and keys */
	STORE_MAX_TEXT = 4 << 20, /* of a JSON column, but where a header says less */
};

/*
 * "sqlite:PATH" or "postgres://user@host/db?..." (libpq's URL). Makes or migrates the schema; several nodes may
 * do so at once. The SQLite file is made with mode 0600. A password in the URL never appears in an error.
 */
int store_open(struct store **out, const char *url, struct err *err);
void store_close(struct store *store);
/* For AUTO(): struct store *store AUTO(auto_store) = NULL; */
static inline void auto_store(struct store **store)
{
	store_close(*store);
}

/* "sqlite" or "postgres". */
const char *store_engine(const struct store *store);
/* The database's clock (PostgreSQL) or this machine's (SQLite). */
int store_clock(struct store *store, int64_t *now, struct err *err);
/* A trivial query: for health checks. */
int store_ping(struct store *store, struct err *err);
/* Writes a row of no meaning, on disk when it returns: is there room, and may we? */
int store_try_write(struct store *store, struct err *err);
/* Bytes on disk. */
int store_size(struct store *store, uint64_t *bytes, struct err *err);

/*
 * Have jobs been added or changed by others since the last call? PostgreSQL: a NOTIFY came; SQLite: another
 * connection committed. A hint to claim now instead of at the next poll; a false "yes" does no harm, and polling every
 * second or so is the backstop.
 */
int store_changed(struct store *store, bool *changed, struct err *err);
/* Becomes readable when store_changed() may say yes: for poll(). -1 with SQLite. May differ after a lost connection. */
int store_fd(const struct store *store);

/* Who looks. Every listing takes one: `all` is for operators; otherwise rows of exactly this tenant are shown. */
struct view {
	bool       all;
	struct str tenant;
};

/*
 * Paging by cursor. In: limit (0: 50; capped at STORE_MAX_PAGE) and `after`, empty for the first page. Out: `next`, empty on the
 * last page, otherwise opaque text for `after`; it may be shown in a URL, and a made-up one is ERR_INPUT. Newest first,
 * where a listing says nothing else.
 */
struct page {
	uint32_t   limit;
	struct str after;
	struct str next;
};

/* Ages in ms after which rows go. 0 keeps them for ever. */
struct retention {
	int64_t deliveries, jobs, dead, reviews, ci, audit, outbox;
};
/* 30 days, dead letters and audit 180. */
extern const struct retention retention_default;

/*
 * Deletes at most `batch` old rows of each table and says how many went: repeat until 0, with pauses, so that
 * nobody waits for long. What ended jobs planned and never sent goes with them.
 */
int store_prune(struct store *store, const struct retention *keep, int64_t now, uint32_t batch,
		uint64_t *gone, struct err *err);
