/* arena.h - memory that ends all at once: a job's, a file's, a rule set's. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>

#include "base/str.h"

struct arena_block;

/*
 * Blocks are chained; nothing moves once allocated. `cap` bounds the sum of
 * all blocks. When it is reached, the arena longjmps to *full if set (that is
 * how one hostile file is given up while the review goes on), and otherwise
 * ends the process with one line on standard error.
 * Not for use by two threads at once.
 */
struct arena {
	struct arena_block *block; /* owned; newest first */
	char               *at;
	char               *end;
	size_t              used;  /* bytes of all blocks */
	size_t              cap;
	jmp_buf            *full;  /* borrowed, may be NULL */
};

void arena_init(struct arena *arena, size_t cap);
void arena_release(struct arena *arena);
/* Forgets all contents, keeps one block for the next use. */
void arena_reset(struct arena *arena);

/* Never NULL; aligned for any type; contents undefined. */
void *arena_alloc(struct arena *arena, size_t size)
	__attribute__((returns_nonnull, alloc_size(2)));
/* The same, zeroed; n * size may not overflow (treated as a full arena). */
void *arena_zalloc(struct arena *arena, size_t n, size_t size)
	__attribute__((returns_nonnull, alloc_size(2, 3)));
#define ARENA_NEW(arena, type) ((type *)arena_zalloc(arena, 1, sizeof(type)))
#define ARENA_ARRAY(arena, n, type) ((type *)arena_zalloc(arena, n, sizeof(type)))

/* Copies with a NUL behind the bytes (not counted), so .p can go to a C library. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_z(struct arena *arena, struct str s) __attribute__((returns_nonnull));
struct str arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Room for one more element in an arena-owned array of (items, n, cap); old room is left to the arena. */
void *arena_grow(struct arena *arena, void *items, size_t n, size_t *cap, size_t size)
	__attribute__((returns_nonnull));
/* Appends a value to a struct with members items, n, cap. */
#define ARENA_PUSH(arena, list, value)                                                       \
	do {                                                                                 \
		if ((list)->n == (list)->cap)                                                \
			(list)->items = arena_grow(arena, (list)->items, (list)->n,          \
						   &(list)->cap, sizeof(*(list)->items));    \
		(list)->items[(list)->n++] = (value);                                        \
	} while (0)
