#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FIRST_BLOCK = 64 << 10,
	LARGEST_BLOCK = 4 << 20, /* doubling stops here, so that little is wasted */
	ALIGN = alignof(max_align_t),
};

struct arena_block {
	struct arena_block *older; /* owned */
	size_t              size;
	alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t cap)
{
	*arena = (struct arena){ .cap = cap };
}

static void free_from(struct arena_block *block)
{
	while (block) {
		struct arena_block *older = block->older;

		free(block);
		block = older;
	}
}

void arena_release(struct arena *arena)
{
	if (!arena)
		return;
	free_from(arena->block);
	*arena = (struct arena){ .cap = arena->cap, .full = arena->full };
}

void arena_reset(struct arena *arena)
{
	struct arena_block *keep = arena->block;

	if (!keep)
		return;
	free_from(keep->older);
	keep->older = NULL;
	arena->used = keep->size;
	arena->at = keep->bytes;
	arena->end = keep->bytes + keep->size;
}

static _Noreturn void arena_full(struct arena *arena, size_t size)
{
	if (arena->full)
		longjmp(*arena->full, 1);
	fprintf(stderr, "outrider: out of memory: %zu bytes wanted above the cap of %zu\n", size,
		arena->cap);
	exit(70);
}

static void add_block(struct arena *arena, size_t size)
{
	size_t want = arena->block ? arena->block->size * 2 : FIRST_BLOCK;
	struct arena_block *block;

	if (want > LARGEST_BLOCK)
		want = LARGEST_BLOCK;
	if (want > arena->cap - arena->used)
		want = arena->cap - arena->used;
	if (want < size)
		want = size;
	if (size > arena->cap || arena->used > arena->cap - size)
		arena_full(arena, size);
	block = malloc(sizeof *block + want);
	if (!block)
		arena_full(arena, size);
	block->older = arena->block;
	block->size = want;
	arena->block = block;
	arena->used += want;
	arena->at = block->bytes;
	arena->end = block->bytes + want;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t room = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	void *p;

	if (room < size)
		arena_full(arena, size);
	if ((size_t)(arena->end - arena->at) < room || !arena->at)
		add_block(arena, room ? room : ALIGN);
	p = arena->at;
	arena->at += room;
	return p;
}

void *arena_zalloc(struct arena *arena, size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes))
		arena_full(arena, SIZE_MAX);
	p = arena_alloc(arena, bytes);
	memset(p, 0, bytes);
	return p;
}

struct str arena_str(struct arena *arena, struct str s)
{
	return (struct str){ arena_z(arena, s), s.len };
}

char *arena_z(struct arena *arena, struct str s)
{
	char *copy = arena_alloc(arena, s.len + 1);

	if (s.len)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}

struct str arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args, again;
	int len;
	char *text;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		len = 0;
	text = arena_alloc(arena, (size_t)len + 1);
	text[0] = '\0';
	vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return (struct str){ text, (size_t)len };
}

void *arena_grow(struct arena *arena, void *items, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 8;
	size_t bytes;
	void *wider;

	if (more < *cap || __builtin_mul_overflow(more, size, &bytes))
		arena_full(arena, SIZE_MAX);
	wider = arena_alloc(arena, bytes);
	if (n)
		memcpy(wider, items, n * size);
	*cap = more;
	return wider;
}
