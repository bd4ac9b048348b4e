/* bitbucket.c - Bitbucket Cloud: a comment per request, code insights for what is said about a commit. */
#include "bitbucket.h"

#include <stdio.h>

#include "http/url.h"

enum {
	MAX_BODY = 32000 /* of a comment: Bitbucket's limit is 32,768 characters */,
	MAX_SUMMARY = 450,
	MAX_DETAILS = 2000,
	PAGE = 100
};

/* ---- reports, for both ---- */

static json_t *make_batch(struct lowering *lowering, size_t from,
			  json_t *(*make)(struct lowering *lowering, const struct annotation *one,
					  size_t index))
{
	const struct post_plan *plan = lowering->plan;
	json_t *list = json_array();

	for (size_t i = from; i < plan->check.n_annotations && i < from + BITBUCKET_BATCH &&
			      i < BITBUCKET_MAX_ANNOTATIONS;
	     i++)
		if (str_is_utf8(plan->check.annotations[i].path))
			json_array_append_new(list, make(lowering, &plan->check.annotations[i], i));
	return list;
}

void bitbucket_add_report(struct lowering *lowering, struct str path, json_t *report,
			  const char *wrap,
			  json_t *(*make)(struct lowering *lowering, const struct annotation *one,
					  size_t index))
{
	size_t n = lowering->plan->check.n_annotations;
	const char *part;

	/* both are kept under names of ours: done twice, they are there once */
	lower_add(lowering, EFFECT_CHECK, lower_key_again(lowering, "check", STR("")), "PUT", path, report);
	for (size_t from = 0; from < n && from < BITBUCKET_MAX_ANNOTATIONS; from += BITBUCKET_BATCH) {
		json_t *list = make_batch(lowering, from, make);

		if (json_array_size(list) == 0) {
			json_decref(list);
			continue;
		}
		part = arena_printf(lowering->mem, "annotations:%zu", from / BITBUCKET_BATCH).p;
		lower_add(lowering, EFFECT_ANNOTATIONS, lower_key_again(lowering, part, STR("")), "POST",
			  arena_printf(lowering->mem, "%.*s/annotations", STR_ARG(path)),
			  wrap ? json_pack("{s:o}", wrap, list) : list);
	}
	if (n > BITBUCKET_MAX_ANNOTATIONS)
		lower_lose(lowering, LOSS_ANNOTATIONS, n - BITBUCKET_MAX_ANNOTATIONS);
}

const char *bitbucket_result(const struct post_plan *plan, const char *good, const char *bad)
{
	return plan->check.fails || plan->check.conclusion == CONCLUSION_FAILED ? bad : good;
}

/* ---- lowering ---- */

static struct str repository(struct lowering *lowering, const char *rest)
{
	return path_printf(
		lowering->mem, "repositories/%.*s/%s",
		STR_ARG(repository_path(lowering->mem, lowering->target->pull->repository)), rest);
}

static struct str comments_path(struct lowering *lowering, const char *rest)
{
	return path_printf(lowering->mem, "%.*s%llu/comments%s",
			   STR_ARG(repository(lowering, "pullrequests/")),
			   (unsigned long long)lowering->target->pull->number, rest);
}

static struct effect *add_comment(struct lowering *lowering, enum effect_kind kind, struct str key,
				  struct str text, const char *member, json_t *value)
{
	json_t *body = json_pack("{s:{s:o}}", "content", "raw", payload_text(text));
	struct effect *effect;

	if (member)
		json_object_set_new(body, member, value);
	effect = lower_add(lowering, kind, key, "POST", comments_path(lowering, ""), body);
	effect->find = comments_path(lowering, "?pagelen=100");
	return effect;
}

static void add_inline(struct lowering *lowering, const struct post_comment *comment)
{
	struct str key = lower_key_comment(lowering, comment);

	if (comment->start_line && comment->start_line < comment->line)
		lower_lose(lowering, LOSS_RANGE, 1);
	add_comment(lowering, EFFECT_REVIEW, key, lower_body_diff(lowering, comment, key, MAX_BODY),
		    "inline",
		    json_pack("{s:o, s:I}", "path", payload_text(comment->path),
			      comment->side == SIDE_OLD ? "from" : "to", (json_int_t)comment->line))
		->parts = 1;
}

static int split(struct effect *out, struct arena *mem, const struct effect *effect, struct str key,
		 const json_t *body, size_t from, size_t n, bool plain)
{
	struct str text =
		arena_printf(mem, "`%s:%llu`\n\n%s\n<!-- outrider:v1 key=%.*s -->",
			     json_string_value(payload_at(body, "inline.path")),
			     (unsigned long long)(payload_number(body, "inline.to") +
						  payload_number(body, "inline.from")),
			     json_string_value(payload_at(body, "content.raw")), STR_ARG(key));

	(void)from;
	(void)n;
	(void)plain;
	*out = *effect;
	out->kind = EFFECT_COMMENT;
	out->key = key;
	out->parts = 0;
	out->body = payload_dump(mem, json_pack("{s:{s:o}}", "content", "raw", payload_text(text)));
	return 0;
}

