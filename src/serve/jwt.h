/*
 * jwt.h - JSON Web Tokens of a login service: the signature by its published keys, and the claims of an id token.
 *
 * RFC 7515 (compact form), 7517 (keys), 7518 (RS256, ES256), OpenID Connect Core 3.1.3.7 (what must be checked). No other algorithm is
 * taken, `none` and the HMAC ones least of all: with those anybody who has the public key could sign. Private to this folder.
 */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

enum {
	JWT_MAX_BYTES = 64 << 10, /* with a few hundred groups */
	JWT_MAX_KEYS = 32,        /* of a key set: services publish two to ten */
	JWT_RSA_MIN_BITS = 2048,
	JWT_RSA_MAX_BITS = 8192, /* verifying with a larger one takes too long */
	JWT_SKEW_S = 60,         /* between the clocks of both machines */
	JWT_AGE_S = 600,         /* since it was made: it comes straight from the service */
};

/*
 * The payload of a token that one of `keys` (a JWK set) signed, as a new reference. ERR_PERM says what is wrong; *unknown_key, which may be NULL,
 * is true when it names a key that is not among them: they may be old.
 */
int jwt_verify(json_t **claims, struct arena *mem, struct str token, const json_t *keys,
	       bool *unknown_key, struct err *err);

struct jwt_expect {
	struct str issuer, audience, nonce;
	int64_t now; /* seconds since 1970 */
};
/* iss, aud, azp, exp, iat, nbf, nonce, sub. ERR_PERM. */
int jwt_check(const json_t *claims, const struct jwt_expect *expect, struct err *err);

/* base64url without padding, strictly; false on anything else. */
bool base64url_read(struct str *out, struct arena *mem, struct str text);
struct str base64url_text(struct arena *mem, struct str bytes);
