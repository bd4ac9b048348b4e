#include "review/comment.h"

#include <stdio.h>

#include "base/scope.h"
#include "glyph.h"
#include "markdown.h"
#include "parts.h"
#include "patch.h"
#include "review/redact.h"

/* True when a suggestion would put exactly these bytes in: nothing to mask, replace or lose. */
static bool is_exact(struct str text)
{
	return text.len <= COMMENT_MAX_FIX && str_is_utf8(text) && !redact_needed(text) &&
	       !(text.len && memchr(text.p, '\0', text.len));
}

/*
 * A suggestion replaces all lines of its comment. So the comment is widened to the lines of the
 * fix; when those do not lie in one hunk, or the file ends in a way that whole lines cannot
 * express, there is none.
 */
static bool widen(struct comment_fix *fix, const struct patch *patch, const struct finding *finding,
		  const struct change *change)
{
	struct anchor anchor;

	if (patch->n_before == 0 || !finding->in_diff)
		return false;
	fix->line = patch->line;
	fix->last = patch->line + (uint32_t)patch->n_before - 1;
	if (finding->anchor_start_line < fix->line)
		fix->line = finding->anchor_start_line;
	if (finding->anchor_line > fix->last)
		fix->last = finding->anchor_line;
	return change_anchor(change, fix->line, fix->last, &anchor) && anchor.exact;
}

/* To read, not to click: only the lines that differ, masked. */
static void make_diff(struct comment_fix *fix, struct arena *mem, struct patch *patch)
{
	patch_trim(patch);
	fix->clickable = false;
	fix->line = patch->line;
	fix->last = patch->n_before ? patch->line + (uint32_t)patch->n_before - 1 : patch->line;
	fix->before = redact_text(mem, patch->before);
	fix->after = redact_text(mem, patch->after);
}

bool comment_fix_make(struct comment_fix *out, struct arena *mem, const struct finding *finding,
		      const struct change *change, struct str text)
{
	struct comment_fix fix = { .title = finding->fix.title };
	struct patch patch;

	if (!finding->has_fix || !patch_make(&patch, mem, text, &finding->fix))
		return false;
	fix.too_long = patch.after.len > COMMENT_MAX_FIX || patch.before.len > COMMENT_MAX_FIX;
	if (!fix.too_long && change && is_exact(patch.after) && widen(&fix, &patch, finding, change)) {
		struct patch wide = patch;

		patch_widen(&wide, mem, text, fix.line, fix.last);
		fix.before = wide.before;
		fix.after = wide.after;
		fix.clickable = is_exact(wide.after) && wide.before.len <= COMMENT_MAX_FIX;
	}
	if (!fix.too_long && !fix.clickable)
		make_diff(&fix, mem, &patch);
	*out = fix;
	return true;
}

static size_t count_lines(struct str text)
{
	struct str line;
	size_t n = 0;

	while (str_cut_line(&text, &line))
		n++;
	return n;
}

static void add_diff_lines(struct buf *out, char sign, struct str text)
{
	struct str line;

	while (str_cut_line(&text, &line)) {
		buf_add_byte(out, sign);
		buf_add(out, line);
		buf_add_byte(out, '\n');
	}
}

static void add_diff(struct buf *out, struct arena *mem, const struct comment_fix *fix)
{
	AUTO_BUF struct buf diff = { 0 }, shown = { 0 };
	struct patch patch = {
		.line = fix->line,
		.before = part_masked(mem, fix->before, COMMENT_MAX_FIX),
		.after = part_masked(mem, fix->after, COMMENT_MAX_FIX),
	};

	patch.n_before = count_lines(patch.before);
	patch.n_after = count_lines(patch.after);
	patch_trim(&patch);
	patch_add_header(&diff, &patch);
	add_diff_lines(&diff, '-', patch.before);
	add_diff_lines(&diff, '+', patch.after);
	glyph_add_text(&shown, buf_str(&diff));
	markdown_add_fence(out, "diff", buf_str(&shown));
}

/* What another process says of the lines counts only where they are lines of this change. */
static bool is_clickable(const struct comment_fix *fix, const struct change *change)
{
	struct anchor anchor;

	return fix->clickable && change && fix->line && fix->line <= fix->last &&
	       change_anchor(change, fix->line, fix->last, &anchor) && anchor.exact &&
	       is_exact(fix->after) && str_is_utf8(fix->before);
}

static void add_title(struct buf *out, struct arena *mem, const struct comment_fix *fix)
{
	if (!fix->title.len)
		return;
	buf_add_byte(out, '\n');
	markdown_add_text(out, part_masked(mem, fix->title, PART_MAX_WORDS));
	buf_add(out, STR(":\n"));
}

static void add_fix(struct buf *out, struct arena *mem, const struct comment_fix *fix)
{
	add_title(out, mem, fix);
	buf_add_byte(out, '\n');
	if (fix->too_long)
		buf_add(out, STR("The fix is too long to show here.\n"));
	else
		add_diff(out, mem, fix);
}

/* The lines of the other side, for forges that want both; 0 where there is none. */
static uint32_t old_line_of(const struct change *change, uint32_t line)
{
	for (size_t i = 0; change && i < change->n_hunks; i++) {
		const struct hunk *hunk = &change->hunks[i];

		for (size_t k = 0; k < hunk->n; k++)
			if (hunk->lines[k].new_line == line)
				return hunk->lines[k].old_line;
	}
	return 0;
}

