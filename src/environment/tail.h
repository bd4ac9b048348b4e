/* tail.h - the last words of a program that failed, for a message. Private to this folder. */
#pragma once
#include "base/str.h"

enum { TAIL_MAX = 600 }; /* bytes that an error shows */

struct tail {
	char   bytes[TAIL_MAX];
	size_t n;
};

/* Control characters become blanks: a terminal can be shown the rest. */
void tail_add(struct tail *tail, struct str bytes);
/* As "a; b": the last lines. Once, at the end; points into *tail. */
struct str tail_words(struct tail *tail);
