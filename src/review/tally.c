#include "tally.h"

struct tally tally_of(const struct review *review)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < review->findings.n; i++)
		tally.by_severity[review->findings.items[i].severity]++;
	for (size_t i = 0; i < review->skipped.n; i++)
		tally.by_skip[review->skipped.items[i].reason]++;
	return tally;
}

void tally_add_count(struct buf *out, size_t n, const char *noun)
{
	buf_printf(out, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}

void tally_add_findings(struct buf *out, const struct tally *tally)
{
	static const char *const nouns[] = { "other", "hint", "info", "warning", "error" };
	bool any = false;

	for (size_t i = COUNT(nouns); i-- > 0;) {
		if (!tally->by_severity[i])
			continue;
		buf_add(out, any ? STR(", ") : STR(""));
		tally_add_count(out, tally->by_severity[i], nouns[i]);
		any = true;
	}
	if (!any)
		buf_add(out, STR("no findings"));
}

void tally_add_skipped(struct buf *out, const struct tally *tally)
{
	size_t all = 0;
	const char *comma = "";

	for (size_t i = 0; i < SKIP_COUNT; i++)
		all += tally->by_skip[i];
	if (!all)
		return;
	buf_printf(out, "%zu skipped (", all);
	for (size_t i = 0; i < SKIP_COUNT; i++) {
		if (!tally->by_skip[i])
			continue;
		buf_printf(out, "%s%zu %s", comma, tally->by_skip[i],
			   change_skip_text((enum change_skip)i));
		if (tally->by_skip[i] > 1)
			buf_add(out, change_skip_plural((enum change_skip)i));
		comma = ", ";
	}
	buf_add_byte(out, ')');
}
