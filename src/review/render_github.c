#include "base/scope.h"
#include "glyph.h"
#include "jsonout.h"
#include "markdown.h"
#include "patch.h"
#include "review/redact.h"
#include "tally.h"

enum {
	MAX_MESSAGE = 4000, /* bytes of a message before escaping */
	MAX_NOTE = 20000,   /* bytes as Markdown: with a suggestion, all fits into one comment */
	MAX_FIX = 30000,    /* bytes of a suggestion or diff */
	MAX_LIST = 40000,   /* bytes of the list of findings outside the diff */
	MAX_NOTICE = 500,
	MAX_NOTICES = 20,
	SHORT_NOTE = 300, /* longer notes are folded away */
};

/* Where one comment stands: lines of the new side. */
struct place {
	uint32_t first, last;
};

static struct str masked(struct jsonout *json, struct str s, size_t max)
{
	struct str text = redact_text(&json->mem, s);

	while (max < text.len && max && ((unsigned char)text.p[max] & 0xc0) == 0x80)
		max--;
	return str_sub(text, 0, max);
}

static void add_message(struct jsonout *json, struct buf *out, const struct finding *finding)
{
	markdown_add_text(out, masked(json, finding->message, MAX_MESSAGE));
	if (finding->message.len > MAX_MESSAGE)
		buf_add(out, STR("..."));
}

/*
 * A suggestion replaces all lines of its comment. So the comment is widened to the lines of the
 * fix; when those do not lie in one hunk, or the file ends in a way that whole lines cannot
 * express, there is none.
 */
