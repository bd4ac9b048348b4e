/* hunk.h - the hunks between two texts. Private to src/repo. */
#pragma once
#include "git.h"

/*
 * Fills hunks, added and removed of *change from its two texts, as `git diff -U3` does; lines go to
 * mem. Takes the lines off *lines_left. 0; 1 when there are more than *lines_left, then nothing is
 * filled; -1 with *err.
 */
int hunks_make(struct change *change, struct arena *mem, size_t *lines_left, struct err *err);
