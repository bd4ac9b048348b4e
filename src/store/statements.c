#include "statements.h"

#include <stdint.h>
#include <string.h>

struct statement *statements_find(struct statements *statements, const char *key)
{
	/* the low bits of addresses of literals say little */
	size_t at = (size_t)(((uintptr_t)key * 0x9e3779b97f4a7c15u) >> 32);

	for (size_t i = 0; i < STATEMENTS_ROOM; i++) {
		struct statement *slot = &statements->slots[(at + i) % STATEMENTS_ROOM];

		if (slot->key == key)
			return slot;
		if (!slot->key)
			return statements->n < STATEMENTS_ROOM - 1 ? slot : NULL;
	}
	return NULL;
}

void statements_keep(struct statements *statements, struct statement *slot, const char *key,
		     void *handle)
{
	slot->key = key;
	slot->handle = handle;
	statements->n++;
}

void statements_release(struct statements *statements, void (*end)(void *handle))
{
	for (size_t i = 0; i < STATEMENTS_ROOM; i++)
		if (statements->slots[i].key && end)
			end(statements->slots[i].handle);
	memset(statements, 0, sizeof *statements);
}
