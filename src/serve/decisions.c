#include "decisions.h"

#include "body.h"
#include "review/redact.h"

struct decisions {
	struct arena          *mem;
	const struct pull_job *job;
	json_t                *list;
	size_t                 bytes, left;
};

static void set_masked(json_t *one, struct arena *mem, const char *name, struct str text)
{
	body_set(one, name, str_sub(redact_text(mem, text), 0, DECISION_MAX_CODE));
}

static json_t *line_json(struct arena *mem, const struct excerpt_line *line)
{
	json_t *one = json_object();

	json_object_set_new(one, "kind", json_stringn(&line->at.kind, 1));
	if (line->at.kind != '+')
		json_object_set_new(one, "old", json_integer(line->at.old_line));
	if (line->at.kind != '-')
		json_object_set_new(one, "new", json_integer(line->at.new_line));
	json_object_set_new(one, "text", body_json(redact_text(mem, line->text)));
	return one;
}

/* Fix and excerpt of a finding, where the analyst made them: its lists are those of the review, then of what was held back. */
static void add_source(json_t *one, struct decisions *d, const struct finding *finding)
{
	const struct answer *answer = &d->job->answer;
	const struct finding_list *shown = &answer->review.findings, *held = &answer->review.held_back;
	json_t *lines;
	size_t i;

	if (finding >= shown->items && finding < shown->items + shown->n)
		i = (size_t)(finding - shown->items);
	else if (finding >= held->items && finding < held->items + held->n)
		i = shown->n + (size_t)(finding - held->items);
	else
		return;
	if (answer->has_fix[i] && !answer->fixes[i].too_long) {
		json_object_set_new(one, "before",
				    body_json(str_sub(redact_text(d->mem, answer->fixes[i].before), 0, DECISION_MAX_CODE)));
		json_object_set_new(one, "after",
				    body_json(str_sub(redact_text(d->mem, answer->fixes[i].after), 0, DECISION_MAX_CODE)));
	}
	if (answer->excerpts[i].n == 0)
		return;
	lines = json_array();
	for (size_t k = 0; k < answer->excerpts[i].n; k++)
		json_array_append_new(lines, line_json(d->mem, &answer->excerpts[i].items[k]));
	json_object_set_new(one, "excerpt", lines);
}

static json_t *finding_json(struct decisions *d, const struct finding *f)
{
	json_t *one = json_object();

	body_set(one, "rule", f->rule_id);
	body_set(one, "tool", f->tool);
	body_set(one, "severity", str_of(severity_name(f->severity)));
	set_masked(one, d->mem, "message", f->message);
	body_set(one, "path", f->path);
	json_object_set_new(one, "line", json_integer(f->span.start_line));
	json_object_set_new(one, "end", json_integer(f->in_diff ? f->anchor_line : f->span.end_line));
	if (d->bytes >= DECISIONS_MAX_BYTES)
		return one;
	set_masked(one, d->mem, "code", f->text);
	add_source(one, d, f);
	return one;
}

/* Takes `one` over. */
static void add(struct decisions *d, json_t *one)
{
	if (json_array_size(d->list) >= DECISIONS_MAX) {
		d->left++;
		json_decref(one);
		return;
	}
	d->bytes += json_dumpb(one, NULL, 0, JSON_COMPACT);
	json_array_append_new(d->list, one);
}

static void add_thread(struct decisions *d, const struct thread_entry *entry)
{
	json_t *one = entry->finding ? finding_json(d, entry->finding) : json_object();

	json_object_set_new(one, "decision", json_string(thread_status_name(entry->status)));
	body_set(one, "reason", entry->reason);
	body_set(one, "marker", str_of(entry->marker));
	if (!entry->finding && entry->thread) {
		body_set(one, "rule", entry->thread->rule);
		body_set(one, "path", entry->thread->path);
		json_object_set_new(one, "line", json_integer(entry->thread->line));
	}
	add(d, one);
}

static void add_skipped(struct decisions *d, const struct skipped *skipped)
{
	json_t *one = json_object();

	body_set(one, "path", skipped->path);
	body_set(one, "reason", str_of(change_skip_text(skipped->reason)));
	json_object_set_new(one, "decision", json_string("skipped"));
	add(d, one);
}

json_t *decisions_json(struct arena *mem, const struct pull_job *job)
{
	struct decisions d = { .mem = mem, .job = job, .list = json_array() };
	const struct review *review = &job->answer.review;

	for (size_t i = 0; i < job->plan.n; i++)
		add_thread(&d, &job->plan.items[i]);
	for (size_t i = 0; i < review->suppressed.n; i++) {
		json_t *one = finding_json(&d, &review->suppressed.items[i]);

		json_object_set_new(one, "decision", json_string("suppressed"));
		add(&d, one);
	}
	for (size_t i = 0; i < review->skipped.n; i++)
		add_skipped(&d, &review->skipped.items[i]);
	if (d.left) {
		json_t *one = json_pack("{s:s}", "decision", "unlisted");

		body_set(one, "reason", arena_printf(mem, "%zu more are not listed", d.left));
		json_array_append_new(d.list, one);
	}
	return d.list;
}
