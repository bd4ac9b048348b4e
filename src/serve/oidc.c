#include "oidc.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/scope.h"
#include "base/sha256.h"
#include "body.h"
#include "http/client.h"
#include "http/url.h"
#include "jwt.h"
#include "request.h"

struct oidc {
	const struct settings *settings;
	struct arena mem;
	struct str secret;
	pthread_mutex_t lock;
	unsigned waiting; /* logins that ask the service now */
	json_t *service;  /* owned: its description; NULL: not asked yet */
	json_t *keys;     /* owned */
	int64_t asked, asked_keys;
};

int oidc_open(struct oidc **out, const struct settings *settings, struct err *err)
{
	enum { MEMORY = 1 << 20 };
	struct oidc *oidc = calloc(1, sizeof(*oidc));

	if (!oidc)
		return err_set(err, ERR_TEMP, "out of memory");
	oidc->settings = settings;
	arena_init(&oidc->mem, MEMORY);
	pthread_mutex_init(&oidc->lock, NULL);
	if (secret_read(&oidc->secret, &oidc->mem, &settings->login.client_secret, err)) {
		oidc_close(oidc);
		return err_wrap(err, "login: client_secret");
	}
	*out = oidc;
	return 0;
}

void oidc_close(struct oidc *oidc)
{
	if (!oidc)
		return;
	json_decref(oidc->service);
	json_decref(oidc->keys);
	explicit_bzero((void *)(uintptr_t)oidc->secret.p, oidc->secret.len);
	pthread_mutex_destroy(&oidc->lock);
	arena_release(&oidc->mem);
	free(oidc);
}

/* ---- the login in the cookie ---- */

static struct str derived(struct arena *mem, const char *what, struct str cookie)
{
	char hex[SECRET_HASH_HEX + 1];

	hash_hex(hex, arena_printf(mem, "%s:%.*s", what, STR_ARG(cookie)));
	return arena_str(mem, str_of(hex));
}

void oidc_login_make(struct oidc_login *out, struct arena *mem, struct str cookie)
{
	unsigned char digest[SHA256_BYTES];

	out->state = derived(mem, "state", cookie);
	out->nonce = derived(mem, "nonce", cookie);
	out->verifier = derived(mem, "verifier", cookie);
	sha256_of(digest, out->verifier);
	out->challenge = base64url_text(mem, (struct str){ (const char *)digest, sizeof digest });
}

static struct str mac_of(const struct oidc *oidc, struct arena *mem, struct str text)
{
	unsigned char mac[SHA256_BYTES];

	sha256_mac(mac, oidc->secret, &text, 1);
	return base64url_text(mem, (struct str){ (const char *)mac, sizeof mac });
}

/* "random.end.mac" */
int oidc_cookie_make(struct str *out, const struct oidc *oidc, struct arena *mem, int64_t now,
		     struct err *err)
{
	char secret[2 * SESSION_SECRET_BYTES + 1];
	struct str text;

	if (session_secret(secret, err))
		return -1;
	text = arena_printf(mem, "%s.%lld", secret, (long long)(now / 1000 + OIDC_LOGIN_S));
	*out = arena_printf(
		mem, "%.*s.%.*s", STR_ARG(text),
		STR_ARG(mac_of(oidc, mem, arena_printf(mem, "login:%.*s", STR_ARG(text)))));
	return 0;
}

bool oidc_cookie_holds(const struct oidc *oidc, struct arena *mem, struct str cookie, int64_t now)
{
	struct str rest = cookie, secret, end, mac;
	uint64_t until;

	if (!str_cut(&rest, '.', &secret) || !str_cut(&rest, '.', &end) || !str_to_u64(end, &until))
		return false;
	mac = mac_of(oidc, mem,
		     arena_printf(mem, "login:%.*s.%.*s", STR_ARG(secret), STR_ARG(end)));
	return rest.len == mac.len && secret_eq(rest.p, mac.p, mac.len) &&
	       (int64_t)until > now / 1000;
}

