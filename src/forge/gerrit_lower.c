/*
 * gerrit_lower.c - a plan as one review of its patch set: comments with changes to click, the summary as its message; and one review of each earlier
 * patch set with threads to answer. Gerrit knows no comments that are edited and no checks: what the check says is in the message.
 */
#include "gerrit.h"

#include <stdio.h>

#include "http/url.h"

enum { MAX_COMMENT = 16000, /* Gerrit's change.commentSizeLimit is 16 KB */ MAX_MESSAGE = 16000 };

static json_t *range_to(const struct post_comment *comment, uint32_t line, uint32_t column)
{
	return json_pack("{s:I, s:i, s:I, s:I}", "start_line",
			 (json_int_t)(comment->start_line ? comment->start_line : comment->line),
			 "start_character", 0, "end_line", (json_int_t)line, "end_character",
			 (json_int_t)column);
}

/* Lines that are taken away go with their ends. The last line of a file may have none: then the one above keeps its own. */
static json_t *fix_of(const struct post_comment *comment)
{
	bool whole = !comment->suggestion.p && comment->ends;

	return json_pack("[{s:s, s:[{s:o, s:o, s:o}]}]", "description", "Outrider's suggestion",
			 "replacements", "path", payload_text(comment->path), "range",
			 whole ? range_to(comment, comment->line + 1, 0)
			       : range_to(comment, comment->line, comment->end_column),
			 "replacement", payload_text(comment->suggestion));
}

/*
 * Gerrit's pages take a block of this name for a change to click. They put it in the place of the comment's lines, which leaves an empty
 * line where there is nothing to put, and end it at the first line that begins with three backticks.
 */
static bool fits_block(struct str suggestion)
{
	return suggestion.p && !str_starts(suggestion, STR("```")) && !str_has(suggestion, STR("\n```"));
}

static struct str body_of(struct lowering *lowering, const struct post_comment *comment, bool fix)
{
	const struct str no_key = { 0 };

	if (!comment->has_suggestion || fix)
		return lower_marked(lowering, comment->body, no_key, MAX_COMMENT);
	if (comment->side == SIDE_NEW && fits_block(comment->suggestion))
		return lower_body(lowering, comment, "suggestion", no_key, MAX_COMMENT);
	return lower_body_diff(lowering, comment, no_key, MAX_COMMENT);
}

/* The list of comments of a path, made when it is the first. */
static json_t *list_for(json_t *comments, struct str path)
{
	json_t *list = json_object_getn(comments, path.p, path.len);

	if (!list) {
		list = json_array();
		json_object_setn_new(comments, path.p, path.len, list);
	}
	return list;
}

static void add_comment(struct lowering *lowering, json_t *comments,
			const struct post_comment *comment)
{
	bool several = comment->start_line && comment->start_line < comment->line;
	bool fix = comment->has_suggestion && comment->side == SIDE_NEW &&
		   lowering->target->abilities & FORGE_FIXES;
	json_t *json = json_pack("{s:o, s:b}", "message",
				 payload_text(body_of(lowering, comment, fix)), "unresolved", true);

	if (comment->side == SIDE_OLD)
		json_object_set_new(json, "side", json_string("PARENT"));
	if (several || comment->has_suggestion)
		json_object_set_new(json, "range", range_to(comment, comment->line, comment->end_column));
	json_object_set_new(json, "line", json_integer(comment->line));
	if (fix)
		json_object_set_new(json, "fix_suggestions", fix_of(comment));
	json_array_append_new(list_for(comments, comment->path), json);
}

/* ---- answers in threads. A thread's id is "PATCH-SET\nPATH\nID": Gerrit refuses an answer at a patch set that no longer has the file ---- */

struct thread_name {
	uint64_t   patch_set;
	struct str path, comment;
};

static bool read_name(struct thread_name *out, struct str id)
{
	struct thread_name name = { 0 };
	struct str number;

	if (!str_is_utf8(id) || !str_cut(&id, '\n', &number) || !str_to_u64(number, &name.patch_set) ||
	    !str_cut(&id, '\n', &name.path))
		return false;
	name.comment = id;
	*out = name;
	return true;
}

static uint64_t patch_set_of(const struct thread *thread)
{
	struct thread_name name;

	return read_name(&name, thread->id) ? name.patch_set : 0;
}

static void add_answer(json_t *comments, const struct thread *thread, bool resolved)
{
	json_t *json = json_pack("{s:o, s:s, s:b}", "in_reply_to", payload_text(thread->comment),
				 "message", resolved ? "Fixed." : "There again.", "unresolved",
				 !resolved);

	if (thread->line)
		json_object_set_new(json, "line", json_integer(thread->line));
	if (thread->side == SIDE_OLD)
		json_object_set_new(json, "side", json_string("PARENT"));
	json_array_append_new(list_for(comments, thread->path), json);
}

/* Those that are resolved, then those that are opened again. */
static const struct thread *thread_at(const struct post_plan *plan, size_t i)
{
	return i < plan->n_resolve ? &plan->resolve[i] : &plan->reopen[i - plan->n_resolve];
}

static void add_answers(json_t *comments, const struct post_plan *plan, uint64_t patch_set)
{
	for (size_t i = 0; i < plan->n_resolve + plan->n_reopen; i++)
		if (patch_set_of(thread_at(plan, i)) == patch_set)
			add_answer(comments, thread_at(plan, i), i < plan->n_resolve);
}

