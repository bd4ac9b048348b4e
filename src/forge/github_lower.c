#include <stdio.h>

#include "github.h"
#include "http/url.h"

enum {
	MAX_COMMENTS =
		30, /* of one review: more trips GitHub's abuse detection (reviewdog, lookout) */
	MAX_BODY = 65536,       /* characters of a comment; bytes are never fewer */
	MAX_OUTPUT = 65535,     /* of a check's summary and of its text */
	MAX_ANNOTATIONS = 50,   /* of one request */
	MAX_MESSAGE = 64 << 10, /* of an annotation */
	MAX_TITLE = 255,
	MAX_DESCRIPTION = 140, /* of a commit status */
};

static struct str repos(struct lowering *lowering, const char *rest)
{
	return path_printf(
		lowering->mem, "repos/%.*s/%s",
		STR_ARG(repository_path(lowering->mem, lowering->target->pull->repository)), rest);
}

static struct str repos_n(struct lowering *lowering, const char *before, const char *after)
{
	return path_printf(lowering->mem, "%.*s%llu%s", STR_ARG(repos(lowering, before)),
			   (unsigned long long)lowering->target->pull->number, after);
}

static void put(json_t *object, const char *key, struct str text)
{
	json_object_set_new(object, key, payload_text(text));
}

/* ---- the review ---- */

static json_t *make_comment(struct lowering *lowering, const struct post_comment *comment)
{
	const char *side = comment->side == SIDE_OLD ? "LEFT" : "RIGHT";
	json_t *json = json_pack("{s:I, s:s}", "line", (json_int_t)comment->line, "side", side);
	struct str body =
		comment->side == SIDE_NEW
			? lower_body(lowering, comment, "suggestion", (struct str){ 0 }, MAX_BODY)
			: lower_body_diff(lowering, comment, (struct str){ 0 }, MAX_BODY);

	put(json, "path", comment->path);
	put(json, "body", body);
	/* equal ones are refused: "start line must precede the end line" */
	if (comment->start_line && comment->start_line < comment->line) {
		json_object_set_new(json, "start_line", json_integer(comment->start_line));
		json_object_set_new(json, "start_side", json_string(side));
	}
	return json;
}

static void add_review(struct lowering *lowering, json_t *comments)
{
	struct str key = lower_key_json(lowering, "review", comments);
	size_t parts = json_array_size(comments); /* the body takes them over */
	json_t *body = json_pack("{s:s, s:s, s:o}", "commit_id", lowering->plan->head_oid, "event",
				 "COMMENT", "comments", comments);
	struct effect *effect;

	put(body, "body", lower_marked(lowering, (struct str){ 0 }, key, MAX_BODY));
	effect = lower_add(lowering, EFFECT_REVIEW, key, "POST",
			   repos_n(lowering, "pulls/", "/reviews"), body);
	effect->parts = parts;
	effect->find = repos_n(lowering, "pulls/", "/reviews?per_page=100");
}

