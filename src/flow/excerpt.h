/* excerpt.h - the lines of the diff around a finding. Private to this folder. */
#pragma once
#include "flow/answer.h"

/* Texts of the changed files with what looks like a credential masked, each made when it is first asked for. */
struct masked {
	struct arena           *mem;
	const struct changeset *changes;
	struct str             *old_text, *new_text; /* by index of the file; p NULL: not made yet */
};
void masked_init(struct masked *masked, struct arena *mem, const struct changeset *changes);

/* The lines of one hunk around those of the finding; none when no hunk has them. In `mem`. */
void excerpt_make(struct excerpt *out, struct arena *mem, struct masked *masked, const struct finding *finding);
