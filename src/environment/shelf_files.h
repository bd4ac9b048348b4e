/* shelf_files.h - what shelf.c, shelf_prune.c and pool.c share. Private to this folder. */
#pragma once
#include <dirent.h>

#include "environment/shelf.h"

extern const char *const shelf_folders[SHELF_KINDS];

int64_t shelf_now_ms(void);
/* All finished folders of a kind, or of one key; take() may end it by -1 with the error set. */
int shelf_each(const char *store, enum shelf_kind kind, const char *key,
	       int (*take)(const struct shelf_entry *entry, void *ctx), void *ctx, struct err *err);
/* Makes a file and takes its lock, for us alone; waits at most so long. A descriptor, or -1 (ERR_TEMP when somebody else holds it). */
int shelf_lock(const char *path, uint64_t wait_ms, struct err *err);
