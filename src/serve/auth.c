/* auth.c - who asks: sessions by cookie, API tokens, and the administrator's token. */
#include <stdio.h>
#include <sys/random.h>

#include "base/sha256.h"
#include "pages_private.h"
#include "request.h"
#include "serve/log.h"

static void to_hex(char *out, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

void hash_hex(char out[SECRET_HASH_HEX + 1], struct str text)
{
	unsigned char digest[SHA256_BYTES];

	sha256_of(digest, text);
	to_hex(out, digest, SECRET_HASH_HEX / 2);
}

int session_secret(char out[2 * SESSION_SECRET_BYTES + 1], struct err *err)
{
	unsigned char bytes[SESSION_SECRET_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_set(err, ERR_TEMP, "no random bytes");
	to_hex(out, bytes, sizeof(bytes));
	return 0;
}

struct str request_cookie(const struct request *r, const char *name)
{
	struct str cookies = http_header_get(&r->call->headers, STR("Cookie")), one, key;

	while (str_cut(&cookies, ';', &one)) {
		one = str_trim(one);
		if (str_cut(&one, '=', &key) && str_eq(key, str_of(name)))
			return one;
	}
	return STR("");
}

/* The value of our cookie, or of the bearer token. */
static struct str secret_of(const struct request *r, bool *token)
{
	struct str header = http_header_get(&r->call->headers, STR("Authorization"));

	*token = str_starts(header, STR("Bearer "));
	return *token ? str_trim(str_from(header, 7)) : request_cookie(r, "outrider");
}

int visitor_find(struct visitor *out, struct request *r, struct err *err)
{
	struct session session;
	char hash[SECRET_HASH_HEX + 1];
	struct str secret;
	bool found, token;

	*out = (struct visitor){ 0 };
	secret = secret_of(r, &token);
	if (secret.len == 0)
		return 0;
	hash_hex(hash, secret);
	if (sessions_get(r->store, hash, r->now, &session, &found, r->mem, err))
		return -1;
	if (!found || session.token != token)
		return 0;
	*out = (struct visitor){ .known = true, .role = session.role, .subject = session.subject,
				 .view = { session.all, session.tenant }, .token = token };
	hash_hex(out->csrf, arena_printf(r->mem, "csrf:%.*s", STR_ARG(secret)));
	return 0;
}

int visitor_enter(struct request *r, const struct session *who, struct err *err)
{
	struct session session = *who;
	char secret[2 * SESSION_SECRET_BYTES + 1];
	bool secure = str_starts(r->pages->gateway->settings->url, STR("https:"));

	if (session_secret(secret, err))
		return -1;
	hash_hex(session.hash, str_of(secret));
	session.created = r->now;
	session.expires = r->now + (int64_t)SESSION_HOURS * 3600 * 1000;
	if (sessions_put(r->store, &session, r->now, err))
		return -1;
	request_header(r, "Set-Cookie",
		       arena_printf(r->mem, "outrider=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s",
				    secret, SESSION_HOURS * 3600, secure ? "; Secure" : ""));
	return request_go(r, "/");
}

/* ---- the login page ---- */

int login_page(struct request *r, struct err *err)
{
	const struct settings *settings = r->pages->gateway->settings;

	(void)err;
	r->title = "Log in";
	if (settings->login.issuer.len)
		html_add(&r->out, "<p><a class=button href=\"/login/oidc\">Log in with %S</a></p>",
			 settings->login.issuer);
	if (r->pages->admin_token.len)
		html_add(&r->out, "<form method=post action=\"/login\"><label>Administrator's token "
				  "<input type=password name=token autocomplete=current-password required>"
				  "</label><button>Log in</button></form>");
	if (!settings->login.issuer.len && !r->pages->admin_token.len)
		html_add(&r->out, "<p>Nobody can log in: the settings name neither <code>login: token"
				  "</code> nor <code>login: issuer</code>.</p>");
	return 0;
}

bool login_too_many(struct request *r, bool failed)
{
	struct pages *pages = r->pages;
	int64_t minute = r->now / 60000;
	bool many;

	pthread_mutex_lock(&pages->lock);
	if (pages->minute != minute)
		pages->failures = 0;
	pages->minute = minute;
	pages->failures += failed;
	many = pages->failures > LOGIN_FAILURES;
	pthread_mutex_unlock(&pages->lock);
	return many;
}

int login_post(struct request *r, struct err *err)
{
	struct session admin = { .subject = STR("admin"), .tenant = STR("default"), .all = true,
				 .role = ROLE_ADMIN };
	char given[SECRET_HASH_HEX + 1], right[SECRET_HASH_HEX + 1];

	if (login_too_many(r, false)) {
		r->status = 429;
		return err_set(err, ERR_PERM, "Too many logins failed: wait a minute.");
	}
	/* hashes have one length, whatever was typed */
	hash_hex(given, request_field(r, "token"));
	hash_hex(right, r->pages->admin_token);
	if (r->pages->admin_token.len == 0 || !secret_eq(given, right, SECRET_HASH_HEX)) {
		login_too_many(r, true);
		log_line(LOG_WARNING, LOG_FIELDS(LOG_TEXT("peer", r->call->peer)), "a login failed");
		r->status = 401;
		return err_set(err, ERR_PERM, "That is not the token.");
	}
	return visitor_enter(r, &admin, err);
}

int logout_post(struct request *r, struct err *err)
{
	char hash[SECRET_HASH_HEX + 1];
	struct view all = { .all = true };
	bool token, found;

	hash_hex(hash, secret_of(r, &token));
	if (sessions_delete(r->store, all, hash, &found, err))
		return -1;
	request_header(r, "Set-Cookie", STR("outrider=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"));
	return request_go(r, "/login");
}
