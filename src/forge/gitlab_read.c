#include "gitlab.h"
#include "http/url.h"

int gitlab_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	return forge_whoami_at(forge, mem, STR("user"), "username", "id", out, err);
}

static struct str merge_requests(struct arena *mem, const struct forge_place *place,
				 const char *rest)
{
	return path_printf(mem, "%.*s/merge_requests%s",
			   STR_ARG(gitlab_project(mem, place->repository)), rest);
}

static struct str merge_request(struct arena *mem, const struct forge_place *place,
				const char *rest)
{
	return path_printf(mem, "%.*s/%llu%s", STR_ARG(merge_requests(mem, place, "")),
			   (unsigned long long)place->number, rest);
}

static void read_pull(struct pull *out, struct arena *mem, struct str repository,
		      const json_t *json)
{
	struct str state = payload_name(mem, json, "state");

	out->repository = arena_str(mem, repository);
	out->number = payload_number(json, "iid");
	out->title = payload_name(mem, json, "title");
	out->url = payload_name(mem, json, "web_url");
	out->author = (struct actor){ .login = payload_name(mem, json, "author.username"),
				      .id = payload_id(mem, json, "author.id"),
				      .bot = payload_bool(json, "author.bot") };
	out->base_ref = payload_name(mem, json, "target_branch");
	out->head_ref = payload_name(mem, json, "source_branch");
	/* GitLab's "start" is the tip of the target branch, its "base" is the merge base */
	payload_oid(out->base_oid, json, "diff_refs.start_sha");
	payload_oid(out->start_oid, json, "diff_refs.base_sha");
	payload_oid(out->head_oid, json, "sha");
	out->fork = payload_number(json, "source_project_id") !=
		    payload_number(json, "target_project_id");
	if (!out->fork)
		out->head_repository = out->repository;
	out->draft = payload_bool(json, "draft") || payload_bool(json, "work_in_progress");
	out->merged = str_eq(state, STR("merged"));
	out->closed = out->merged || str_eq(state, STR("closed"));
	out->can_push = !out->fork || payload_bool(json, "allow_collaboration");
	payload_oid(out->merge_oid, json, "merge_commit_sha");
	if (!out->merge_oid[0])
		payload_oid(out->merge_oid, json, "squash_commit_sha");
	out->updated = payload_time(json, "updated_at");
	payload_labels(&out->labels, &out->n_labels, mem, json, "labels", "name");
}

int gitlab_pull(struct forge *forge, struct arena *mem, const struct forge_place *place,
		struct pull *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;

	if (forge_get(forge, place, merge_request(mem, place, ""), false, &json, err) < 0)
		return -1;
	read_pull(out, mem, place->repository, json);
	return 0;
}

struct listing {
	struct pull_list *list;
	struct str repository;
	size_t max;
};

static int take_pull(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct listing *listing = ctx;
	struct pull pull = { 0 };

	(void)err;
	read_pull(&pull, mem, listing->repository, item);
	ARENA_PUSH(mem, listing->list, pull);
	return listing->list->n >= listing->max;
}

int gitlab_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place,
		 enum pull_filter state, size_t max, struct pull_list *out, struct err *err)
{
	static const char *const rest[] = {
		[PULLS_OPEN] = "?state=opened&order_by=updated_at&sort=desc&per_page=100",
		[PULLS_MERGED] = "?state=merged&order_by=updated_at&sort=desc&per_page=100",
		[PULLS_ALL] = "?state=all&order_by=updated_at&sort=desc&per_page=100",
	};
	struct listing listing = { out, place->repository, max };

	if (!max)
		return 0;
	return forge_list(forge, mem, place, merge_requests(mem, place, rest[state]), NULL, 100,
			  take_pull, &listing, err);
}

/* ---- threads ---- */

struct reading {
	struct thread_list *list;
	struct str self;
};

