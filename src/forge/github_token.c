/*
 * github_token.c - how an App shows who it is: a JSON Web Token (RFC 7519, RS256) for itself, made here, and with it tokens
 * of its installations, each for one repository and for no more than a review needs.
 */
#include <stdlib.h>

#include "github.h"
#include "http/url.h"
#include "late_crypto.h"

enum {
	JWT_BEFORE_S = 60, /* for clocks that go ahead of GitHub's */
	JWT_LIFE_S = 540,  /* GitHub takes 10 minutes at most */
	RENEW_MS =
		50 * 60 * 1000, /* a token lives an hour: a job that begins now must end with it */
	MARGIN_MS = 10 * 60 * 1000,
};

static EVP_PKEY *read_key(struct str pem, struct err *err)
{
	BIO *bio;
	EVP_PKEY *key;

	if (late_crypto(err))
		return NULL;
	bio = BIO_new_mem_buf(pem.p, (int)(pem.len > 100000 ? 100000 : pem.len));
	if (!bio) {
		(void)err_set(err, ERR_TEMP, "out of memory");
		return NULL;
	}
	/* a password would be asked for on the terminal: the empty one is given instead */
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
	BIO_free(bio);
	if (!key)
		(void)err_input(err, "the App's private key is no PEM");
	return key;
}

bool github_key_is_valid(struct str pem)
{
	EVP_PKEY *key = read_key(pem, NULL);
	bool rsa;

	if (!key)
		return false;
	rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	EVP_PKEY_free(key);
	return rsa;
}

static int sign(struct str *out, struct arena *mem, EVP_PKEY *key, struct str text, struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char bytes[1024]; /* an RSA key of 8192 bits */
	size_t n = sizeof bytes;
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, bytes, &n, (const unsigned char *)text.p, text.len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return err_set(err, ERR_PERM, "the App's private key cannot sign");
	*out = base64_url(mem, (struct str){ (const char *)bytes, n });
	return 0;
}

int github_jwt(struct str *out, struct arena *mem, const struct forge_config *config, int64_t now_s,
	       struct err *err)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	json_t *claims =
		json_pack("{s:I, s:I, s:o}", "iat", (json_int_t)(now_s - JWT_BEFORE_S), "exp",
			  (json_int_t)(now_s + JWT_LIFE_S), "iss", payload_text(config->app_id));
	EVP_PKEY *key = read_key(config->private_key, err);
	struct str body = payload_dump(mem, claims), text, signature;
	int result;

	text = arena_printf(mem, "%.*s.%.*s", STR_ARG(base64_url(mem, str_of(header))),
			    STR_ARG(base64_url(mem, body)));
	if (!key)
		return -1;
	result = sign(&signature, mem, key, text, err);
	EVP_PKEY_free(key);
	if (result < 0)
		return -1;
	*out = arena_printf(mem, "%.*s.%.*s", STR_ARG(text), STR_ARG(signature));
	return 0;
}

/* ---- installation tokens: all with token_lock held ---- */

static int app_call(struct forge *forge, struct arena *mem, const char *method, struct str path,
		    struct str body, json_t **out, struct err *err)
{
	struct call call = { .method = method,
			     .path = path,
			     .body = body,
			     .with_token_client = true,
			     .accept = "application/vnd.github+json" };
	struct http_response response;

	if (github_jwt(&call.bearer, mem, &forge->config, forge_now_ms(forge) / 1000, err) < 0 ||
	    forge_call(forge, mem, &call, &response, err) < 0)
		return -1;
	if (response.status / 100 != 2)
		return forge_refused(forge, mem, &response, err);
	return payload_load(out, response.body, err);
}

static int find_installation(struct forge *forge, struct arena *mem,
			     const struct forge_place *place, struct str *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct str path = path_printf(mem, "repos/%.*s/installation",
				      STR_ARG(repository_path(mem, place->repository)));

	if (app_call(forge, mem, "GET", path, (struct str){ 0 }, &json, err) < 0)
		return err_wrap(err, "the App is not installed for this repository");
	*out = payload_id(mem, json, "id");
	return out->len ? 0 : err_set(err, ERR_PERM, "GitHub names no installation");
}

/* All that a review needs; contents may only be read. */
static struct str wish(struct arena *mem, struct str repository)
{
	size_t slash = str_find_byte(repository, '/');
	struct str name = slash == SIZE_MAX ? repository : str_from(repository, slash + 1);

	return payload_dump(mem, json_pack("{s:[o], s:{s:s, s:s, s:s, s:s, s:s}}", "repositories",
					   payload_text(name), "permissions", "metadata", "read",
					   "contents", "read", "pull_requests", "write", "issues",
					   "write", "checks", "write"));
}

