#include "review/rank.h"

#include <stdlib.h>

/*
 * The weights multiply. They are chosen so that a step in severity outweighs all but a low
 * confidence, and an old line in the diff never hides what was added with it.
 */
static const unsigned severity_weight[] = {
	[SEVERITY_OFF] = 0,      [SEVERITY_HINT] = 1,   [SEVERITY_INFO] = 4,
	[SEVERITY_WARNING] = 16, [SEVERITY_ERROR] = 48,
};
static const unsigned confidence_weight[] = {
	[CONFIDENCE_LOW] = 2,
	[CONFIDENCE_MEDIUM] = 5,
	[CONFIDENCE_HIGH] = 8,
};

/* What is worth a person's time first. Unknown and empty categories stand in the middle. */
static const struct {
	const char *category;
	unsigned weight;
} categories[] = {
	{ "security", 15 },       { "correctness", 14 },    { "concurrency", 14 },
	{ "resource", 12 },       { "error-handling", 11 }, { "compatibility", 11 },
	{ "performance", 9 },     { "leftover", 8 },        { "test", 8 },
	{ "maintainability", 6 }, { "documentation", 4 },   { "style", 3 },
};

enum {
	CATEGORY_DEFAULT = 10,
	PLACE_ADDED = 12,
	PLACE_IN_DIFF = 6,
	PLACE_ELSEWHERE = 1,
};

static unsigned category_weight(struct str category)
{
	for (size_t i = 0; i < COUNT(categories); i++)
		if (str_eq(category, str_of(categories[i].category)))
			return categories[i].weight;
	return CATEGORY_DEFAULT;
}

static unsigned place_weight(const struct finding *finding, const struct change *change)
{
	if (!finding->in_diff)
		return PLACE_ELSEWHERE;
	if (change && change_touches(change, finding->span.start_line, finding->span.end_line))
		return PLACE_ADDED;
	return PLACE_IN_DIFF;
}

uint64_t rank_of(const struct finding *finding, const struct change *change)
{
	return (uint64_t)severity_weight[finding->severity] *
	       confidence_weight[finding->confidence] * category_weight(finding->category) *
	       place_weight(finding, change);
}

static int by_rank(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return finding_order(a, b);
}

static int change_cmp(const void *a, const void *b)
{
	const struct change *x = *(const struct change *const *)a;
	const struct change *y = *(const struct change *const *)b;

	return str_cmp(x->new_path, y->new_path);
}

static int change_path_cmp(const void *key, const void *item)
{
	const struct str *path = key;

	return str_cmp(*path, (*(const struct change *const *)item)->new_path);
}

static void set_ranks(struct review *review)
{
	size_t n = review->changes ? review->changes->n : 0;
	const struct change **sorted = ARENA_ARRAY(review->mem, n, const struct change *);

	for (size_t i = 0; i < n; i++)
		sorted[i] = &review->changes->items[i];
	if (n)
		qsort(sorted, n, sizeof *sorted, change_cmp);
	for (size_t i = 0; i < review->findings.n; i++) {
		struct finding *finding = &review->findings.items[i];
		const struct change **found =
			n ? bsearch(&finding->path, sorted, n, sizeof *sorted, change_path_cmp)
			  : NULL;

		finding->rank = rank_of(finding, found ? *found : NULL);
	}
}

/* A finding, seen as a member of one group: its file, or its rule. */
struct member {
	const struct finding *finding;
	size_t index; /* in the list */
};

typedef int member_cmp(const void *a, const void *b);

static int by_file(const void *a, const void *b)
{
	return str_cmp(((const struct member *)a)->finding->path,
		       ((const struct member *)b)->finding->path);
}

static int by_rule(const void *a, const void *b)
{
	const struct finding *x = ((const struct member *)a)->finding;
	const struct finding *y = ((const struct member *)b)->finding;
	int order = str_cmp(x->tool, y->tool);

	return order ? order : str_cmp(x->rule_id, y->rule_id);
}

/*
 * group[i] of each finding: equal numbers are equal files (or rules). Sorting, for hashes can be
 * attacked.
 */
static size_t *group_by(struct finding_list *list, member_cmp *cmp, struct arena *mem)
{
	struct member *members = ARENA_ARRAY(mem, list->n, struct member);
	size_t *group = ARENA_ARRAY(mem, list->n, size_t);
	size_t current = 0;

	for (size_t i = 0; i < list->n; i++)
		members[i] = (struct member){ &list->items[i], i };
	qsort(members, list->n, sizeof *members, cmp);
	for (size_t i = 0; i < list->n; i++) {
		if (i && cmp(&members[i - 1], &members[i]) != 0)
			current++;
		group[members[i].index] = current;
	}
	return group;
}

static bool is_over(size_t used, size_t cap)
{
	return cap && used >= cap;
}

static void apply_caps(struct review *review, const struct caps *caps)
{
	struct finding_list *list = &review->findings;
	size_t *file = group_by(list, by_file, review->mem),
	       *rule = group_by(list, by_rule, review->mem);
	size_t *in_file = ARENA_ARRAY(review->mem, list->n, size_t);
	size_t *in_rule = ARENA_ARRAY(review->mem, list->n, size_t);
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (is_over(kept, caps->per_review) || is_over(in_file[file[i]], caps->per_file) ||
		    is_over(in_rule[rule[i]], caps->per_rule)) {
			ARENA_PUSH(review->mem, &review->held_back, list->items[i]);
			continue;
		}
		in_file[file[i]]++;
		in_rule[rule[i]]++;
		list->items[kept++] = list->items[i];
	}
	list->n = kept;
}

void rank_review(struct review *review, const struct caps *caps)
{
	struct finding_list *list = &review->findings;

	if (list->n == 0)
		return;
	set_ranks(review);
	qsort(list->items, list->n, sizeof *list->items, by_rank);
	apply_caps(review, caps);
	if (!review->is_change && list->n)
		qsort(list->items, list->n, sizeof *list->items, finding_order);
}
