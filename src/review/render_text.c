#include "base/scope.h"
#include "glyph.h"
#include "patch.h"
#include "review/redact.h"
#include "snippet.h"
#include "tally.h"

#include "source.h"

enum {
	DEFAULT_WIDTH = 100,
	MIN_WIDTH = 40,
	MAX_WIDTH = 1000,
	MARGIN = 9,          /* where code and notes begin */
	MAX_DIFF_LINES = 40, /* of a suggestion: more is no longer small */
	SCRATCH_MAX = 1 << 30,
};

static const struct palette plain = { "", "", "", "", "", "", "", "", "", "" };
static const struct palette colours = {
	.bold = "\033[1m",
	.error = "\033[1;31m",
	.warning = "\033[1;35m",
	.info = "\033[1;36m",
	.hint = "\033[1;34m",
	.number = "\033[34m",
	.mark = "\033[1;32m",
	.removed = "\033[31m",
	.added = "\033[32m",
	.off = "\033[0m",
};

/* One rendering under way. */
struct page {
	struct buf *out;
	struct source source;
	struct arena mem; /* scratch of one finding */
	const struct palette *palette;
	unsigned width;
};

static void page_release(struct page *page)
{
	source_release(&page->source);
	arena_release(&page->mem);
}

static const char *severity_colour(const struct palette *palette, enum severity severity)
{
	const char *const by_severity[] = { palette->hint, palette->hint, palette->info,
					    palette->warning, palette->error };

	return by_severity[severity];
}

static void add_masked_line(struct page *page, struct str s)
{
	glyph_add_line(page->out, redact_text(&page->mem, s));
}

static void add_head(struct page *page, const struct finding *finding)
{
	const struct palette *palette = page->palette;

	buf_add(page->out, str_of(palette->bold));
	glyph_add_name(page->out, finding->path);
	buf_printf(page->out, ":%u:%u:%s %s%s:%s ", finding->span.start_line,
		   finding->span.start_column, palette->off,
		   severity_colour(palette, finding->severity), severity_name(finding->severity),
		   palette->off);
	add_masked_line(page, finding->message);
	buf_add(page->out, STR(" ["));
	if (!str_eq(finding->tool, STR("outrider"))) {
		glyph_add_line(page->out, finding->tool);
		buf_add_byte(page->out, ':');
	}
	glyph_add_line(page->out, finding->rule_id);
	buf_add(page->out, STR("]\n"));
}

/* The bytes of an imported finding that was not located: the line it names. */
static bool line_bytes(struct str text, const struct span *span, size_t *from, size_t *to)
{
	if (!source_line_start(text, span->start_line ? span->start_line : 1, from))
		return false;
	*to = source_line(text, *from).end;
	return true;
}

static void add_snippet(struct page *page, const struct finding *finding)
{
	struct source *source = &page->source;
	size_t from = finding->span.start, to = finding->span.end;
	struct str text;

	if (!source_open(source, finding->path)) {
		if (finding->text.len)
			snippet_add(page->out, redact_text(&page->mem, finding->text), 0,
				    finding->text.len, finding->span.start_line, page->width,
				    page->palette);
		return;
	}
	text = source->text;
	if (!source_has(source, finding) && !line_bytes(text, &finding->span, &from, &to))
		return;
	snippet_add(page->out, text, from, to, finding->span.start_line, page->width,
		    page->palette);
}

/* Folds a paragraph at blanks; the first line has a head, the others stand under it. */
static void add_folded(struct page *page, const char *head, struct str text)
{
	size_t room = page->width - MARGIN, column;
	struct str word;

	buf_printf(page->out, "%*s%s", MARGIN, "", head);
	column = strlen(head);
	while (str_cut(&text, ' ', &word)) {
		size_t n = str_utf8_count(word);

		if (column + 1 + n > room && column > strlen(head)) {
			buf_printf(page->out, "\n%*s", MARGIN + (int)strlen(head), "");
			column = strlen(head);
		}
		buf_add_byte(page->out, ' ');
		buf_add(page->out, word);
		column += n + 1;
	}
	buf_add_byte(page->out, '\n');
}

/* A note is Markdown: its paragraphs are folded, its other lines are left as they are. */
static void add_note(struct page *page, struct str note)
{
	AUTO_BUF struct buf line = { 0 };
	struct str rest = redact_text(&page->mem, str_trim(note)), part;
	const char *head = "note:";
	bool code = false;

	while (str_cut_line(&rest, &part)) {
		bool fence = str_starts(str_trim(part), STR("```"));

		code ^= fence;
		if (fence || str_trim(part).len == 0)
			continue;
		buf_clear(&line);
		if (code) {
			glyph_add_text(&line, part);
			buf_printf(page->out, "%*s ", MARGIN + (int)strlen(head), "");
			buf_add(page->out, buf_str(&line));
			buf_add_byte(page->out, '\n');
			continue;
		}
		glyph_add_line(&line, part);
		add_folded(page, head, buf_str(&line));
		head = "     ";
	}
}

