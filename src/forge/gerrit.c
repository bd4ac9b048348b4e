/* gerrit.c - Gerrit: one atomic review of a patch set, with fixes that can be applied. Its deliveries are not signed. */
#include "gerrit.h"
#include "http/url.h"

static int check(const struct forge_config *config, struct err *err)
{
	if (!config->api.len)
		return err_input(err, "the api is missing: https://HOST of Gerrit, without /a");
	if (config->token.len && !config->login.len)
		return err_input(err, "Gerrit's HTTP password (token) needs its account (login)");
	return 0;
}

/* The webhooks plugin has neither secret nor signature: a secret in its URL is all there is. Facts are asked for again before anything is done. */
static int verify(const struct forge_config *config, const struct forge_delivery *delivery,
		  struct err *err)
{
	const struct secrets secrets = { config->secrets, config->n_secrets };
	AUTO_ARENA struct arena mem;
	struct str key;

	arena_init(&mem, 1 << 20);
	if (url_query_get(&key, &mem, delivery->query, STR("key")) &&
	    signature_token(&secrets, key))
		return 0;
	if (signature_basic(&secrets, http_header_get(delivery->headers, STR("Authorization"))))
		return 0;
	return err_set(err, ERR_PERM,
		       "neither ?key= in the address nor a Basic password is one of our secrets");
}

/* ---- events: the webhooks plugin posts what `gerrit stream-events` prints ---- */

static struct actor actor_at(struct arena *mem, const json_t *json, const char *path)
{
	const json_t *account = payload_at(json, path);
	struct str login = payload_name(mem, account, "username");

	return (struct actor){ .login = login.len ? login : payload_name(mem, account, "email"),
			       .id = payload_name(mem, account, "email") };
}

static void read_change(struct event *out, struct arena *mem, const json_t *body)
{
	const json_t *change = payload_at(body, "change");
	struct str number = payload_id(mem, change, "number"),
		   status = payload_name(mem, change, "status");

	out->repository = payload_name(mem, change, "project");
	str_to_u64(number, &out->number);
	out->pull.title = payload_name(mem, change, "subject");
	out->pull.url = payload_name(mem, change, "url");
	out->pull.author = actor_at(mem, change, "owner");
	out->pull.base_ref = payload_name(mem, change, "branch");
	out->pull.head_ref = payload_name(mem, body, "patchSet.ref");
	out->pull.head_repository = out->repository;
	payload_oid(out->pull.head_oid, body, "patchSet.revision");
	out->pull.draft = payload_bool(change, "wip");
	out->pull.merged = str_eq(status, STR("MERGED"));
	out->pull.closed = out->pull.merged || str_eq(status, STR("ABANDONED"));
	payload_labels(&out->pull.labels, &out->pull.n_labels, mem, change, "hashtags", "name");
}

static enum event_action first_or_next(const json_t *body)
{
	return payload_number(body, "patchSet.number") <= 1 ? ACTION_OPENED : ACTION_UPDATED;
}

static enum event_action wip(const json_t *body)
{
	return payload_bool(body, "change.wip") ? ACTION_EDITED : ACTION_OPENED;
}

static const struct {
	const char *type, *by;
	enum event_kind kind;
	enum event_action action;
	enum event_action (*act)(const json_t *body);
} types[] = {
	{ "patchset-created", "uploader", EVENT_PULL, ACTION_NONE, first_or_next },
	{ "change-restored", "restorer", EVENT_PULL, ACTION_OPENED, NULL },
	{ "change-merged", "submitter", EVENT_PULL, ACTION_MERGED, NULL },
	{ "change-abandoned", "abandoner", EVENT_PULL, ACTION_CLOSED, NULL },
	{ "wip-state-changed", "changer", EVENT_PULL, ACTION_NONE, wip },
	{ "topic-changed", "changer", EVENT_PULL, ACTION_EDITED, NULL },
	{ "hashtags-changed", "editor", EVENT_PULL, ACTION_EDITED, NULL },
	{ "comment-added", "author", EVENT_COMMENT, ACTION_CREATED, NULL },
};

