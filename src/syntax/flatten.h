/* flatten.h - from tree-sitter's own tree to the flat array. Private to this folder. */
#pragma once
#include "syntax/tree.h"

struct TSTree;

/* Fills nodes, n and has_error of *out. */
void flatten(struct tree *out, struct arena *mem, const struct TSTree *ts);