static void add_diff_lines(struct page *page, char sign, const char *colour, struct str text)
{
	size_t n = 0;
	struct str line;

	while (str_cut_line(&text, &line)) {
		if (n++ == MAX_DIFF_LINES) {
			buf_printf(page->out, "%*s%c ...\n", MARGIN, "", sign);
			return;
		}
		buf_printf(page->out, "%*s%s%c", MARGIN, "", colour, sign);
		glyph_add_text(page->out, line);
		buf_printf(page->out, "%s\n", page->palette->off);
	}
}

static void add_fix(struct page *page, const struct finding *finding)
{
	struct patch patch;
	const struct fix *fix = &finding->fix;

	if (!finding->has_fix || !source_open(&page->source, finding->path) ||
	    !patch_make(&patch, &page->mem, page->source.raw, fix))
		return;
	patch_trim(&patch);
	buf_printf(page->out, "%*ssuggestion:", MARGIN, "");
	if (fix->title.len) {
		buf_add_byte(page->out, ' ');
		add_masked_line(page, fix->title);
	}
	buf_add_byte(page->out, '\n');
	add_diff_lines(page, '-', page->palette->removed, redact_text(&page->mem, patch.before));
	add_diff_lines(page, '+', page->palette->added, redact_text(&page->mem, patch.after));
}

static void add_finding(struct page *page, const struct finding *finding)
{
	arena_reset(&page->mem);
	add_head(page, finding);
	add_snippet(page, finding);
	if (finding->note.len)
		add_note(page, finding->note);
	add_fix(page, finding);
}

static void add_notices(struct page *page, const struct review *review)
{
	for (size_t i = 0; i < review->notices.n; i++) {
		buf_printf(page->out, "%snotice:%s ", page->palette->info, page->palette->off);
		add_masked_line(page, review->notices.items[i].text);
		buf_add_byte(page->out, '\n');
	}
}

/* Files that a person would want to know of: not the binary and generated ones, of which there are many. */
static bool is_worth_naming(enum change_skip reason)
{
	return reason == SKIP_TIME || reason == SKIP_MEMORY || reason == SKIP_UNREADABLE ||
	       reason == SKIP_TOO_LARGE || reason == SKIP_ENCODING;
}

static void add_given_up(struct page *page, const struct review *review)
{
	enum { MOST = 10 };
	size_t n = 0;

	for (size_t i = 0; i < review->skipped.n; i++) {
		const struct skipped *skipped = &review->skipped.items[i];

		if (!is_worth_naming(skipped->reason) || ++n > MOST)
			continue;
		buf_printf(page->out, "%sskipped:%s ", page->palette->info, page->palette->off);
		add_masked_line(page, skipped->path);
		buf_printf(page->out, ": %s\n", change_skip_text(skipped->reason));
	}
	if (n > MOST)
		buf_printf(page->out, "skipped: %zu more like these\n", n - MOST);
}

static void add_summary(struct buf *out, const struct review *review)
{
	struct tally tally = tally_of(review);

	if (review->is_change && review->changed_files == 0 && review->compared.len) {
		buf_printf(out, "nothing changed since %.*s\n", STR_ARG(review->compared));
		return;
	}
	tally_add_findings(out, &tally);
	buf_add(out, STR(" in "));
	tally_add_count(out, review->files, "file");
	if (review->compared.len)
		buf_printf(out, " changed since %.*s", STR_ARG(review->compared));
	if (review->skipped.n) {
		buf_add(out, STR("; "));
		tally_add_skipped(out, &tally);
	}
	if (review->held_back.n)
		buf_printf(out, "; %zu more held back by the caps (--format json has them)",
			   review->held_back.n);
	if (review->suppressed.n)
		buf_printf(out, "; %zu suppressed", review->suppressed.n);
	if (review->notices.n) {
		buf_add(out, STR("; "));
		tally_add_count(out, review->notices.n, "notice");
	}
	if (review->limited)
		buf_add(out, STR("; limited"));
	buf_add_byte(out, '\n');
}

static unsigned width_of(const struct render_options *options)
{
	unsigned width = options->width ? options->width : DEFAULT_WIDTH;

	return width < MIN_WIDTH ? MIN_WIDTH : width > MAX_WIDTH ? MAX_WIDTH : width;
}

int render_text(struct buf *out, const struct review *review, const struct render_options *options,
		struct err *err)
{
	AUTO(page_release) struct page page = { .out = out, .width = width_of(options) };

	page.palette = options->colour ? &colours : &plain;
	arena_init(&page.mem, SCRATCH_MAX);
	source_init(&page.source, review, options);
	for (size_t i = 0; i < review->findings.n; i++) {
		add_finding(&page, &review->findings.items[i]);
		buf_add_byte(out, '\n');
	}
	arena_reset(&page.mem);
	add_given_up(&page, review);
	add_notices(&page, review);
	add_summary(out, review);
	if (out->full)
		return err_set(err, ERR_PERM, "the output is larger than %d bytes", BUF_MAX);
	return 0;
}
