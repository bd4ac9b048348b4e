/*
 * local_send.c - what is said at the local forge, as files. Each file's name comes from the effect's key, so that an effect
 * that is done twice, by a process that died in between, leaves one file.
 */
#include <errno.h>
#include <fcntl.h>

#include "local.h"

enum { MAX_BODY = 65536 };

static struct str pull_path(struct lowering *lowering, const char *rest)
{
	return path_printf(
		lowering->mem, "%.*s/pulls/%llu/%s",
		STR_ARG(repository_path(lowering->mem, lowering->target->pull->repository)),
		(unsigned long long)lowering->target->pull->number, rest);
}

static json_t *make_comment(struct lowering *lowering, const struct post_comment *comment)
{
	json_t *json = json_pack(
		"{s:o, s:s, s:I, s:I, s:o, s:o, s:s, s:s}", "path", payload_text(comment->path),
		"side", comment->side == SIDE_OLD ? "old" : "new", "start_line",
		(json_int_t)comment->start_line, "line", (json_int_t)comment->line, "body",
		payload_text(
			lower_body(lowering, comment, "suggestion", (struct str){ 0 }, MAX_BODY)),
		"rule", payload_text(comment->rule), "severity", severity_name(comment->severity),
		"fingerprint", comment->fingerprint);

	if (comment->has_suggestion)
		json_object_set_new(json, "suggestion", payload_text(comment->suggestion));
	return json;
}

static void add_review(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;
	json_t *comments = json_array();

	for (size_t i = 0; i < plan->n_comments; i++) {
		if (str_is_utf8(plan->comments[i].path) && plan->comments[i].line)
			json_array_append_new(comments, make_comment(lowering, &plan->comments[i]));
		else
			lower_leftover(lowering, &plan->comments[i]);
	}
	if (json_array_size(comments) == 0) {
		json_decref(comments);
		return;
	}
	lower_add(lowering, EFFECT_REVIEW, lower_key_json(lowering, "review", comments), "POST",
		  pull_path(lowering, "threads"),
		  json_pack("{s:s, s:o}", "head", plan->head_oid, "comments", comments));
}

static void add_threads(struct lowering *lowering, const struct thread *threads, size_t n,
			bool resolved)
{
	for (size_t i = 0; i < n; i++)
		lower_add(lowering, EFFECT_RESOLVE, lower_key_again(lowering, resolved ? "resolve" : "reopen", threads[i].id),
			  "PATCH", pull_path(lowering, "threads"),
			  json_pack("{s:o, s:b}", "thread", payload_text(threads[i].id), "resolved", resolved));
}

static void add_check(struct lowering *lowering, const char *head, json_t *check)
{
	json_object_set_new(check, "name", payload_text(lower_check_name(lowering)));
	json_object_set_new(check, "details", payload_text(lowering->target->details));
	lower_add(lowering, EFFECT_CHECK, lower_key_again(lowering, lowering->plan ? "check" : "started", STR("")), "PUT",
		  path_printf(lowering->mem, "%.*s/checks/%s",
			      STR_ARG(repository_path(lowering->mem,
						      lowering->target->pull->repository)),
			      head),
		  check);
}

static json_t *make_annotations(const struct post_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->check.n_annotations; i++) {
		const struct annotation *one = &plan->check.annotations[i];

		json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:s, s:o, s:o}", "path",
						      payload_text(one->path), "start_line",
						      (json_int_t)one->start_line, "line",
						      (json_int_t)one->line, "severity",
						      severity_name(one->severity), "title",
						      payload_text(one->title), "message",
						      payload_text(one->message)));
	}
	return list;
}

static json_t *make_check(const struct post_plan *plan)
{
	static const char *const words[] = { [CONCLUSION_CLEAN] = "clean",
					     [CONCLUSION_FINDINGS] = "findings",
					     [CONCLUSION_LIMITED] = "limited",
					     [CONCLUSION_FAILED] = "failed" };

	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "status", "completed", "conclusion",
			 words[plan->check.conclusion], "red", plan->check.fails, "title",
			 payload_text(plan->check.title), "summary",
			 payload_text(plan->check.summary), "text", payload_text(plan->check.text),
			 "annotations", make_annotations(plan));
}

