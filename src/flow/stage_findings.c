/*
 * The head is parsed and matched first. Only where it has findings is the base parsed too, from the head's tree, and only
 * with the rules that found something: most changes are clean and pay for one parse.
 */
#include "delta.h"
#include "repo/tree.h"
#include "work.h"

static void anchor(struct finding *f, const struct change *change)
{
	struct anchor place;

	f->in_diff = change_anchor(change, f->span.start_line, f->span.end_line, &place);
	if (!f->in_diff)
		return;
	f->anchor_start_line = place.start_line;
	f->anchor_line = place.line;
}

static struct rule_filter rules_of(struct worker *worker, const struct finding_list *a,
				   const struct finding_list *b)
{
	struct rule_filter filter = { ARENA_ARRAY(&worker->work, a->n + b->n + 1, struct str), 0 };

	for (size_t i = 0; i < a->n + b->n; i++) {
		struct str id = i < a->n ? a->items[i].rule_id : b->items[i - a->n].rule_id;
		bool known = false;

		for (size_t k = 0; k < filter.n && !known; k++)
			known = str_eq(filter.ids[k], id);
		if (!known)
			filter.ids[filter.n++] = id;
	}
	return filter;
}

/* Findings of the old text; suppressed ones stood there too. */
static bool scan_base(struct finding_list *out, struct worker *worker,
		      const struct change *change, const struct text_job *head,
		      const struct text_result *found)
{
	struct rule_filter filter = rules_of(worker, &found->findings, &found->suppressed);
	struct text_job job = *head;
	struct text_result result;

	job.text = change->old_text;
	job.only = &filter;
	/* the same path: a rule's globs must not make a renamed file look new */
	if (!work_text(&result, worker, &job, found->tree.n ? &found->tree : NULL))
		return false;
	work_symbols(worker, &result);
	*out = result.findings;
	for (size_t i = 0; i < result.suppressed.n; i++)
		ARENA_PUSH(&worker->work, out, result.suppressed.items[i]);
	return true;
}

static void keep_new(struct worker *worker, const struct change *change,
		     struct finding_list *found, struct finding_list *to,
		     const struct finding_list *base, bool *used)
{
	bool *old = ARENA_ARRAY(&worker->work, found->n + 1, bool);

	delta_mark(change, found, base, old, used, &worker->work);
	for (size_t i = 0; i < found->n; i++) {
		if (old[i])
			continue;
		anchor(&found->items[i], change);
		work_keep(worker, to, &found->items[i]);
	}
}

static void review_text(struct worker *worker, const struct change *change,
			const struct text_job *job)
{
	struct finding_list base = { 0 };
	struct text_result found;
	bool *used;

	if (!work_text(&found, worker, job, NULL))
		return;
	worker->files++;
	if (found.findings.n == 0 && found.suppressed.n == 0)
		return;
	work_symbols(worker, &found);
	if (change->old_text.len && !scan_base(&base, worker, change, job, &found))
		return;
	used = ARENA_ARRAY(&worker->work, base.n + 1, bool);
	keep_new(worker, change, &found.findings, &worker->findings, &base, used);
	keep_new(worker, change, &found.suppressed, &worker->suppressed, &base, used);
}

static void review_change(struct worker *worker, size_t i)
{
	const struct change *change = &worker->run->changes.items[i];
	struct text_job job = { .path = change->new_path, .text = change->new_text };

	if (change->skip != SKIP_NONE || job.text.len == 0)
		return;
	job.language = run_language(worker->run, job.path, job.text);
	job.is_test = run_is_test(worker->run, job.language, job.path);
	review_text(worker, change, &job);
}

/* A file's findings that the change took away. Only for rules that found something new somewhere. */
static void find_gone(struct worker *worker, size_t i)
{
	const struct change *change = &worker->run->changes.items[i];
	struct text_job job = { .path = change->old_path, .text = change->old_text,
				.only = worker->run->moved_rules };
	struct text_result before, after = { 0 };
	struct arena *mem = &worker->work;
	bool *old, *used;

	if (change->removed == 0 || change->old_text.len == 0)
		return;
	job.language = run_language(worker->run, job.path, job.text);
	job.is_test = run_is_test(worker->run, job.language, job.path);
	if (!work_text(&before, worker, &job, NULL) || before.findings.n == 0)
		return;
	work_symbols(worker, &before);
	job.text = change->new_text;
	if (job.text.len && !work_text(&after, worker, &job, &before.tree))
		return;
	old = ARENA_ARRAY(mem, after.findings.n + 1, bool);
	used = ARENA_ARRAY(mem, before.findings.n + 1, bool);
	delta_mark(change, &after.findings, &before.findings, old, used, mem);
	for (size_t k = 0; k < before.findings.n; k++)
		if (!used[k])
			work_keep(worker, &worker->gone, &before.findings.items[k]);
}

/* Texts of deleted files, which nothing else needs; too large ones stay unread. */
static int load_deleted(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->changes.n; i++) {
		struct change *change = &run->changes.items[i];
		bool found;

		if (change->skip == SKIP_DELETED &&
		    repo_blob(&change->old_text, &found, &run->mem, &run->repo, run->base.oid,
			      arena_z(&run->mem, change->old_path), run->config.caps.file_bytes,
			      err) < 0) {
			if (err->kind != ERR_INPUT)
				return -1;
			change->old_text = (struct str){ 0 };
		}
		if (change->skip == SKIP_DELETED && change->old_text.len) {
			change->removed = 1;
			if (!str_is_utf8(change->old_text))
				change->old_text = (struct str){ 0 };
		}
	}
	return 0;
}

/* Code that moved to another file took its findings along: they are not new either. */
static int drop_moved(struct run *run, struct err *err)
{
	struct finding_list *list = &run->review.findings, gone = { 0 };
	struct worker self = { .run = run };
	struct rule_filter rules;
	bool *used;
	size_t n = 0;

	if (list->n == 0 || run->changes.n < 2)
		return 0;
	arena_init(&self.work, WORK_MEMORY);
	rules = rules_of(&self, list, &gone);
	run->moved_rules = &rules;
	if (load_deleted(run, err) < 0 ||
	    work_all(run, "comparing", run->changes.n, find_gone, &gone, err) < 0) {
		arena_release(&self.work);
		return -1;
	}
	run->moved_rules = NULL; /* it lived in that arena */
	arena_release(&self.work);
	used = ARENA_ARRAY(&run->mem, gone.n + 1, bool);
	for (size_t i = 0; i < list->n; i++) {
		uint64_t key = delta_key(&list->items[i]);
		bool moved = false;

		for (size_t k = 0; k < gone.n && !moved; k++)
			if (!used[k] && delta_key(&gone.items[k]) == key)
				moved = used[k] = true;
		if (!moved)
			list->items[n++] = list->items[i];
	}
	list->n = n;
	return 0;
}

int stage_findings(struct run *run, struct err *err)
{
	if (work_all(run, "reviewing", run->changes.n, review_change, NULL, err) < 0)
		return -1;
	return drop_moved(run, err);
}
