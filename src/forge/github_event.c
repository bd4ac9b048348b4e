/* github_event.c - GitHub's deliveries, and with the same shapes Gitea's and Forgejo's, as events. */
#include "github.h"

static struct actor actor_at(struct arena *mem, const json_t *json, const char *path)
{
	const json_t *user = payload_at(json, path);

	return (struct actor){ .login = payload_name(mem, user, "login"),
			       .id = payload_id(mem, user, "id"),
			       .bot = str_eq(payload_name(mem, user, "type"), STR("Bot")) };
}

static enum event_action pull_action(struct str action, bool merged)
{
	static const struct {
		const char *word;
		enum event_action action;
	} table[] = {
		{ "opened", ACTION_OPENED },           { "reopened", ACTION_OPENED },
		{ "ready_for_review", ACTION_OPENED }, { "synchronize", ACTION_UPDATED },
		{ "synchronized", ACTION_UPDATED }, /* Gitea's word */
		{ "edited", ACTION_EDITED },           { "labeled", ACTION_EDITED },
		{ "unlabeled", ACTION_EDITED },        { "converted_to_draft", ACTION_EDITED },
		{ "label_updated", ACTION_EDITED },    { "label_cleared", ACTION_EDITED },
	};

	if (str_eq(action, STR("closed")))
		return merged ? ACTION_MERGED : ACTION_CLOSED;
	for (size_t i = 0; i < COUNT(table); i++)
		if (str_eq(action, str_of(table[i].word)))
			return table[i].action;
	return ACTION_NONE;
}

static void read_pull(struct event *out, struct arena *mem, const json_t *pull)
{
	struct str base_name = payload_name(mem, pull, "base.repo.full_name");

	out->number = payload_number(pull, "number");
	out->pull.title = payload_name(mem, pull, "title");
	out->pull.url = payload_name(mem, pull, "html_url");
	out->pull.author = actor_at(mem, pull, "user");
	out->pull.base_ref = payload_name(mem, pull, "base.ref");
	out->pull.head_ref = payload_name(mem, pull, "head.ref");
	payload_oid(out->pull.base_oid, pull, "base.sha");
	payload_oid(out->pull.head_oid, pull, "head.sha");
	out->pull.head_repository = payload_name(mem, pull, "head.repo.full_name");
	out->pull.fork = !str_eq(out->pull.head_repository, base_name);
	out->pull.draft = payload_bool(pull, "draft");
	out->pull.closed = str_eq(payload_name(mem, pull, "state"), STR("closed"));
	out->pull.merged = payload_bool(pull, "merged") || payload_at(pull, "merged_at");
	payload_labels(&out->pull.labels, &out->pull.n_labels, mem, pull, "labels", "name");
}

static void parse_pull(struct event *out, struct arena *mem, const json_t *body)
{
	struct str action = payload_name(mem, body, "action");

	read_pull(out, mem, payload_at(body, "pull_request"));
	if (!out->number)
		out->number = payload_number(body, "number");
	out->kind = EVENT_PULL;
	out->action = pull_action(action, out->pull.merged);
	if (out->action == ACTION_UPDATED)
		payload_oid(out->pull.before_oid, body, "before");
	if (out->action == ACTION_NONE || !out->number)
		out->kind = EVENT_OTHER;
}

static enum event_action comment_action(struct str action)
{
	if (str_eq(action, STR("created")) || str_eq(action, STR("submitted")))
		return ACTION_CREATED;
	if (str_eq(action, STR("edited")))
		return ACTION_EDITED;
	return str_eq(action, STR("deleted")) || str_eq(action, STR("dismissed")) ? ACTION_DELETED
										  : ACTION_NONE;
}

/* GitHub's word for who may write here. A member of the organisation may lack access to this repository: forge_permission tells. */
static bool may_write(struct arena *mem, const json_t *comment)
{
	struct str word = payload_name(mem, comment, "author_association");

	return str_eq(word, STR("OWNER")) || str_eq(word, STR("COLLABORATOR"));
}

static void read_comment(struct event *out, struct arena *mem, const json_t *body,
			 const char *member, const char *prefix)
{
	const json_t *comment = payload_at(body, member);
	struct str id = payload_id(mem, comment, "id");

	out->kind = EVENT_COMMENT;
	out->action = comment_action(payload_name(mem, body, "action"));
	out->comment.body = payload_str(mem, comment, "body", EVENT_MAX_COMMENT);
	out->comment.may_write = may_write(mem, comment);
	if (id.len)
		out->comment.id = arena_printf(mem, "%s%.*s", prefix, STR_ARG(id));
}

