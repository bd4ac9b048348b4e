/* evaluate.h - what the two ways to evaluate a rule share. Private to this folder. */
#pragma once
#include "matcher.h"

/* May the rule match here, whatever is bound? "No" is final; so is "yes" for a rule that binds nothing. */
bool maybe(struct matcher *m, const struct rule *rule, uint32_t node);

/* Counts a step and looks at the clock now and then; true when the file is to be given up. */
bool tick(struct matcher *m);
uint32_t parent_of(const struct matcher *m, uint32_t i);
bool search_regex(struct matcher *m, const struct rule *rule, uint32_t node);
bool in_range(struct matcher *m, const struct rule *rule, uint32_t i);
/* Position among the named siblings that `ofRule` takes, 1-based; 0: not one of them. */
uint32_t position_of(struct matcher *m, const struct rule *rule, uint32_t node);
bool nth_matches(const struct nth *nth, uint32_t position);

/* The next node of a relation's search, or NODE_NONE. */
typedef uint32_t step_fn(const struct matcher *m, uint32_t at);
step_fn *step_of(enum rule_op op);
/* `inside` with a field: the way up must come through that field of the parent. */
bool through_field(const struct matcher *m, const struct rule *rule, uint32_t from, uint32_t to);
