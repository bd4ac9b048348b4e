/*
 * pool.h - checkouts that wait to be used: made before they are needed, handed out once, thrown away after.
 *
 *   store/pool/<repository>/ready-<id>/   tree/, oid
 *   store/pool/<repository>/out-<id>/     handed out: locked while somebody uses it
 *   store/pool/<repository>/make-<id>/    being made, likewise
 *
 * Handing out is a lock and a rename; git then writes what differs from the wanted commit. A killed user's folder is unlocked, and is
 * removed by the next pool_prune().
 */
#pragma once
#include "environment/prepare.h"

/* Zeroed means none. */
struct workplace {
	char tree[SHELF_MAX_PATH];  /* absolute: the checkout */
	char path[SHELF_MAX_PATH];  /* of the folder around it */
	int  lock;                  /* descriptor + 1 */
	bool warm;                  /* it was ready */
};

/* A checkout of `oid`: one that is ready, brought to it, or a new one. Locked until pool_return(). */
int pool_take(struct workplace *out, const struct environment_host *host, const struct environment_source *source,
	      const char *oid, struct err *err);
/* Removes it. Accepts none. */
void pool_return(struct workplace *workplace);
/* Makes checkouts of the source's base until `host->pool` are ready, and brings those of an older base there. *made may be NULL. */
int pool_fill(size_t *made, const struct environment_host *host, const struct environment_source *source, struct err *err);
/* Removes what a killed process left, and what was ready longer than `since_ms` without being wanted. */
int pool_prune(size_t *removed, const char *store, int64_t since_ms, struct err *err);