/* A comment on an issue that is a pull request; on a plain issue it is none of ours. */
static void parse_issue_comment(struct event *out, struct arena *mem, const json_t *body)
{
	const json_t *issue = payload_at(body, "issue");

	read_comment(out, mem, body, "comment", "issues/comments/");
	out->number = payload_number(issue, "number");
	out->pull.title = payload_name(mem, issue, "title");
	out->pull.author = actor_at(mem, issue, "user");
	out->pull.closed = str_eq(payload_name(mem, issue, "state"), STR("closed"));
	if ((!payload_at(issue, "pull_request") && !payload_bool(body, "is_pull")) || !out->number)
		out->kind = EVENT_OTHER;
}

static void parse_review_comment(struct event *out, struct arena *mem, const json_t *body)
{
	struct str thread = payload_id(mem, body, "comment.in_reply_to_id");

	read_pull(out, mem, payload_at(body, "pull_request"));
	read_comment(out, mem, body, "comment", "pulls/comments/");
	out->comment.thread = thread.len ? arena_printf(mem, "pulls/comments/%.*s", STR_ARG(thread))
					 : out->comment.id;
	if (!out->number)
		out->kind = EVENT_OTHER;
}

static void parse_review(struct event *out, struct arena *mem, const json_t *body)
{
	read_pull(out, mem, payload_at(body, "pull_request"));
	read_comment(out, mem, body, "review", "reviews/");
	if (!out->number)
		out->kind = EVENT_OTHER;
}

/* There the text is `content`, and the review has no id. */
static void parse_gitea_review(struct event *out, struct arena *mem, const json_t *body)
{
	read_pull(out, mem, payload_at(body, "pull_request"));
	out->kind = out->number ? EVENT_COMMENT : EVENT_OTHER;
	out->action = ACTION_CREATED;
	out->comment.body = payload_str(mem, body, "review.content", EVENT_MAX_COMMENT);
}

static void parse_push(struct event *out, struct arena *mem, const json_t *body)
{
	out->kind = EVENT_PUSH;
	out->push.ref = payload_name(mem, body, "ref");
	payload_oid(out->push.before, body, "before");
	payload_oid(out->push.after, body, "after");
	out->action = payload_bool(body, "deleted") || !out->push.after[0] ? ACTION_DELETED
									   : ACTION_UPDATED;
}

