/*
 * url.h - addresses of forges and models, read strictly: what curl and we would understand differently is refused.
 *
 * After RFC 3986, of which only http and https with an authority are taken, without user information (a credential in an
 * address ends in logs) and without a fragment.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	URL_MAX = 8000, /* bytes: servers are required to take that much (RFC 9110, 4.1), few take more */
};

/* All parts lie in the arena that it was parsed into. */
struct url {
	bool       https;
	struct str host;   /* lower case; an IPv6 address has its brackets; never empty */
	uint16_t   port;   /* the scheme's own when the text has none */
	struct str path;   /* begins with '/', still escaped, without "." and ".." components */
	struct str query;  /* behind the '?', still escaped; may be empty */
};

/*
 * ERR_INPUT on anything else than http(s)://host[:port][/path][?query]: other schemes, user information, white space, control
 * characters, a backslash, bytes above 0x7e, a bad % escape, an escaped NUL, more than URL_MAX. The error never
 * repeats the text, which may hold a secret.
 */
int url_parse(struct url *out, struct arena *mem, struct str text, struct err *err);
/* A reference (as in a Location header) against `base`: absolute, "//host/..", "/path", "?query" or relative. A fragment is dropped. */
int url_resolve(struct url *out, struct arena *mem, const struct url *base, struct str reference,
		struct err *err);
/* As text; the port only where it is not the scheme's own. */
struct str url_text(const struct url *url, struct arena *mem);
/* Same scheme, host and port: a credential for one may go to the other. */
bool url_same_origin(const struct url *a, const struct url *b);

/* Adds one path component or query value: all but A-Z a-z 0-9 - . _ ~ becomes %XX, "." and ".." too. */
void url_add_escaped(struct buf *buf, struct str part);
/* The same for a path of several components: '/' stays. */
void url_add_escaped_path(struct buf *buf, struct str path);
struct str url_escaped(struct arena *mem, struct str part);
/* Undoes %XX (and '+' as a blank when `form`). False on a bad escape. */
bool url_unescape(struct str *out, struct arena *mem, struct str part, bool form);
/* The value of a key in "a=1&b=2", unescaped; the first one counts. False when it is not there or badly escaped. */
bool url_query_get(struct str *out, struct arena *mem, struct str query, struct str key);
