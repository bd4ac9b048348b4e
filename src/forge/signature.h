/* signature.h - the forms in which forges prove that a delivery is theirs. Over raw bytes, in constant time. */
#pragma once
#include "base/arena.h"

enum {
	SIGNATURE_MIN_SECRET = 1,
	SIGNATURE_WINDOW_S = 5 * 60, /* Standard Webhooks: a signed time further off is a replay */
};

struct secrets {
	const struct str *items;
	size_t            n;
};

/* Exactly 64 hex digits of HMAC-SHA256(secret, body) by one of the secrets; empty secrets do not count. */
bool signature_hex(const struct secrets *secrets, struct str hex, struct str body);
/* "sha256=" and the same. */
bool signature_sha256(const struct secrets *secrets, struct str header, struct str body);
/* The secret itself, as GitLab's old form and Gerrit's address hold it. */
bool signature_token(const struct secrets *secrets, struct str token);
/* The password of "Basic <base64 of user:password>". */
bool signature_basic(const struct secrets *secrets, struct str header);
/*
 * Standard Webhooks: "v1,<base64>" (several, with blanks between) of HMAC-SHA256 over "id.timestamp.body". A secret that begins with
 * "whsec_" is base64 behind it. False when the time is more than SIGNATURE_WINDOW_S off.
 */
bool signature_standard(const struct secrets *secrets, struct str header, struct str id, struct str timestamp,
			struct str body, int64_t now);

/* Standard base64; false on anything else. At most `room` bytes. */
bool base64_decode(unsigned char *out, size_t room, size_t *n, struct str text);
/* Standard base64 with padding. */
struct str base64_text(struct arena *mem, struct str bytes);
/* base64url without padding, as JSON Web Tokens have it. */
struct str base64_url(struct arena *mem, struct str bytes);
