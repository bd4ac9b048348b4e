/* page_oidc.c - to the login service and back. Whoever comes back lands on the first page, nowhere else. */
#include "answers.h"
#include "base/sha256.h"
#include "oidc.h"
#include "pages_private.h"
#include "serve/log.h"

enum {
	CODE_MAX = 2048, /* bytes: some services put a whole encrypted token into it */
	WORDS_MAX = 200, /* bytes of what the service says to people */
};

#define LOGIN_COOKIE "outrider_login"

static void set_cookie(struct request *r, struct str value, int seconds)
{
	bool secure = str_starts(r->pages->gateway->settings->url, STR("https:"));

	request_header(r, "Set-Cookie",
		       arena_printf(r->mem,
				    LOGIN_COOKIE
				    "=%.*s; Path=/login; HttpOnly; SameSite=Lax; Max-Age=%d%s",
				    STR_ARG(value), seconds, secure ? "; Secure" : ""));
}

static int find_service(struct oidc **out, struct request *r, struct err *err)
{
	*out = r->pages->oidc;
	return *out ? 0 : request_missing(r, err);
}

int oidc_begin(struct request *r, struct err *err)
{
	struct oidc *oidc;
	struct oidc_login login;
	struct str cookie, address;

	if (find_service(&oidc, r, err) || oidc_cookie_make(&cookie, oidc, r->mem, r->now, err))
		return -1;
	oidc_login_make(&login, r->mem, cookie);
	if (oidc_address(&address, oidc, r->mem, &login, r->now, err))
		return -1;
	set_cookie(r, cookie, OIDC_LOGIN_S);
	request_header(r, "Location", address);
	r->status = 303;
	return 0;
}

/* The login that this browser began, and that the answer is for. */
static int find_login(struct oidc_login *out, struct str *cookie, struct request *r,
		      const struct oidc *oidc, struct err *err)
{
	struct str state = request_query(r, "state");

	*cookie = request_cookie(r, LOGIN_COOKIE);
	if (!oidc_cookie_holds(oidc, r->mem, *cookie, r->now))
		return err_set(err, ERR_PERM,
			       "This login was not begun here, or took too long: log in again.");
	oidc_login_make(out, r->mem, *cookie);
	if (state.len != out->state.len || !secret_eq(state.p, out->state.p, state.len))
		return err_set(err, ERR_PERM, "This answer is of another login: log in again.");
	return 0;
}

/* Once only, on every gateway: what was used is kept like a session, under a name that no cookie has, until its cookie has ended. */
static int use_once(struct request *r, struct str cookie, struct err *err)
{
	struct session used = { .subject = STR("a login that was used"),
				.tenant = STR("*"),
				.expires = r->now + (int64_t)OIDC_LOGIN_S * 1000 },
		       before;
	bool found;

	hash_hex(used.hash, arena_printf(r->mem, "used:%.*s", STR_ARG(cookie)));
	if (sessions_get(r->store, used.hash, r->now, &before, &found, r->mem, err))
		return -1;
	if (found)
		return err_set(err, ERR_PERM, "This login was used already: log in again.");
	return sessions_put(r->store, &used, r->now, err);
}

static int refused(struct request *r, struct err *err)
{
	struct str error = request_query(r, "error"), words = request_query(r, "error_description");

	return error.len ? err_set(err, ERR_PERM, "The login service refuses: %.*s%s%.*s",
				   STR_ARG(str_sub(error, 0, WORDS_MAX)), words.len ? ": " : "",
				   STR_ARG(str_sub(words, 0, WORDS_MAX)))
			 : 0;
}

static int come_back(struct session *who, struct request *r, struct oidc *oidc, struct err *err)
{
	struct oidc_login login;
	struct str cookie, code = request_query(r, "code");

	if (find_login(&login, &cookie, r, oidc, err) || refused(r, err))
		return -1;
	if (code.len == 0 || code.len > CODE_MAX)
		return err_input(err, "The login service sent no code.");
	if (use_once(r, cookie, err))
		return -1;
	return oidc_redeem(who, oidc, r->mem, &login, code, r->now, err);
}

int oidc_back(struct request *r, struct err *err)
{
	struct oidc *oidc;
	struct session who;

	if (find_service(&oidc, r, err))
		return -1;
	set_cookie(r, STR(""), 0);
	if (login_too_many(r, false)) {
		r->status = 429;
		return err_set(err, ERR_PERM, "Too many logins failed: wait a minute.");
	}
	if (come_back(&who, r, oidc, err)) {
		login_too_many(r, err->kind != ERR_TEMP);
		log_line(LOG_WARNING, LOG_FIELDS(LOG_TEXT("peer", r->call->peer)),
			 "a login failed: %s", err->text);
		return -1;
	}
	return visitor_enter(r, &who, err);
}