int github_split(struct effect *out, struct arena *mem, const struct effect *effect, struct str key,
		 const json_t *body, size_t from, size_t n, bool plain)
{
	const json_t *comments = payload_at(body, "comments");
	struct str path = effect->path, text;
	json_t *json;

	*out = *effect;
	out->key = key;
	text = arena_printf(mem, "<!-- outrider:v1 key=%.*s -->", STR_ARG(key));
	if (plain) {
		const json_t *comment = json_array_get(comments, from);

		/* "repos/o/r/pulls/7/reviews": an issue's comments stand beside it */
		path = arena_printf(mem, "%.*sissues/%llu/comments",
				    (int)str_find(path, STR("pulls/")), path.p,
				    (unsigned long long)effect->number);
		text = arena_printf(mem, "`%.*s:%llu`\n\n%s\n%.*s",
				    STR_ARG(payload_name(mem, comment, "path")),
				    (unsigned long long)(payload_number(comment, "line") +
							 payload_number(comment, "new_position") +
							 payload_number(comment, "old_position")),
				    json_string_value(payload_at(comment, "body")), STR_ARG(text));
		*out = (struct effect){ .kind = EFFECT_COMMENT,
					.key = key,
					.method = effect->method,
					.path = path,
					.repository = effect->repository,
					.installation = effect->installation,
					.number = effect->number };
		/* both sizes of a page: Gitea has another word for it */
		out->find = arena_printf(mem, "%.*s?per_page=100&limit=50", STR_ARG(path));
		memcpy(out->head_oid, effect->head_oid, sizeof out->head_oid);
		json = json_pack("{s:o}", "body", payload_text(str_sub(text, 0, MAX_BODY)));
	} else {
		json_t *part = json_array();

		for (size_t i = from; i < from + n; i++)
			json_array_append(part, json_array_get(comments, i));
		json = json_pack("{s:O, s:O, s:o, s:o}", "commit_id", payload_at(body, "commit_id"),
				 "event", payload_at(body, "event"), "body", payload_text(text),
				 "comments", part);
		out->parts = n;
	}
	out->body = payload_dump(mem, json);
	return out->body.len ? 0 : -1;
}

/* ---- the check ---- */

static const char *conclusion_of(const struct post_plan *plan)
{
	/* four outcomes that a list of checks tells apart; a limited review does not look like a clean one */
	static const char *const words[] = {
		[CONCLUSION_CLEAN] = "success",
		[CONCLUSION_FINDINGS] = "neutral",
		[CONCLUSION_LIMITED] = "skipped",
		[CONCLUSION_FAILED] = "cancelled",
	};

	return plan->check.fails ? "failure" : words[plan->check.conclusion];
}

static json_t *make_annotation(struct lowering *lowering, const struct annotation *annotation)
{
	const char *level = annotation->severity == SEVERITY_ERROR     ? "failure"
			    : annotation->severity == SEVERITY_WARNING ? "warning"
								       : "notice";
	json_t *json =
		json_pack("{s:I, s:I, s:s}", "start_line", (json_int_t)annotation->start_line,
			  "end_line", (json_int_t)annotation->line, "annotation_level", level);

	put(json, "path", annotation->path);
	put(json, "message", lower_cut(lowering, annotation->message, MAX_MESSAGE));
	if (annotation->title.len)
		put(json, "title", lower_cut(lowering, annotation->title, MAX_TITLE));
	return json;
}

static json_t *make_annotations(struct lowering *lowering, size_t from)
{
	const struct post_plan *plan = lowering->plan;
	json_t *list = json_array();

	for (size_t i = from; i < plan->check.n_annotations && i < from + MAX_ANNOTATIONS; i++)
		if (str_is_utf8(plan->check.annotations[i].path))
			json_array_append_new(
				list, make_annotation(lowering, &plan->check.annotations[i]));
	return list;
}

static json_t *make_output(struct lowering *lowering, json_t *annotations)
{
	const struct post_plan *plan = lowering->plan;
	json_t *output = json_object();
	struct str title = plan->check.title.len ? plan->check.title : STR("Outrider");

	put(output, "title", lower_cut(lowering, title, MAX_TITLE));
	put(output, "summary", lower_cut(lowering, plan->check.summary, MAX_OUTPUT));
	if (annotations)
		json_object_set_new(output, "annotations", annotations);
	else if (plan->check.text.len)
		put(output, "text", lower_cut(lowering, plan->check.text, MAX_OUTPUT));
	return output;
}

/*
 * A check is made once for a head of a pull request, whichever job and try comes first: it has a name, a head and our key. All
 * else is a change of it. Gives the key of its making; empty when it is there already.
 */
static struct str make_check(struct lowering *lowering)
{
	const struct forge_target *target = lowering->target;
	const char *head = lowering->plan ? lowering->plan->head_oid : target->pull->head_oid;
	json_t *body = json_pack("{s:s, s:s}", "status", "in_progress", "head_sha", head);
	struct effect *effect;
	struct str key;

