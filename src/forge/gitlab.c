/* gitlab.c - GitLab, in the cloud and self-managed: discussions on a position, notes, statuses. */
#include <stdio.h>

#include "gitlab.h"
#include "http/url.h"
#include "late_crypto.h"

enum {
	MAX_BODY = 65536,
	MAX_DESCRIPTION = 255,
	MAX_ABOVE = 100, /* lines above the commented one that a suggestion replaces: more are read as 100 */
};

static int check(const struct forge_config *config, struct err *err)
{
	if (!str_ends(config->api, STR("/api/v4")))
		return err_input(err, "the api of GitLab ends with /api/v4");
	return 0;
}

static int verify(const struct forge_config *config, const struct forge_delivery *delivery,
		  struct err *err)
{
	const struct secrets secrets = { config->secrets, config->n_secrets };
	struct str signature = http_header_get(delivery->headers, STR("Webhook-Signature"));
	struct str token = http_header_get(delivery->headers, STR("X-Gitlab-Token"));

	/* a signed delivery is not judged by the weaker form too */
	if (signature.len) {
		if (signature_standard(&secrets, signature,
				       http_header_get(delivery->headers, STR("Webhook-Id")),
				       http_header_get(delivery->headers, STR("Webhook-Timestamp")),
				       delivery->body, delivery->now))
			return 0;
		return err_set(err, ERR_PERM,
			       "webhook-signature does not fit body, id, time and our secrets");
	}
	if (!token.len)
		return err_set(err, ERR_PERM, "neither webhook-signature nor X-Gitlab-Token");
	if (!signature_token(&secrets, token))
		return err_set(err, ERR_PERM, "X-Gitlab-Token is none of our secrets");
	return 0;
}

/* ---- lowering ---- */

struct str gitlab_project(struct arena *mem, struct str repository)
{
	return arena_printf(mem, "projects/%.*s", STR_ARG(url_escaped(mem, repository)));
}

static struct str merge_request(struct lowering *lowering, const char *rest)
{
	return path_printf(
		lowering->mem, "%.*s/merge_requests/%llu/%s",
		STR_ARG(gitlab_project(lowering->mem, lowering->target->pull->repository)),
		(unsigned long long)lowering->target->pull->number, rest);
}

/* "SHA1(path)_old_new", as GitLab names a line of a diff. */
static struct str line_code(struct arena *mem, struct str path, uint32_t old_line,
			    uint32_t new_line)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char hex[41] = "";
	unsigned n = 0;

	if (late_crypto(NULL) == 0 && EVP_Digest(path.p, path.len, hash, &n, EVP_sha1(), NULL))
		for (size_t i = 0; i < 20; i++)
			snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return arena_printf(mem, "%s_%u_%u", hex, old_line, new_line);
}

/* Lines that GitLab would not find make it refuse the comment: both ends must be known on both sides' counters. */
static json_t *line_range(struct lowering *lowering, const struct post_comment *comment)
{
	uint32_t old_end = comment->old_line ? comment->old_line : comment->old_next;
	uint32_t old_start =
		comment->old_start_line ? comment->old_start_line : comment->old_start_next;
	bool is_new = !comment->old_path.len;

	/* a new file has no old lines, not even a first one */
	if (is_new && comment->new_line && comment->new_start_line)
		old_start = old_end = 0;
	else if (comment->side != SIDE_NEW || !old_end || !old_start || !comment->new_line ||
		 !comment->new_start_line)
		return NULL;
	return json_pack(
		"{s:{s:o, s:s}, s:{s:o, s:s}}", "start", "line_code",
		payload_text(line_code(lowering->mem, comment->path, old_start,
				       comment->new_start_line)),
		"type", comment->old_start_line ? "old" : "new", "end", "line_code",
		payload_text(line_code(lowering->mem, comment->path, old_end, comment->new_line)),
		"type", comment->old_line ? "old" : "new");
}

static json_t *make_position(struct lowering *lowering, const struct post_comment *comment)
{
	const struct pull *pull = lowering->target->pull;
	struct str old_path = comment->old_path.len ? comment->old_path : comment->path;
	json_t *position = json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:o}", "position_type", "text", "base_sha",
		pull->start_oid[0] ? pull->start_oid : lowering->plan->base_oid, "start_sha",
		pull->base_oid, "head_sha", lowering->plan->head_oid, "old_path",
		payload_text(old_path), "new_path", payload_text(comment->path));
	json_t *range;

	/* added: new alone; removed: old alone; unchanged: both */
	if (comment->new_line)
		json_object_set_new(position, "new_line", json_integer(comment->new_line));
	if (comment->old_line)
		json_object_set_new(position, "old_line", json_integer(comment->old_line));
	if (comment->start_line >= comment->line)
		return position;
	range = line_range(lowering, comment);
	if (range)
		json_object_set_new(position, "line_range", range);
	else
		lower_lose(lowering, LOSS_RANGE, 1);
	return position;
}