static void add_comment(struct lowering *lowering, struct str id, struct str text, struct str key)
{
	lower_add(lowering, EFFECT_COMMENT, key, "PUT", pull_path(lowering, "comments"),
		  json_pack("{s:o, s:o}", "comment", payload_text(id), "body", payload_text(text)));
}

void local_lower(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;
	struct str key = lower_key_again(lowering, "summary", STR("")), text;

	add_review(lowering);
	add_threads(lowering, plan->resolve, plan->n_resolve, true);
	add_threads(lowering, plan->reopen, plan->n_reopen, false);
	text = lower_summary(lowering, key, MAX_BODY);
	if (text.len)
		add_comment(lowering, STR("summary"), text, key);
	add_check(lowering, plan->head_oid, make_check(plan));
}

void local_lower_started(struct lowering *lowering)
{
	add_check(lowering, lowering->target->pull->head_oid,
		  json_pack("{s:s}", "status", "in_progress"));
}

void local_lower_comment(struct lowering *lowering, struct str body, struct str key)
{
	add_comment(lowering, key, lower_marked(lowering, body, key, MAX_BODY), key);
}

int local_lower_reply(struct lowering *lowering, struct str thread, struct str comment,
		      struct str body, struct str key, struct err *err)
{
	(void)comment;
	if (!local_is_id(thread))
		return err_input(err, "no thread of the local forge: its id has another form");
	lower_add(lowering, EFFECT_REPLY, key, "POST", pull_path(lowering, "threads"),
		  json_pack("{s:o, s:o}", "thread", payload_text(thread), "body",
			    payload_text(lower_marked(lowering, body, key, MAX_BODY))));
	return 0;
}

int local_lower_reaction(struct lowering *lowering, struct str comment, enum reaction reaction,
			 struct err *err)
{
	static const char *const words[REACTIONS] = {
		[REACTION_SEEN] = "seen", [REACTION_DONE] = "done", [REACTION_REFUSED] = "refused"
	};

	if (!local_is_id(comment))
		return err_input(err, "no comment of the local forge: its id has another form");
	lower_add(lowering, EFFECT_REACTION, lower_key(lowering, words[reaction]), "POST",
		  pull_path(lowering, "comments"),
		  json_pack("{s:o, s:s}", "comment", payload_text(comment), "reaction",
			    words[reaction]));
	return 0;
}

/* ---- done ---- */

struct job {
	struct forge *forge;
	struct arena *mem;
	const struct effect *effect;
	const json_t *body;
	struct forge_answer *out;
};

/* "pulls/7/FOLDER/ID.json" below the repository. */
static int file_of(const char **out, const struct job *job, const char *folder, struct str id,
		   struct err *err)
{
	const char *rest;

	if (!local_is_id(id))
		return err_input(err, "'%.*s' is no id of the local forge", STR_ARG(id));
	rest = arena_printf(job->mem, "pulls/%llu/%s/%.*s.json",
			    (unsigned long long)job->effect->number, folder, STR_ARG(id))
		       .p;
	return local_path(out, job->mem, job->forge, job->effect->repository, rest, true, err);
}

static int write_thread(const struct job *job, size_t index, json_t *comment, struct err *err)
{
	struct str id = arena_printf(job->mem, "%.*s.%zu", STR_ARG(job->effect->key), index);
	json_t *thread = json_copy(comment);
	const char *path;

	json_object_set_new(thread, "id", payload_text(id));
	json_object_set_new(thread, "author", json_string("outrider"));
	json_object_set(thread, "head", payload_at(job->body, "head"));
	json_object_set_new(thread, "resolved", json_false());
	if (file_of(&path, job, "threads", id, err) < 0) {
		json_decref(thread);
		return -1;
	}
	/* it stands there when this effect was under way before; people may have answered since */
	if (access(path, F_OK) == 0) {
		json_decref(thread);
		return 0;
	}
	return local_write(path, thread, err);
}

static int do_review(const struct job *job, struct err *err)
{
	size_t i;
	json_t *comment;

	json_array_foreach(payload_at(job->body, "comments"), i,
			   comment) if (write_thread(job, i, comment, err) < 0) return -1;
	job->out->id = job->effect->key;
	return 0;
}

