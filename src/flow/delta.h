/* delta.h - which findings of a new text stood in the old one already. Private to this folder. */
#pragma once
#include "flow/run.h"

/*
 * Marks the findings of the head that the base has too: old[i] is set for head->items[i], and used[k] for the base
 * finding that it is. Three looks, each one to one: equal code under the same rule anywhere in the file (moved or
 * reformatted); the same rule on a line that did not change; the same rule in the same hunk and definition with nearly
 * the same code (edited). For secrets the last does not count: another secret is a new one.
 */
void delta_mark(const struct change *change, const struct finding_list *head,
		const struct finding_list *base, bool *old, bool *used, struct arena *mem);
/* Equal for code that differs in white space only. */
uint64_t delta_key(const struct finding *finding);