static void add_threads(struct lowering *lowering, const struct thread *threads, size_t n,
			bool resolved)
{
	for (size_t i = 0; i < n; i++)
		lower_add(lowering, EFFECT_RESOLVE, lower_key_again(lowering, resolved ? "resolve" : "reopen", threads[i].id),
			  resolved ? "POST" : "DELETE",
			  path_printf(lowering->mem, "%.*s%.*s/resolve",
				      STR_ARG(comments_path(lowering, "/")),
				      STR_ARG(url_escaped(lowering->mem, threads[i].id))),
			  NULL);
}

static void add_summary(struct lowering *lowering)
{
	struct str key = lower_key_summary(lowering), id = lowering->target->summary;
	struct str text = lower_summary(lowering, key, MAX_BODY);

	if (!text.len)
		return;
	if (id.len)
		lower_add(lowering, EFFECT_COMMENT, key, "PUT",
			  path_printf(lowering->mem, "%.*s%.*s",
				      STR_ARG(comments_path(lowering, "/")),
				      STR_ARG(url_escaped(lowering->mem, id))),
			  json_pack("{s:{s:o}}", "content", "raw", payload_text(text)));
	else
		add_comment(lowering, EFFECT_COMMENT, key, text, NULL, NULL);
}

static json_t *make_annotation(struct lowering *lowering, const struct annotation *one,
			       size_t index)
{
	static const char *const words[] = { [SEVERITY_OFF] = "LOW",
					     [SEVERITY_HINT] = "LOW",
					     [SEVERITY_INFO] = "LOW",
					     [SEVERITY_WARNING] = "MEDIUM",
					     [SEVERITY_ERROR] = "HIGH" };
	struct str summary = one->title.len ? one->title : one->message;

	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:I, s:s}", "external_id",
			 payload_text(arena_printf(lowering->mem, "outrider-%zu", index)),
			 "annotation_type", "BUG", "summary",
			 payload_text(str_sub(summary, 0, MAX_SUMMARY)), "details",
			 payload_text(lower_cut(lowering, one->message, MAX_DETAILS)), "path",
			 payload_text(one->path), "line", (json_int_t)one->line, "severity",
			 words[one->severity]);
}

static void lower(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;
	struct str summary = plan->check.summary.len ? plan->check.summary : plan->check.title;
	json_t *report;

	for (size_t i = 0; i < plan->n_comments; i++) {
		if (str_is_utf8(plan->comments[i].path) && plan->comments[i].line)
			add_inline(lowering, &plan->comments[i]);
		else
			lower_leftover(lowering, &plan->comments[i]);
	}
	add_threads(lowering, plan->resolve, plan->n_resolve, true);
	add_threads(lowering, plan->reopen, plan->n_reopen, false);
	add_summary(lowering);
	report = json_pack("{s:o, s:o, s:s, s:s, s:s}", "title",
			   payload_text(lower_check_name(lowering)), "details",
			   payload_text(lower_cut(lowering, summary, MAX_DETAILS)), "report_type",
			   "BUG", "reporter", "Outrider", "result",
			   bitbucket_result(plan, "PASSED", "FAILED"));
	if (lowering->target->details.len)
		json_object_set_new(report, "link", payload_text(lowering->target->details));
	bitbucket_add_report(lowering,
			     path_printf(lowering->mem, "%.*s%s/reports/outrider",
					 STR_ARG(repository(lowering, "commit/")), plan->head_oid),
			     report, NULL, make_annotation);
}

static void lower_comment(struct lowering *lowering, struct str body, struct str key)
{
	add_comment(lowering, EFFECT_COMMENT, key, lower_marked(lowering, body, key, MAX_BODY),
		    NULL, NULL);
}

static int lower_reply(struct lowering *lowering, struct str thread, struct str comment,
		       struct str body, struct str key, struct err *err)
{
	uint64_t number;

	(void)comment;
	if (!str_to_u64(thread, &number))
		return err_input(err, "no comment of Bitbucket: its id has another form");
	add_comment(lowering, EFFECT_REPLY, key, lower_marked(lowering, body, key, MAX_BODY),
		    "parent", json_pack("{s:I}", "id", (json_int_t)number));
	return 0;
}

/* ---- reading ---- */

static int authorize(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct http_request *request, struct err *err)
{
	(void)place;
	if (forge->config.login.len)
		return forge_add_basic(mem, request, forge->config.login, forge->config.token, err);
	return forge_add_token(mem, request, "Bearer", forge->config.token, err);
}