/* A file that is there, for change; *json NULL and "gone" when it is not. */
static int open_for_change(const struct job *job, const char *folder, const char *member,
			   const char **path, json_t **json, struct err *err)
{
	struct str id = payload_id(job->mem, job->body, member);

	if (file_of(path, job, folder, id, err) < 0 || local_read(json, job->mem, *path, err) < 0)
		return -1;
	if (!*json)
		job->out->kind = ANSWER_GONE;
	else
		job->out->id = id;
	return 0;
}

static int do_resolve(const struct job *job, struct err *err)
{
	const char *path;
	json_t *thread;

	if (open_for_change(job, "threads", "thread", &path, &thread, err) < 0)
		return -1;
	if (!thread)
		return 0;
	json_object_set(thread, "resolved", payload_at(job->body, "resolved"));
	json_object_set_new(thread, "resolved_by", json_string("outrider"));
	return local_write(path, thread, err);
}

static json_t *list_in(json_t *object, const char *member)
{
	if (!json_is_array(json_object_get(object, member)))
		json_object_set_new(object, member, json_array());
	return json_object_get(object, member);
}

static int do_reply(const struct job *job, struct err *err)
{
	json_t *thread, *replies, *one;
	const char *path;
	size_t i;

	if (open_for_change(job, "threads", "thread", &path, &thread, err) < 0)
		return -1;
	if (!thread)
		return 0;
	replies = list_in(thread, "replies");
	json_array_foreach(replies, i, one)
	{
		if (text_has_key(payload_view(one, "body"), job->effect->key)) {
			json_decref(thread);
			return 0;
		}
	}
	json_array_append_new(replies, json_pack("{s:s, s:O}", "author", "outrider", "body",
						 payload_at(job->body, "body")));
	return local_write(path, thread, err);
}

static int do_comment(const struct job *job, struct err *err)
{
	struct str id = payload_id(job->mem, job->body, "comment");
	const char *path;

	if (file_of(&path, job, "comments", id, err) < 0)
		return -1;
	job->out->id = id;
	return local_write(path,
			   json_pack("{s:o, s:s, s:O}", "id", payload_text(id), "author",
				     "outrider", "body", payload_at(job->body, "body")),
			   err);
}

static int do_reaction(const struct job *job, struct err *err)
{
	const char *word = json_string_value(payload_at(job->body, "reaction"));
	json_t *comment;
	const char *path;

	if (open_for_change(job, "comments", "comment", &path, &comment, err) < 0)
		return -1;
	if (!comment)
		return 0;
	json_object_set_new(comment, "reaction", json_string(word));
	return local_write(path, comment, err);
}

static int do_check(const struct job *job, struct err *err)
{
	const char *path, *rest = arena_printf(job->mem, "checks/%s.json", job->effect->head_oid).p;

	if (!job->effect->head_oid[0])
		return err_set(err, ERR_BUG, "a check without a head");
	if (local_path(&path, job->mem, job->forge, job->effect->repository, rest, true, err) < 0)
		return -1;
	job->out->id = arena_str(job->mem, str_of(job->effect->head_oid));
	return local_write(path, json_deep_copy(job->body), err);
}

static int (*const acts[EFFECT_KINDS])(const struct job *job, struct err *err) = {
	[EFFECT_REVIEW] = do_review,   [EFFECT_COMMENT] = do_comment,   [EFFECT_REPLY] = do_reply,
	[EFFECT_RESOLVE] = do_resolve, [EFFECT_REACTION] = do_reaction, [EFFECT_CHECK] = do_check,
};

int local_send(struct forge *forge, struct arena *mem, const struct effect *effect,
	       struct str needed, struct forge_answer *out, struct err *err)
{
	struct forge_answer answer = { .kind = ANSWER_DONE };
	AUTO_JSON json_t *body = NULL;
	struct job job = { forge, mem, effect, NULL, &answer };
	AUTO_FD int lock = -1;

	(void)needed;
	if (!acts[effect->kind])
		return err_set(err, ERR_BUG, "the local forge has no %s",
			       effect_kind_name(effect->kind));
	if (payload_load(&body, effect->body, err) < 0)
		return -1;
	job.body = body;
	lock = local_lock(mem, forge, effect->repository, err);
	if (lock < 0 || acts[effect->kind](&job, err) < 0)
		return -1;
	*out = answer;
	return 0;
}
