/* similarity.h - how much of one text another one holds. Private to src/repo. */
#pragma once
#include "base/arena.h"

enum { SIMILARITY_MAX = 60000 }; /* git's scale: 60000 is 100 % */

/* The text as a bag of lines (pieces of at most 64 bytes): hash and bytes, by hash. */
struct piece {
	uint32_t hash, bytes;
};

struct signature {
	struct piece *pieces;
	size_t        n;
	size_t        size; /* bytes of the text */
};

void signature_make(struct signature *out, struct arena *mem, struct str text);
/* 0 .. SIMILARITY_MAX: bytes of `a` found in `b`, of the larger one. */
unsigned similarity(const struct signature *a, const struct signature *b);