static void add_note(struct lowering *lowering, struct str text, struct str key)
{
	struct effect *effect =
		lower_add(lowering, EFFECT_COMMENT, key, "POST", merge_request(lowering, "notes"),
			  json_pack("{s:o}", "body", payload_text(text)));

	effect->find = merge_request(lowering, "notes?sort=desc&per_page=100");
}

/* Discussions, not draft notes: drafts on added lines are not shown once the target branch moved. */
static void add_discussion(struct lowering *lowering, const struct post_comment *comment)
{
	struct str key = lower_key_comment(lowering, comment);
	char info[40];
	struct effect *effect;
	uint32_t above = comment->start_line < comment->line ? comment->line - comment->start_line : 0;

	snprintf(info, sizeof info, "suggestion:-%u+0", above);
	effect = lower_add(
		lowering, EFFECT_REVIEW, key, "POST", merge_request(lowering, "discussions"),
		json_pack(
			"{s:o, s:o}", "position", make_position(lowering, comment), "body",
			payload_text(comment->side == SIDE_NEW && above <= MAX_ABOVE
					     ? lower_body(lowering, comment, info, key, MAX_BODY)
					     : lower_body_diff(lowering, comment, key, MAX_BODY))));
	effect->parts = 1;
	effect->find = merge_request(lowering, "notes?sort=desc&per_page=100");
}

static int split(struct effect *out, struct arena *mem, const struct effect *effect, struct str key,
		 const json_t *body, size_t from, size_t n, bool plain)
{
	struct str text = arena_printf(mem, "<!-- outrider:v1 key=%.*s -->", STR_ARG(key));

	(void)from;
	(void)n;
	(void)plain;
	text = arena_printf(mem, "`%s:%llu`\n\n%s\n%.*s",
			    json_string_value(payload_at(body, "position.new_path")),
			    (unsigned long long)payload_number(body, "position.new_line"),
			    json_string_value(payload_at(body, "body")), STR_ARG(text));
	*out = *effect;
	out->kind = EFFECT_COMMENT;
	out->key = key;
	out->parts = 0;
	out->path = arena_printf(mem, "%.*snotes", (int)str_find(effect->path, STR("discussions")),
				 effect->path.p);
	out->body = payload_dump(mem, json_pack("{s:o}", "body", payload_text(text)));
	return 0;
}

static void add_status(struct lowering *lowering, const char *head, enum status_word word)
{
	static const char *const states[] = { [STATUS_OK] = "success",
					      [STATUS_BAD] = "failed",
					      [STATUS_UNKNOWN] = "canceled",
					      [STATUS_RUNNING] = "running" };
	json_t *body = json_pack("{s:s, s:o, s:o}", "state", states[word], "name",
				 payload_text(lower_check_name(lowering)), "description",
				 payload_text(lower_description(lowering, MAX_DESCRIPTION)));

	if (lowering->target->details.len)
		json_object_set_new(body, "target_url", payload_text(lowering->target->details));
	if (lowering->plan)
		lower_lose(lowering, LOSS_CHECK, 1);
	lower_add(lowering, EFFECT_CHECK, lower_key_again(lowering, lowering->plan ? "status" : "started", STR("")), "POST",
		  path_printf(lowering->mem, "%.*s/statuses/%s",
			      STR_ARG(gitlab_project(lowering->mem,
						     lowering->target->pull->repository)),
			      head),
		  body);
}

static void add_threads(struct lowering *lowering, const struct thread *threads, size_t n,
			bool resolved)
{
	for (size_t i = 0; i < n; i++)
		lower_add(lowering, EFFECT_RESOLVE, lower_key_again(lowering, resolved ? "resolve" : "reopen", threads[i].id),
			  "PUT",
			  path_printf(lowering->mem, "%.*s%.*s", STR_ARG(merge_request(lowering, "discussions/")),
				      STR_ARG(url_escaped(lowering->mem, threads[i].id))),
			  json_pack("{s:b}", "resolved", resolved));
}

