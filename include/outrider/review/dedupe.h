/* dedupe.h - one defect is said once. */
#pragma once
#include "model/finding.h"

/* How many were dropped, and why. */
struct dedupe_counts {
	size_t repeated; /* same path and fingerprint */
	size_t covered;  /* the same defect found by another rule or tool at the same lines */
	size_t nested;   /* the same rule inside its own match */
};

/*
 * Drops findings that say what another one says; needs fingerprints. The list keeps its order.
 *
 * - repeated: same path and fingerprint.
 * - covered: other rule or tool, the same first and last line, and either the same CWE, or one of
 *   them names no CWE, both have the same category, and one range lies in the other. (Two
 *   different CWEs are two defects; a category alone is too coarse without overlap.)
 * - nested: same tool, rule and message, one range inside the other, and they share an end or stand
 *   on the same lines: one defect seen at two levels of a chain (a + b + c). The outer is kept, for
 *   its fix covers the whole. A nested match on lines of its own (a function in a function) is a
 *   defect of its own.
 *
 * Of a pair that says the same, the better one stays: in the diff over outside, higher severity,
 * higher confidence, ours ("outrider") over imported, one with a fix, then the first by
 * finding_order. A finding in the diff never gives way to one outside.
 */
struct dedupe_counts dedupe_findings(struct finding_list *list, struct arena *mem);
