/* message.h - requests and answers as plain data, shared by client and server. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct http_header {
	struct str name;  /* compared without regard to case */
	struct str value;
};

struct http_headers {
	struct http_header *items;
	size_t              n, cap;
};

struct http_request {
	struct str          method;  /* "GET", "POST", ... */
	struct str          url;     /* absolute */
	struct http_headers headers;
	struct str          body;    /* sent when not empty, and for POST, PUT and PATCH */
};

struct http_response {
	int                 status;  /* 100..599 */
	struct http_headers headers; /* of the final answer only */
	struct str          body;
};

/* The first header of that name, trimmed; empty when there is none. */
struct str http_header_get(const struct http_headers *headers, struct str name);
/* How often it occurs. */
size_t http_header_count(const struct http_headers *headers, struct str name);
/*
 * Appends; name and value stay the caller's. A name that is no token, or a value with a control character, is ERR_BUG and is
 * not added: nothing hostile can end a header and begin another.
 */
int http_header_add(struct http_headers *headers, struct arena *mem, struct str name, struct str value,
		    struct err *err);
/* "Created", ...; "Unknown" for a status that has no words. */
const char *http_status_text(int status);
/* Of Retry-After: seconds, or the three HTTP dates (RFC 9110, 5.6.7) against `now` (Unix seconds). -1 when it is neither; never more than a day. */
int64_t http_retry_after(struct str value, int64_t now);
