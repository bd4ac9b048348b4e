#include "review/say.h"

#include <stdlib.h>

#include "base/scope.h"
#include "glyph.h"
#include "markdown.h"
#include "parts.h"

enum {
	SUMMARY_MAX = 60000, /* bytes: below what forges take, with room for what they add */
	MAX_TITLE = 200,
};

static struct str keep(struct arena *mem, struct buf *out)
{
	size_t n = out->len;

	while (n && out->bytes[n - 1] == '\n')
		n--;
	return glyph_utf8(mem, arena_str(mem, str_sub(buf_str(out), 0, n)));
}

/* Findings that are there now and that people shall see: not muted, not dismissed. */
static bool counts(const struct thread_entry *e)
{
	return e->finding && e->status != THREAD_MUTED && e->status != THREAD_DISMISSED;
}

/* Shown to people: also not what is over a cap. */
static struct tally tally_shown(const struct say_input *in)
{
	struct tally tally = tally_of(in->review);

	memset(tally.by_severity, 0, sizeof tally.by_severity);
	for (size_t i = 0; i < in->plan->n; i++) {
		const struct thread_entry *e = &in->plan->items[i];

		if (counts(e) && e->status != THREAD_HELD)
			tally.by_severity[e->finding->severity]++;
	}
	return tally;
}

static size_t count_there(const struct thread_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += counts(&plan->items[i]);
	return n;
}

static enum conclusion conclude(const struct say_input *in)
{
	if (in->review->limited)
		return CONCLUSION_LIMITED;
	return count_there(in->plan) ? CONCLUSION_FINDINGS : CONCLUSION_CLEAN;
}

/* A person's click does not open a gate: what is dismissed in the threads still fails the check; what is muted does not. */
static bool fails(const struct say_input *in)
{
	for (size_t i = 0; in->fail_on != SEVERITY_OFF && i < in->plan->n; i++) {
		const struct thread_entry *e = &in->plan->items[i];

		if (e->finding && e->status != THREAD_MUTED && e->finding->severity >= in->fail_on)
			return true;
	}
	return false;
}

static void add_title(struct buf *out, const struct say_input *in)
{
	struct tally tally = tally_shown(in);

	if (count_there(in->plan)) {
		buf_add(out, STR("Outrider found "));
		tally_add_findings(out, &tally);
		buf_add(out, STR(" in "));
	} else {
		buf_add(out, STR("Outrider found nothing to remark in "));
	}
	tally_add_count(out, in->review->files, "changed file");
	buf_add_byte(out, '.');
}

/* "New: 2. Still there: 3, of these 1 moved. Fixed: 1." in the order of interest. */
static void add_life(struct buf *out, const struct thread_plan *plan)
{
	static const struct {
		enum thread_status status;
		const char        *word;
	} words[] = {
		{ THREAD_NEW, "new" },		   { THREAD_BACK, "back again" },
		{ THREAD_PERSISTS, "still there" }, { THREAD_MOVED, "moved" },
		{ THREAD_DISPUTED, "answered by a person" },
		{ THREAD_FIXED, "fixed" },	   { THREAD_DISMISSED, "dismissed by a person" },
		{ THREAD_UNSEEN, "not looked at this time" },
		{ THREAD_MUTED, "of muted rules" },
	};
	const char *comma = "\n\n";

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!plan->count[words[i].status])
			continue;
		buf_printf(out, "%s%zu %s", comma, plan->count[words[i].status], words[i].word);
		comma = ", ";
	}
	if (comma[0] == ',')
		buf_add_byte(out, '.');
}

typedef bool entry_test(const struct thread_entry *e);

static bool is_outside(const struct thread_entry *e)
{
	return e->status == THREAD_OUTSIDE;
}

/* The forge shows such a thread as outdated, so a reader cannot find the place. */
static bool is_lost(const struct thread_entry *e)
{
	return e->finding && e->thread && e->thread->line == 0 &&
	       (e->status == THREAD_MOVED || e->status == THREAD_PERSISTS || e->status == THREAD_BACK);
}

static void add_list(struct buf *out, struct arena *mem, const struct thread_plan *plan,
		     const char *heading, entry_test *test)
{
	const struct finding **list = ARENA_ARRAY(mem, plan->n + 1, const struct finding *);
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (test(&plan->items[i]))
			list[n++] = plan->items[i].finding;
	part_add_list(out, mem, heading, list, n);
}

