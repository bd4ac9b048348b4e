#include "generic.h"

int generic_verify(const struct forge_config *config, const struct forge_delivery *delivery,
		   struct err *err)
{
	const struct secrets secrets = { config->secrets, config->n_secrets };
	struct str standard = http_header_get(delivery->headers, STR("Webhook-Signature"));
	struct str plain = http_header_get(delivery->headers, STR("X-Hub-Signature-256"));

	if (standard.len) {
		if (signature_standard(&secrets, standard,
				       http_header_get(delivery->headers, STR("Webhook-Id")),
				       http_header_get(delivery->headers, STR("Webhook-Timestamp")),
				       delivery->body, delivery->now))
			return 0;
		return err_set(err, ERR_PERM,
			       "Webhook-Signature does not fit body, id, time and our secrets");
	}
	if (!plain.len)
		return err_set(err, ERR_PERM, "neither Webhook-Signature nor X-Hub-Signature-256");
	if (!signature_sha256(&secrets, plain, delivery->body))
		return err_set(err, ERR_PERM,
			       "X-Hub-Signature-256 does not fit the body and our secrets");
	return 0;
}

static struct actor actor_at(struct arena *mem, const json_t *json, const char *path)
{
	const json_t *actor = payload_at(json, path);

	return (struct actor){ payload_name(mem, actor, "login"), payload_id(mem, actor, "id"),
			       payload_bool(actor, "bot") };
}

static void read_pull(struct event *out, struct arena *mem, const json_t *pull)
{
	out->pull.title = payload_name(mem, pull, "title");
	out->pull.url = payload_name(mem, pull, "url");
	out->pull.author = actor_at(mem, pull, "author");
	out->pull.base_ref = payload_name(mem, pull, "base_ref");
	out->pull.head_ref = payload_name(mem, pull, "head_ref");
	payload_oid(out->pull.base_oid, pull, "base_oid");
	payload_oid(out->pull.head_oid, pull, "head_oid");
	payload_oid(out->pull.before_oid, pull, "before_oid");
	out->pull.head_repository = payload_name(mem, pull, "head_repository");
	out->pull.fork = payload_bool(pull, "fork");
	out->pull.draft = payload_bool(pull, "draft");
	out->pull.closed = payload_bool(pull, "closed");
	out->pull.merged = payload_bool(pull, "merged");
	payload_labels(&out->pull.labels, &out->pull.n_labels, mem, pull, "labels", "name");
}

static void read_rest(struct event *out, struct arena *mem, const json_t *body)
{
	out->comment.id = payload_id(mem, body, "comment.id");
	out->comment.body = payload_str(mem, body, "comment.body", EVENT_MAX_COMMENT);
	out->comment.thread = payload_id(mem, body, "comment.thread");
	out->comment.may_write = payload_bool(body, "comment.may_write");
	out->ci.name = payload_name(mem, body, "ci.name");
	out->ci.id = payload_id(mem, body, "ci.id");
	out->ci.status = payload_name(mem, body, "ci.status");
	out->ci.url = payload_name(mem, body, "ci.url");
	out->ci.app = payload_id(mem, body, "ci.app");
	out->ci.attempt = (uint32_t)payload_number(body, "ci.attempt");
	payload_oid(out->ci.head_oid, body, "ci.head_oid");
	out->ci.branch = payload_name(mem, body, "ci.branch");
	out->push.ref = payload_name(mem, body, "push.ref");
	payload_oid(out->push.before, body, "push.before");
	payload_oid(out->push.after, body, "push.after");
}

/* "pull.opened": the very words of event_kind_name() and event_action_name(). */
static int read_name(struct event *out, struct str name, struct err *err)
{
	struct str rest = name, kind = { 0 };

	str_cut(&rest, '.', &kind);
	for (int i = 0; i < EVENT_KINDS; i++)
		if (str_eq(kind, str_of(event_kind_name((enum event_kind)i))))
			out->kind = (enum event_kind)i;
	for (int i = 0; i < ACTIONS; i++)
		if (str_eq(rest, str_of(event_action_name((enum event_action)i))))
			out->action = (enum event_action)i;
	if (out->kind == EVENT_OTHER || out->action == ACTION_NONE)
		return err_input(
			err,
			"'event' must be like \"pull.opened\" or \"ci.failed\" (docs/events.md)");
	return 0;
}

int generic_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		  const json_t *body, struct err *err)
{
	struct str id = delivery_header(mem, delivery, "Webhook-Id");

	out->name = payload_name(mem, body, "event");
	if (read_name(out, out->name, err) < 0)
		return -1;
	/* of what was signed, the header too; of a spooled event, only the body tells */
	out->delivery = id.len ? id : payload_id(mem, body, "delivery");
	out->repository = payload_name(mem, body, "repository");
	out->sender = actor_at(mem, body, "sender");
	out->number = payload_number(body, "number");
	if (!repository_is_valid(out->repository, true))
		return err_input(err, "'repository' must be like \"owner/name\"");
	if ((out->kind == EVENT_PULL || out->kind == EVENT_COMMENT) && !out->number)
		return err_input(err, "'number' of the pull request is missing");
	read_pull(out, mem, payload_at(body, "pull"));
	read_rest(out, mem, body);
	return 0;
}

const struct forge_type forge_generic = {
	.name = "generic",
	.label = "Signed event",
	.abilities = FORGE_SIGNED,
	.verify = generic_verify,
	.parse = generic_parse,
};