static void parse_ref_updated(struct event *out, struct arena *mem, const json_t *body)
{
	struct str ref = payload_name(mem, body, "refUpdate.refName");

	out->kind = EVENT_PUSH;
	out->sender = actor_at(mem, body, "submitter");
	out->repository = payload_name(mem, body, "refUpdate.project");
	/* some versions leave out refs/heads/ */
	out->push.ref = !ref.len || str_starts(ref, STR("refs/"))
				? ref
				: arena_printf(mem, "refs/heads/%.*s", STR_ARG(ref));
	payload_oid(out->push.before, body, "refUpdate.oldRev");
	payload_oid(out->push.after, body, "refUpdate.newRev");
	out->action = out->push.after[0] ? ACTION_UPDATED : ACTION_DELETED;
}

int gerrit_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		 const json_t *body, struct err *err)
{
	struct str type = payload_name(mem, body, "type");

	(void)delivery;
	if (!type.len)
		return err_input(err, "no type of event");
	out->name = type;
	if (str_eq(type, STR("ref-updated")))
		parse_ref_updated(out, mem, body);
	for (size_t i = 0; i < COUNT(types); i++) {
		if (!str_eq(type, str_of(types[i].type)))
			continue;
		read_change(out, mem, body);
		out->sender = actor_at(mem, body, types[i].by);
		out->kind = out->number ? types[i].kind : EVENT_OTHER;
		out->action = types[i].act ? types[i].act(body) : types[i].action;
		out->comment.body = payload_str(mem, body, "comment", EVENT_MAX_COMMENT);
	}
	return 0;
}

/* ---- the rest of the row ---- */

static int authorize(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct http_request *request, struct err *err)
{
	(void)place;
	return forge_add_basic(mem, request, forge->config.login, forge->config.token, err);
}

static int git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	       const struct pull *pull, struct str token, struct err *err)
{
	struct str web = config->web.len ? config->web : config->api;

	if (!pull->version)
		return err_set(err, ERR_BUG, "a change without its patch set");
	return git_of(out, mem, pull,
		      path_printf(mem, "%.*s/%s%.*s", STR_ARG(web), token.len ? "a/" : "",
				  STR_ARG(repository_path(mem, pull->repository))),
		      config->login, token,
		      arena_printf(mem, "refs/changes/%02llu/%llu/%u",
				   (unsigned long long)(pull->number % 100),
				   (unsigned long long)pull->number, pull->version),
		      err);
}

/*
 * Each Gerrit so far (3.14) answers 500 to a review with fix_suggestions unless its administrator turned this on, and tells those alone
 * who administrate it.
 */
#define FIXES "GerritBackendFeature__allow_fix_suggestions_in_comments"

static int probe(struct forge *forge, struct arena *mem, unsigned *abilities, struct err *err)
{
	const struct call call = { .method = "GET", .path = STR("a/config/server/experiments/" FIXES) };
	struct http_response response;

	if (forge_call(forge, mem, &call, &response, err) < 0)
		return -1;
	if (response.status != 200 || !str_has(response.body, STR("\"enabled\":true")))
		*abilities &= ~(unsigned)FORGE_FIXES;
	return 0;
}

const struct forge_type forge_gerrit = {
	.name = "gerrit",
	.label = "Gerrit",
	.abilities = FORGE_RANGES | FORGE_SUGGESTIONS | FORGE_RESOLVE | FORGE_REPLIES | FORGE_GIT |
		     FORGE_PULL_REFS | FORGE_FIXES,
	.limits = { .concurrent = 10 },
	.check = check,
	.verify = verify,
	.parse = gerrit_parse,
	.lower = gerrit_lower,
	.lower_comment = gerrit_lower_comment,
	.lower_reply = gerrit_lower_reply,
	.split = gerrit_split,
	.git = git,
	.authorize = authorize,
	.probe = probe,
	.whoami = gerrit_whoami,
	.pull = gerrit_pull,
	.pulls = gerrit_pulls,
	.threads = gerrit_threads,
	.permission = gerrit_permission,
	.find = gerrit_find,
};