	if (target->check.len) {
		json_decref(body);
		return (struct str){ 0 };
	}
	key = arena_printf(lowering->mem, "p%llu:check:%s", (unsigned long long)target->pull->number, head);
	put(body, "name", lower_check_name(lowering));
	put(body, "external_id", key);
	if (target->details.len)
		put(body, "details_url", target->details);
	effect = lower_add(lowering, EFFECT_CHECK, key, "POST", repos(lowering, "check-runs"), body);
	effect->find = path_printf(lowering->mem, "%.*s%s/check-runs?per_page=100", STR_ARG(repos(lowering, "commits/")),
				   head);
	return key;
}

static struct effect *change_check(struct lowering *lowering, enum effect_kind kind, struct str key, struct str needs,
				   json_t *body)
{
	struct str id = needs.len ? STR("{id}") : url_escaped(lowering->mem, lowering->target->check);
	struct effect *effect = lower_add(lowering, kind, key, "PATCH",
					  path_printf(lowering->mem, "%.*s%.*s", STR_ARG(repos(lowering, "check-runs/")),
						      STR_ARG(id)), body);

	effect->needs = needs;
	return effect;
}

/* Each change adds its annotations to those that are there, so these come first, and once; the conclusion may come twice. */
static void add_checks(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;
	struct str made = make_check(lowering);
	json_t *body;

	for (size_t from = 0; from < plan->check.n_annotations; from += MAX_ANNOTATIONS) {
		struct str part = arena_printf(lowering->mem, "annotations:%zu", from / MAX_ANNOTATIONS);

		body = json_pack("{s:o}", "output", make_output(lowering, make_annotations(lowering, from)));
		(void)change_check(lowering, EFFECT_ANNOTATIONS, lower_key_json(lowering, part.p, body), made, body);
	}
	body = json_pack("{s:s, s:s, s:o}", "status", "completed", "conclusion", conclusion_of(plan), "output",
			 make_output(lowering, NULL));
	if (lowering->target->details.len)
		put(body, "details_url", lowering->target->details);
	(void)change_check(lowering, EFFECT_CHECK, lower_key_again(lowering, "check", STR("")), made, body);
}

void github_add_status(struct lowering *lowering, enum status_word word)
{
	static const char *const states[] = { [STATUS_OK] = "success",
					      [STATUS_BAD] = "failure",
					      [STATUS_UNKNOWN] = "error",
					      [STATUS_RUNNING] = "pending" };
	const char *head =
		lowering->plan ? lowering->plan->head_oid : lowering->target->pull->head_oid;
	json_t *body = json_pack("{s:s}", "state", states[word]);

	put(body, "context", lower_check_name(lowering));
	put(body, "description", lower_description(lowering, MAX_DESCRIPTION));
	if (lowering->target->details.len)
		put(body, "target_url", lowering->target->details);
	if (lowering->plan)
		lower_lose(lowering, LOSS_CHECK, 1);
	/* the latest of a name is the one that counts: twice does no harm */
	lower_add(lowering, EFFECT_CHECK, lower_key_again(lowering, lowering->plan ? "status" : "started", STR("")), "POST",
		  path_printf(lowering->mem, "%.*s%s", STR_ARG(repos(lowering, "statuses/")), head), body);
}

void github_lower_started(struct lowering *lowering)
{
	if (!(lowering->target->abilities & FORGE_CHECKS)) {
		github_add_status(lowering, STATUS_RUNNING);
		return;
	}
	if (lowering->target->check.len)
		(void)change_check(lowering, EFFECT_CHECK, lower_key_again(lowering, "started", STR("")), (struct str){ 0 },
				   json_pack("{s:s}", "status", "in_progress"));
	else
		(void)make_check(lowering);
}

/* ---- summary, threads, answers ---- */

