#include "gerrit.h"
#include "http/url.h"

struct str gerrit_change(struct arena *mem, struct str repository, uint64_t number)
{
	return path_printf(mem, "a/changes/%.*s~%llu", STR_ARG(url_escaped(mem, repository)),
			   (unsigned long long)number);
}

int gerrit_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	return forge_whoami_at(forge, mem, STR("a/accounts/self"), "username", "_account_id", out,
			       err);
}

static void read_change(struct pull *out, struct arena *mem, const json_t *json, struct str web)
{
	struct str head = payload_name(mem, json, "current_revision"),
		   status = payload_name(mem, json, "status");
	const json_t *revision = json_object_getn(payload_at(json, "revisions"), head.p, head.len);
	const json_t *parent = json_array_get(payload_at(revision, "commit.parents"), 0);

	out->repository = payload_name(mem, json, "project");
	out->number = payload_number(json, "_number");
	out->title = payload_name(mem, json, "subject");
	out->url = arena_printf(mem, "%.*s/c/%.*s/+/%llu", STR_ARG(web),
				STR_ARG(repository_path(mem, out->repository)),
				(unsigned long long)out->number);
	out->author = (struct actor){ .login = payload_name(mem, json, "owner.username"),
				      .id = payload_id(mem, json, "owner._account_id") };
	out->base_ref = payload_name(mem, json, "branch");
	out->head_ref = payload_name(mem, revision, "ref");
	payload_oid(out->head_oid, json, "current_revision");
	/* a change is one commit: it is reviewed against its parent, wherever the branch is by now */
	payload_oid(out->base_oid, parent, "commit");
	payload_oid(out->start_oid, parent, "commit");
	out->head_repository = out->repository;
	out->draft = payload_bool(json, "work_in_progress");
	out->merged = str_eq(status, STR("MERGED"));
	out->closed = out->merged || str_eq(status, STR("ABANDONED"));
	out->can_push = true;
	if (out->merged)
		memcpy(out->merge_oid, out->head_oid, sizeof out->merge_oid);
	out->updated = payload_time(json, "updated");
	out->version = (uint32_t)payload_number(revision, "_number");
	payload_labels(&out->labels, &out->n_labels, mem, json, "hashtags", "name");
}

#define DETAIL "o=CURRENT_REVISION&o=CURRENT_COMMIT&o=DETAILED_ACCOUNTS"

int gerrit_pull(struct forge *forge, struct arena *mem, const struct forge_place *place,
		struct pull *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct str path =
		path_printf(mem, "%.*s/detail?" DETAIL,
			    STR_ARG(gerrit_change(mem, place->repository, place->number)));

	if (forge_get(forge, place, path, false, &json, err) < 0)
		return -1;
	read_change(out, mem, json, forge->config.web.len ? forge->config.web : forge->config.api);
	return 0;
}

int gerrit_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place,
		 enum pull_filter state, size_t max, struct pull_list *out, struct err *err)
{
	static const char *const words[] = {
		[PULLS_OPEN] = "+status:open", [PULLS_MERGED] = "+status:merged", [PULLS_ALL] = ""
	};
	struct str web = forge->config.web.len ? forge->config.web : forge->config.api;
	enum { PAGE = 100 };
	bool more = true;

	while (more && out->n < max) {
		struct str path = path_printf(mem, "a/changes/?q=project:%.*s%s&n=%d&S=%zu&" DETAIL,
					      STR_ARG(url_escaped(mem, place->repository)),
					      words[state], PAGE, out->n);
		AUTO_JSON json_t *json = NULL;
		size_t i, before = out->n;
		json_t *item;

		if (forge_get(forge, place, path, false, &json, err) < 0)
			return -1;
		more = false;
		json_array_foreach(json, i, item)
		{
			struct pull pull = { 0 };

			read_change(&pull, mem, item, web);
			if (out->n < max)
				ARENA_PUSH(mem, out, pull);
			more = payload_bool(item, "_more_changes");
		}
		more = more && out->n > before;
	}
	return 0;
}

/* ---- threads: a comment without in_reply_to and all that answer it, of which the last one tells whether it is open ---- */

static bool is_ours(const json_t *comment, struct str self)
{
	return forge_same_login(payload_view(comment, "author.username"), self);
}

