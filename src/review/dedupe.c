#include "review/dedupe.h"

#include <stdlib.h>

/*
 * At one and the same lines, each finding is compared with at most this many kept ones: a hostile
 * file may name one line a hundred thousand times.
 */
enum { MAX_COMPARED = 64 };

/* A finding and whether it stays; the array is sorted once per kind of duplicate. */
struct item {
	const struct finding *finding;
	bool dropped;
};

static int number_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static bool is_ours(const struct finding *finding)
{
	return str_eq(finding->tool, STR("outrider"));
}

/* The better one first; see the header. */
static int quality_cmp(const struct finding *x, const struct finding *y)
{
	int order = number_cmp(y->in_diff, x->in_diff);

	if (!order)
		order = number_cmp(y->severity, x->severity);
	if (!order)
		order = number_cmp(y->confidence, x->confidence);
	if (!order)
		order = number_cmp(is_ours(y), is_ours(x));
	if (!order)
		order = number_cmp(y->has_fix, x->has_fix);
	return order ? order : finding_order(x, y);
}

static int start_cmp(const struct span *a, const struct span *b)
{
	int order = number_cmp(a->start_line, b->start_line);

	return order ? order : number_cmp(a->start_column, b->start_column);
}

static int end_cmp(const struct span *a, const struct span *b)
{
	int order = number_cmp(a->end_line, b->end_line);

	return order ? order : number_cmp(a->end_column, b->end_column);
}

/* By lines and columns, which imported findings have, too. */
static bool contains(const struct span *outer, const struct span *inner)
{
	return start_cmp(outer, inner) <= 0 && end_cmp(outer, inner) >= 0;
}

static bool same_lines(const struct span *a, const struct span *b)
{
	return a->start_line == b->start_line && a->end_line == b->end_line;
}

static int repeat_group(const struct finding *x, const struct finding *y)
{
	int order = str_cmp(x->path, y->path);

	return order ? order : strcmp(x->fingerprint, y->fingerprint);
}

static int by_repeat(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = repeat_group(x->finding, y->finding);

	return order ? order : quality_cmp(x->finding, y->finding);
}

static size_t drop_repeated(struct item *items, size_t n)
{
	size_t dropped = 0;

	qsort(items, n, sizeof *items, by_repeat);
	for (size_t i = 1; i < n; i++) {
		if (!items[i].finding->fingerprint[0] ||
		    repeat_group(items[i - 1].finding, items[i].finding) != 0)
			continue;
		items[i].dropped = true;
		dropped++;
	}
	return dropped;
}

static int lines_group(const struct finding *x, const struct finding *y)
{
	int order = str_cmp(x->path, y->path);

	if (!order)
		order = number_cmp(x->span.start_line, y->span.start_line);
	return order ? order : number_cmp(x->span.end_line, y->span.end_line);
}

static int by_lines(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = lines_group(x->finding, y->finding);

	return order ? order : quality_cmp(x->finding, y->finding);
}

static bool same_rule(const struct finding *x, const struct finding *y)
{
	return str_eq(x->tool, y->tool) && str_eq(x->rule_id, y->rule_id);
}

static bool same_defect(const struct finding *x, const struct finding *y)
{
	if (same_rule(x, y))
		return false;
	if (x->cwe.len && y->cwe.len)
		return str_eq_nocase(x->cwe, y->cwe);
	return x->category.len && str_eq(x->category, y->category) &&
	       (contains(&x->span, &y->span) || contains(&y->span, &x->span));
}

/* items[from..at) are at the same lines as items[at], and better. */
static bool is_covered(const struct item *items, size_t from, size_t at)
{
	size_t compared = 0;

	for (size_t i = from; i < at && compared < MAX_COMPARED; i++) {
		if (items[i].dropped)
			continue;
		compared++;
		if (same_defect(items[i].finding, items[at].finding))
			return true;
	}
	return false;
}

static size_t drop_covered(struct item *items, size_t n)
{
	size_t dropped = 0, from = 0;

	qsort(items, n, sizeof *items, by_lines);
	for (size_t i = 0; i < n; i++) {
		if (lines_group(items[from].finding, items[i].finding) != 0)
			from = i;
		if (items[i].dropped || !is_covered(items, from, i))
			continue;
		items[i].dropped = true;
		dropped++;
	}
	return dropped;
}

static int rule_group(const struct finding *x, const struct finding *y)
{
	int order = str_cmp(x->path, y->path);

	if (!order)
		order = str_cmp(x->tool, y->tool);
	if (!order)
		order = str_cmp(x->rule_id, y->rule_id);
	return order ? order : str_cmp(x->message, y->message);
}

/* Within a rule: an outer match right before what it holds. */
static int by_nesting(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = rule_group(x->finding, y->finding);

	if (!order)
		order = start_cmp(&x->finding->span, &y->finding->span);
	if (!order)
		order = end_cmp(&y->finding->span, &x->finding->span);
	return order ? order : quality_cmp(x->finding, y->finding);
}

static bool is_same_chain(const struct finding *outer, const struct finding *inner)
{
	if (inner->in_diff && !outer->in_diff)
		return false;
	return same_lines(&outer->span, &inner->span) ||
	       start_cmp(&outer->span, &inner->span) == 0 ||
	       end_cmp(&outer->span, &inner->span) == 0;
}

/*
 * `open` is room for n pointers: the kept matches that hold the present place, the innermost
 * last.
 */
static size_t drop_nested(struct item *items, size_t n, const struct finding **open)
{
	size_t dropped = 0, depth = 0;

	qsort(items, n, sizeof *items, by_nesting);
	for (size_t i = 0; i < n; i++) {
		const struct finding *finding = items[i].finding;

		if (items[i].dropped)
			continue;
		while (depth && (rule_group(open[depth - 1], finding) != 0 ||
				 !contains(&open[depth - 1]->span, &finding->span)))
			depth--;
		if (depth && is_same_chain(open[depth - 1], finding)) {
			items[i].dropped = true;
			dropped++;
		} else {
			open[depth++] = finding;
		}
	}
	return dropped;
}

struct dedupe_counts dedupe_findings(struct finding_list *list, struct arena *mem)
{
	struct item *items = ARENA_ARRAY(mem, list->n, struct item);
	bool *dropped = ARENA_ARRAY(mem, list->n, bool);
	struct dedupe_counts counts = { 0 };
	size_t kept = 0;

	if (list->n == 0)
		return counts;
	for (size_t i = 0; i < list->n; i++)
		items[i].finding = &list->items[i];
	counts.repeated = drop_repeated(items, list->n);
	counts.covered = drop_covered(items, list->n);
	counts.nested = drop_nested(items, list->n, arena_zalloc(mem, list->n, sizeof(void *)));
	for (size_t i = 0; i < list->n; i++)
		dropped[items[i].finding - list->items] = items[i].dropped;
	for (size_t i = 0; i < list->n; i++)
		if (!dropped[i])
			list->items[kept++] = list->items[i];
	list->n = kept;
	return counts;
}
