/* page_tokens.c - tokens of the API: made, listed and revoked by administrators. A token is shown once, only its hash is kept. */
#include "answers.h"
#include "pages_private.h"

enum {
	TOKENS_MAX = 100,      /* of one tenant: more are forgotten ones */
	TOKEN_LABEL_MAX = 100, /* bytes of "what for" */
	TOKEN_DAYS_MAX = 3650,
	DAY_MS = 24 * 3600 * 1000,
};

/* So that scanners of secrets know one when they see it. */
#define TOKEN_HEAD "outrider_"

/* Tokens of all tenants belong to none: no tenant's administrator finds them. */
#define NO_TENANT STR("*")

static int list_tokens(struct request *r, struct session_list *out, struct err *err)
{
	struct page page = { .limit = STORE_MAX_PAGE };

	return sessions_list(r->store, r->visitor.view, true, r->now, &page, out, r->mem, err);
}

static void show_token(struct request *r, const struct session *token)
{
	struct buf *out = &r->out;
	char action[128];

	html_add(out,
		 "<tr><td>%S</td><td>%s</td><td data-k=Tenant>%S</td><td data-k=\"Made by\">%S</td>"
		 "<td data-k=Made>%T</td><td data-k=Used>%T</td><td data-k=Ends>%T</td><td>",
		 token->label, role_name(token->role), token->all ? STR("all") : token->tenant,
		 token->subject, token->created, token->used, token->expires);
	snprintf(action, sizeof(action), "/tokens/%s/revoke", token->hash);
	request_button(r, action, "Revoke");
	html_add(out, "</td></tr>");
}

static void show_form(struct request *r)
{
	struct buf *out = &r->out;

	html_add(out, "<h2>A new token</h2>");
	request_form(r, "/tokens");
	html_add(
		out,
		"<label>What for <input name=label maxlength=%d required></label><label>Role <select name=role>",
		(int64_t)TOKEN_LABEL_MAX);
	for (int i = 0; i <= (int)r->visitor.role; i++)
		html_add(out, "<option>%s</option>", role_name((enum role)i));
	html_add(out, "</select></label>");
	if (r->visitor.view.all)
		html_add(out, "<label>Tenant <input name=tenant placeholder=all></label>");
	html_add(
		out,
		"<label>Days <input name=days inputmode=numeric value=90></label><button>Make it</button></form>"
		"<p><small>0 days: until it is revoked.</small></p>");
}

int tokens_page(struct request *r, struct err *err)
{
	struct session_list list = { 0 };

	r->title = "Tokens";
	if (list_tokens(r, &list, err))
		return -1;
	html_add(&r->out, "<p>For programs that use the <a href=\"/api/openapi.json\">API</a>: "
			  "<code>Authorization: Bearer TOKEN</code>.</p>");
	if (list.n) {
		html_add(
			&r->out,
			"<table><thead><tr><th>What for<th>Role<th>Tenant<th>Made by<th>Made<th>Used"
			"<th>Ends<th></thead><tbody>");
		for (size_t i = 0; i < list.n; i++)
			show_token(r, &list.items[i]);
		html_add(&r->out, "</tbody></table>");
	}
	show_form(r);
	return 0;
}

/* What was asked for, never more than who asks has. */
static int read_form(struct session *out, struct request *r, struct err *err)
{
	struct str tenant = str_trim(request_field(r, "tenant")),
		   label = str_trim(request_field(r, "label"));
	uint64_t days = 0;

	*out = (struct session){
		.token = true, .subject = r->visitor.subject, .label = label, .created = r->now
	};
	if (label.len == 0 || label.len > TOKEN_LABEL_MAX)
		return err_input(
			err, "A token needs some words that tell what it is for, at most %d bytes.",
			TOKEN_LABEL_MAX);
	if (!role_parse(request_field(r, "role"), &out->role) || out->role > r->visitor.role)
		return err_set(err, ERR_PERM, "A token has at most your own role.");
	if (!str_to_u64(str_trim(request_field(r, "days")), &days) || days > TOKEN_DAYS_MAX)
		return err_input(err, "Days: a number from 0 to %d.", TOKEN_DAYS_MAX);
	if (r->visitor.view.all && tenant.len &&
	    !settings_tenant(r->pages->gateway->settings, tenant))
		return err_input(err, "No integration is of the tenant '%.*s'.",
				 STR_ARG(str_sub(tenant, 0, 100)));
	out->expires = days ? r->now + (int64_t)days * DAY_MS : 0;
	out->all = r->visitor.view.all && tenant.len == 0;
	out->tenant = out->all ? NO_TENANT : r->visitor.view.all ? tenant : r->visitor.view.tenant;
	return 0;
}

/* A token that leaked must not outlive its end by making others. */
static int check_person(const struct request *r, struct err *err)
{
	return r->visitor.token ? err_set(err, ERR_PERM, "Tokens are made and revoked by people.")
				: 0;
}

int token_make(struct request *r, struct err *err)
{
	struct session token;
	struct session_list list = { 0 };
	char secret[2 * SESSION_SECRET_BYTES + 1];
	struct str text;

	if (check_person(r, err) || read_form(&token, r, err) || list_tokens(r, &list, err) ||
	    session_secret(secret, err))
		return -1;
	if (list.n >= TOKENS_MAX)
		return err_input(err, "There are %zu tokens: revoke those that nobody uses.",
				 list.n);
	text = arena_printf(r->mem, TOKEN_HEAD "%s", secret);
	hash_hex(token.hash, text);
	if (sessions_put(r->store, &token, r->now, err) ||
	    request_audit(r, "token.make", token.label, err))
		return -1;
	r->title = "A new token";
	html_add(
		&r->out,
		"<p>For %S. It is shown this once:</p><pre>%S</pre><p><a href=\"/tokens\">All tokens</a></p>",
		token.label, text);
	return 0;
}

static bool is_hash(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdef", text.p[i]))
			return false;
	return text.len == SECRET_HASH_HEX;
}

int token_revoke(struct request *r, struct err *err)
{
	struct str hash = r->call->params[0];
	struct session token;
	bool found;

	if (check_person(r, err))
		return -1;
	if (!is_hash(hash))
		return request_missing(r, err);
	if (sessions_get(r->store, arena_z(r->mem, hash), r->now, &token, &found, r->mem, err))
		return -1;
	if (!found || !token.token)
		return request_missing(r, err);
	if (sessions_delete(r->store, r->visitor.view, token.hash, &found, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	if (request_audit(r, "token.revoke", token.label, err))
		return -1;
	return request_go(r, "/tokens");
}