static void add_mutes(struct buf *out, struct arena *mem, const struct thread_plan *plan)
{
	size_t shown = 0;

	for (size_t i = 0; i < plan->n && shown < PART_MAX_NOTICES; i++) {
		const struct thread_entry *e = &plan->items[i];
		bool said = false;

		for (size_t k = 0; k < i && !said; k++)
			said = plan->items[k].status == THREAD_MUTED && e->finding &&
			       str_eq(plan->items[k].finding->rule_id, e->finding->rule_id);
		if (e->status != THREAD_MUTED || said)
			continue;
		buf_add(out, shown++ ? STR("\n") : STR("\n\n"));
		buf_add(out, STR("- muted: "));
		markdown_add_code(out, part_masked(mem, e->finding->rule_id, PART_MAX_WORDS));
		buf_add(out, STR(": "));
		markdown_add_text(out, part_masked(mem, e->reason, PART_MAX_WORDS));
	}
}

/* Everything below the title: the same in the summary comment and in the check run. */
static void add_details(struct buf *out, struct arena *mem, const struct say_input *in)
{
	struct tally tally = tally_of(in->review);

	add_life(out, in->plan);
	add_list(out, mem, in->plan, "Outside the diff", is_outside);
	add_list(out, mem, in->plan, "Still there, in lines that changed since", is_lost);
	part_add_limits(out, in->review, &tally, in->plan->count[THREAD_HELD]);
	if (!in->review->limited && in->review->skipped.n) {
		buf_add(out, STR("\n\nFiles: "));
		tally_add_skipped(out, &tally);
		buf_add_byte(out, '.');
	}
	part_add_notices(out, mem, in->review);
	add_mutes(out, mem, in->plan);
}

static void add_foot(struct buf *out, const struct say_input *in)
{
	buf_printf(out, "\n\n<sub>Head %.10s", in->review->head_oid);
	if (in->url.len) {
		buf_add(out, STR(", "));
		markdown_add_link(out, STR("details"), in->url);
	}
	buf_add(out, STR("</sub>"));
}

static bool wants_summary(const struct say_input *in)
{
	if (in->no_summary)
		return false;
	return in->summary_exists || count_there(in->plan) || in->review->limited ||
	       in->plan->count[THREAD_FIXED];
}

static struct str make_summary(struct arena *mem, const struct say_input *in)
{
	AUTO_BUF struct buf out = { 0 }, details = { 0 };

	if (!wants_summary(in))
		return (struct str){ 0 };
	add_title(&out, in);
	add_details(&details, mem, in);
	if (details.len <= SUMMARY_MAX)
		buf_add(&out, buf_str(&details));
	else
		buf_add(&out, STR("\n\nThe list is too long to show here."));
	add_foot(&out, in);
	buf_add(&out, STR("\n\n"));
	buf_add(&out, MARKER_SUMMARY);
	return keep(mem, &out);
}

static const struct comment_fix *fix_of(const struct say_input *in, const struct finding *f)
{
	const struct review *r = in->review;
	const struct finding *shown = r->findings.items, *held = r->held_back.items;
	size_t i;

	if (!in->has_fix)
		return NULL;
	if (r->findings.n && f >= shown && f < shown + r->findings.n)
		i = (size_t)(f - shown);
	else if (r->held_back.n && f >= held && f < held + r->held_back.n)
		i = r->findings.n + (size_t)(f - held);
	else
		return NULL;
	return in->has_fix[i] ? &in->fixes[i] : NULL;
}

static const struct change *change_of(const struct review *review, struct str path)
{
	for (size_t i = 0; review->changes && i < review->changes->n; i++)
		if (review->changes->items[i].status != CHANGE_DELETED &&
		    str_eq(review->changes->items[i].new_path, path))
			return &review->changes->items[i];
	return NULL;
}

static void add_comments(struct post_plan *out, struct arena *mem, const struct say_input *in)
{
	out->comments = ARENA_ARRAY(mem, in->plan->count[THREAD_NEW] + 1, struct post_comment);
	for (size_t i = 0; i < in->plan->n; i++) {
		const struct thread_entry *e = &in->plan->items[i];

		if (e->status == THREAD_NEW)
			comment_make(&out->comments[out->n_comments++], mem, e->finding, e->marker,
				     change_of(in->review, e->finding->path),
				     fix_of(in, e->finding));
	}
}