static void begin_chains(struct arena *mem, const json_t *list, const char *path, struct str self,
			 struct thread_list *out)
{
	size_t i;
	json_t *comment;

	json_array_foreach(list, i, comment)
	{
		struct thread thread = { .path = arena_str(mem, str_of(path)) };

		if (payload_at(comment, "in_reply_to") || !is_ours(comment, self) ||
		    !text_finding(payload_view(comment, "message"), mem, thread.fingerprint,
				  &thread.rule))
			continue;
		thread.comment = payload_id(mem, comment, "id");
		thread.id = arena_printf(mem, "%llu\n%s\n%.*s",
					 (unsigned long long)payload_number(comment, "patch_set"), path,
					 STR_ARG(thread.comment));
		thread.side =
			str_eq(payload_view(comment, "side"), STR("PARENT")) ? SIDE_OLD : SIDE_NEW;
		thread.line = (uint32_t)payload_number(comment, "line");
		thread.start_line = (uint32_t)payload_number(comment, "range.start_line");
		if (!thread.start_line)
			thread.start_line = thread.line;
		thread.resolved =
			payload_at(comment, "unresolved") && !payload_bool(comment, "unresolved");
		ARENA_PUSH(mem, out, thread);
	}
}

/* The thread that a comment answers, through however many answers between. */
static struct thread *thread_of(const json_t *list, const json_t *comment,
				struct thread_list *threads)
{
	struct str parent = payload_view(comment, "in_reply_to");
	size_t i;
	json_t *other;

	for (size_t depth = 0; parent.len && depth < 1000; depth++) {
		struct str next = { 0 };

		for (size_t k = 0; k < threads->n; k++)
			if (str_eq(threads->items[k].comment, parent))
				return &threads->items[k];
		json_array_foreach(list, i, other) if (str_eq(payload_view(other, "id"), parent))
			next = payload_view(other, "in_reply_to");
		parent = next;
	}
	return NULL;
}

/* Comments of a path come in the order of their time. */
static void follow_chains(const json_t *list, struct str self, struct thread_list *threads)
{
	size_t i;
	json_t *comment;

	json_array_foreach(list, i, comment)
	{
		struct thread *thread = thread_of(list, comment, threads);
		bool ours = is_ours(comment, self);

		if (!thread)
			continue;
		thread->replied = thread->replied || !ours;
		thread->resolved = !payload_bool(comment, "unresolved");
		thread->by_person = thread->resolved && !ours;
	}
}

int gerrit_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	const struct actor *self;
	const char *path;
	json_t *list;
	struct str at = path_printf(mem, "%.*s/comments",
				    STR_ARG(gerrit_change(mem, place->repository, place->number)));

	if (forge_self(forge, mem, &self, err) < 0 ||
	    forge_get(forge, place, at, false, &json, err) < 0)
		return -1;
	json_object_foreach(json, path, list)
	{
		if (out->n >= FORGE_MAX_THREADS)
			break;
		begin_chains(mem, list, path, self->login, out);
		follow_chains(list, self->login, out);
	}
	return 0;
}

static bool can_approve(const json_t *labels, struct str login)
{
	const char *name;
	json_t *label, *vote;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)labels, name, label) json_array_foreach(
		payload_at(label, "all"), i,
		vote) if (forge_same_login(payload_view(vote, "username"), login) &&
			  payload_number(vote, "permitted_voting_range.max") >= 2) return true;
	return false;
}

/* Who may approve, and who owns the change. Others may read. */
int gerrit_permission(struct forge *forge, struct arena *mem, const struct forge_place *place,
		      struct str login, enum permission *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct str path =
		path_printf(mem, "%.*s/detail?o=DETAILED_LABELS&o=DETAILED_ACCOUNTS",
			    STR_ARG(gerrit_change(mem, place->repository, place->number)));

	if (forge_get(forge, place, path, false, &json, err) < 0)
		return -1;
	*out = PERMISSION_READ;
	if (forge_same_login(payload_view(json, "owner.username"), login) ||
	    can_approve(payload_at(json, "labels"), login))
		*out = PERMISSION_WRITE;
	return 0;
}

int gerrit_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err)
{
	/* all messages come at once */
	return forge_find_in_list(forge, mem, effect, NULL, SIZE_MAX, "message", found, out, err);
}
