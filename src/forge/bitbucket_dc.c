/* bitbucket_dc.c - Bitbucket Data Center: another API than the cloud's. Comments have a version that each change must name. */
#include <stdio.h>

#include "bitbucket.h"
#include "http/url.h"

enum { MAX_BODY = 32000, MAX_MESSAGE = 2000, MAX_DETAILS = 2000, PAGE = 100, MAX_PAGES = 60 };

static int check(const struct forge_config *config, struct err *err)
{
	if (!config->api.len)
		return err_input(err,
				 "the api is missing: https://HOST of Bitbucket, without /rest");
	return 0;
}

/* ---- lowering ---- */

struct str bitbucket_dc_base(struct arena *mem, struct str repository, const char *api)
{
	size_t slash = str_find_byte(repository, '/');

	return path_printf(mem, "rest/%s/1.0/projects/%.*s/repos/%.*s", api,
			   STR_ARG(url_escaped(mem, str_sub(repository, 0, slash))),
			   STR_ARG(url_escaped(mem, str_from(repository, slash + 1))));
}

static struct str pull_path(struct lowering *lowering, const char *rest)
{
	return path_printf(lowering->mem, "%.*s/pull-requests/%llu/%s",
			   STR_ARG(bitbucket_dc_base(lowering->mem,
						     lowering->target->pull->repository, "api")),
			   (unsigned long long)lowering->target->pull->number, rest);
}

static struct effect *add_comment(struct lowering *lowering, enum effect_kind kind, struct str key,
				  struct str text, const char *member, json_t *value)
{
	json_t *body = json_pack("{s:o}", "text", payload_text(text));
	struct effect *effect;

	if (member)
		json_object_set_new(body, member, value);
	effect = lower_add(lowering, kind, key, "POST", pull_path(lowering, "comments"), body);
	effect->find = pull_path(lowering, "activities?limit=100");
	return effect;
}

/* The type of the line must match the diff. */
static json_t *make_anchor(const struct post_comment *comment)
{
	bool old = comment->side == SIDE_OLD;
	const char *type = old                 ? (comment->new_line ? "CONTEXT" : "REMOVED")
			   : comment->old_line ? "CONTEXT"
					       : "ADDED";
	struct str old_path = comment->old_path.len ? comment->old_path : comment->path;
	json_t *anchor = json_pack("{s:o, s:I, s:s, s:s, s:s}", "path", payload_text(comment->path),
				   "line", (json_int_t)comment->line, "lineType", type, "fileType",
				   old ? "FROM" : "TO", "diffType", "EFFECTIVE");

	if (!str_eq(old_path, comment->path))
		json_object_set_new(anchor, "srcPath", payload_text(old_path));
	return anchor;
}

static void add_inline(struct lowering *lowering, const struct post_comment *comment)
{
	struct str key = lower_key_comment(lowering, comment);

	if (comment->start_line && comment->start_line < comment->line)
		lower_lose(lowering, LOSS_RANGE, 1);
	add_comment(lowering, EFFECT_REVIEW, key, lower_body_diff(lowering, comment, key, MAX_BODY),
		    "anchor", make_anchor(comment))
		->parts = 1;
}

static int split(struct effect *out, struct arena *mem, const struct effect *effect, struct str key,
		 const json_t *body, size_t from, size_t n, bool plain)
{
	struct str text = arena_printf(mem, "`%s:%llu`\n\n%s\n<!-- outrider:v1 key=%.*s -->",
				       json_string_value(payload_at(body, "anchor.path")),
				       (unsigned long long)payload_number(body, "anchor.line"),
				       json_string_value(payload_at(body, "text")), STR_ARG(key));

	(void)from;
	(void)n;
	(void)plain;
	*out = *effect;
	out->kind = EFFECT_COMMENT;
	out->key = key;
	out->parts = 0;
	out->body = payload_dump(mem, json_pack("{s:o}", "text", payload_text(text)));
	return 0;
}

