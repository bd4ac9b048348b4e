#include "places.h"

#include <stdlib.h>

#include "base/scope.h"
#include "repo/diff.h"
#include "review/comment.h"

enum { TRIES = 8 /* for each comment: small files have few kinds of lines */, MAX_FIX_LINES = 200 };

struct spot {
	struct arena        *mem;
	const struct change *change;
	const struct hunk   *hunk;
	uint64_t             chance;
};

/* xorshift: the same places at each run. */
static size_t roll(struct spot *spot, size_t n)
{
	spot->chance ^= spot->chance << 13;
	spot->chance ^= spot->chance >> 7;
	spot->chance ^= spot->chance << 17;
	return (size_t)(spot->chance % n);
}

/* A line of the hunk of one of these kinds; NULL when it has none. */
static const struct diff_line *line_of(struct spot *spot, const char *kinds)
{
	size_t from = roll(spot, spot->hunk->n);

	for (size_t i = 0; i < spot->hunk->n; i++) {
		const struct diff_line *line = &spot->hunk->lines[(from + i) % spot->hunk->n];

		if (strchr(kinds, line->kind))
			return line;
	}
	return NULL;
}

/* ---- the new side: a finding on these lines, through all that a review does with it ---- */

/* Bytes of the lines first..last, with their ends. */
static void bytes_of(struct fix *out, struct str text, uint32_t first, uint32_t last)
{
	struct str rest = text, line;

	for (uint32_t i = 1; i <= last && rest.len; i++) {
		if (i == first)
			out->start = (uint32_t)(rest.p - text.p);
		(void)!str_cut_line(&rest, &line);
		out->end = (uint32_t)(rest.p - text.p);
	}
}

static bool add_finding(struct post_comment *out, struct spot *spot, uint32_t first, uint32_t last, struct str by, bool fix)
{
	struct finding finding = { .tool = STR("outrider"), .rule_id = STR("place"), .severity = SEVERITY_WARNING,
				   .message = STR("A place in the diff."), .path = spot->change->new_path, .has_fix = fix,
				   .span = { .start_line = first, .end_line = last } };
	struct comment_fix made;
	struct anchor anchor;
	char fingerprint[FINGERPRINT_HEX + 1];

	if (!change_anchor(spot->change, first, last, &anchor))
		return false;
	finding.in_diff = true;
	finding.anchor_start_line = anchor.start_line;
	finding.anchor_line = anchor.line;
	bytes_of(&finding.fix, spot->change->new_text, first, last);
	finding.fix.text = by;
	snprintf(fingerprint, sizeof fingerprint, "%016llx%016llx", (unsigned long long)spot->chance, (unsigned long long)first);
	fix = fix && comment_fix_make(&made, spot->mem, &finding, spot->change, spot->change->new_text);
	comment_make(out, spot->mem, &finding, fingerprint, spot->change, fix ? &made : NULL);
	return true;
}

static bool add_line(struct post_comment *out, struct spot *spot, const char *kinds, struct str by, bool fix)
{
	const struct diff_line *line = line_of(spot, kinds);

	return line && add_finding(out, spot, line->new_line, line->new_line, by, fix);
}

static bool added(struct post_comment *out, struct spot *spot)
{
	return add_line(out, spot, "+", (struct str){ 0 }, false);
}

static bool context(struct post_comment *out, struct spot *spot)
{
	return add_line(out, spot, " ", (struct str){ 0 }, false);
}

static bool replaced(struct post_comment *out, struct spot *spot)
{
	return add_line(out, spot, "+", STR("one line\n"), true);
}

static bool replaced_context(struct post_comment *out, struct spot *spot)
{
	return add_line(out, spot, " ", STR("one line\nand one more\n"), true);
}

static bool taken_away(struct post_comment *out, struct spot *spot)
{
	return add_line(out, spot, "+ ", (struct str){ 0 }, true);
}

/* From one line of the hunk to a later one. */
static bool add_range(struct post_comment *out, struct spot *spot, struct str by, bool fix)
{
	const struct diff_line *a = line_of(spot, "+ "), *b = line_of(spot, "+ ");
	uint32_t first, last;

	if (!a || a->new_line == b->new_line)
		return false;
	first = a->new_line < b->new_line ? a->new_line : b->new_line;
	last = a->new_line < b->new_line ? b->new_line : a->new_line;
	return !(fix && last - first > MAX_FIX_LINES) && add_finding(out, spot, first, last, by, fix);
}

