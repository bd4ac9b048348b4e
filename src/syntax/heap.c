/*
 * Why: a hostile file makes tree-sitter allocate without end, in phases that call nothing back (Java generics:
 * 32 KB of text, gigabytes of memory). The allocator is the one place that always runs, so the caps are enforced here, by
 * a long jump over the parser, whose memory is then dropped as a whole. It is also faster than malloc.
 */
#include "heap.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <tree_sitter/api.h>

#include "syntax/tree.h"

enum {
	BLOCK = 512 << 10,
	SMALL = 512,           /* up to here: one class for each 8 bytes */
	SMALL_CLASSES = SMALL / 8,
	KEPT = 16 << 20,       /* what a reset keeps for the next file: fresh pages cost 3 % */
};

struct heap_block {
	struct heap_block *older;
	size_t             size; /* with this header */
};

/* In front of every allocation. */
struct head {
	uint64_t size; /* usable bytes, as rounded up for its class */
};

static _Thread_local struct heap *current;

static unsigned class_of(size_t size)
{
	if (size <= SMALL)
		return (unsigned)((size + 7) / 8 ? (size + 7) / 8 - 1 : 0);
	return SMALL_CLASSES + (unsigned)(63 - __builtin_clzll((size - 1) / SMALL));
}

static size_t class_size(unsigned class)
{
	return class < SMALL_CLASSES ? ((size_t)class + 1) * 8
				     : (size_t)SMALL << (class - SMALL_CLASSES + 1);
}

static struct heap_block *map_block(struct heap *heap, size_t size)
{
	struct heap_block *block = heap->spare;
	/* a block of the usual size will be filled: its pages come at once, which costs half of one by one */
	int populate = size == BLOCK ? MAP_POPULATE : 0;

	if (block && size == BLOCK) {
		heap->spare = block->older;
		return block;
	}
	block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | populate,
		     -1, 0);
	if (block == MAP_FAILED)
		longjmp(heap->give_up, PARSE_MEMORY);
	block->size = size;
	return block;
}

static void new_block(struct heap *heap, size_t want)
{
	size_t size = want + sizeof(struct heap_block);
	struct heap_block *block;

	if (size < BLOCK)
		size = BLOCK;
	if (heap->now() > heap->deadline)
		longjmp(heap->give_up, PARSE_TIME);
	if (size > heap->cap - heap->used)
		longjmp(heap->give_up, PARSE_MEMORY);
	block = map_block(heap, size);
	block->older = heap->blocks;
	heap->blocks = block;
	heap->used += size;
	heap->at = (char *)(block + 1);
	heap->end = (char *)block + size;
}

static void *heap_malloc(size_t size)
{
	struct heap *heap = current;
	unsigned class;
	struct head *head;
	void *p;

	if (!heap)
		return malloc(size ? size : 1);
	if (size > heap->cap)
		longjmp(heap->give_up, PARSE_MEMORY);
	class = class_of(size);
	p = heap->free_lists[class];
	if (p) {
		memcpy(&heap->free_lists[class], p, sizeof(void *));
		return p;
	}
	size = class_size(class);
	if ((size_t)(heap->end - heap->at) < size + sizeof *head || !heap->at)
		new_block(heap, size + sizeof *head);
	head = (struct head *)(void *)heap->at;
	heap->at += size + sizeof *head;
	head->size = size;
	return head + 1;
}

static void *heap_calloc(size_t count, size_t size)
{
	size_t bytes;
	void *p;

	if (!current)
		return calloc(count, size);
	if (__builtin_mul_overflow(count, size, &bytes))
		longjmp(current->give_up, PARSE_MEMORY);
	p = heap_malloc(bytes);
	memset(p, 0, bytes);
	return p;
}

static void heap_free(void *p)
{
	struct heap *heap = current;
	unsigned class;

	if (!heap || !p) {
		free(p);
		return;
	}
	class = class_of(((struct head *)p - 1)->size);
	memcpy(p, &heap->free_lists[class], sizeof(void *));
	heap->free_lists[class] = p;
}

static void *heap_realloc(void *p, size_t size)
{
	size_t old;
	void *wider;

	if (!current)
		return realloc(p, size ? size : 1);
	if (!p)
		return heap_malloc(size);
	old = ((struct head *)p - 1)->size;
	if (size <= old)
		return p;
	wider = heap_malloc(size);
	memcpy(wider, p, old);
	heap_free(p);
	return wider;
}

/* What assert() of the runtime and the scanners calls (see grammars/CMakeLists.txt): hostile text reaches some. */
_Noreturn void heap_assert_fail(const char *what, const char *file, unsigned line,
				const char *function);

_Noreturn void heap_assert_fail(const char *what, const char *file, unsigned line,
				const char *function)
{
	if (current)
		longjmp(current->give_up, PARSE_MEMORY);
	fprintf(stderr, "outrider: %s:%u: %s: %s\n", file, line, function, what);
	abort();
}

/* What abort() of the scanners calls (grammars/scanner_heap.h). */
_Noreturn void heap_abort(void);

_Noreturn void heap_abort(void)
{
	heap_assert_fail("abort", "a scanner", 0, "scan");
}

static void install(void)
{
	ts_set_allocator(heap_malloc, heap_calloc, heap_realloc, heap_free);
}

void heap_enter(struct heap *heap)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
	current = heap;
}

static void unmap_all(struct heap_block *block)
{
	while (block) {
		struct heap_block *older = block->older;

		munmap(block, block->size);
		block = older;
	}
}

void heap_reset(struct heap *heap)
{
	struct heap_block *block = heap->blocks;
	size_t kept = 0;

	/* free lists point into the blocks: all is forgotten */
	memset(heap->free_lists, 0, sizeof heap->free_lists);
	for (struct heap_block *spare = heap->spare; spare; spare = spare->older)
		kept += spare->size;
	while (block) {
		struct heap_block *older = block->older;

		if (block->size == BLOCK && kept < KEPT) {
			block->older = heap->spare;
			heap->spare = block;
			kept += BLOCK;
		} else {
			munmap(block, block->size);
		}
		block = older;
	}
	heap->blocks = NULL;
	heap->used = 0;
	heap->at = heap->end = NULL;
}

void heap_release(struct heap *heap)
{
	unmap_all(heap->blocks);
	unmap_all(heap->spare);
	heap->blocks = heap->spare = NULL;
}
