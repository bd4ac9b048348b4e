#include "bitbucket.h"

int bitbucket_verify(const struct forge_config *config, const struct forge_delivery *delivery,
		     struct err *err)
{
	const struct secrets secrets = { config->secrets, config->n_secrets };
	struct str signature = http_header_get(delivery->headers, STR("X-Hub-Signature"));

	if (!signature.len)
		return err_set(err, ERR_PERM,
			       "no X-Hub-Signature: is a secret set on the webhook?");
	if (!signature_sha256(&secrets, signature, delivery->body))
		return err_set(err, ERR_PERM,
			       "X-Hub-Signature does not fit the body and our secrets");
	return 0;
}

/* Names can be changed and chosen twice; the account's id cannot. */
struct actor bitbucket_actor(struct arena *mem, const json_t *json, const char *path)
{
	const json_t *account = payload_at(json, path);
	struct str id = payload_name(mem, account, "account_id");

	if (!id.len)
		id = payload_name(mem, account, "uuid");
	return (struct actor){ .login = id,
			       .id = id,
			       .bot = str_eq(payload_name(mem, account, "type"), STR("app_user")) };
}

static const struct {
	const char *key;
	enum event_kind kind;
	enum event_action action;
} keys[] = {
	{ "pullrequest:created", EVENT_PULL, ACTION_OPENED },
	{ "pullrequest:updated", EVENT_PULL,
	  ACTION_UPDATED }, /* of the title too: the head tells whether it is new */
	{ "pullrequest:fulfilled", EVENT_PULL, ACTION_MERGED },
	{ "pullrequest:rejected", EVENT_PULL, ACTION_CLOSED },
	{ "pullrequest:comment_created", EVENT_COMMENT, ACTION_CREATED },
	{ "pullrequest:comment_updated", EVENT_COMMENT, ACTION_EDITED },
	{ "pullrequest:comment_deleted", EVENT_COMMENT, ACTION_DELETED },
	{ "repo:push", EVENT_PUSH, ACTION_UPDATED },
	{ "repo:commit_status_created", EVENT_CI, ACTION_STARTED },
	{ "repo:commit_status_updated", EVENT_CI, ACTION_STARTED },
};

void bitbucket_read(struct event *out, struct arena *mem, const json_t *pull)
{
	struct str state = payload_name(mem, pull, "state");

	out->number = payload_number(pull, "id");
	out->pull.title = payload_name(mem, pull, "title");
	out->pull.url = payload_name(mem, pull, "links.html.href");
	out->pull.author = bitbucket_actor(mem, pull, "author");
	out->pull.base_ref = payload_name(mem, pull, "destination.branch.name");
	out->pull.head_ref = payload_name(mem, pull, "source.branch.name");
	/* hashes are cut to 12 digits here: then there is no head, and it is asked for */
	payload_oid(out->pull.head_oid, pull, "source.commit.hash");
	out->pull.head_repository = payload_name(mem, pull, "source.repository.full_name");
	out->pull.fork = !str_eq(out->pull.head_repository, out->repository);
	out->pull.draft = payload_bool(pull, "draft");
	out->pull.merged = str_eq(state, STR("MERGED"));
	out->pull.closed = state.len && !str_eq(state, STR("OPEN"));
}

static void read_status(struct event *out, struct arena *mem, const json_t *status)
{
	out->ci.name = payload_name(mem, status, "name");
	out->ci.id = payload_name(mem, status, "key");
	out->ci.status = payload_name(mem, status, "state");
	out->ci.url = payload_name(mem, status, "url");
	payload_oid(out->ci.head_oid, status, "commit.hash");
	out->ci.branch = payload_name(mem, status, "refname");
	if (str_eq(out->ci.status, STR("SUCCESSFUL")))
		out->action = ACTION_SUCCEEDED;
	else if (str_eq(out->ci.status, STR("FAILED")))
		out->action = ACTION_FAILED;
	else if (str_eq(out->ci.status, STR("STOPPED")))
		out->action = ACTION_CANCELLED;
}

static void read_push(struct event *out, struct arena *mem, const json_t *body)
{
	/* several branches may move in one push; the first stands for all: nothing but "look again" hangs on it */
	const json_t *change = json_array_get(payload_at(body, "push.changes"), 0);
	const json_t *ref =
		payload_at(change, "new") ? payload_at(change, "new") : payload_at(change, "old");
	bool tag = str_eq(payload_name(mem, ref, "type"), STR("tag"));

	out->push.ref = arena_printf(mem, "refs/%s/%.*s", tag ? "tags" : "heads",
				     STR_ARG(payload_name(mem, ref, "name")));
	payload_oid(out->push.before, change, "old.target.hash");
	payload_oid(out->push.after, change, "new.target.hash");
	if (!out->push.after[0])
		out->action = ACTION_DELETED;
}

int bitbucket_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		    const json_t *body, struct err *err)
{
	struct str key = delivery_header(mem, delivery, "X-Event-Key"), thread;

	if (!key.len)
		return err_input(err, "no X-Event-Key");
	out->name = key;
	out->delivery = delivery_header(mem, delivery, "X-Request-UUID");
	out->repository = payload_name(mem, body, "repository.full_name");
	out->sender = bitbucket_actor(mem, body, "actor");
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!str_eq(key, str_of(keys[i].key)))
			continue;
		out->kind = keys[i].kind;
		out->action = keys[i].action;
	}
	if (out->kind == EVENT_PULL || out->kind == EVENT_COMMENT)
		bitbucket_read(out, mem, payload_at(body, "pullrequest"));
	if ((out->kind == EVENT_PULL || out->kind == EVENT_COMMENT) && !out->number)
		out->kind = EVENT_OTHER;
	if (out->kind == EVENT_CI)
		read_status(out, mem, payload_at(body, "commit_status"));
	if (out->kind == EVENT_PUSH)
		read_push(out, mem, body);
	thread = payload_id(mem, body, "comment.parent.id");
	out->comment.id = payload_id(mem, body, "comment.id");
	out->comment.body = payload_str(mem, body, "comment.content.raw", EVENT_MAX_COMMENT);
	out->comment.thread = thread.len ? thread : out->comment.id;
	return 0;
}