static bool is_ours(const json_t *note, struct str self)
{
	return str_eq(payload_view(note, "author.username"), self);
}

static int take_discussion(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct reading *reading = ctx;
	const json_t *notes = payload_at(item, "notes"), *first = json_array_get(notes, 0);
	struct thread thread = { 0 };
	size_t i;
	json_t *note;

	(void)err;
	if (!is_ours(first, reading->self) || !payload_at(first, "position") ||
	    !text_finding(payload_view(first, "body"), mem, thread.fingerprint, &thread.rule))
		return 0;
	thread.id = payload_id(mem, item, "id");
	thread.comment = payload_id(mem, first, "id");
	thread.path = payload_name(mem, first, "position.new_path");
	thread.line = (uint32_t)payload_number(first, "position.new_line");
	if (!thread.line) {
		thread.side = SIDE_OLD;
		thread.line = (uint32_t)payload_number(first, "position.old_line");
	}
	thread.start_line = thread.line;
	thread.resolved = payload_bool(first, "resolved");
	thread.by_person = thread.resolved && payload_at(first, "resolved_by") &&
			   !str_eq(payload_view(first, "resolved_by.username"), reading->self);
	json_array_foreach(notes, i, note) thread.replied =
		thread.replied || (!is_ours(note, reading->self) && !payload_bool(note, "system"));
	ARENA_PUSH(mem, reading->list, thread);
	return reading->list->n >= FORGE_MAX_THREADS;
}

int gitlab_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err)
{
	struct reading reading = { .list = out };
	const struct actor *self;

	if (forge_self(forge, mem, &self, err) < 0)
		return -1;
	reading.self = self->login;
	return forge_list(forge, mem, place, merge_request(mem, place, "/discussions?per_page=100"),
			  NULL, 100, take_discussion, &reading, err);
}

struct summary_search {
	struct str self, id;
};

static int look_for_summary(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct summary_search *search = ctx;

	(void)err;
	if (!is_ours(item, search->self) || !text_is_summary(payload_view(item, "body")))
		return 0;
	search->id = payload_id(mem, item, "id");
	return 1;
}

int gitlab_summary(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct str *id, struct err *err)
{
	struct summary_search search = { 0 };
	const struct actor *self;

	if (forge_self(forge, mem, &self, err) < 0)
		return -1;
	search.self = self->login;
	if (forge_list(forge, mem, place, merge_request(mem, place, "/notes?sort=asc&per_page=100"),
		       NULL, 100, look_for_summary, &search, err) < 0)
		return -1;
	*id = search.id;
	return 0;
}

struct member_search {
	struct str login;
	uint64_t level;
};

static int look_for_member(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct member_search *search = ctx;

	(void)mem;
	(void)err;
	/* the query finds parts of names too */
	if (!str_eq_nocase(payload_view(item, "username"), search->login))
		return 0;
	search->level = payload_number(item, "access_level");
	return 1;
}

int gitlab_permission(struct forge *forge, struct arena *mem, const struct forge_place *place,
		      struct str login, enum permission *out, struct err *err)
{
	enum { GUEST = 10, DEVELOPER = 30, MAINTAINER = 40 };
	struct member_search search = { .login = login };
	struct str path = path_printf(mem, "%.*s/members/all?per_page=100&query=%.*s",
				      STR_ARG(gitlab_project(mem, place->repository)),
				      STR_ARG(url_escaped(mem, login)));

	if (forge_list(forge, mem, place, path, NULL, 100, look_for_member, &search, err) < 0)
		return -1;
	*out = search.level >= MAINTAINER  ? PERMISSION_ADMIN
	       : search.level >= DEVELOPER ? PERMISSION_WRITE
	       : search.level >= GUEST     ? PERMISSION_READ
					   : PERMISSION_NONE;
	return 0;
}

int gitlab_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err)
{
	return forge_find_in_list(forge, mem, effect, NULL, 100, "body", found, out, err);
}
