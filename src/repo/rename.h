/* rename.h - which deleted and added files are one file under a new name. Private to src/repo. */
#pragma once
#include "content.h"

/*
 * Merges pairs in items[0..*n): the added one becomes CHANGE_RENAMED with the old side of the
 * deleted one, which goes away. Order of the rest is kept. As `git diff -M50%`, with limits on what
 * is read.
 */
void rename_find(struct change *items, size_t *n, const struct loader *loader);
