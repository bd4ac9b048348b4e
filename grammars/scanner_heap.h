/*
 * Included in front of every grammar's scanner: some allocate with plain malloc,
 * which the parser's heap would neither cap nor free when a parse is given up.
 */
#pragma once
#include <stdlib.h>
#include <string.h>

extern void *(*ts_current_malloc)(size_t size);
extern void *(*ts_current_calloc)(size_t count, size_t size);
extern void *(*ts_current_realloc)(void *ptr, size_t size);
extern void (*ts_current_free)(void *ptr);

/* a scanner that meets its own limit gives up the file, not the process */
_Noreturn void heap_abort(void);
#define abort heap_abort

#define malloc ts_current_malloc
#define calloc ts_current_calloc
#define realloc ts_current_realloc
#define free ts_current_free