static struct minted *find_minted(struct forge *forge, const struct forge_place *place)
{
	for (size_t i = 0; i < forge->n_minted; i++)
		if (str_eq(str_of(forge->minted[i].repository), place->repository))
			return &forge->minted[i];
	return NULL;
}

static bool is_fresh(const struct minted *minted, int64_t now_ms)
{
	return now_ms < minted->made_ms + RENEW_MS && now_ms < minted->expires_ms - MARGIN_MS;
}

/* A free place, the one of the same repository, or the oldest. */
static struct minted *room_for(struct forge *forge, const struct forge_place *place)
{
	struct minted *minted = find_minted(forge, place);

	if (!minted && forge->n_minted < FORGE_MAX_TOKENS)
		return &forge->minted[forge->n_minted++];
	if (!minted) {
		minted = &forge->minted[0];
		for (size_t i = 1; i < FORGE_MAX_TOKENS; i++)
			if (forge->minted[i].made_ms < minted->made_ms)
				minted = &forge->minted[i];
	}
	free(minted->installation);
	free(minted->repository);
	free(minted->token);
	return minted;
}

static int keep(struct forge *forge, const struct forge_place *place, struct str installation,
		struct str token, int64_t expires_ms, struct err *err)
{
	struct minted *minted = room_for(forge, place);

	*minted =
		(struct minted){ .installation = strndup(installation.p, installation.len),
				 .repository = strndup(place->repository.p, place->repository.len),
				 .token = strndup(token.p, token.len),
				 .made_ms = forge_now_ms(forge),
				 .expires_ms = expires_ms };
	if (minted->installation && minted->repository && minted->token)
		return 0;
	minted->made_ms = minted->expires_ms = 0;
	return err_set(err, ERR_TEMP, "out of memory");
}

static int mint(struct forge *forge, struct arena *mem, const struct forge_place *place,
		struct err *err)
{
	struct str installation = place->installation, token, path;
	AUTO_JSON json_t *json = NULL;
	int64_t expires;

	if (!installation.len && find_installation(forge, mem, place, &installation, err) < 0)
		return -1;
	path = path_printf(mem, "app/installations/%.*s/access_tokens",
			   STR_ARG(url_escaped(mem, installation)));
	if (app_call(forge, mem, "POST", path, wish(mem, place->repository), &json, err) < 0)
		return err_wrap(err, "no token for the installation");
	token = payload_view(json, "token");
	expires = payload_time(json, "expires_at");
	if (!token.len || !expires)
		return err_set(err, ERR_PERM, "GitHub gave no token");
	return keep(forge, place, installation, token, expires * 1000, err);
}

static int token_locked(struct forge *forge, struct arena *mem, const struct forge_place *place,
			struct str *token, int64_t *expires_ms, struct err *err)
{
	struct minted *minted = find_minted(forge, place);

	if (!minted || !is_fresh(minted, forge_now_ms(forge))) {
		if (mint(forge, mem, place, err) < 0)
			return -1;
		minted = find_minted(forge, place);
	}
	*token = arena_str(mem, str_of(minted->token));
	*expires_ms = minted->expires_ms;
	return 0;
}

int github_token(struct forge *forge, struct arena *mem, const struct forge_place *place,
		 struct str *token, int64_t *expires_ms, struct err *err)
{
	int result;

	if (forge->config.token.len) {
		*token = forge->config.token;
		*expires_ms = INT64_MAX;
		return 0;
	}
	if (!place || !repository_is_valid(place->repository, false))
		return err_set(err, ERR_BUG, "a token of an installation is for one repository");
	pthread_mutex_lock(&forge->token_lock);
	result = token_locked(forge, mem, place, token, expires_ms, err);
	pthread_mutex_unlock(&forge->token_lock);
	return result;
}

bool github_forget(struct forge *forge, const struct forge_place *place)
{
	struct minted *minted;

	if (forge->config.token.len)
		return false;
	pthread_mutex_lock(&forge->token_lock);
	minted = find_minted(forge, place);
	if (minted)
		minted->made_ms = minted->expires_ms = 0;
	pthread_mutex_unlock(&forge->token_lock);
	return minted != NULL;
}

int github_authorize(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct http_request *request, struct err *err)
{
	struct str token;
	int64_t expires_ms;

	if (github_token(forge, mem, place, &token, &expires_ms, err) < 0 ||
	    http_header_add(&request->headers, mem, STR("X-GitHub-Api-Version"), STR("2022-11-28"),
			    err) < 0)
		return -1;
	return http_header_add(&request->headers, mem, STR("Authorization"),
			       arena_printf(mem, "Bearer %.*s", STR_ARG(token)), err);
}