static int whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	return forge_whoami_at(forge, mem, STR("user"), "account_id", "account_id", out, err);
}

static struct str place_path(struct arena *mem, const struct forge_place *place, const char *rest)
{
	return path_printf(mem, "repositories/%.*s/%s",
			   STR_ARG(repository_path(mem, place->repository)), rest);
}

static void read_listed(struct pull *out, struct arena *mem, const json_t *json,
			struct str repository_name)
{
	struct event event = { .repository = repository_name };

	bitbucket_read(&event, mem, json);
	*out = (struct pull){ .repository = arena_str(mem, repository_name),
			      .number = event.number,
			      .title = event.pull.title,
			      .url = event.pull.url,
			      .author = event.pull.author,
			      .base_ref = event.pull.base_ref,
			      .head_ref = event.pull.head_ref,
			      .head_repository = event.pull.head_repository,
			      .fork = event.pull.fork,
			      .draft = event.pull.draft,
			      .closed = event.pull.closed,
			      .merged = event.pull.merged };
	out->can_push = !out->fork;
	memcpy(out->head_oid, event.pull.head_oid, sizeof out->head_oid);
	payload_oid(out->base_oid, json, "destination.commit.hash");
	payload_oid(out->merge_oid, json, "merge_commit.hash");
	out->updated = payload_time(json, "updated_on");
}

/* The whole of a hash that was cut. */
static int whole_oid(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct str cut_hash, char out[OID_HEX + 1], struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct str path =
		path_printf(mem, "%.*s%.*s?fields=hash", STR_ARG(place_path(mem, place, "commit/")),
			    STR_ARG(url_escaped(mem, cut_hash)));

	if (out[0] || !cut_hash.len)
		return 0;
	if (forge_get(forge, place, path, true, &json, err) < 0)
		return -1;
	payload_oid(out, json, "hash");
	return 0;
}

static int pull_get(struct forge *forge, struct arena *mem, const struct forge_place *place,
		    struct pull *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct str path =
		path_printf(mem, "%.*s%llu", STR_ARG(place_path(mem, place, "pullrequests/")),
			    (unsigned long long)place->number);

	if (forge_get(forge, place, path, false, &json, err) < 0)
		return -1;
	read_listed(out, mem, json, place->repository);
	if (whole_oid(forge, mem, place, payload_name(mem, json, "source.commit.hash"),
		      out->head_oid, err) < 0 ||
	    whole_oid(forge, mem, place, payload_name(mem, json, "destination.commit.hash"),
		      out->base_oid, err) < 0)
		return -1;
	return whole_oid(forge, mem, place, payload_name(mem, json, "merge_commit.hash"),
			 out->merge_oid, err);
}

struct listing {
	struct pull_list *list;
	struct str repository;
	size_t max;
};

static int take_pull(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct listing *listing = ctx;
	struct pull pull;

	(void)err;
	read_listed(&pull, mem, item, listing->repository);
	ARENA_PUSH(mem, listing->list, pull);
	return listing->list->n >= listing->max;
}

static int pulls(struct forge *forge, struct arena *mem, const struct forge_place *place,
		 enum pull_filter state, size_t max, struct pull_list *out, struct err *err)
{
	static const char *const rest[] = {
		[PULLS_OPEN] = "pullrequests?state=OPEN&pagelen=50",
		[PULLS_MERGED] = "pullrequests?state=MERGED&pagelen=50",
		[PULLS_ALL] = "pullrequests?state=OPEN&state=MERGED&state=DECLINED&pagelen=50",
	};
	struct listing listing = { out, place->repository, max };

	if (!max)
		return 0;
	return forge_list(forge, mem, place, place_path(mem, place, rest[state]), "values", 50,
			  take_pull, &listing, err);
}

struct reading {
	struct thread_list *list;
	struct str self, summary;
};

/* Answers come behind what they answer. */
static int take_comment(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct reading *reading = ctx;
	struct actor author = bitbucket_actor(mem, item, "user");
	struct str parent = payload_id(mem, item, "parent.id"),
		   text = payload_view(item, "content.raw");
	bool ours = str_eq(author.id, reading->self) && author.id.len;
	struct thread thread = { 0 };

	(void)err;
	if (payload_bool(item, "deleted"))
		return 0;
	for (size_t i = 0; parent.len && i < reading->list->n; i++)
		if (str_eq(reading->list->items[i].id, parent) && !ours)
			reading->list->items[i].replied = true;
	if (!ours || parent.len)
		return 0;
	if (!reading->summary.len && text_is_summary(text))
		reading->summary = payload_id(mem, item, "id");
	if (!payload_at(item, "inline") ||
	    !text_finding(text, mem, thread.fingerprint, &thread.rule))
		return 0;
	thread.id = thread.comment = payload_id(mem, item, "id");
	thread.path = payload_name(mem, item, "inline.path");
	thread.line = (uint32_t)payload_number(item, "inline.to");
	if (!thread.line) {
		thread.line = (uint32_t)payload_number(item, "inline.from");
		thread.side = thread.line ? SIDE_OLD : SIDE_NEW;
	}
	thread.start_line = thread.line;
	thread.resolved = payload_at(item, "resolution") != NULL;
	thread.by_person = thread.resolved &&
			   !str_eq(bitbucket_actor(mem, item, "resolution.user").id, reading->self);
	ARENA_PUSH(mem, reading->list, thread);
	return reading->list->n >= FORGE_MAX_THREADS;
}

