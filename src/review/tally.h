/* tally.h - the numbers of a review, and how they read in a sentence. */
#pragma once
#include "base/buf.h"
#include "model/review.h"

struct tally {
	size_t by_severity[SEVERITY_ERROR + 1]; /* of the findings shown */
	size_t by_skip[SKIP_COUNT];
};

struct tally tally_of(const struct review *review);
/* "2 errors, 1 warning"; "no findings" when there are none. */
void tally_add_findings(struct buf *out, const struct tally *tally);
/* "3 skipped (2 binary file, 1 generated file)"; nothing when none was. */
void tally_add_skipped(struct buf *out, const struct tally *tally);
/* "1 file", "2 files". */
void tally_add_count(struct buf *out, size_t n, const char *noun);