static bool range(struct post_comment *out, struct spot *spot)
{
	return add_range(out, spot, (struct str){ 0 }, false);
}

static bool range_replaced(struct post_comment *out, struct spot *spot)
{
	return add_range(out, spot, STR("one line\n"), true);
}

static bool range_taken_away(struct post_comment *out, struct spot *spot)
{
	return add_range(out, spot, (struct str){ 0 }, true);
}

/* It begins above the hunk and ends below it: what lies outside is cut off. */
static bool over_the_edges(struct post_comment *out, struct spot *spot)
{
	uint32_t above = spot->hunk->new_start > 5 ? spot->hunk->new_start - 5 : 1;

	return spot->hunk->new_lines && add_finding(out, spot, above, spot->hunk->new_start + spot->hunk->new_lines + 5,
						    STR("one line\n"), roll(spot, 2));
}

/* The last line of the file, with an end or without. */
static bool last_line(struct post_comment *out, struct spot *spot)
{
	const struct change *change = spot->change;
	const struct hunk *hunk = &change->hunks[change->n_hunks - 1];
	static const struct str texts[] = { { "end\n", 4 }, { "end", 3 }, { NULL, 0 } };
	uint32_t last = hunk->new_start + hunk->new_lines - 1;

	return hunk->new_lines && add_finding(out, spot, last, last, texts[roll(spot, COUNT(texts))], true);
}

/* ---- the old side: no rule of ours speaks of it, the forges' rules for it hold all the same ---- */

static bool add_old(struct post_comment *out, struct spot *spot, const struct diff_line *first, const struct diff_line *last)
{
	if (!first)
		return false;
	*out = (struct post_comment){
		.path = spot->change->new_path, .old_path = spot->change->old_path, .side = SIDE_OLD, .start_line = first->old_line,
		.line = last->old_line, .old_line = last->old_line, .new_line = last->new_line, .old_start_line = first->old_line,
		.new_start_line = first->new_line, .old_next = last->old_line, .old_start_next = first->old_line, .rule = STR("place"),
		.body = arena_printf(spot->mem, "An old line: %llu.\n", (unsigned long long)spot->chance), .severity = SEVERITY_WARNING,
	};
	return true;
}

static bool removed(struct post_comment *out, struct spot *spot)
{
	const struct diff_line *line = line_of(spot, "-");

	return add_old(out, spot, line, line);
}

static bool context_of_old(struct post_comment *out, struct spot *spot)
{
	const struct diff_line *line = line_of(spot, " ");

	return add_old(out, spot, line, line);
}

static bool range_of_old(struct post_comment *out, struct spot *spot)
{
	const struct diff_line *a = line_of(spot, "- "), *b = line_of(spot, "- ");

	return a && (a->old_line < b->old_line ? add_old(out, spot, a, b) : add_old(out, spot, b, a));
}

/* ---- all of them ---- */

static bool (*const kinds[])(struct post_comment *out, struct spot *spot) = {
	added, removed, context, replaced, range, taken_away, range_replaced, over_the_edges, range_of_old, last_line, range_taken_away,
	replaced_context, context_of_old,
};

static bool pick(struct post_comment *out, struct spot *spot, const struct changeset *changes, size_t kind)
{
	spot->change = &changes->items[roll(spot, changes->n)];
	if (spot->change->skip != SKIP_NONE || spot->change->n_hunks == 0)
		return false;
	spot->hunk = &spot->change->hunks[roll(spot, spot->change->n_hunks)];
	return spot->hunk->n && kinds[kind](out, spot);
}

int places_make(struct places *out, struct arena *mem, const char *repository, const struct pull *pull, size_t n, struct err *err)
{
	AUTO(repo_close) struct repo repo = { 0 };
	const struct diff_request request = { .kind = DIFF_COMMITS, .base = pull->start_oid, .head = pull->head_oid };
	struct spot spot = { .mem = mem, .chance = strtoull(arena_z(mem, str_sub(str_of(pull->head_oid), 0, 15)), NULL, 16) | 1 };
	struct changeset changes = { 0 };

	if (repo_open(&repo, repository, err) < 0 || repo_diff(&changes, mem, &repo, &request, err) < 0)
		return -1;
	for (size_t i = 0; changes.n && i < n * TRIES && out->n < n; i++) {
		struct post_comment comment;

		if (pick(&comment, &spot, &changes, i % COUNT(kinds)))
			ARENA_PUSH(mem, out, comment);
	}
	return 0;
}
