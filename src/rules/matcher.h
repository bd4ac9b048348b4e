/* matcher.h - evaluates compiled rules on one tree. Private to this folder. */
#pragma once
#include "rule.h"
#include "syntax/lines.h"

enum { MATCH_MAX_DEPTH = 1500 }; /* nested evaluations: a utility may refer to itself through the tree */

struct node_run {
	uint32_t at, n; /* in env.list; n 0xffffffff: not bound */
};

/* What was bound, in order, so that a failed branch can be undone. */
struct env {
	uint32_t        *single;      /* by variable: node, or NODE_NONE */
	struct node_run *multi;
	struct str      *transformed; /* p NULL: none */
	int32_t          n_vars;
	struct {
		int32_t *items;       /* v for single, -1 - v for multi */
		size_t   n, cap;
	} trail;
	struct {
		uint32_t *items;
		size_t    n, cap;
	} list;
};

/* One file's evaluation. Everything lives in `mem`, which is reset after the file. */
struct matcher {
	const struct tree *tree;
	struct arena      *mem;
	struct env        *env;
	struct env        *scratch;   /* empty between uses */
	uint8_t         ***memo;      /* by slot: chunks of answers, one for each node */
	uint32_t         **nth_memo;  /* by slot: a position for each node, where `ofRule` chooses */
	uint32_t          *position;  /* of each node among its named siblings, 1-based, 0 for unnamed; set at first need */
	uint32_t          *n_named;   /* named children of each node */
	struct lines       lines;     /* set at first need */
	bool               has_lines;
	bool               want_labels; /* evaluate without shortcuts and note related nodes */
	struct {
		uint32_t *items;
		size_t    n, cap;
	} labels;
	unsigned           depth;
	struct env        *enclosing; /* of the rule, while a rewriter runs */
	unsigned           rewrite_depth;
	uint64_t           steps;     /* since the last look at the clock */
	uint64_t           deadline;
	uint64_t (*now_ns)(void);
	bool               out_of_time; /* the file is given up */
	bool               too_deep;    /* a rule nested too deeply here: its answer is unsure */
	const char        *regex_limit; /* a regex that hit its limit, or NULL */
};

void matcher_init(struct matcher *m, struct arena *mem, const struct tree *tree, size_t n_slots);
struct env *env_new(struct arena *mem, int32_t n_vars);
struct env *env_clone(struct arena *mem, const struct env *env);
size_t env_mark(const struct env *env);
void env_undo(struct env *env, size_t mark);
/* Binds a node, or `n` siblings from `first` on; false when the variable stands for other code already. */
bool env_bind(struct matcher *m, int32_t var, uint32_t node);
bool env_bind_run(struct matcher *m, int32_t var, uint32_t first, uint32_t n);
/* Text of a variable: bound, or transformed; false when neither. */
bool env_text(const struct matcher *m, int32_t single, int32_t multi, struct str *out);

/* The node that the rule matched for `node` (a relation gives the other node), or NODE_NONE; then the env is as before. */
uint32_t rule_match(struct matcher *m, const struct rule *rule, uint32_t node);
/* Evaluates what a variable is held to, in the order of the file. */
bool constraints_match(struct matcher *m, const struct constraint_list *list);
/* The node that a fix reaches out to in direction of the rule (PRECEDES or FOLLOWS). */
uint32_t rule_reach(struct matcher *m, const struct rule *relation, uint32_t node);

bool pattern_match(struct matcher *m, const struct pattern *pattern, uint32_t node);
struct lines *matcher_lines(struct matcher *m);
