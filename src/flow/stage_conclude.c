#include <stdlib.h>

#include "review/dedupe.h"
#include "review/fingerprint.h"
#include "review/rank.h"

#include "stages.h"

int stage_conclude(struct run *run, struct err *err)
{
	const struct config_caps *c = &run->config.caps;
	struct review *review = &run->review;
	struct caps caps = { c->comments, c->per_file, c->per_rule };

	if (review->findings.n)
		qsort(review->findings.items, review->findings.n, sizeof *review->findings.items,
		      finding_order);
	if (fingerprint_all(&review->findings, &run->mem, err) < 0 ||
	    fingerprint_all(&review->suppressed, &run->mem, err) < 0)
		return -1;
	if (run->options->raw)
		return 0;
	dedupe_findings(&review->findings, &run->mem);
	/* a scan shows all: it is asked for by a person or a gate, not posted to a review */
	if (!review->is_change)
		caps = (struct caps){ 0 };
	rank_review(review, &caps);
	return 0;
}