static void add_comment(struct lowering *lowering, struct str text, struct str key)
{
	struct effect *effect = lower_add(lowering, EFFECT_COMMENT, key, "POST",
					  repos_n(lowering, "issues/", "/comments"),
					  json_pack("{s:o}", "body", payload_text(text)));

	effect->find = repos_n(lowering, "issues/", "/comments?per_page=100");
}

static void add_threads(struct lowering *lowering, const struct thread *threads, size_t n,
			const char *verb)
{
	for (size_t i = 0; i < n; i++) {
		json_t *body = json_pack(
			"{s:o, s:{s:o}}", "query",
			json_sprintf("mutation($id: ID!) { %sReviewThread(input: {threadId: $id}) "
				     "{ thread { id isResolved } } }",
				     verb),
			"variables", "id", payload_text(threads[i].id));

		lower_add(lowering, EFFECT_RESOLVE, lower_key_again(lowering, verb, threads[i].id), "POST",
			  STR("graphql"), body);
	}
}

void github_lower(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;

	lower_reviews(lowering, MAX_COMMENTS, make_comment, add_review);
	add_threads(lowering, plan->resolve, plan->n_resolve, "resolve");
	add_threads(lowering, plan->reopen, plan->n_reopen, "unresolve");
	lower_post_summary(lowering, MAX_BODY, "PATCH", repos(lowering, "issues/comments/"), add_comment);
	/* last: a green check says that all has been said */
	if (lowering->target->abilities & FORGE_CHECKS)
		add_checks(lowering);
	else
		github_add_status(lowering, lower_status(plan));
}

void github_lower_comment(struct lowering *lowering, struct str body, struct str key)
{
	add_comment(lowering, lower_marked(lowering, body, key, MAX_BODY), key);
}

/* "pulls/comments/12" and "issues/comments/12": ids as our events and threads have them. */
static bool comment_number(struct str id, const char *kind, uint64_t *number)
{
	return str_starts(id, str_of(kind)) && str_to_u64(str_from(id, strlen(kind)), number);
}

int github_lower_reply(struct lowering *lowering, struct str thread, struct str comment,
		       struct str body, struct str key, struct err *err)
{
	struct effect *effect;
	uint64_t number;
	char tail[64];

	if (!comment_number(comment, "pulls/comments/", &number) &&
	    !comment_number(thread, "pulls/comments/", &number)) {
		(void)err;
		github_lower_comment(lowering, body, key);
		return 0;
	}
	snprintf(tail, sizeof tail, "/comments/%llu/replies", (unsigned long long)number);
	effect = lower_add(lowering, EFFECT_REPLY, key, "POST", repos_n(lowering, "pulls/", tail),
			   json_pack("{s:o}", "body",
				     payload_text(lower_marked(lowering, body, key, MAX_BODY))));
	effect->find = repos_n(lowering, "pulls/", "/comments?per_page=100");
	return 0;
}

int github_lower_reaction(struct lowering *lowering, struct str comment, enum reaction reaction,
			  struct err *err)
{
	static const char *const contents[REACTIONS] = {
		[REACTION_SEEN] = "eyes",
		[REACTION_DONE] = "+1",
		[REACTION_REFUSED] = "confused",
	};
	static const char *const kinds[] = { "issues/comments/", "pulls/comments/" };
	uint64_t number;
	char path[64];

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!comment_number(comment, kinds[i], &number))
			continue;
		snprintf(path, sizeof path, "%s%llu/reactions", kinds[i],
			 (unsigned long long)number);
		/* the same one twice is one */
		lower_add(lowering, EFFECT_REACTION, lower_key(lowering, contents[reaction]),
			  "POST", repos(lowering, path),
			  json_pack("{s:s}", "content", contents[reaction]));
		return 0;
	}
	/* a review as a whole takes none */
	if (str_starts(comment, STR("reviews/")))
		return 0;
	return err_input(err, "no comment of GitHub: its id has another form");
}
