/* page_review.c - one review: its figures, the diff around each finding with the comment under its line, and why it was said or not. */
#include "answers.h"
#include "body.h"
#include "store/reviews.h"

/* What the words of the figures mean; others are shown as they are. */
static const struct {
	const char *name, *words;
	int64_t     divide;
} figure_words[] = {
	{ "added_lines", "lines added", 1 },   { "changed_files", "files changed", 1 },
	{ "files", "files looked at", 1 },     { "cpu_ms", "ms of processor", 1 },
	{ "wall_ms", "ms in all", 1 },	       { "peak_bytes", "MB of memory", 1 << 20 },
	{ "persists", "still there", 1 },      { "back", "there again", 1 },
	{ "held", "held back", 1 },	       { "outside", "outside of the diff", 1 },
};

/* Why, in words: by decision. */
static const struct {
	const char *decision, *words;
} decision_words[] = {
	{ "new", "Said: a new comment." },
	{ "persists", "Said before, and it still stands there: not said again." },
	{ "moved", "Said before; the code has moved, and its comment with it." },
	{ "back", "It was fixed and is there again: its comment was opened again." },
	{ "fixed", "The defect is gone: its comment was resolved." },
	{ "disputed", "A person answered or voted it down: left alone." },
	{ "dismissed", "A person resolved or deleted the comment: never said again." },
	{ "muted", "Its rule is muted here: not said." },
	{ "held", "There were more important ones than a pull request may have: not said, counted in the summary." },
	{ "unseen", "Its file was not looked at this time: the comment stays as it is." },
	{ "outside", "Not on a line of the diff: in the summary only." },
	{ "suppressed", "A comment in the source asks for silence." },
	{ "skipped", "The file was not looked at." },
	{ "unlisted", "More than a page can show." },
};

static const char *words_of(struct str decision)
{
	for (size_t i = 0; i < COUNT(decision_words); i++)
		if (str_eq(decision, str_of(decision_words[i].decision)))
			return decision_words[i].words;
	return "";
}

static void show_figure(struct buf *out, const char *name, int64_t n)
{
	for (size_t i = 0; i < COUNT(figure_words); i++)
		if (strcmp(name, figure_words[i].name) == 0) {
			html_add(out, "<li><b>%d</b> %s</li>", n / figure_words[i].divide, figure_words[i].words);
			return;
		}
	html_add(out, "<li><b>%d</b> %s</li>", n, name);
}

static void show_figures(struct request *r, struct str figures)
{
	json_t *object AUTO_JSON = body_read(figures, NULL);
	const char *name;
	json_t *value;

	html_add(&r->out, "<ul class=figures>");
	json_object_foreach(object, name, value) {
		if (json_is_integer(value))
			show_figure(&r->out, name, (int64_t)json_integer_value(value));
	}
	html_add(&r->out, "</ul>");
	value = json_object_get(object, "losses");
	if (json_object_size(value) == 0)
		return;
	html_add(&r->out, "<p>What the forge could not show: ");
	json_object_foreach(json_object_get(object, "losses"), name, value)
		html_add(&r->out, "%s (%d) ", name, (int64_t)json_integer_value(value));
	html_add(&r->out, "</p>");
}

/* ---- one decision ---- */

static void show_fix(struct buf *out, struct str before, struct str after)
{
	struct str line;

	html_add(out, "<pre class=fix>");
	while (str_cut_line(&before, &line))
		html_add(out, "<del>-%S</del>", line);
	while (str_cut_line(&after, &line))
		html_add(out, "<ins>+%S</ins>", line);
	html_add(out, "</pre>");
}

static void show_message(struct request *r, const json_t *one)
{
	html_add(&r->out, "<p class=said>%S</p>", body_str(r->mem, one, "message"));
	if (json_object_get(one, "after"))
		show_fix(&r->out, body_str(r->mem, one, "before"), body_str(r->mem, one, "after"));
}

static void show_number(struct buf *out, const json_t *line, const char *name)
{
	int64_t n = body_int(line, name);

	if (n)
		html_add(out, "<td class=at>%d</td>", n);
	else
		html_add(out, "<td class=at></td>");
}

