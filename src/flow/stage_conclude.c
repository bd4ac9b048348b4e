#include <stdlib.h>

#include "review/dedupe.h"
#include "review/fingerprint.h"
#include "review/rank.h"

#include "stages.h"

static int skipped_order(const void *a, const void *b)
{
	const struct skipped *x = a, *y = b;

	return str_cmp(x->path, y->path);
}

static int notice_order(const void *a, const void *b)
{
	const struct notice *x = a, *y = b;

	return str_cmp(x->text, y->text);
}

/* Threads end in any order; reports do not. */
static void sort_all(struct review *review)
{
	if (review->findings.n)
		qsort(review->findings.items, review->findings.n, sizeof *review->findings.items,
		      finding_order);
	if (review->suppressed.n)
		qsort(review->suppressed.items, review->suppressed.n,
		      sizeof *review->suppressed.items, finding_order);
	if (review->skipped.n)
		qsort(review->skipped.items, review->skipped.n, sizeof *review->skipped.items,
		      skipped_order);
	if (review->notices.n)
		qsort(review->notices.items, review->notices.n, sizeof *review->notices.items,
		      notice_order);
}

/* Two of one rule on one line are one comment to the person who reads it. */
static void one_per_line(struct finding_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->items[i];
		bool said = false;

		for (size_t k = n; k-- > 0 && !said; ) {
			const struct finding *other = &list->items[k];

			if (other->span.start_line != f->span.start_line ||
			    !str_eq(other->path, f->path))
				break;
			said = str_eq(other->rule_id, f->rule_id) && str_eq(other->tool, f->tool);
		}
		if (!said)
			list->items[n++] = *f;
	}
	list->n = n;
}

int stage_conclude(struct run *run, struct err *err)
{
	const struct config_caps *c = &run->config.caps;
	struct review *review = &run->review;
	struct caps caps = { c->comments, c->per_file, c->per_rule };

	sort_all(review);
	(void)err;
	fingerprint_all(&review->findings, &run->mem);
	fingerprint_all(&review->suppressed, &run->mem);
	if (run->options->raw)
		return 0;
	dedupe_findings(&review->findings, &run->mem);
	if (review->is_change)
		one_per_line(&review->findings);
	/* a scan shows all: it is asked for by a person or a gate, not posted to a review */
	if (!review->is_change)
		caps = (struct caps){ 0 };
	rank_review(review, &caps);
	return 0;
}