/* ---- asking the service ---- */

static int ask(json_t **out, struct arena *mem, const struct http_request *request,
	       const char *what, struct err *err)
{
	struct http_client_options options = { .timeout_ms = OIDC_TIMEOUT_MS,
					       .connect_ms = OIDC_TIMEOUT_MS,
					       .stall_ms = OIDC_TIMEOUT_MS,
					       .max_answer = OIDC_MAX_ANSWER,
					       .max_redirects = -1 };
	struct http_client *client AUTO_HTTP_CLIENT = NULL;
	struct http_response response = { 0 };
	json_t *object;

	if (http_client_open(&client, &options, err) ||
	    http_send(client, mem, request, &response, err))
		return err_wrap(err, "the login service gives no %s", what);
	object = json_loadb(response.body.p ? response.body.p : "", response.body.len,
			    JSON_REJECT_DUPLICATES, NULL);
	if (response.status != 200 || !json_is_object(object)) {
		/* "error" of RFC 6749, 5.2: a word for whoever set this up */
		struct str word = str_sub(body_str(mem, object, "error"), 0, 60);

		json_decref(object);
		return err_set(err, response.status >= 500 ? ERR_TEMP : ERR_PERM,
			       "the login service gives no %s: status %d%s%.*s", what,
			       response.status, word.len ? ", " : "", STR_ARG(word));
	}
	*out = object;
	return 0;
}

static int get(json_t **out, struct arena *mem, struct str url, const char *what, struct err *err)
{
	struct http_request request = { .method = STR("GET"), .url = url };

	if (http_header_add(&request.headers, mem, STR("Accept"), STR("application/json"), err))
		return -1;
	return ask(out, mem, &request, what, err);
}

static struct str without_slash(struct str text)
{
	return str_ends(text, STR("/")) ? str_sub(text, 0, text.len - 1) : text;
}

/* It must be of the issuer that the settings name, and no weaker than it. */
static int check_service(struct arena *mem, const struct settings *settings, const json_t *service,
			 struct err *err)
{
	static const char *const addresses[] = { "authorization_endpoint", "token_endpoint",
						 "jwks_uri" };
	bool https = str_starts(settings->login.issuer, STR("https:"));
	struct url url;

	if (!str_eq(without_slash(body_str(mem, service, "issuer")), settings->login.issuer))
		return err_set(
			err, ERR_PERM,
			"the login service calls itself '%.*s', and `login: issuer` is '%.*s'",
			STR_ARG(str_sub(body_str(mem, service, "issuer"), 0, 200)),
			STR_ARG(settings->login.issuer));
	for (size_t i = 0; i < COUNT(addresses); i++)
		if (url_parse(&url, mem, body_str(mem, service, addresses[i]), err) ||
		    (https && !url.https))
			return err_set(err, ERR_PERM,
				       "the login service gives no %s that can be used",
				       addresses[i]);
	return 0;
}

static int fetch(json_t **service, json_t **keys, struct arena *mem,
		 const struct settings *settings, struct err *err)
{
	json_t *description AUTO_JSON = NULL;

	if (get(&description, mem,
		arena_printf(mem, "%.*s/.well-known/openid-configuration",
			     STR_ARG(settings->login.issuer)),
		"description", err) ||
	    check_service(mem, settings, description, err) ||
	    get(keys, mem, body_str(mem, description, "jwks_uri"), "keys", err))
		return -1;
	*service = json_incref(description);
	return 0;
}