/* "current" would be another patch set than the one that was looked at, once somebody pushed. */
static struct effect *add_review(struct lowering *lowering, enum effect_kind kind, struct str key,
				 const char *revision, struct str message, json_t *comments)
{
	const struct pull *pull = lowering->target->pull;
	struct str change = gerrit_change(lowering->mem, pull->repository, pull->number);
	json_t *body = json_pack("{s:s, s:b, s:s, s:o}", "tag", "autogenerated:outrider",
				 "omit_duplicate_comments", true, "notify",
				 kind == EFFECT_RESOLVE ? "NONE" : "OWNER_REVIEWERS", "message",
				 payload_text(message));
	struct effect *effect;

	if (comments)
		json_object_set_new(body, "comments", comments);
	effect = lower_add(lowering, kind, key, "POST",
			   path_printf(lowering->mem, "%.*s/revisions/%s/review", STR_ARG(change),
				       revision),
			   body);
	effect->find = path_printf(lowering->mem, "%.*s/messages", STR_ARG(change));
	return effect;
}

static const char *head_of(const struct lowering *lowering)
{
	return lowering->plan ? lowering->plan->head_oid : lowering->target->pull->head_oid;
}

/* One review for each earlier patch set, told to nobody: the review of this one is. */
static void add_earlier(struct lowering *lowering, uint64_t patch_set)
{
	json_t *comments = json_object();
	char revision[24];
	struct str key;

	add_answers(comments, lowering->plan, patch_set);
	key = lower_key_json(lowering, "answers", comments);
	snprintf(revision, sizeof revision, "%llu", (unsigned long long)patch_set);
	(void)add_review(lowering, EFFECT_RESOLVE, key, revision,
			 lower_marked(lowering, (struct str){ 0 }, key, MAX_MESSAGE), comments);
}

static void add_earlier_all(struct lowering *lowering, uint64_t current)
{
	const struct post_plan *plan = lowering->plan;

	for (size_t i = 0; i < plan->n_resolve + plan->n_reopen; i++) {
		uint64_t patch_set = patch_set_of(thread_at(plan, i));
		bool known = patch_set == current;

		for (size_t k = 0; k < i && !known; k++)
			known = patch_set_of(thread_at(plan, k)) == patch_set;
		if (!known)
			add_earlier(lowering, patch_set);
	}
}

/* ---- the review ---- */

static struct str message_of(struct lowering *lowering, struct str key)
{
	const struct post_plan *plan = lowering->plan;
	struct str text = lower_summary(lowering, key, MAX_MESSAGE);

	if (text.len)
		return text;
	return lower_marked(lowering, plan->check.title.len ? plan->check.title : STR("Outrider"),
			    key, MAX_MESSAGE);
}

/* What is said in all, as far as it tells one review from another. */
static struct str content_of(struct lowering *lowering, json_t *comments)
{
	return arena_printf(lowering->mem, "%.*s\n%.*s\n%.*s",
			    STR_ARG(payload_dump(lowering->mem, json_deep_copy(comments))),
			    STR_ARG(lowering->plan->summary), STR_ARG(lowering->plan->check.title));
}

static size_t count_of(json_t *comments)
{
	const char *path;
	json_t *list;
	size_t n = 0;

	json_object_foreach(comments, path, list)
		n += json_array_size(list);
	return n;
}

void gerrit_lower(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;
	json_t *comments = json_object();
	struct str key;
	size_t parts;

	for (size_t i = 0; i < plan->n_comments; i++) {
		if (str_is_utf8(plan->comments[i].path) && plan->comments[i].line)
			add_comment(lowering, comments, &plan->comments[i]);
		else
			lower_leftover(lowering, &plan->comments[i]);
	}
	add_earlier_all(lowering, lowering->target->pull->version);
	add_answers(comments, plan, lowering->target->pull->version);
	lower_lose(lowering, LOSS_CHECK, 1);
	/* silence on a clean change, and where nothing changed */
	if (!json_object_size(comments) && !plan->summary.len && !lowering->leftover.len &&
	    plan->check.conclusion == CONCLUSION_CLEAN) {
		json_decref(comments);
		return;
	}
	key = lower_key_once(lowering, "review", content_of(lowering, comments));
	parts = count_of(comments);
	add_review(lowering, EFFECT_REVIEW, key, plan->head_oid, message_of(lowering, key), comments)
		->parts = parts;
}

void gerrit_lower_comment(struct lowering *lowering, struct str body, struct str key)
{
	(void)add_review(lowering, EFFECT_COMMENT, key, head_of(lowering),
			 lower_marked(lowering, body, key, MAX_MESSAGE), NULL);
}

int gerrit_lower_reply(struct lowering *lowering, struct str thread, struct str comment,
		       struct str body, struct str key, struct err *err)
{
	struct thread_name name;
	char revision[24];
	json_t *comments;

	(void)comment;
	(void)err;
	if (!read_name(&name, thread)) {
		gerrit_lower_comment(lowering, body, key);
		return 0;
	}
	comments = json_object();
	json_array_append_new(
		list_for(comments, name.path),
		json_pack("{s:o, s:o, s:b}", "in_reply_to", payload_text(name.comment), "message",
			  payload_text(lower_marked(lowering, body, (struct str){ 0 }, MAX_COMMENT)),
			  "unresolved", true));
	snprintf(revision, sizeof revision, "%llu", (unsigned long long)name.patch_set);
	(void)add_review(lowering, EFFECT_REPLY, key, revision,
			 lower_marked(lowering, (struct str){ 0 }, key, MAX_MESSAGE), comments);
	return 0;
}