/* Ids are "12:3": comment and version, which a change must name. False for another form. */
static bool split_id(struct str id, uint64_t *comment, uint64_t *version)
{
	size_t colon = str_find_byte(id, ':');

	return colon != SIZE_MAX && str_to_u64(str_sub(id, 0, colon), comment) &&
	       str_to_u64(str_from(id, colon + 1), version);
}

static void add_change(struct lowering *lowering, enum effect_kind kind, struct str key,
		       struct str id, json_t *body)
{
	uint64_t comment, version;
	char rest[40];

	if (!split_id(id, &comment, &version)) {
		json_decref(body);
		return;
	}
	json_object_set_new(body, "version", json_integer((json_int_t)version));
	snprintf(rest, sizeof rest, "comments/%llu", (unsigned long long)comment);
	lower_add(lowering, kind, key, "PUT", pull_path(lowering, rest), body);
}

static json_t *make_annotation(struct lowering *lowering, const struct annotation *one,
			       size_t index)
{
	static const char *const words[] = { [SEVERITY_OFF] = "LOW",
					     [SEVERITY_HINT] = "LOW",
					     [SEVERITY_INFO] = "LOW",
					     [SEVERITY_WARNING] = "MEDIUM",
					     [SEVERITY_ERROR] = "HIGH" };

	return json_pack("{s:o, s:o, s:I, s:o, s:s, s:s}", "externalId",
			 payload_text(arena_printf(lowering->mem, "outrider-%zu", index)), "path",
			 payload_text(one->path), "line", (json_int_t)one->line, "message",
			 payload_text(lower_cut(lowering, one->message, MAX_MESSAGE)), "severity",
			 words[one->severity], "type", "BUG");
}

static void lower(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;
	struct str key = lower_key_summary(lowering), text, summary = plan->check.summary;
	json_t *report;

	for (size_t i = 0; i < plan->n_comments; i++) {
		if (str_is_utf8(plan->comments[i].path) && plan->comments[i].line)
			add_inline(lowering, &plan->comments[i]);
		else
			lower_leftover(lowering, &plan->comments[i]);
	}
	for (size_t i = 0; i < plan->n_resolve + plan->n_reopen; i++) {
		bool resolved = i < plan->n_resolve;
		const struct thread *thread =
			resolved ? &plan->resolve[i] : &plan->reopen[i - plan->n_resolve];

		add_change(lowering, EFFECT_RESOLVE, lower_key_again(lowering, "thread-state", thread->id), thread->id,
			   json_pack("{s:b}", "threadResolved", resolved));
	}
	text = lower_summary(lowering, key, MAX_BODY);
	if (text.len && lowering->target->summary.len)
		add_change(lowering, EFFECT_COMMENT, key, lowering->target->summary,
			   json_pack("{s:o}", "text", payload_text(text)));
	else if (text.len)
		add_comment(lowering, EFFECT_COMMENT, key, text, NULL, NULL);
	report = json_pack(
		"{s:o, s:o, s:s, s:s}", "title", payload_text(lower_check_name(lowering)),
		"details",
		payload_text(lower_cut(lowering, summary.len ? summary : plan->check.title,
				       MAX_DETAILS)),
		"reporter", "Outrider", "result", bitbucket_result(plan, "PASS", "FAIL"));
	bitbucket_add_report(
		lowering,
		path_printf(lowering->mem, "%.*s/commits/%s/reports/outrider",
			    STR_ARG(bitbucket_dc_base(
				    lowering->mem, lowering->target->pull->repository, "insights")),
			    plan->head_oid),
		report, "annotations", make_annotation);
}

static void lower_comment(struct lowering *lowering, struct str body, struct str key)
{
	add_comment(lowering, EFFECT_COMMENT, key, lower_marked(lowering, body, key, MAX_BODY),
		    NULL, NULL);
}

static int lower_reply(struct lowering *lowering, struct str thread, struct str comment,
		       struct str body, struct str key, struct err *err)
{
	uint64_t number, version;

	(void)comment;
	if (!split_id(thread, &number, &version) && !str_to_u64(thread, &number))
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
	return forge_add_token(mem, request, "Bearer", forge->config.token, err);
}

