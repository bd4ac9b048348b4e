/*
 * oidc.h - the login service of the settings: its addresses and keys, and what it says about who logged in.
 *
 * OpenID Connect Discovery 1.0 and the authorization code flow with PKCE (RFC 7636, S256). Nothing is kept of a login under way: state, nonce and
 * the code verifier follow from a random text in a short-lived cookie of the browser that began it. Private to this folder.
 */
#pragma once
#include <jansson.h>

#include "serve/settings.h"
#include "store/people.h"

enum {
	OIDC_MAX_ANSWER = 256 << 10, /* bytes: addresses and keys are some KB */
	OIDC_TIMEOUT_MS = 5000,      /* of one request: a thread of the gateway waits for it */
	OIDC_KEEP_MS = 3600 * 1000,  /* addresses and keys */
	OIDC_REFRESH_MS =
		60 *
		1000, /* keys again for an unknown one, at most that often: anybody may send one */
	OIDC_AT_ONCE = 2,   /* logins that wait for the service: the other threads take webhooks */
	OIDC_LOGIN_S = 600, /* to type a password and find the second factor */
	OIDC_MAX_CLAIM = 1024, /* bytes of a value that is compared */
};

struct oidc;

/* Opens no connection. `settings` is borrowed. */
int oidc_open(struct oidc **out, const struct settings *settings, struct err *err);
void oidc_close(struct oidc *oidc);

/* One login under way: texts that follow from the cookie's. All hex but the challenge. */
struct oidc_login {
	struct str state, nonce, verifier, challenge;
};
void oidc_login_make(struct oidc_login *out, struct arena *mem, struct str cookie);
/* A new cookie, with its end and our signature; and whether a cookie is one that has not ended. */
int oidc_cookie_make(struct str *out, const struct oidc *oidc, struct arena *mem, int64_t now,
		     struct err *err);
bool oidc_cookie_holds(const struct oidc *oidc, struct arena *mem, struct str cookie, int64_t now);

/* Where the browser goes. ERR_TEMP when the service does not answer, ERR_PERM when its answer will not do. */
int oidc_address(struct str *out, struct oidc *oidc, struct arena *mem,
		 const struct oidc_login *login, int64_t now, struct err *err);
/* From claims that were checked: subject, role and tenant by the settings. ERR_PERM when they have none here. */
int oidc_who(struct session *out, const struct settings *settings, struct arena *mem,
	     const json_t *claims, struct err *err);
/* Who it is, with role and tenant by the settings. ERR_PERM when they have none here. */
int oidc_redeem(struct session *out, struct oidc *oidc, struct arena *mem,
		const struct oidc_login *login, struct str code, int64_t now, struct err *err);
