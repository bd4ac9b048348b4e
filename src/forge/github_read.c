#include <stdio.h>

#include "github.h"
#include "http/url.h"

/* "repos/owner/name/BEFORE<number>AFTER"; a number of 0 is left out. */
static struct str repos(struct arena *mem, const struct forge_place *place, const char *before,
			uint64_t number, const char *after)
{
	char digits[24] = "";

	if (number)
		snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
	return path_printf(mem, "repos/%.*s/%s%s%s",
			   STR_ARG(repository_path(mem, place->repository)), before, digits, after);
}

/* ---- pull requests ---- */

void github_read_pull(struct pull *out, struct arena *mem, const json_t *json)
{
	struct str base = payload_name(mem, json, "base.repo.full_name");

	out->repository = base;
	out->number = payload_number(json, "number");
	out->title = payload_name(mem, json, "title");
	out->url = payload_name(mem, json, "html_url");
	out->author =
		(struct actor){ .login = payload_name(mem, json, "user.login"),
				.id = payload_id(mem, json, "user.id"),
				.bot = str_eq(payload_name(mem, json, "user.type"), STR("Bot")) };
	out->base_ref = payload_name(mem, json, "base.ref");
	out->head_ref = payload_name(mem, json, "head.ref");
	payload_oid(out->base_oid, json, "base.sha");
	payload_oid(out->head_oid, json, "head.sha");
	payload_oid(out->start_oid, json, "merge_base");
	out->head_repository = payload_name(mem, json, "head.repo.full_name");
	out->fork = !str_eq(out->head_repository, base);
	out->draft = payload_bool(json, "draft");
	out->closed = str_eq(payload_name(mem, json, "state"), STR("closed"));
	out->merged = payload_bool(json, "merged") || payload_at(json, "merged_at");
	out->can_push = !out->fork || payload_bool(json, "maintainer_can_modify");
	if (out->merged)
		payload_oid(out->merge_oid, json, "merge_commit_sha");
	out->updated = payload_time(json, "updated_at");
	payload_labels(&out->labels, &out->n_labels, mem, json, "labels", "name");
}

int github_pull(struct forge *forge, struct arena *mem, const struct forge_place *place,
		struct pull *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;

	if (forge_get(forge, place, repos(mem, place, "pulls/", place->number, ""), false, &json,
		      err) < 0)
		return -1;
	github_read_pull(out, mem, json);
	return 0;
}

struct listing {
	struct pull_list *list;
	size_t max;
	bool merged_only;
};

static int take_pull(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct listing *listing = ctx;
	struct pull pull = { 0 };

	(void)err;
	github_read_pull(&pull, mem, item);
	if (!listing->merged_only || pull.merged)
		ARENA_PUSH(mem, listing->list, pull);
	return listing->list->n >= listing->max;
}

int github_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place,
		 enum pull_filter state, size_t max, struct pull_list *out, struct err *err)
{
	static const char *const words[] = {
		[PULLS_OPEN] = "open", [PULLS_MERGED] = "closed", [PULLS_ALL] = "all"
	};
	struct listing listing = { out, max, state == PULLS_MERGED };
	bool github = forge->config.type == &forge_github;
	struct str path = path_printf(
		mem, "%.*s?state=%s&%s", STR_ARG(repos(mem, place, "pulls", 0, "")), words[state],
		github ? "sort=updated&direction=desc&per_page=100" : "sort=recentupdate&limit=50");

	if (!max)
		return 0;
	return forge_list(forge, mem, place, path, NULL, github ? 100 : 50, take_pull, &listing,
			  err);
}

/* ---- threads: REST does not know whether they are resolved ---- */

static const char threads_query[] =
	"query($owner: String!, $name: String!, $number: Int!, $after: String) { viewer { login } "
	"repository(owner: $owner, name: $name) { pullRequest(number: $number) { "
	"reviewThreads(first: 50, after: $after) { pageInfo { hasNextPage endCursor } nodes { "
	"id isResolved isOutdated resolvedBy { login } path line startLine diffSide "
	"comments(first: 50) { nodes { databaseId body viewerDidAuthor author { login __typename } "
	"reactionGroups { content reactors { totalCount } } } } } } } } }";

