/* gitea.c - Gitea and Forgejo, which share one API: a line per comment, no ranges, no suggestions to click. */
#include "github.h"
#include "http/url.h"

enum { MAX_COMMENTS = 30, MAX_BODY = 65536, PAGE = 50 };

static int check(const struct forge_config *config, struct err *err)
{
	if (!config->api.len)
		return err_input(err, "the api is missing: https://HOST/api/v1");
	if (!str_ends(config->api, STR("/api/v1")))
		return err_input(err, "the api of %s ends with /api/v1", config->type->label);
	return 0;
}

static int verify(const struct forge_config *config, const struct forge_delivery *delivery,
		  struct err *err)
{
	static const char *const names[] = { "X-Forgejo-Signature", "X-Gitea-Signature",
					     "X-Gogs-Signature" };
	const struct secrets secrets = { config->secrets, config->n_secrets };
	struct str signature = { 0 };

	for (size_t i = 0; i < COUNT(names) && !signature.len; i++)
		signature = http_header_get(delivery->headers, str_of(names[i]));
	if (!signature.len)
		return err_set(err, ERR_PERM,
			       "no X-Gitea-Signature: is a secret set on the webhook?");
	if (!signature_hex(&secrets, signature, delivery->body))
		return err_set(err, ERR_PERM,
			       "the signature does not fit the body and our secrets");
	return 0;
}

/* GitHub's names come along as copies; Gitea's own tell more. */
static int parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		 const json_t *body, struct err *err)
{
	static const char *const names[][2] = { { "X-Forgejo-Event", "X-Forgejo-Delivery" },
						{ "X-Gitea-Event", "X-Gitea-Delivery" },
						{ "X-Gogs-Event", "X-Gogs-Delivery" } };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct str name = delivery_header(mem, delivery, names[i][0]);

		if (!name.len)
			continue;
		out->delivery = delivery_header(mem, delivery, names[i][1]);
		github_parse_named(out, mem, name, body);
		return 0;
	}
	return err_input(err, "no X-Gitea-Event");
}

/* ---- lowering ---- */

static struct str pulls(struct lowering *lowering, const char *rest)
{
	return path_printf(
		lowering->mem, "repos/%.*s/pulls/%llu/%s",
		STR_ARG(repository_path(lowering->mem, lowering->target->pull->repository)),
		(unsigned long long)lowering->target->pull->number, rest);
}

static struct str issues(struct lowering *lowering, const char *rest)
{
	return path_printf(
		lowering->mem, "repos/%.*s/issues/%s",
		STR_ARG(repository_path(lowering->mem, lowering->target->pull->repository)), rest);
}

static struct str issue_comments(struct lowering *lowering, const char *query)
{
	return path_printf(lowering->mem, "%.*s%llu/comments%s", STR_ARG(issues(lowering, "")),
			   (unsigned long long)lowering->target->pull->number, query);
}

/* "Positions" are line numbers, and exactly one may be there: with both, the comment lands on the old side. */
static json_t *make_comment(struct lowering *lowering, const struct post_comment *comment)
{
	bool old = comment->side == SIDE_OLD;

	if (comment->start_line && comment->start_line < comment->line)
		lower_lose(lowering, LOSS_RANGE, 1);
	return json_pack(
		"{s:o, s:o, s:I, s:I}", "path", payload_text(comment->path), "body",
		payload_text(lower_body_diff(lowering, comment, (struct str){ 0 }, MAX_BODY)),
		"new_position", (json_int_t)(old ? 0 : comment->line), "old_position",
		(json_int_t)(old ? comment->line : 0));
}

static void add_review(struct lowering *lowering, json_t *comments)
{
	struct str key = lower_key_json(lowering, "review", comments);
	size_t parts = json_array_size(comments); /* the body takes them over */
	struct effect *effect = lower_add(
		lowering, EFFECT_REVIEW, key, "POST", pulls(lowering, "reviews"),
		json_pack("{s:s, s:s, s:o, s:o}", "commit_id", lowering->plan->head_oid, "event",
			  "COMMENT", "body",
			  payload_text(lower_marked(lowering, (struct str){ 0 }, key, MAX_BODY)),
			  "comments", comments));

	effect->parts = parts;
	effect->find = pulls(lowering, "reviews?limit=50");
}