static void add_threads(struct post_plan *out, struct arena *mem, const struct thread_plan *plan)
{
	out->resolve = ARENA_ARRAY(mem, plan->n + 1, struct thread);
	out->reopen = ARENA_ARRAY(mem, plan->n + 1, struct thread);
	for (size_t i = 0; i < plan->n; i++) {
		const struct thread_entry *e = &plan->items[i];

		if (e->resolve)
			out->resolve[out->n_resolve++] = *e->thread;
		if (e->reopen)
			out->reopen[out->n_reopen++] = *e->thread;
	}
}

static struct str plain(struct arena *mem, struct str s, size_t max)
{
	AUTO_BUF struct buf out = { 0 };

	glyph_add_line(&out, part_masked(mem, s, max));
	return glyph_utf8(mem, arena_str(mem, buf_str(&out)));
}

/* What has no thread of its own: an annotation beside a comment would say the same twice. */
static void add_annotations(struct post_plan *out, struct arena *mem, const struct say_input *in)
{
	size_t n = 0;

	out->check.annotations = ARENA_ARRAY(mem, CHECK_MAX_ANNOTATIONS, struct annotation);
	for (size_t i = 0; i < in->plan->n && n < CHECK_MAX_ANNOTATIONS; i++) {
		const struct thread_entry *e = &in->plan->items[i];
		const struct finding *f = e->finding;
		struct annotation *a = &out->check.annotations[n];

		if ((e->status != THREAD_HELD && e->status != THREAD_OUTSIDE) || !str_is_utf8(f->path))
			continue;
		n++;
		*a = (struct annotation){ .path = f->path, .severity = f->severity };
		a->message = plain(mem, f->message, PART_MAX_MESSAGE);
		a->title = plain(mem, f->rule_id, MAX_TITLE);
		a->start_line = f->in_diff ? f->anchor_start_line : f->span.start_line;
		a->line = f->in_diff ? f->anchor_line : f->span.start_line;
		memcpy(a->fingerprint, f->fingerprint, sizeof a->fingerprint);
	}
	out->check.n_annotations = n;
}

static struct str check_title(struct arena *mem, const struct say_input *in)
{
	AUTO_BUF struct buf out = { 0 };
	struct tally tally = tally_shown(in);

	if (in->review->limited)
		buf_add(&out, STR("limited: "));
	if (count_there(in->plan))
		tally_add_findings(&out, &tally);
	else
		buf_add(&out, STR("nothing to remark"));
	if (in->plan->count[THREAD_HELD])
		buf_printf(&out, ", %zu held back", in->plan->count[THREAD_HELD]);
	return keep(mem, &out);
}

static void add_check(struct post_plan *out, struct arena *mem, const struct say_input *in)
{
	AUTO_BUF struct buf summary = { 0 }, details = { 0 };

	out->check.conclusion = conclude(in);
	out->check.fails = fails(in);
	out->check.title = check_title(mem, in);
	add_title(&summary, in);
	if (in->review->limited)
		buf_add(&summary, STR(" Not everything that changed could be looked at."));
	out->check.summary = keep(mem, &summary);
	add_details(&details, mem, in);
	out->check.text = details.len <= SUMMARY_MAX ? keep(mem, &details)
						     : STR("The list is too long to show here.");
	out->check.text = str_trim(out->check.text);
	if (!in->no_check)
		add_annotations(out, mem, in);
}

void say_plan(struct post_plan *out, struct arena *mem, const struct say_input *input)
{
	struct post_plan plan = { 0 };

	memcpy(plan.head_oid, input->review->head_oid, sizeof plan.head_oid);
	memcpy(plan.base_oid, input->review->base_oid, sizeof plan.base_oid);
	add_comments(&plan, mem, input);
	add_threads(&plan, mem, input->plan);
	plan.summary = make_summary(mem, input);
	add_check(&plan, mem, input);
	*out = plan;
}

void say_failure(struct post_plan *out, struct arena *mem, const char *head_oid, struct str why)
{
	AUTO_BUF struct buf text = { 0 };
	struct post_plan plan = { 0 };

	snprintf(plan.head_oid, sizeof plan.head_oid, "%s", head_oid);
	plan.check.conclusion = CONCLUSION_FAILED;
	plan.check.fails = false;
	plan.check.title = STR("the review did not work");
	buf_add(&text, STR("This head was not reviewed: "));
	markdown_add_text(&text, part_masked(mem, why, PART_MAX_MESSAGE));
	buf_add_byte(&text, '.');
	plan.check.summary = keep(mem, &text);
	*out = plan;
}