/* Copies for the caller: other threads may fetch anew meanwhile. */
static bool kept(struct oidc *oidc, int64_t now, bool anew, json_t **service, json_t **keys)
{
	bool fresh;

	pthread_mutex_lock(&oidc->lock);
	fresh = oidc->service && now - oidc->asked < OIDC_KEEP_MS &&
		!(anew && now - oidc->asked_keys >= OIDC_REFRESH_MS);
	if (fresh) {
		*service = json_deep_copy(oidc->service);
		*keys = json_deep_copy(oidc->keys);
	}
	if (!fresh)
		oidc->asked_keys = now;
	pthread_mutex_unlock(&oidc->lock);
	return fresh;
}

/* Description and keys, new references. `anew`: a key was not among the kept ones. */
static int know(struct oidc *oidc, struct arena *mem, int64_t now, bool anew, json_t **service,
		json_t **keys, struct err *err)
{
	if (kept(oidc, now, anew, service, keys))
		return 0;
	if (fetch(service, keys, mem, oidc->settings, err))
		return -1;
	pthread_mutex_lock(&oidc->lock);
	json_decref(oidc->service);
	json_decref(oidc->keys);
	oidc->service = json_deep_copy(*service);
	oidc->keys = json_deep_copy(*keys);
	oidc->asked = now;
	pthread_mutex_unlock(&oidc->lock);
	return 0;
}

static int enter(struct oidc *oidc, struct err *err)
{
	bool room;

	pthread_mutex_lock(&oidc->lock);
	room = oidc->waiting < OIDC_AT_ONCE;
	oidc->waiting += room;
	pthread_mutex_unlock(&oidc->lock);
	return room ? 0 : err_set(err, ERR_TEMP, "Others log in just now: try again.");
}

static void leave(struct oidc *oidc)
{
	pthread_mutex_lock(&oidc->lock);
	oidc->waiting--;
	pthread_mutex_unlock(&oidc->lock);
}

/* ---- to the service ---- */

static void add_pair(struct buf *out, const char *name, struct str value)
{
	if (out->len)
		buf_add_byte(out, '&');
	buf_add(out, str_of(name));
	buf_add_byte(out, '=');
	url_add_escaped(out, value);
}

static struct str return_address(const struct oidc *oidc, struct arena *mem)
{
	return arena_printf(mem, "%.*s/login/callback", STR_ARG(oidc->settings->url));
}

int oidc_address(struct str *out, struct oidc *oidc, struct arena *mem,
		 const struct oidc_login *login, int64_t now, struct err *err)
{
	json_t *service AUTO_JSON = NULL;
	json_t *keys AUTO_JSON = NULL;
	AUTO_BUF struct buf query = { 0 };
	struct str base;
	int status;

	if (enter(oidc, err))
		return -1;
	status = know(oidc, mem, now, false, &service, &keys, err);
	leave(oidc);
	if (status)
		return -1;
	base = body_str(mem, service, "authorization_endpoint");
	add_pair(&query, "response_type", STR("code"));
	add_pair(&query, "scope", STR("openid profile email"));
	add_pair(&query, "client_id", oidc->settings->login.client_id);
	add_pair(&query, "redirect_uri", return_address(oidc, mem));
	add_pair(&query, "state", login->state);
	add_pair(&query, "nonce", login->nonce);
	add_pair(&query, "code_challenge", login->challenge);
	add_pair(&query, "code_challenge_method", STR("S256"));
	*out = arena_printf(mem, "%.*s%c%.*s", STR_ARG(base),
			    str_find_byte(base, '?') == SIZE_MAX ? '?' : '&',
			    STR_ARG(buf_str(&query)));
	return 0;
}

/* ---- back from it ---- */

static bool lists(struct arena *mem, const json_t *list, struct str word)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (str_eq(arena_str(mem, (struct str){ json_string_value(one),
							json_string_length(one) }),
			   word))
			return true;
	}
	return false;
}

/* Name and secret in the header (RFC 6749, 2.3.1: escaped as in a form first), or in the body where the service takes that only. */
static int add_client(struct http_request *request, struct buf *form, const struct oidc *oidc,
		      struct arena *mem, const json_t *service, struct err *err)
{
	const json_t *ways = json_object_get(service, "token_endpoint_auth_methods_supported");
	struct str id = oidc->settings->login.client_id, pair;
	AUTO_BUF struct buf text = { 0 };