/* `conclusion` of checks and workflows, `state` of statuses. */
static enum event_action result_of(struct str word)
{
	static const struct {
		const char *word;
		enum event_action action;
	} table[] = {
		{ "success", ACTION_SUCCEEDED },      { "neutral", ACTION_SUCCEEDED },
		{ "skipped", ACTION_SUCCEEDED },      { "failure", ACTION_FAILED },
		{ "error", ACTION_FAILED },           { "timed_out", ACTION_FAILED },
		{ "startup_failure", ACTION_FAILED }, { "action_required", ACTION_STARTED },
		{ "cancelled", ACTION_CANCELLED },    { "stale", ACTION_CANCELLED },
		{ "pending", ACTION_STARTED },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		if (str_eq(word, str_of(table[i].word)))
			return table[i].action;
	return ACTION_STARTED;
}

/* The same members stand in check_run, check_suite, workflow_run and workflow_job. */
static void parse_run(struct event *out, struct arena *mem, const json_t *body, const char *member)
{
	const json_t *run = payload_at(body, member);
	struct str conclusion = payload_name(mem, run, "conclusion");

	out->kind = EVENT_CI;
	out->action = conclusion.len ? result_of(conclusion) : ACTION_STARTED;
	out->ci.name = payload_name(mem, run, "name");
	if (!out->ci.name.len)
		out->ci.name = payload_name(mem, run, "app.name");
	out->ci.id = payload_id(mem, run, "id");
	out->ci.status = conclusion.len ? conclusion : payload_name(mem, run, "status");
	out->ci.url = payload_name(mem, run, "html_url");
	out->ci.app = payload_id(mem, run, "app.id");
	out->ci.attempt = (uint32_t)payload_number(run, "run_attempt");
	payload_oid(out->ci.head_oid, run, "head_sha");
	out->ci.branch = payload_name(mem, run, "head_branch");
	if (!out->ci.branch.len)
		out->ci.branch = payload_name(mem, run, "check_suite.head_branch");
	/* empty for pushes from forks: then the head tells which pull request it is */
	out->number = payload_number(json_array_get(payload_at(run, "pull_requests"), 0), "number");
	if (!run)
		out->kind = EVENT_OTHER;
}

static void parse_check_run(struct event *out, struct arena *mem, const json_t *body)
{
	parse_run(out, mem, body, "check_run");
}

static void parse_check_suite(struct event *out, struct arena *mem, const json_t *body)
{
	parse_run(out, mem, body, "check_suite");
}

static void parse_workflow_run(struct event *out, struct arena *mem, const json_t *body)
{
	parse_run(out, mem, body, "workflow_run");
}

static void parse_workflow_job(struct event *out, struct arena *mem, const json_t *body)
{
	parse_run(out, mem, body, "workflow_job");
}

static void parse_status(struct event *out, struct arena *mem, const json_t *body)
{
	out->kind = EVENT_CI;
	out->ci.name = payload_name(mem, body, "context");
	out->ci.id = payload_id(mem, body, "id");
	out->ci.status = payload_name(mem, body, "state");
	out->action = result_of(out->ci.status);
	out->ci.url = payload_name(mem, body, "target_url");
	payload_oid(out->ci.head_oid, body, "sha");
	out->ci.branch = payload_name(mem, json_array_get(payload_at(body, "branches"), 0), "name");
}

static void parse_merge_group(struct event *out, struct arena *mem, const json_t *body)
{
	struct str action = payload_name(mem, body, "action");

	out->kind = EVENT_QUEUE;
	out->action = str_eq(action, STR("destroyed")) ? ACTION_CLOSED : ACTION_OPENED;
	payload_oid(out->pull.head_oid, body, "merge_group.head_sha");
	payload_oid(out->pull.base_oid, body, "merge_group.base_sha");
	out->pull.head_ref = payload_name(mem, body, "merge_group.head_ref");
	out->pull.base_ref = payload_name(mem, body, "merge_group.base_ref");
}

static void parse_installation(struct event *out, struct arena *mem, const json_t *body)
{
	struct str action = payload_name(mem, body, "action");

	out->kind = EVENT_INSTALL;
	if (str_eq(action, STR("deleted")) || str_eq(action, STR("suspend")) ||
	    str_eq(action, STR("removed")))
		out->action = ACTION_DELETED;
	else
		out->action = ACTION_CREATED;
}

static const struct {
	const char *name;
	void (*parse)(struct event *out, struct arena *mem, const json_t *body);
} parsers[] = {
	{ "pull_request", parse_pull },
	{ "issue_comment", parse_issue_comment },
	{ "pull_request_comment",
	  parse_gitea_review }, /* Gitea has a word for each kind of review */
	{ "pull_request_approved", parse_gitea_review },
	{ "pull_request_rejected", parse_gitea_review },
	{ "pull_request_review_comment", parse_review_comment },
	{ "pull_request_review", parse_review },
	{ "push", parse_push },
	{ "check_run", parse_check_run },
	{ "check_suite", parse_check_suite },
	{ "workflow_run", parse_workflow_run },
	{ "workflow_job", parse_workflow_job },
	{ "status", parse_status },
	{ "merge_group", parse_merge_group },
	{ "installation", parse_installation },
	{ "installation_repositories", parse_installation },
};

void github_parse_named(struct event *out, struct arena *mem, struct str name, const json_t *body)
{
	struct str action = payload_name(mem, body, "action");

	out->name =
		action.len ? arena_printf(mem, "%.*s.%.*s", STR_ARG(name), STR_ARG(action)) : name;
	out->repository = payload_name(mem, body, "repository.full_name");
	out->installation = payload_id(mem, body, "installation.id");
	out->sender = actor_at(mem, body, "sender");
	for (size_t i = 0; i < COUNT(parsers); i++)
		if (str_eq(name, str_of(parsers[i].name)))
			parsers[i].parse(out, mem, body);
}

int github_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		 const json_t *body, struct err *err)
{
	struct str name = delivery_header(mem, delivery, "X-GitHub-Event");

	if (!name.len)
		return err_input(err, "no X-GitHub-Event");
	out->delivery = delivery_header(mem, delivery, "X-GitHub-Delivery");
	github_parse_named(out, mem, name, body);
	return 0;
}