static void add_comment(struct lowering *lowering, struct str text, struct str key)
{
	struct effect *effect =
		lower_add(lowering, EFFECT_COMMENT, key, "POST", issue_comments(lowering, ""),
			  json_pack("{s:o}", "body", payload_text(text)));

	effect->find = issue_comments(lowering, "?limit=50");
}

static void add_threads(struct lowering *lowering, const struct thread *threads, size_t n,
			const char *verb)
{
	if (!(lowering->target->abilities & FORGE_RESOLVE)) {
		lower_lose(lowering, LOSS_RESOLVE, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		lower_add(lowering, EFFECT_RESOLVE, lower_key_again(lowering, verb, threads[i].id), "POST",
			  path_printf(lowering->mem, "repos/%.*s/pulls/comments/%.*s/%s",
				      STR_ARG(repository_path(lowering->mem,
							      lowering->target->pull->repository)),
				      STR_ARG(url_escaped(lowering->mem, threads[i].id)), verb),
			  NULL);
}

static void lower(struct lowering *lowering)
{
	const struct post_plan *plan = lowering->plan;

	lower_reviews(lowering, MAX_COMMENTS, make_comment, add_review);
	add_threads(lowering, plan->resolve, plan->n_resolve, "resolve");
	add_threads(lowering, plan->reopen, plan->n_reopen, "unresolve");
	lower_post_summary(lowering, MAX_BODY, "PATCH", issues(lowering, "comments/"), add_comment);
	github_add_status(lowering, lower_status(plan));
}

static void lower_started(struct lowering *lowering)
{
	github_add_status(lowering, STATUS_RUNNING);
}

static void lower_comment(struct lowering *lowering, struct str body, struct str key)
{
	add_comment(lowering, lower_marked(lowering, body, key, MAX_BODY), key);
}

static int lower_reaction(struct lowering *lowering, struct str comment, enum reaction reaction,
			  struct err *err)
{
	static const char *const contents[REACTIONS] = {
		[REACTION_SEEN] = "eyes", [REACTION_DONE] = "+1", [REACTION_REFUSED] = "confused"
	};
	struct str prefix = STR("issues/comments/");
	uint64_t number;

	if (!str_starts(comment, prefix) || !str_to_u64(str_from(comment, prefix.len), &number))
		return err_input(err, "no comment that takes reactions");
	lower_add(lowering, EFFECT_REACTION, lower_key(lowering, contents[reaction]), "POST",
		  path_printf(lowering->mem, "%.*scomments/%llu/reactions",
			      STR_ARG(issues(lowering, "")), (unsigned long long)number),
		  json_pack("{s:s}", "content", contents[reaction]));
	return 0;
}

/* ---- reading ---- */

static int authorize(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct http_request *request, struct err *err)
{
	(void)place;
	return forge_add_token(mem, request, "token", forge->config.token, err);
}

/* The server's own description of its API tells whether threads can be resolved: that came in 2026, and later in Forgejo. */
static int probe(struct forge *forge, struct arena *mem, unsigned *abilities, struct err *err)
{
	struct http_request request = { .method = STR("GET") };
	struct http_response response;

	request.url = arena_printf(mem, "%.*s/swagger.v1.json", (int)(forge->config.api.len - 7),
				   forge->config.api.p);
	if (http_send(forge->client, mem, &request, &response, err) < 0)
		return err_wrap(err, "%s", forge->config.type->label);
	if (response.status != 200 || !str_has(response.body, STR("/pulls/comments/{id}/resolve")))
		*abilities &= ~(unsigned)FORGE_RESOLVE;
	return 0;
}

static int whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	return forge_whoami_at(forge, mem, STR("user"), "login", "id", out, err);
}

struct seen {
	struct thread *thread; /* NULL: somebody else's */
	struct str path, author;
	int64_t line; /* negative: old side */
};

struct reading {
	struct thread_list *list;
	struct str self, prefix;
	struct forge *forge;
	const struct forge_place *place;
	struct {
		struct seen *items;
		size_t n, cap;
	} seen;
};

static int take_comment(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct reading *reading = ctx;
	struct thread thread = { 0 };
	struct seen seen = { .path = payload_name(mem, item, "path"),
			     .author = payload_name(mem, item, "user.login") };
	uint64_t new_line = payload_number(item, "position"),
		 old_line = payload_number(item, "original_position");
	struct str resolver = payload_name(mem, item, "resolver.login");

	(void)err;
	seen.line = new_line ? (int64_t)new_line : -(int64_t)old_line;
	if (forge_same_login(seen.author, reading->self) &&
	    text_finding(payload_view(item, "body"), mem, thread.fingerprint, &thread.rule)) {
		thread.id = thread.comment = payload_id(mem, item, "id");
		thread.path = seen.path;
		thread.side = new_line ? SIDE_NEW : SIDE_OLD;
		thread.line = thread.start_line = (uint32_t)(new_line ? new_line : old_line);
		thread.resolved = resolver.len > 0;
		thread.by_person = resolver.len && !forge_same_login(resolver, reading->self);
		ARENA_PUSH(mem, reading->list, thread);
	} else if (!forge_same_login(seen.author, reading->self)) {
		ARENA_PUSH(mem, &reading->seen, seen);
	}
	return reading->list->n >= FORGE_MAX_THREADS;
}

static int take_review(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct reading *reading = ctx;
	struct str path = path_printf(mem, "%.*s/%.*s/comments", STR_ARG(reading->prefix),
				      STR_ARG(url_escaped(mem, payload_id(mem, item, "id"))));

	if (!payload_number(item, "comments_count"))
		return 0;
	/* all of a review's comments come at once */
	return forge_list(reading->forge, mem, reading->place, path, NULL, SIZE_MAX, take_comment,
			  reading, err);
}

/* A conversation is a line: who else wrote there answered us. */
static void mark_replies(struct reading *reading)
{
	for (size_t i = 0; i < reading->list->n; i++) {
		struct thread *thread = &reading->list->items[i];
		int64_t line = thread->side == SIDE_NEW ? thread->line : -(int64_t)thread->line;

		for (size_t k = 0; k < reading->seen.n; k++)
			if (reading->seen.items[k].line == line &&
			    str_eq(reading->seen.items[k].path, thread->path))
				thread->replied = true;
	}
}

static int threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err)
{
	struct reading reading = { .list = out, .forge = forge, .place = place };
	const struct actor *self;

	if (forge_self(forge, mem, &self, err) < 0)
		return -1;
	reading.self = self->login;
	reading.prefix = path_printf(mem, "repos/%.*s/pulls/%llu/reviews",
				     STR_ARG(repository_path(mem, place->repository)),
				     (unsigned long long)place->number);
	if (forge_list(forge, mem, place,
		       arena_printf(mem, "%.*s?limit=%d", STR_ARG(reading.prefix), PAGE), NULL,
		       PAGE, take_review, &reading, err) < 0)
		return -1;
	mark_replies(&reading);
	return 0;
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
		      arena_printf(mem, "refs/pull/%llu/head", (unsigned long long)pull->number),
		      err);
}

static int find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err)
{
	return forge_find_in_list(forge, mem, effect, NULL, PAGE, "body", found, out, err);
}

/* Two names for one API; Forgejo's differs in headers of deliveries alone. */
#define FAMILY(type_name, type_label)                                                             \
	{                                                                                         \
		.name = type_name, .label = type_label,                                           \
		.abilities = FORGE_RESOLVE | FORGE_REACTIONS | FORGE_SIGNED | FORGE_GIT |         \
			     FORGE_PULL_REFS,                                                     \
		.limits = { .concurrent = 10 }, .check = check, .verify = verify, .parse = parse, \
		.lower = lower, .lower_started = lower_started, .lower_comment = lower_comment,   \
		.lower_reaction = lower_reaction, .split = github_split, .git = git,              \
		.authorize = authorize, .probe = probe, .whoami = whoami, .pull = github_pull,    \
		.pulls = github_pulls, .threads = threads, .summary = github_summary,             \
		.permission = github_permission, .find = find,                                    \
	}

const struct forge_type forge_gitea = FAMILY("gitea", "Gitea");
const struct forge_type forge_forgejo = FAMILY("forgejo", "Forgejo");