	if (ways && !lists(mem, ways, STR("client_secret_basic")) &&
	    lists(mem, ways, STR("client_secret_post"))) {
		add_pair(form, "client_id", id);
		add_pair(form, "client_secret", oidc->secret);
		return 0;
	}
	pair = arena_printf(mem, "%.*s:%.*s", STR_ARG(url_escaped(mem, id)),
			    STR_ARG(url_escaped(mem, oidc->secret)));
	buf_add_base64(&text, pair);
	return http_header_add(&request->headers, mem, STR("Authorization"),
			       arena_printf(mem, "Basic %.*s", STR_ARG(buf_str(&text))), err);
}

static int exchange(struct str *token, struct oidc *oidc, struct arena *mem, const json_t *service,
		    const struct oidc_login *login, struct str code, struct err *err)
{
	struct http_request request = { .method = STR("POST"),
					.url = body_str(mem, service, "token_endpoint") };
	AUTO_BUF struct buf form = { 0 };
	json_t *reply AUTO_JSON = NULL;

	add_pair(&form, "grant_type", STR("authorization_code"));
	add_pair(&form, "code", code);
	add_pair(&form, "redirect_uri", return_address(oidc, mem));
	add_pair(&form, "code_verifier", login->verifier);
	if (add_client(&request, &form, oidc, mem, service, err) ||
	    http_header_add(&request.headers, mem, STR("Content-Type"),
			    STR("application/x-www-form-urlencoded"), err) ||
	    http_header_add(&request.headers, mem, STR("Accept"), STR("application/json"), err))
		return -1;
	request.body = buf_str(&form);
	if (ask(&reply, mem, &request, "token", err))
		return -1;
	*token = body_str(mem, reply, "id_token");
	return token->len ? 0 : err_set(err, ERR_PERM, "the login service gives no id token");
}

static int read_token(json_t **claims, struct oidc *oidc, struct arena *mem, struct str token,
		      int64_t now, json_t **keys, struct err *err)
{
	json_t *service AUTO_JSON = NULL;
	bool unknown;

	if (jwt_verify(claims, mem, token, *keys, &unknown, err) == 0)
		return 0;
	if (!unknown)
		return -1;
	json_decref(*keys);
	*keys = NULL;
	/* the service may have new keys */
	if (know(oidc, mem, now, true, &service, keys, err))
		return -1;
	return jwt_verify(claims, mem, token, *keys, NULL, err);
}

static int redeem(struct session *out, struct oidc *oidc, struct arena *mem,
		  const struct oidc_login *login, struct str code, int64_t now, struct err *err)
{
	json_t *service AUTO_JSON = NULL;
	json_t *keys AUTO_JSON = NULL;
	json_t *claims AUTO_JSON = NULL;
	struct jwt_expect expect = { .audience = oidc->settings->login.client_id,
				     .nonce = login->nonce,
				     .now = now / 1000 };
	struct session session = { 0 };
	struct str token;

	if (know(oidc, mem, now, false, &service, &keys, err) ||
	    exchange(&token, oidc, mem, service, login, code, err) ||
	    read_token(&claims, oidc, mem, token, now, &keys, err))
		return -1;
	expect.issuer = body_str(mem, service, "issuer");
	if (jwt_check(claims, &expect, err) || oidc_who(&session, oidc->settings, mem, claims, err))
		return -1;
	*out = session;
	return 0;
}

int oidc_redeem(struct session *out, struct oidc *oidc, struct arena *mem,
		const struct oidc_login *login, struct str code, int64_t now, struct err *err)
{
	int status;

	if (enter(oidc, err))
		return -1;
	status = redeem(out, oidc, mem, login, code, now, err);
	leave(oidc);
	return status;
}