static void show_line(struct request *r, const json_t *line)
{
	struct str kind = body_str(r->mem, line, "kind");
	const char *class = str_eq(kind, STR("+")) ? "added" : str_eq(kind, STR("-")) ? "removed" : "same";

	html_add(&r->out, "<tr class=%R>", class);
	show_number(&r->out, line, "old");
	show_number(&r->out, line, "new");
	html_add(&r->out, "<td><code>%S%S</code></td></tr>", kind, body_str(r->mem, line, "text"));
}

/* The comment stands under the last line that it is about. */
static void show_excerpt(struct request *r, const json_t *one)
{
	const json_t *lines = json_object_get(one, "excerpt");
	int64_t end = body_int(one, "end");

	html_add(&r->out, "<table class=diff><tbody>");
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		show_line(r, line);
		if (end == 0 || body_int(line, "new") != end)
			continue;
		html_add(&r->out, "<tr class=comment><td colspan=3>");
		show_message(r, one);
		html_add(&r->out, "</td></tr>");
		end = 0;
	}
	html_add(&r->out, "</tbody></table>");
	if (end)
		show_message(r, one);
}

static void show_place_in_file(struct request *r, const json_t *one)
{
	struct str path = body_str(r->mem, one, "path");
	int64_t line = body_int(one, "line");

	if (path.len && line)
		html_add(&r->out, " <code>%S:%d</code>", path, line);
	else if (path.len)
		html_add(&r->out, " <code>%S</code>", path);
}

static void show_decision(struct request *r, const json_t *one)
{
	struct buf *out = &r->out;
	struct str decision = body_str(r->mem, one, "decision"), code = body_str(r->mem, one, "code");
	struct str reason = body_str(r->mem, one, "reason");

	html_add(out, "<li><span class=\"state %S\">%S</span>", decision, decision);
	show_place_in_file(r, one);
	html_add(out, " %S <small>%S</small>", body_str(r->mem, one, "rule"), body_str(r->mem, one, "severity"));
	html_add(out, "<p class=why>%s%s%S</p>", words_of(decision), reason.len ? " " : "", reason);
	if (json_array_size(json_object_get(one, "excerpt"))) {
		show_excerpt(r, one);
	} else if (json_object_get(one, "message")) {
		if (code.len)
			html_add(out, "<pre>%S</pre>", code);
		show_message(r, one);
	}
	html_add(out, "</li>");
}

int review_page(struct request *r, struct err *err)
{
	struct review_row row;
	json_t *decisions AUTO_JSON = NULL;
	bool found;

	if (reviews_get(r->store, r->visitor.view, request_id(r, 0), &row, &found, r->mem, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	r->title = arena_z(r->mem, arena_printf(r->mem, "Review of %.*s #%llu", STR_ARG(row.repository),
						(unsigned long long)row.number));
	html_add(&r->out, "<p>");
	show_place(&r->out, row.integration, row.repository, row.number);
	html_add(&r->out,
		 " <span class=\"state %s\">%s</span>, %T, <code>%S</code> against <code>%S</code>, "
		 "<a href=\"/jobs/%d\">job %d</a></p>",
		 conclusion_name(row.conclusion), conclusion_name(row.conclusion), row.created,
		 str_sub(str_of(row.head_oid), 0, 10), str_sub(str_of(row.base_oid), 0, 10), row.job, row.job);
	show_figures(r, row.figures);
	decisions = json_loadb(row.decisions.p ? row.decisions.p : "", row.decisions.len, 0, NULL);
	if (json_array_size(decisions) == 0) {
		html_add(&r->out, "<p>Nothing was found.</p>");
		return 0;
	}
	html_add(&r->out, "<h2>Decisions</h2><ol class=decisions>");
	for (size_t i = 0; i < json_array_size(decisions); i++)
		show_decision(r, json_array_get(decisions, i));
	html_add(&r->out, "</ol>");
	return 0;
}