/* The account of a token is told in a header of every answer. */
static int whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	const struct call call = { .method = "GET", .path = STR("rest/api/1.0/projects?limit=1") };
	struct http_response response;
	struct str name;

	if (forge_call(forge, mem, &call, &response, err) < 0)
		return -1;
	if (response.status != 200)
		return forge_refused(forge, mem, &response, err);
	name = http_header_get(&response.headers, STR("X-AUSERNAME"));
	if (!url_unescape(&out->login, mem, name, false))
		out->login = (struct str){ 0 };
	return 0;
}

/* Pages by `start`; the next one is named, the last one says so. */
int bitbucket_dc_list(struct forge *forge, struct arena *mem, const struct forge_place *place,
		      struct str path, take_fn *take, void *ctx, struct err *err)
{
	uint64_t start = 0;

	for (unsigned page = 0; page < MAX_PAGES; page++) {
		AUTO_JSON json_t *json = NULL;
		size_t i;
		json_t *item;
		int end;

		if (forge_get(forge, place,
			      arena_printf(mem, "%.*s&start=%llu", STR_ARG(path),
					   (unsigned long long)start),
			      false, &json, err) < 0)
			return -1;
		json_array_foreach(payload_at(json, "values"), i, item)
		{
			end = take(ctx, mem, item, err);
			if (end)
				return end < 0 ? -1 : 0;
		}
		if (payload_bool(json, "isLastPage") ||
		    payload_number(json, "nextPageStart") <= start)
			return 0;
		start = payload_number(json, "nextPageStart");
	}
	return 0;
}

static struct str place_path(struct arena *mem, const struct forge_place *place, const char *rest)
{
	return path_printf(mem, "%.*s/pull-requests/%llu%s",
			   STR_ARG(bitbucket_dc_base(mem, place->repository, "api")),
			   (unsigned long long)place->number, rest);
}

static int pull_get(struct forge *forge, struct arena *mem, const struct forge_place *place,
		    struct pull *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;

	if (forge_get(forge, place, place_path(mem, place, ""), false, &json, err) < 0)
		return -1;
	bitbucket_dc_read(out, mem, json);
	return 0;
}

struct listing {
	struct pull_list *list;
	size_t max;
};

static int take_pull(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct listing *listing = ctx;
	struct pull pull = { 0 };

	(void)err;
	bitbucket_dc_read(&pull, mem, item);
	ARENA_PUSH(mem, listing->list, pull);
	return listing->list->n >= listing->max;
}

static int pulls(struct forge *forge, struct arena *mem, const struct forge_place *place,
		 enum pull_filter state, size_t max, struct pull_list *out, struct err *err)
{
	static const char *const words[] = {
		[PULLS_OPEN] = "OPEN", [PULLS_MERGED] = "MERGED", [PULLS_ALL] = "ALL"
	};
	struct listing listing = { out, max };

	if (!max)
		return 0;
	return bitbucket_dc_list(
		forge, mem, place,
		path_printf(mem, "%.*s/pull-requests?state=%s&order=NEWEST&limit=%d",
			    STR_ARG(bitbucket_dc_base(mem, place->repository, "api")), words[state],
			    PAGE),
		take_pull, &listing, err);
}

struct reading {
	struct thread_list *list;
	struct str self, summary;
	const struct effect *effect; /* looked for by its key, or NULL */
	struct str found;
};

static struct str versioned(struct arena *mem, const json_t *comment)
{
	return arena_printf(mem, "%llu:%llu", (unsigned long long)payload_number(comment, "id"),
			    (unsigned long long)payload_number(comment, "version"));
}

