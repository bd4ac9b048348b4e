#include "model/review.h"

#include <stdio.h>

void review_skip(struct review *review, struct str path, enum change_skip reason,
		 struct str detail)
{
	struct skipped skipped = { path, reason, detail };

	ARENA_PUSH(review->mem, &review->skipped, skipped);
}

void review_notice(struct review *review, const char *fmt, ...)
{
	char text[1200];
	va_list args;
	struct notice notice;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	notice.text = arena_str(review->mem, str_of(text));
	ARENA_PUSH(review->mem, &review->notices, notice);
}
