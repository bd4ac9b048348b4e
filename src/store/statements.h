/* statements.h - prepared statements of a connection, by the address of their text. */
#pragma once
#include <stddef.h>

enum { STATEMENTS_ROOM = 512 }; /* a power of two; we have some 150 texts */

struct statement {
	const char *key;    /* NULL: free */
	void       *handle;
};

/* Zeroed means empty. */
struct statements {
	struct statement slots[STATEMENTS_ROOM];
	size_t           n;
};

/* The slot of a text, or the free one where it belongs; NULL when the table is full. */
struct statement *statements_find(struct statements *statements, const char *key);
void statements_keep(struct statements *statements, struct statement *slot, const char *key,
		     void *handle);
/* Forgets all; `end` may be NULL. */
void statements_release(struct statements *statements, void (*end)(void *handle));
