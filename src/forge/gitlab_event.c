#include "gitlab.h"

static struct str delivery_id(struct arena *mem, const struct forge_delivery *delivery)
{
	/* the first is signed; the second stays the same when GitLab tries again, the third does not */
	static const char *const names[] = { "Webhook-Id", "Idempotency-Key",
					     "X-Gitlab-Event-UUID" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct str id = delivery_header(mem, delivery, names[i]);

		if (id.len)
			return id;
	}
	return (struct str){ 0 };
}

/* An update without `oldrev` brought no commits. */
static enum event_action pull_action(struct str action, const json_t *body)
{
	if (str_eq(action, STR("open")) || str_eq(action, STR("reopen")))
		return ACTION_OPENED;
	if (str_eq(action, STR("close")))
		return ACTION_CLOSED;
	if (str_eq(action, STR("merge")))
		return ACTION_MERGED;
	if (!str_eq(action, STR("update")))
		return ACTION_NONE;
	if (payload_at(body, "object_attributes.oldrev"))
		return ACTION_UPDATED;
	/* no longer a draft: ready for review */
	if (payload_bool(body, "changes.draft.previous") &&
	    !payload_bool(body, "changes.draft.current"))
		return ACTION_OPENED;
	return ACTION_EDITED;
}

static void read_pull(struct event *out, struct arena *mem, const json_t *body, const json_t *pull)
{
	struct str state = payload_name(mem, pull, "state");
	struct str target = payload_name(mem, pull, "target.path_with_namespace");

	out->number = payload_number(pull, "iid");
	out->pull.title = payload_name(mem, pull, "title");
	out->pull.url = payload_name(mem, pull, "url");
	/* hooks name authors by number only */
	out->pull.author.id = payload_id(mem, pull, "author_id");
	if (str_eq(out->pull.author.id, out->sender.id))
		out->pull.author = out->sender;
	out->pull.base_ref = payload_name(mem, pull, "target_branch");
	out->pull.head_ref = payload_name(mem, pull, "source_branch");
	payload_oid(out->pull.head_oid, pull, "last_commit.id");
	payload_oid(out->pull.before_oid, pull, "oldrev");
	out->pull.head_repository = payload_name(mem, pull, "source.path_with_namespace");
	out->pull.fork = payload_number(pull, "source_project_id") !=
				 payload_number(pull, "target_project_id") ||
			 !str_eq(out->pull.head_repository, target);
	out->pull.draft = payload_bool(pull, "draft") || payload_bool(pull, "work_in_progress");
	out->pull.merged = str_eq(state, STR("merged"));
	out->pull.closed = out->pull.merged || str_eq(state, STR("closed"));
	payload_labels(&out->pull.labels, &out->pull.n_labels, mem, body, "labels", "title");
}

static void parse_pull(struct event *out, struct arena *mem, const json_t *body)
{
	read_pull(out, mem, body, payload_at(body, "object_attributes"));
	out->kind = EVENT_PULL;
	out->action = pull_action(payload_name(mem, body, "object_attributes.action"), body);
	if (out->action == ACTION_NONE || !out->number)
		out->kind = EVENT_OTHER;
}

static void parse_note(struct event *out, struct arena *mem, const json_t *body)
{
	struct str action = payload_name(mem, body, "object_attributes.action");

	if (!str_eq(payload_name(mem, body, "object_attributes.noteable_type"),
		    STR("MergeRequest")))
		return;
	read_pull(out, mem, body, payload_at(body, "merge_request"));
	out->kind = out->number ? EVENT_COMMENT : EVENT_OTHER;
	out->action = str_eq(action, STR("update")) ? ACTION_EDITED : ACTION_CREATED;
	out->comment.id = payload_id(mem, body, "object_attributes.id");
	out->comment.body = payload_str(mem, body, "object_attributes.note", EVENT_MAX_COMMENT);
	out->comment.thread = payload_id(mem, body, "object_attributes.discussion_id");
}

static enum event_action result_of(struct str status)
{
	if (str_eq(status, STR("success")) || str_eq(status, STR("skipped")))
		return ACTION_SUCCEEDED;
	if (str_eq(status, STR("failed")))
		return ACTION_FAILED;
	return str_eq(status, STR("canceled")) ? ACTION_CANCELLED : ACTION_STARTED;
}

static void parse_pipeline(struct event *out, struct arena *mem, const json_t *body)
{
	out->kind = EVENT_CI;
	out->number = payload_number(body, "merge_request.iid");
	out->ci.name = payload_name(mem, body, "object_attributes.source");
	out->ci.id = payload_id(mem, body, "object_attributes.id");
	out->ci.status = payload_name(mem, body, "object_attributes.status");
	out->ci.url = payload_name(mem, body, "object_attributes.url");
	payload_oid(out->ci.head_oid, body, "object_attributes.sha");
	out->ci.branch = payload_name(mem, body, "object_attributes.ref");
	out->action = result_of(out->ci.status);
}

/* The reason of a failure is "unknown_failure" on successes too: only the status counts. */
static void parse_job(struct event *out, struct arena *mem, const json_t *body)
{
	out->kind = EVENT_CI;
	out->ci.name = payload_name(mem, body, "build_name");
	out->ci.id = payload_id(mem, body, "build_id");
	out->ci.status = payload_name(mem, body, "build_status");
	payload_oid(out->ci.head_oid, body, "sha");
	out->ci.branch = payload_name(mem, body, "ref");
	out->action = result_of(out->ci.status);
}

static void parse_push(struct event *out, struct arena *mem, const json_t *body)
{
	out->kind = EVENT_PUSH;
	out->sender = (struct actor){ payload_name(mem, body, "user_username"),
				      payload_id(mem, body, "user_id"), false };
	out->push.ref = payload_name(mem, body, "ref");
	payload_oid(out->push.before, body, "before");
	payload_oid(out->push.after, body, "after");
	out->action = out->push.after[0] ? ACTION_UPDATED : ACTION_DELETED;
}

static const struct {
	const char *kind;
	void (*parse)(struct event *out, struct arena *mem, const json_t *body);
} parsers[] = {
	{ "merge_request", parse_pull }, { "note", parse_note }, { "pipeline", parse_pipeline },
	{ "build", parse_job },          { "push", parse_push },
};

int gitlab_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		 const json_t *body, struct err *err)
{
	struct str kind = payload_name(mem, body, "object_kind");
	struct str action = payload_name(mem, body, "object_attributes.action");

	if (!kind.len)
		return err_input(err, "no object_kind");
	out->delivery = delivery_id(mem, delivery);
	out->name =
		action.len ? arena_printf(mem, "%.*s.%.*s", STR_ARG(kind), STR_ARG(action)) : kind;
	out->repository = payload_name(mem, body, "project.path_with_namespace");
	out->sender = (struct actor){
		payload_name(mem, body, "user.username"), payload_id(mem, body, "user.id"),
		str_starts(payload_name(mem, body, "user.username"), STR("project_")) &&
			str_has(payload_name(mem, body, "user.username"), STR("_bot"))
	};
	for (size_t i = 0; i < COUNT(parsers); i++)
		if (str_eq(kind, str_of(parsers[i].kind)))
			parsers[i].parse(out, mem, body);
	return 0;
}