static int read_comments(struct forge *forge, struct arena *mem, const struct forge_place *place,
			 struct reading *reading, struct err *err)
{
	const struct actor *self;
	struct str path = path_printf(mem, "%.*s%llu/comments?pagelen=%d",
				      STR_ARG(place_path(mem, place, "pullrequests/")),
				      (unsigned long long)place->number, PAGE);

	if (forge_self(forge, mem, &self, err) < 0)
		return -1;
	reading->self = self->id;
	return forge_list(forge, mem, place, path, "values", PAGE, take_comment, reading, err);
}

static int threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err)
{
	struct reading reading = { .list = out };

	return read_comments(forge, mem, place, &reading, err);
}

static int summary(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct str *id, struct err *err)
{
	struct thread_list list = { 0 };
	struct reading reading = { .list = &list };

	if (read_comments(forge, mem, place, &reading, err) < 0)
		return -1;
	*id = reading.summary;
	return 0;
}

static int permission(struct forge *forge, struct arena *mem, const struct forge_place *place,
		      struct str login, enum permission *out, struct err *err)
{
	struct str workspace = str_sub(place->repository, 0, str_find_byte(place->repository, '/'));
	struct str slug = str_from(place->repository, workspace.len + 1);
	struct str query =
		url_escaped(mem, arena_printf(mem, "user.account_id=\"%.*s\"", STR_ARG(login)));
	AUTO_JSON json_t *json = NULL;
	struct str word;

	/* the login stands in a quoted string of a query language */
	if (str_find_byte(login, '"') != SIZE_MAX || str_find_byte(login, '\\') != SIZE_MAX)
		return err_input(err, "no account of Bitbucket");
	if (forge_get(forge, place,
		      path_printf(mem, "workspaces/%.*s/permissions/repositories/%.*s?q=%.*s",
				  STR_ARG(url_escaped(mem, workspace)),
				  STR_ARG(url_escaped(mem, slug)), STR_ARG(query)),
		      true, &json, err) < 0)
		return -1;
	word = payload_view(json_array_get(payload_at(json, "values"), 0), "permission");
	*out = str_eq(word, STR("admin"))   ? PERMISSION_ADMIN
	       : str_eq(word, STR("write")) ? PERMISSION_WRITE
	       : str_eq(word, STR("read"))  ? PERMISSION_READ
					    : PERMISSION_NONE;
	return 0;
}

static int find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err)
{
	return forge_find_in_list(forge, mem, effect, "values", PAGE, "content.raw", found, out,
				  err);
}

static int git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	       const struct pull *pull, struct str token, struct err *err)
{
	struct str web = config->web.len ? config->web : STR("https://bitbucket.org");

	if (pull->fork)
		return err_set(
			err, ERR_PERM,
			"Bitbucket Cloud has no ref for a pull request from a fork: it cannot be fetched");
	return git_of(out, mem, pull,
		      path_printf(mem, "%.*s/%.*s.git", STR_ARG(web),
				  STR_ARG(repository_path(mem, pull->repository))),
		      STR("x-token-auth"), token,
		      arena_printf(mem, "refs/heads/%.*s", STR_ARG(pull->head_ref)), err);
}

const struct forge_type forge_bitbucket = {
	.name = "bitbucket",
	.label = "Bitbucket",
	.public_api = "https://api.bitbucket.org/2.0",
	.abilities = FORGE_RESOLVE | FORGE_CHECKS | FORGE_REPLIES | FORGE_SIGNED | FORGE_GIT,
	.limits = { .buckets = { [BUCKET_REQUESTS] = { 1000, 3600 * 1000 } }, .concurrent = 10 },
	.verify = bitbucket_verify,
	.parse = bitbucket_parse,
	.lower = lower,
	.lower_comment = lower_comment,
	.lower_reply = lower_reply,
	.split = split,
	.git = git,
	.authorize = authorize,
	.whoami = whoami,
	.pull = pull_get,
	.pulls = pulls,
	.threads = threads,
	.summary = summary,
	.permission = permission,
	.find = find,
};
