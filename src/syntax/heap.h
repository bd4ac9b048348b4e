/* heap.h - the allocator under tree-sitter: one per parser, capped, given up all at once. */
#pragma once
#include <setjmp.h>

#include "base/str.h"

enum { HEAP_CLASSES = 96 };

struct heap_block;

struct heap {
	struct heap_block *blocks; /* owned; the newest first */
	struct heap_block *spare;  /* owned; empty ones for the next file */
	char              *at, *end;
	size_t             used, cap;
	void              *free_lists[HEAP_CLASSES];
	jmp_buf            give_up;  /* set by whoever entered; value: enum parse_result */
	uint64_t           deadline; /* in now()'s units; checked at every new block */
	uint64_t (*now)(void);
};

/* Makes `heap` the allocator of this thread, or none (NULL: plain malloc). */
void heap_enter(struct heap *heap);
void heap_reset(struct heap *heap);
void heap_release(struct heap *heap);