static void take_thread(struct reading *reading, struct arena *mem, const json_t *item,
			const json_t *comment)
{
	struct thread thread = { 0 };
	size_t i;
	json_t *reply;

	if (!text_finding(payload_view(comment, "text"), mem, thread.fingerprint, &thread.rule))
		return;
	thread.id = thread.comment = versioned(mem, comment);
	thread.path = payload_name(mem, item, "commentAnchor.path");
	thread.side = str_eq(payload_view(item, "commentAnchor.fileType"), STR("FROM")) ? SIDE_OLD
											: SIDE_NEW;
	if (!payload_bool(item, "commentAnchor.orphaned"))
		thread.line = thread.start_line =
			(uint32_t)payload_number(item, "commentAnchor.line");
	thread.resolved = payload_bool(comment, "threadResolved");
	thread.by_person = thread.resolved && payload_at(comment, "threadResolver") &&
			   !str_eq(payload_view(comment, "threadResolver.name"), reading->self);
	json_array_foreach(payload_at(comment, "comments"), i, reply) thread.replied =
		thread.replied || !str_eq(payload_view(reply, "author.name"), reading->self);
	ARENA_PUSH(mem, reading->list, thread);
}

static bool answers_with(const json_t *comment, struct str key)
{
	size_t i;
	json_t *reply;

	if (text_has_key(payload_view(comment, "text"), key))
		return true;
	json_array_foreach(payload_at(comment, "comments"), i,
			   reply) if (text_has_key(payload_view(reply, "text"), key)) return true;
	return false;
}

static int take_activity(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct reading *reading = ctx;
	const json_t *comment = payload_at(item, "comment");

	(void)err;
	if (!str_eq(payload_view(item, "action"), STR("COMMENTED")) ||
	    !str_eq(payload_view(item, "commentAction"), STR("ADDED")))
		return 0;
	if (reading->effect && answers_with(comment, reading->effect->key)) {
		reading->found = payload_id(mem, comment, "id");
		return 1;
	}
	if (!str_eq(payload_view(comment, "author.name"), reading->self))
		return 0;
	if (text_is_summary(payload_view(comment, "text")))
		reading->summary = versioned(mem, comment);
	if (payload_at(item, "commentAnchor"))
		take_thread(reading, mem, item, comment);
	return reading->list->n >= FORGE_MAX_THREADS;
}

static int read_activities(struct forge *forge, struct arena *mem, const struct forge_place *place,
			   struct reading *reading, struct err *err)
{
	const struct actor *self;

	if (forge_self(forge, mem, &self, err) < 0)
		return -1;
	reading->self = self->login;
	return bitbucket_dc_list(forge, mem, place, place_path(mem, place, "/activities?limit=100"),
				 take_activity, reading, err);
}

static int threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err)
{
	struct reading reading = { .list = out };

	return read_activities(forge, mem, place, &reading, err);
}

static int summary(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct str *id, struct err *err)
{
	struct thread_list list = { 0 };
	struct reading reading = { .list = &list };

	if (read_activities(forge, mem, place, &reading, err) < 0)
		return -1;
	*id = reading.summary;
	return 0;
}

static int find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err)
{
	const struct forge_place place = { effect->repository, effect->installation,
					   effect->number };
	struct thread_list list = { 0 };
	struct reading reading = { .list = &list, .effect = effect };

	if (read_activities(forge, mem, &place, &reading, err) < 0)
		return -1;
	*found = reading.found.len > 0;
	if (*found)
		*out = (struct forge_answer){ ANSWER_DONE, reading.found, { 0 } };
	return 0;
}

static int git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	       const struct pull *pull, struct str token, struct err *err)
{
	struct str web = config->web.len ? config->web : config->api;

	return git_of(
		out, mem, pull,
		path_printf(mem, "%.*s/scm/%.*s.git", STR_ARG(web),
			    STR_ARG(repository_path(mem, pull->repository))),
		STR("x-token-auth"), token,
		arena_printf(mem, "refs/pull-requests/%llu/from", (unsigned long long)pull->number),
		err);
}

const struct forge_type forge_bitbucket_dc = {
	.name = "bitbucket-dc",
	.label = "Bitbucket Data Center",
	.abilities = FORGE_RESOLVE | FORGE_CHECKS | FORGE_REPLIES | FORGE_SIGNED | FORGE_GIT |
		     FORGE_PULL_REFS,
	.limits = { .concurrent = 10 },
	.check = check,
	.verify = bitbucket_verify,
	.parse = bitbucket_dc_parse,
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
	.permission = bitbucket_dc_permission,
	.find = find,
};