static void count_reactions(struct thread *thread, const json_t *comment)
{
	size_t i;
	json_t *group;

	json_array_foreach(payload_at(comment, "reactionGroups"), i, group)
	{
		struct str content = payload_view(group, "content");
		uint32_t n = (uint32_t)payload_number(group, "reactors.totalCount");

		if (str_eq(content, STR("THUMBS_UP")))
			thread->up += n;
		if (str_eq(content, STR("THUMBS_DOWN")))
			thread->down += n;
	}
}

static bool is_person(const json_t *comment)
{
	return !payload_bool(comment, "viewerDidAuthor") &&
	       !str_eq(payload_view(comment, "author.__typename"), STR("Bot"));
}

static bool read_thread(struct thread *out, struct arena *mem, const json_t *json, struct str self)
{
	const json_t *comments = payload_at(json, "comments.nodes");
	const json_t *first = json_array_get(comments, 0);
	struct str resolver = payload_name(mem, json, "resolvedBy.login");
	size_t i;
	json_t *comment;

	if (!payload_bool(first, "viewerDidAuthor") ||
	    !text_finding(payload_view(first, "body"), mem, out->fingerprint, &out->rule))
		return false;
	out->id = payload_id(mem, json, "id");
	out->comment = arena_printf(mem, "pulls/comments/%.*s",
				    STR_ARG(payload_id(mem, first, "databaseId")));
	out->path = payload_name(mem, json, "path");
	out->side = str_eq(payload_view(json, "diffSide"), STR("LEFT")) ? SIDE_OLD : SIDE_NEW;
	out->resolved = payload_bool(json, "isResolved");
	out->by_person = out->resolved && resolver.len && !forge_same_login(resolver, self);
	if (!payload_bool(json, "isOutdated")) {
		out->line = (uint32_t)payload_number(json, "line");
		out->start_line = (uint32_t)payload_number(json, "startLine");
		if (!out->start_line)
			out->start_line = out->line;
	}
	count_reactions(out, first);
	json_array_foreach(comments, i, comment) out->replied = out->replied || is_person(comment);
	return true;
}

static int graphql(struct forge *forge, const struct forge_place *place, struct str body,
		   json_t **out, struct err *err)
{
	const struct call call = {
		.method = "POST", .path = STR("graphql"), .body = body, .place = place
	};
	AUTO_ARENA struct arena scratch;
	struct http_response response;

	arena_init(&scratch, FORGE_ANSWER_MEMORY);
	if (forge_call(forge, &scratch, &call, &response, err) < 0)
		return -1;
	if (response.status != 200)
		return forge_refused(forge, &scratch, &response, err);
	if (payload_load(out, response.body, err) < 0)
		return err_wrap(err, "GitHub");
	if (json_array_size(payload_at(*out, "errors")) > 0)
		return forge_refused(forge, &scratch, &response, err);
	return 0;
}

static int page_of_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
			   struct str *after, struct thread_list *out, struct err *err)
{
	size_t slash = str_find_byte(place->repository, '/'), i;
	AUTO_JSON json_t *json = NULL;
	const json_t *threads;
	json_t *item;
	json_t *body =
		json_pack("{s:s, s:{s:o, s:o, s:I, s:o}}", "query", threads_query, "variables",
			  "owner", payload_text(str_sub(place->repository, 0, slash)), "name",
			  payload_text(str_from(place->repository, slash + 1)), "number",
			  (json_int_t)place->number, "after",
			  after->len ? payload_text(*after) : json_null());

	if (graphql(forge, place, payload_dump(mem, body), &json, err) < 0)
		return -1;
	threads = payload_at(json, "data.repository.pullRequest.reviewThreads");
	json_array_foreach(payload_at(threads, "nodes"), i, item)
	{
		struct thread thread = { 0 };

		if (read_thread(&thread, mem, item, payload_view(json, "data.viewer.login")))
			ARENA_PUSH(mem, out, thread);
	}
	*after = payload_bool(threads, "pageInfo.hasNextPage")
			 ? payload_id(mem, threads, "pageInfo.endCursor")
			 : (struct str){ 0 };
	return 0;
}

int github_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err)
{
	struct str after = { 0 };

	for (unsigned page = 0; page < FORGE_MAX_THREADS / 50; page++) {
		if (page_of_threads(forge, mem, place, &after, out, err) < 0)
			return -1;
		if (!after.len)
			break;
	}
	return 0;
}

/* ---- the rest ---- */

struct summary_search {
	struct str self, id;
};

static int look_for_summary(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct summary_search *search = ctx;

	(void)err;
	if (!forge_same_login(payload_view(item, "user.login"), search->self) ||
	    !text_is_summary(payload_view(item, "body")))
		return 0;
	search->id = payload_id(mem, item, "id");
	return 1;
}