static bool can_suggest(const struct source *source, const struct patch *patch,
			const struct finding *finding, struct place *place)
{
	uint32_t first = patch->line, last = patch->line + (uint32_t)patch->n_before;
	struct anchor anchor;

	if (patch->n_before == 0)
		return false;
	last--;
	if (finding->anchor_start_line < first)
		first = finding->anchor_start_line;
	if (finding->anchor_line > last)
		last = finding->anchor_line;
	if (!source->change || !change_anchor(source->change, first, last, &anchor) ||
	    !anchor.exact)
		return false;
	*place = (struct place){ first, last };
	return true;
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

/* The fix as a diff to read, not to click: masked and escaped where needed. */
static void add_diff(struct jsonout *json, struct buf *out, struct patch *patch)
{
	AUTO_BUF struct buf diff = { 0 }, shown = { 0 };

	patch_trim(patch);
	patch_add_header(&diff, patch);
	add_diff_lines(&diff, '-', redact_text(&json->mem, patch->before));
	add_diff_lines(&diff, '+', redact_text(&json->mem, patch->after));
	glyph_add_text(&shown, buf_str(&diff));
	markdown_add_fence(out, "diff", buf_str(&shown));
}

/* True when a suggestion would put exactly these bytes in: nothing to mask, replace or lose. */
static bool is_exact(struct str text)
{
	return str_is_utf8(text) && !redact_needed(text) && !memchr(text.p, '\0', text.len);
}

static void add_fix(struct jsonout *json, struct buf *out, const struct finding *finding,
		    struct place *place)
{
	struct source *source = &json->source;
	struct patch patch;

	if (!finding->has_fix || !source_open(source, finding->path) ||
	    !patch_make(&patch, &json->mem, source->raw, &finding->fix))
		return;
	buf_add(out, STR("\n"));
	if (finding->fix.title.len) {
		markdown_add_text(out, masked(json, finding->fix.title, MAX_NOTICE));
		buf_add(out, STR(":\n\n"));
	}
	if (patch.after.len > MAX_FIX || patch.before.len > MAX_FIX) {
		buf_add(out, STR("The fix is too long to show here.\n"));
		return;
	}
	if (finding->in_diff && is_exact(patch.after) &&
	    can_suggest(source, &patch, finding, place)) {
		patch_widen(&patch, &json->mem, source->raw, place->first, place->last);
		if (patch.after.len <= MAX_FIX && is_exact(patch.after)) {
			markdown_add_fence(out, "suggestion", patch.after);
			return;
		}
	}
	add_diff(json, out, &patch);
}

static void add_note(struct jsonout *json, struct buf *out, const struct finding *finding)
{
	AUTO_BUF struct buf note = { 0 };
	bool fold = finding->note.len > SHORT_NOTE;

	if (str_trim(finding->note).len == 0)
		return;
	if (finding->note.len <= MAX_NOTE)
		markdown_add_note(&note, redact_text(&json->mem, finding->note));
	if (!note.len || note.len > MAX_NOTE) {
		buf_add(out, STR("\nThe note is too long to show here.\n"));
		return;
	}
	buf_add(out, fold ? STR("\n<details><summary>Why</summary>\n\n") : STR("\n"));
	buf_add(out, buf_str(&note));
	if (fold)
		buf_add(out, STR("\n</details>\n"));
}

static void add_rule(struct jsonout *json, struct buf *out, const struct finding *finding)
{
	buf_add(out, str_of(severity_name(finding->severity)));
	buf_add_byte(out, ' ');
	markdown_add_link(out, masked(json, finding->rule_id, MAX_NOTICE), finding->url);
	if (!str_eq(finding->tool, STR("outrider"))) {
		buf_add(out, STR(" of "));
		markdown_add_code(out, masked(json, finding->tool, MAX_NOTICE));
	}
	if (finding->cwe.len) {
		buf_add(out, STR(", "));
		markdown_add_text(out, masked(json, finding->cwe, MAX_NOTICE));
	}
}

/* Sets *place, too: a suggestion may widen it. */
static json_t *make_body(struct jsonout *json, const struct finding *finding, struct place *place)
{
	AUTO_BUF struct buf body = { 0 }, tail = { 0 };
	AUTO_BUF struct buf note = { 0 };

	add_message(json, &body, finding);
	buf_add_byte(&body, '\n');
	add_fix(json, &body, finding, place);
	add_note(json, &note, finding);
	buf_add_byte(&tail, '\n');
	add_rule(json, &tail, finding);
	buf_printf(&tail, "\n\n<!-- outrider:fingerprint=%s -->", finding->fingerprint);
	if (body.len + note.len + tail.len <= GITHUB_MAX_BODY)
		buf_add(&body, buf_str(&note));
	if (body.len + tail.len > GITHUB_MAX_BODY) {
		buf_clear(&body);
		buf_add(&body, STR("This finding is too long to show here.\n"));
	}
	buf_add(&body, buf_str(&tail));
	return jsonout_raw(json, buf_str(&body));
}

static json_t *make_comment(struct jsonout *json, const struct finding *finding)
{
	struct place place = { finding->anchor_start_line, finding->anchor_line };
	json_t *comment = jsonout_object(json), *body = make_body(json, finding, &place);

	jsonout_put(json, comment, "path", jsonout_raw(json, finding->path));
	jsonout_put(json, comment, "line", jsonout_number(json, place.last));
	jsonout_put(json, comment, "side", jsonout_raw(json, STR("RIGHT")));
	if (place.first < place.last) {
		jsonout_put(json, comment, "start_line", jsonout_number(json, place.first));
		jsonout_put(json, comment, "start_side", jsonout_raw(json, STR("RIGHT")));
	}
	jsonout_put(json, comment, "body", body);
	return comment;
}

/* A path that is no UTF-8 cannot be named in JSON; GitHub would refuse the whole review. */
static bool can_comment(const struct finding *finding)
{
	return finding->in_diff && finding->anchor_line && str_is_utf8(finding->path);
}

static json_t *make_comments(struct jsonout *json, const struct review *review)
{
	json_t *comments = jsonout_array(json);

	for (size_t i = 0; i < review->findings.n; i++)
		if (can_comment(&review->findings.items[i]))
			jsonout_push(json, comments,
				     make_comment(json, &review->findings.items[i]));
	return comments;
}

static void add_outside_item(struct jsonout *json, struct buf *out, const struct finding *finding)
{
	char line[16];

	snprintf(line, sizeof line, ":%u", finding->span.start_line);
	buf_add(out, STR("- "));
	markdown_add_code(out, arena_printf(&json->mem, "%.*s%s", STR_ARG(finding->path), line));
	buf_add_byte(out, ' ');
	add_message(json, out, finding);
	buf_add(out, STR(" ("));
	add_rule(json, out, finding);
	buf_add(out, STR(")\n"));
}

static void add_outside(struct jsonout *json, struct buf *out, const struct review *review)
{
	AUTO_BUF struct buf list = { 0 }, item = { 0 };
	size_t left = 0;

	for (size_t i = 0; i < review->findings.n; i++) {
		if (can_comment(&review->findings.items[i]))
			continue;
		buf_clear(&item);
		add_outside_item(json, &item, &review->findings.items[i]);
		if (left || list.len + item.len > MAX_LIST)
			left++;
		else
			buf_add(&list, buf_str(&item));
	}
	if (!list.len && !left)
		return;
	buf_add(out, STR("\n\n#### Outside the diff\n\n"));
	buf_add(out, buf_str(&list));
	if (left)
		buf_printf(out, "- and %zu more\n", left);
}

static void add_limits(struct buf *out, const struct review *review, const struct tally *tally)
{
	if (review->held_back.n) {
		buf_add(out, STR("\n\n"));
		tally_add_count(out, review->held_back.n, "more finding");
		buf_printf(out, " %s held back to keep this short.",
			   review->held_back.n == 1 ? "was" : "were");
	}
	if (review->limited) {
		buf_add(out, STR("\n\nThis review is limited: not everything could be looked at."));
		if (review->skipped.n) {
			buf_add(out, STR(" Files: "));
			tally_add_skipped(out, tally);
			buf_add_byte(out, '.');
		}
	}
}

static void add_notices(struct jsonout *json, struct buf *out, const struct review *review)
{
	size_t n = review->notices.n;

	if (!review->limited || !n)
		return;
	buf_add(out, STR("\n\n"));
	for (size_t i = 0; i < n && i < MAX_NOTICES; i++) {
		buf_add(out, STR("- "));
		markdown_add_text(out, masked(json, review->notices.items[i].text, MAX_NOTICE));
		buf_add_byte(out, '\n');
	}
	if (n > MAX_NOTICES)
		buf_printf(out, "- and %zu more\n", n - MAX_NOTICES);
}

static json_t *make_summary(struct jsonout *json, const struct review *review)
{
	AUTO_BUF struct buf body = { 0 };
	struct tally tally = tally_of(review);

	if (review->findings.n) {
		buf_add(&body, STR("Outrider found "));
		tally_add_findings(&body, &tally);
		buf_add(&body, STR(" in "));
	} else {
		buf_add(&body, STR("Outrider found nothing to remark in "));
	}
	tally_add_count(&body, review->files, "changed file");
	buf_add_byte(&body, '.');
	add_outside(json, &body, review);
	add_limits(&body, review, &tally);
	add_notices(json, &body, review);
	while (body.len && body.bytes[body.len - 1] == '\n')
		body.len--;
	return jsonout_raw(json, buf_str(&body));
}

int render_github(struct buf *out, const struct review *review,
		  const struct render_options *options, struct err *err)
{
	AUTO(jsonout_release) struct jsonout json;
	json_t *root;

	jsonout_init(&json, review, options);
	root = jsonout_object(&json);
	if (review->head_oid[0])
		jsonout_put(&json, root, "commit_id", jsonout_raw(&json, str_of(review->head_oid)));
	jsonout_put(&json, root, "body", make_summary(&json, review));
	jsonout_put(&json, root, "event", jsonout_raw(&json, STR("COMMENT")));
	jsonout_put(&json, root, "comments", make_comments(&json, review));
	return jsonout_write(&json, out, root, JSON_INDENT(2), err);
}
