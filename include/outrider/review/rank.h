/* rank.h - which findings a person sees first, and how many. */
#pragma once
#include "model/review.h"

/* Numbers of findings; 0 means no cap. */
struct caps {
	size_t per_review;
	size_t per_file;
	size_t per_rule; /* of one tool */
};

/*
 * The rank of one finding: the product of the weights of its severity, confidence, category and
 * place (on an added line; in the diff; elsewhere). `change` is the file's, NULL for a scan.
 */
uint64_t rank_of(const struct finding *finding, const struct change *change);

/*
 * Sets the rank of all review->findings, sorts them best first (ties by finding_order) and moves
 * what is over a cap to review->held_back, best first. A review (is_change) stays sorted by rank, a
 * scan is sorted by place again. Deterministic. Call once.
 */
void rank_review(struct review *review, const struct caps *caps);
