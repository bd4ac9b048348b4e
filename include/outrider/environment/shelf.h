/*
 * shelf.h - finished folders on the disk, by key: made once, under a lock, then never changed, only replaced and thrown away.
 *
 *   store/root/<key>.<time>/      tree/, meta.json    a root file system
 *   store/snapshot/<key>.<time>/  work/, home/, meta.json   what set-up left
 *   store/building/               what is being made: counts for nothing, and is removed by the next one who holds its lock
 *   store/lock/                   one file per key that is being made
 *   store/tags/                   what names in registries stood for when they were asked last
 *
 * A folder that stands under its name is whole: it was written to the disk, then renamed. Whoever uses one holds a shared lock on it
 * (flock: gone with a killed process); it is removed only under an exclusive one. Safe between processes.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum shelf_kind { SHELF_ROOT, SHELF_SNAPSHOT, SHELF_KINDS };

enum {
	SHELF_KEY = 64,         /* hex digits of SHA-256 */
	SHELF_MAX_PATH = 1024,
	SHELF_MAX_ENTRIES = 10000, /* of one kind; looked through at each start of a job */
	SHELF_META_MAX = 256 << 10,
};

struct shelf_entry {
	char            path[SHELF_MAX_PATH]; /* absolute */
	char            key[SHELF_KEY + 1];
	enum shelf_kind kind;
	int64_t         made_ms, used_ms; /* since 1970 */
	int             use;  /* descriptor + 1, locked: it stays until shelf_close(); 0: none */
};

struct shelf_entries {
	struct shelf_entry *items;
	size_t              n, cap;
};

/* What stands beside a finished folder. */
struct shelf_meta {
	struct str digest; /* of a root: SHA-256 of all that is in it, hex */
	struct str about;  /* for people */
	struct { struct str *items; size_t n, cap; } env; /* of an image: "NAME=value" */
	uint64_t   bytes;
};

/* A folder under way. */
struct shelf_work {
	char            path[SHELF_MAX_PATH]; /* absolute, empty at first */
	char            key[SHELF_KEY + 1];
	const char     *store;
	enum shelf_kind kind;
	int             lock; /* descriptor + 1 */
};

/* Makes the store's folders, mode 0700; ERR_PERM when the store belongs to somebody else or others may write there. */
int shelf_open(const char *store, struct err *err);
/*
 * The newest of that key which was made after `since_ms`, locked for use and marked as used. *found is false, and *out untouched, when there
 * is none.
 */
int shelf_find(struct shelf_entry *out, bool *found, const char *store, enum shelf_kind kind, const char *key, int64_t since_ms,
	       struct err *err);
void shelf_close(struct shelf_entry *entry);
int shelf_read(struct shelf_meta *out, struct arena *mem, const struct shelf_entry *entry, struct err *err);

/*
 * Begins to make one: waits at most `wait_ms` for whoever makes the same (ERR_TEMP then). When it holds the lock, look again with
 * shelf_find(): the other may have made it.
 */
int shelf_begin(struct shelf_work *out, const char *store, enum shelf_kind kind, const char *key, uint64_t wait_ms,
		struct err *err);
/* Puts it in place, locked for use. The work is over in any case. */
int shelf_finish(struct shelf_entry *out, struct shelf_work *work, const struct shelf_meta *meta, struct err *err);
/* Throws it away; nothing after shelf_finish(). */
void shelf_abandon(struct shelf_work *work);

/* All that are finished, newest use first. None of them is locked. */
int shelf_list(struct shelf_entries *out, struct arena *mem, const char *store, struct err *err);

struct shelf_pruned {
	size_t   removed;
	uint64_t bytes; /* of these */
	size_t   kept;
};
/*
 * Removes what is replaced by a newer one of its key, what nobody used since `since_ms`, the least recently used until
 * all are within `max_bytes`, and what was left half made. Nothing that is in use.
 */
int shelf_prune(struct shelf_pruned *out, const char *store, int64_t since_ms, uint64_t max_bytes, struct err *err);