static void lower(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;

	for (size_t i = 0; i < plan->n_comments; i++) {
		if (str_is_utf8(plan->comments[i].path) && plan->comments[i].line)
			add_discussion(lowering, &plan->comments[i]);
		else
			lower_leftover(lowering, &plan->comments[i]);
	}
	add_threads(lowering, plan->resolve, plan->n_resolve, true);
	add_threads(lowering, plan->reopen, plan->n_reopen, false);
	lower_post_summary(lowering, MAX_BODY, "PUT", merge_request(lowering, "notes/"), add_note);
	add_status(lowering, plan->head_oid, lower_status(plan));
}

static void lower_started(struct lowering *lowering)
{
	add_status(lowering, lowering->target->pull->head_oid, STATUS_RUNNING);
}

static void lower_comment(struct lowering *lowering, struct str body, struct str key)
{
	add_note(lowering, lower_marked(lowering, body, key, MAX_BODY), key);
}

static int lower_reply(struct lowering *lowering, struct str thread, struct str comment,
		       struct str body, struct str key, struct err *err)
{
	struct effect *effect;

	(void)comment;
	(void)err;
	if (!thread.len) {
		lower_comment(lowering, body, key);
		return 0;
	}
	effect = lower_add(lowering, EFFECT_REPLY, key, "POST",
			   path_printf(lowering->mem, "%.*s%.*s/notes",
				       STR_ARG(merge_request(lowering, "discussions/")),
				       STR_ARG(url_escaped(lowering->mem, thread))),
			   json_pack("{s:o}", "body",
				     payload_text(lower_marked(lowering, body, key, MAX_BODY))));
	effect->find = merge_request(lowering, "notes?sort=desc&per_page=100");
	return 0;
}

static int lower_reaction(struct lowering *lowering, struct str comment, enum reaction reaction,
			  struct err *err)
{
	static const char *const names[REACTIONS] = { [REACTION_SEEN] = "eyes",
						      [REACTION_DONE] = "thumbsup",
						      [REACTION_REFUSED] = "confused" };
	uint64_t number;

	if (!str_to_u64(comment, &number))
		return err_input(err, "no note of GitLab: its id has another form");
	/* the same one twice is refused, which changes nothing */
	lower_add(lowering, EFFECT_REACTION, lower_key(lowering, names[reaction]), "POST",
		  path_printf(lowering->mem, "%.*s%llu/award_emoji",
			      STR_ARG(merge_request(lowering, "notes/")),
			      (unsigned long long)number),
		  json_pack("{s:s}", "name", names[reaction]));
	return 0;
}

static int authorize(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct http_request *request, struct err *err)
{
	(void)place;
	return forge_add_token(mem, request, "Bearer", forge->config.token, err);
}

static int git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	       const struct pull *pull, struct str token, struct err *err)
{
	struct str web =
		config->web.len ? config->web : str_sub(config->api, 0, config->api.len - 7);

	return git_of(out, mem, pull,
		      path_printf(mem, "%.*s/%.*s.git", STR_ARG(web),
				  STR_ARG(repository_path(mem, pull->repository))),
		      STR("oauth2"), token,
		      arena_printf(mem, "refs/merge-requests/%llu/head",
				   (unsigned long long)pull->number),
		      err);
}

const struct forge_type forge_gitlab = {
	.name = "gitlab",
	.label = "GitLab",
	.public_api = "https://gitlab.com/api/v4",
	.abilities = FORGE_RANGES | FORGE_SUGGESTIONS | FORGE_RESOLVE | FORGE_REACTIONS |
		     FORGE_REPLIES | FORGE_SIGNED | FORGE_GIT | FORGE_PULL_REFS,
	/* set by each administrator; those of gitlab.com, the rest is told by Retry-After */
	.limits = { .buckets = { [BUCKET_REQUESTS] = { 2000, 60 * 1000 },
				 [BUCKET_CONTENT] = { 60, 60 * 1000 } },
		    .concurrent = 20 },
	.check = check,
	.verify = verify,
	.parse = gitlab_parse,
	.lower = lower,
	.lower_started = lower_started,
	.lower_comment = lower_comment,
	.lower_reply = lower_reply,
	.lower_reaction = lower_reaction,
	.split = split,
	.git = git,
	.authorize = authorize,
	.whoami = gitlab_whoami,
	.pull = gitlab_pull,
	.pulls = gitlab_pulls,
	.threads = gitlab_threads,
	.summary = gitlab_summary,
	.permission = gitlab_permission,
	.find = gitlab_find,
};
