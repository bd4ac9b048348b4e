/* suppress.h - comments that silence rules. Private to this folder. */
#pragma once
#include "matcher.h"

struct suppression_comment {
	bool       whole_file;
	uint32_t   line;  /* 1-based: rules that begin here are silenced */
	bool       all;   /* no ids were named */
	struct str ids;   /* the text behind the colon */
	uint32_t   node;
};

struct suppressions {
	struct suppression_comment *items;
	size_t                      n, cap;
};

/* Nothing to do for texts without the word, which is nearly all. */
void suppressions_collect(struct suppressions *out, struct matcher *m);
bool suppressions_hold(const struct suppressions *list, struct matcher *m, struct str id,
		       uint32_t node);