/* Empty for a new file: there it has no name. */
static struct str old_path_of(const struct change *change, struct str path)
{
	if (change && change->status == CHANGE_ADDED)
		return (struct str){ 0 };
	return change && change->old_path.len ? change->old_path : path;
}

/* The first line of the old side that is not above a line of the new side: where forges that count both sides put it. */
static uint32_t old_next_of(const struct change *change, uint32_t line)
{
	for (size_t i = 0; change && i < change->n_hunks; i++) {
		const struct hunk *hunk = &change->hunks[i];
		size_t k = 0;

		while (k < hunk->n && hunk->lines[k].new_line != line)
			k++;
		if (k == hunk->n)
			continue;
		for (; k < hunk->n; k++)
			if (hunk->lines[k].old_line)
				return hunk->lines[k].old_line;
		return hunk->old_start + hunk->old_lines; /* of a new file: 0, as GitLab counts it */
	}
	return 0;
}

/* The end of a line belongs to the fence, not to the text. */
static struct str without_end(struct str s)
{
	if (s.len && s.p[s.len - 1] == '\n')
		s.len--;
	if (s.len && s.p[s.len - 1] == '\r')
		s.len--;
	return s;
}

/* UTF-16 units of the last line, as Gerrit counts characters. */
static uint32_t last_column(struct str text)
{
	uint32_t units = 0;
	size_t n;

	for (size_t i = 0; i < text.len; i += n) {
		n = str_utf8_len(text.p + i, text.len - i);
		units += n == 4 ? 2 : 1;
		if (text.p[i] == '\n')
			units = 0;
	}
	return units;
}

static struct str make_body(struct arena *mem, const struct finding *finding, struct str marker,
			    const struct comment_fix *fix, bool clickable)
{
	AUTO_BUF struct buf body = { 0 }, note = { 0 }, rule = { 0 };
	size_t more = marker.len + 2 + (clickable ? 2 * fix->after.len + PART_MAX_WORDS : 0);

	part_add_message(&body, mem, finding);
	buf_add_byte(&body, '\n');
	if (fix && !clickable)
		add_fix(&body, mem, fix);
	part_add_note(&note, mem, finding);
	buf_add_byte(&rule, '\n');
	part_add_rule(&rule, mem, finding);
	buf_add(&rule, STR("\n"));
	/* the suggestion itself goes between here and the marker */
	if (clickable)
		add_title(&rule, mem, fix);
	if (body.len + note.len + rule.len + more <= COMMENT_MAX_BODY)
		buf_add(&body, buf_str(&note));
	if (body.len + rule.len + more > COMMENT_MAX_BODY) {
		buf_clear(&body);
		buf_add(&body, STR("This finding is too long to show here.\n"));
	}
	buf_add(&body, buf_str(&rule));
	buf_add_byte(&body, '\n');
	buf_add(&body, marker);
	return glyph_utf8(mem, arena_str(mem, buf_str(&body)));
}

void comment_make(struct post_comment *out, struct arena *mem, const struct finding *finding,
		  const char *fingerprint, const struct change *change,
		  const struct comment_fix *fix)
{
	bool clickable = fix && is_clickable(fix, change);
	struct post_comment comment = {
		.path = finding->path,
		.old_path = old_path_of(change, finding->path),
		.side = SIDE_NEW,
		.start_line = clickable ? fix->line : finding->anchor_start_line,
		.line = clickable ? fix->last : finding->anchor_line,
		.has_suggestion = clickable,
		.rule = finding->rule_id,
		.severity = finding->severity,
	};

	comment.new_line = comment.line;
	comment.new_start_line = comment.start_line;
	comment.old_line = old_line_of(change, comment.line);
	comment.old_start_line = old_line_of(change, comment.start_line);
	comment.old_next = old_next_of(change, comment.line);
	comment.old_start_next = old_next_of(change, comment.start_line);
	if (clickable) {
		comment.suggestion = fix->after.len ? without_end(fix->after) : (struct str){ 0 };
		comment.original = without_end(redact_text(mem, fix->before));
		/* of the real text: what is masked has another length */
		comment.end_column = last_column(without_end(fix->before));
		comment.ends = str_ends(fix->before, STR("\n"));
	}
	snprintf(comment.fingerprint, sizeof comment.fingerprint, "%s", fingerprint);
	comment.body = make_body(mem, finding, marker_finding(mem, fingerprint, finding->rule_id), fix,
				 clickable);
	*out = comment;
}

struct str comment_body(struct arena *mem, const struct post_comment *comment, const char *info)
{
	AUTO_BUF struct buf out = { 0 }, lines = { 0 };
	size_t head = comment->body.len;

	if (!comment->has_suggestion)
		return comment->body;
	while (head && comment->body.p[head - 1] != '\n')
		head--;
	buf_add(&out, str_sub(comment->body, 0, head));
	buf_add(&lines, comment->suggestion);
	if (comment->suggestion.p)
		buf_add_byte(&lines, '\n');
	markdown_add_fence(&out, info, buf_str(&lines));
	buf_add_byte(&out, '\n');
	buf_add(&out, str_from(comment->body, head));
	return arena_str(mem, buf_str(&out));
}
