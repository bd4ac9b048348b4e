/* places.h - comments at every kind of line that a diff has, made as a review makes them: what rules find by chance is too little of it. */
#pragma once
#include "base/err.h"
#include "model/pull.h"

struct places {
	struct post_comment *items;
	size_t               n, cap;
};

/* `n` of them at most, spread over the files and hunks of start..head by chance that the head's id decides. */
int places_make(struct places *out, struct arena *mem, const char *repository, const struct pull *pull, size_t n, struct err *err);
