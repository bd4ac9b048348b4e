#include "bitbucket.h"

static struct actor actor_at(struct arena *mem, const json_t *json, const char *path)
{
	const json_t *user = payload_at(json, path);

	return (struct actor){ .login = payload_name(mem, user, "name"),
			       .id = payload_id(mem, user, "id"),
			       .bot = str_eq(payload_name(mem, user, "type"), STR("SERVICE")) };
}

static struct str repository_at(struct arena *mem, const json_t *json, const char *path)
{
	const json_t *repository = payload_at(json, path);
	struct str project = payload_name(mem, repository, "project.key"),
		   slug = payload_name(mem, repository, "slug");

	return project.len && slug.len
		       ? arena_printf(mem, "%.*s/%.*s", STR_ARG(project), STR_ARG(slug))
		       : (struct str){ 0 };
}

void bitbucket_dc_read(struct pull *out, struct arena *mem, const json_t *json)
{
	struct str state = payload_name(mem, json, "state");

	out->repository = repository_at(mem, json, "toRef.repository");
	out->number = payload_number(json, "id");
	out->title = payload_name(mem, json, "title");
	out->url = payload_name(mem, json_array_get(payload_at(json, "links.self"), 0), "href");
	out->author = actor_at(mem, json, "author.user");
	out->base_ref = payload_name(mem, json, "toRef.displayId");
	out->head_ref = payload_name(mem, json, "fromRef.displayId");
	payload_oid(out->base_oid, json, "toRef.latestCommit");
	payload_oid(out->head_oid, json, "fromRef.latestCommit");
	out->head_repository = repository_at(mem, json, "fromRef.repository");
	out->fork = !str_eq(out->head_repository, out->repository);
	out->draft = payload_bool(json, "draft");
	out->merged = str_eq(state, STR("MERGED"));
	out->closed = state.len && !str_eq(state, STR("OPEN"));
	out->can_push = !out->fork;
	payload_oid(out->merge_oid, json, "properties.mergeCommit.id");
	out->updated = (int64_t)(payload_number(json, "updatedDate") / 1000);
}

static const struct {
	const char *key;
	enum event_kind kind;
	enum event_action action;
} keys[] = {
	{ "pr:opened", EVENT_PULL, ACTION_OPENED },
	{ "pr:from_ref_updated", EVENT_PULL, ACTION_UPDATED },
	{ "pr:modified", EVENT_PULL, ACTION_EDITED },
	{ "pr:merged", EVENT_PULL, ACTION_MERGED },
	{ "pr:declined", EVENT_PULL, ACTION_CLOSED },
	{ "pr:deleted", EVENT_PULL, ACTION_CLOSED },
	{ "pr:comment:added", EVENT_COMMENT, ACTION_CREATED },
	{ "pr:comment:edited", EVENT_COMMENT, ACTION_EDITED },
	{ "pr:comment:deleted", EVENT_COMMENT, ACTION_DELETED },
	{ "repo:refs_changed", EVENT_PUSH, ACTION_UPDATED },
};

static void fill_event(struct event *out, struct arena *mem, const json_t *body)
{
	struct pull pull = { 0 };
	struct str thread = payload_id(mem, body, "commentParentId");

	bitbucket_dc_read(&pull, mem, payload_at(body, "pullRequest"));
	out->number = pull.number;
	out->repository = pull.repository;
	out->pull.title = pull.title;
	out->pull.url = pull.url;
	out->pull.author = pull.author;
	out->pull.base_ref = pull.base_ref;
	out->pull.head_ref = pull.head_ref;
	memcpy(out->pull.base_oid, pull.base_oid, sizeof out->pull.base_oid);
	memcpy(out->pull.head_oid, pull.head_oid, sizeof out->pull.head_oid);
	payload_oid(out->pull.before_oid, body, "previousFromHash");
	out->pull.head_repository = pull.head_repository;
	out->pull.fork = pull.fork;
	out->pull.draft = pull.draft;
	out->pull.closed = pull.closed;
	out->pull.merged = pull.merged;
	out->comment.id = payload_id(mem, body, "comment.id");
	out->comment.body = payload_str(mem, body, "comment.text", EVENT_MAX_COMMENT);
	out->comment.thread = thread.len ? thread : out->comment.id;
	if (!out->number)
		out->kind = EVENT_OTHER;
}

static void fill_push(struct event *out, struct arena *mem, const json_t *body)
{
	const json_t *change = json_array_get(payload_at(body, "changes"), 0);

	out->repository = repository_at(mem, body, "repository");
	out->push.ref = payload_name(mem, change, "ref.id");
	payload_oid(out->push.before, change, "fromHash");
	payload_oid(out->push.after, change, "toHash");
	if (!out->push.after[0])
		out->action = ACTION_DELETED;
}

int bitbucket_dc_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		       const json_t *body, struct err *err)
{
	struct str key = delivery_header(mem, delivery, "X-Event-Key");

	if (!key.len)
		return err_input(err, "no X-Event-Key");
	out->name = key;
	out->delivery = delivery_header(mem, delivery, "X-Request-Id");
	out->sender = actor_at(mem, body, "actor");
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!str_eq(key, str_of(keys[i].key)))
			continue;
		out->kind = keys[i].kind;
		out->action = keys[i].action;
	}
	if (out->kind == EVENT_PUSH)
		fill_push(out, mem, body);
	else if (out->kind != EVENT_OTHER)
		fill_event(out, mem, body);
	return 0;
}
