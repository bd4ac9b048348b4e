#include "parts.h"

#include "base/scope.h"
#include "markdown.h"
#include "review/redact.h"

enum { SHORT_NOTE = 300 }; /* longer notes are folded away */

struct str part_masked(struct arena *mem, struct str s, size_t max)
{
	struct str text = redact_text(mem, s);

	while (max < text.len && max && ((unsigned char)text.p[max] & 0xc0) == 0x80)
		max--;
	return str_sub(text, 0, max);
}

void part_add_message(struct buf *out, struct arena *mem, const struct finding *finding)
{
	markdown_add_text(out, part_masked(mem, finding->message, PART_MAX_MESSAGE));
	if (finding->message.len > PART_MAX_MESSAGE)
		buf_add(out, STR("..."));
}

void part_add_note(struct buf *out, struct arena *mem, const struct finding *finding)
{
	AUTO_BUF struct buf note = { 0 };
	bool fold = finding->note.len > SHORT_NOTE;

	if (str_trim(finding->note).len == 0)
		return;
	if (finding->note.len <= PART_MAX_NOTE)
		markdown_add_note(&note, redact_text(mem, finding->note));
	if (!note.len || note.len > PART_MAX_NOTE) {
		buf_add(out, STR("\nThe note is too long to show here.\n"));
		return;
	}
	buf_add(out, fold ? STR("\n<details><summary>Why</summary>\n\n") : STR("\n"));
	buf_add(out, buf_str(&note));
	if (fold)
		buf_add(out, STR("\n</details>\n"));
}

void part_add_rule(struct buf *out, struct arena *mem, const struct finding *finding)
{
	buf_add(out, str_of(severity_name(finding->severity)));
	buf_add_byte(out, ' ');
	markdown_add_link(out, part_masked(mem, finding->rule_id, PART_MAX_WORDS), finding->url);
	if (!str_eq(finding->tool, STR("outrider"))) {
		buf_add(out, STR(" of "));
		markdown_add_code(out, part_masked(mem, finding->tool, PART_MAX_WORDS));
	}
	if (finding->cwe.len) {
		buf_add(out, STR(", "));
		markdown_add_text(out, part_masked(mem, finding->cwe, PART_MAX_WORDS));
	}
}

void part_add_item(struct buf *out, struct arena *mem, const struct finding *finding)
{
	buf_add(out, STR("- "));
	markdown_add_code(out, arena_printf(mem, "%.*s:%u", STR_ARG(finding->path),
					    finding->span.start_line));
	buf_add_byte(out, ' ');
	part_add_message(out, mem, finding);
	buf_add(out, STR(" ("));
	part_add_rule(out, mem, finding);
	buf_add(out, STR(")\n"));
}

void part_add_list(struct buf *out, struct arena *mem, const char *heading,
		   const struct finding *const *findings, size_t n)
{
	AUTO_BUF struct buf list = { 0 }, item = { 0 };
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&item);
		part_add_item(&item, mem, findings[i]);
		if (left || list.len + item.len > PART_MAX_LIST)
			left++;
		else
			buf_add(&list, buf_str(&item));
	}
	if (!n)
		return;
	buf_printf(out, "\n\n#### %s\n\n", heading);
	buf_add(out, buf_str(&list));
	if (left)
		buf_printf(out, "- and %zu more\n", left);
}

void part_add_limits(struct buf *out, const struct review *review, const struct tally *tally,
		     size_t held)
{
	if (held) {
		buf_add(out, STR("\n\n"));
		tally_add_count(out, held, "more finding");
		buf_printf(out, " %s held back to keep this short.", held == 1 ? "was" : "were");
	}
	if (!review->limited)
		return;
	buf_add(out, STR("\n\nThis review is limited: not everything could be looked at."));
	if (review->skipped.n) {
		buf_add(out, STR(" Files: "));
		tally_add_skipped(out, tally);
		buf_add_byte(out, '.');
	}
}

void part_add_notices(struct buf *out, struct arena *mem, const struct review *review)
{
	size_t n = review->notices.n;

	if (!review->limited || !n)
		return;
	buf_add(out, STR("\n\n"));
	for (size_t i = 0; i < n && i < PART_MAX_NOTICES; i++) {
		buf_add(out, STR("- "));
		markdown_add_text(out, part_masked(mem, review->notices.items[i].text, PART_MAX_WORDS));
		buf_add_byte(out, '\n');
	}
	if (n > PART_MAX_NOTICES)
		buf_printf(out, "- and %zu more\n", n - PART_MAX_NOTICES);
}

bool part_is_inline(const struct finding *finding)
{
	return finding->in_diff && finding->anchor_line && str_is_utf8(finding->path);
}