int github_summary(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct str *id, struct err *err)
{
	bool github = forge->config.type == &forge_github;
	struct summary_search search = { 0 };
	const struct actor *self;

	if (forge_self(forge, mem, &self, err) < 0)
		return -1;
	search.self = self->login;
	if (forge_list(forge, mem, place,
		       repos(mem, place, "issues/", place->number,
			     github ? "/comments?per_page=100" : "/comments?limit=50"),
		       NULL, github ? 100 : 50, look_for_summary, &search, err) < 0)
		return -1;
	*id = search.id;
	return 0;
}

enum permission github_permission_of(struct str word)
{
	static const struct {
		const char *word;
		enum permission permission;
	} table[] = {
		{ "owner", PERMISSION_ADMIN },    { "admin", PERMISSION_ADMIN },
		{ "maintain", PERMISSION_WRITE }, { "write", PERMISSION_WRITE },
		{ "triage", PERMISSION_READ },    { "read", PERMISSION_READ },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		if (str_eq(word, str_of(table[i].word)))
			return table[i].permission;
	return PERMISSION_NONE;
}

int github_permission(struct forge *forge, struct arena *mem, const struct forge_place *place,
		      struct str login, enum permission *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct str path = path_printf(mem, "%.*s%.*s/permission",
				      STR_ARG(repos(mem, place, "collaborators/", 0, "")),
				      STR_ARG(url_escaped(mem, login)));

	/* who is not known here may do nothing */
	if (forge_get(forge, place, path, true, &json, err) < 0)
		return -1;
	*out = github_permission_of(payload_name(mem, json, "permission"));
	return 0;
}

int github_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	const struct str query = STR("{\"query\":\"query { viewer { login databaseId } }\"}");
	struct call call = { .method = "GET", .path = STR("app") };
	struct http_response response;
	AUTO_JSON json_t *json = NULL;

	if (forge->config.token.len) {
		if (graphql(forge, NULL, query, &json, err) < 0)
			return -1;
		*out = (struct actor){ .login = payload_name(mem, json, "data.viewer.login"),
				       .id = payload_id(mem, json, "data.viewer.databaseId") };
		return 0;
	}
	if (github_jwt(&call.bearer, mem, &forge->config, forge_now_ms(forge) / 1000, err) < 0 ||
	    forge_call(forge, mem, &call, &response, err) < 0)
		return -1;
	if (response.status != 200)
		return forge_refused(forge, mem, &response, err);
	if (payload_load(&json, response.body, err) < 0)
		return -1;
	*out = (struct actor){ .login = arena_printf(mem, "%.*s[bot]",
						     STR_ARG(payload_name(mem, json, "slug"))),
			       .id = payload_id(mem, json, "id"),
			       .bot = true };
	return 0;
}

struct check_search {
	struct str key, id;
};

static int look_for_check(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct check_search *search = ctx;

	(void)err;
	if (!str_eq(payload_view(item, "external_id"), search->key))
		return 0;
	search->id = payload_id(mem, item, "id");
	return 1;
}

int github_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err)
{
	const struct forge_place place = { effect->repository, effect->installation,
					   effect->number };
	struct check_search search = { .key = effect->key };

	if (effect->kind != EFFECT_CHECK)
		return forge_find_in_list(forge, mem, effect, NULL, 100, "body", found, out, err);
	if (forge_list(forge, mem, &place, effect->find, "check_runs", 100, look_for_check, &search,
		       err) < 0)
		return -1;
	*found = search.id.len > 0;
	if (*found)
		*out = (struct forge_answer){ ANSWER_DONE, search.id, { 0 } };
	return 0;
}

int github_git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	       const struct pull *pull, struct str token, struct err *err)
{
	struct str web = config->web.len ? config->web : STR("https://github.com");

	/* "https://host/api/v3" is the API of an Enterprise Server at https://host */
	if (!config->web.len && str_ends(config->api, STR("/api/v3")))
		web = str_sub(config->api, 0, config->api.len - 7);
	return git_of(out, mem, pull,
		      path_printf(mem, "%.*s/%.*s.git", STR_ARG(web),
				  STR_ARG(repository_path(mem, pull->repository))),
		      STR("x-access-token"), token,
		      arena_printf(mem, "refs/pull/%llu/head", (unsigned long long)pull->number),
		      err);
}
