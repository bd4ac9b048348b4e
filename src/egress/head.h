/*
 * head.h - the head of an HTTP/1.1 message, read so that no other reader can see another one.
 * Private to this folder.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "egress/broker.h"

struct field {
	struct str name, value; /* value without white space at its ends */
};

enum framing {
	FRAMING_NONE,    /* no body */
	FRAMING_LENGTH,  /* head.length bytes */
	FRAMING_CHUNKED,
	FRAMING_CLOSE,   /* answers only: until the server closes */
};

/* Borrows the text it was read from. */
struct head {
	struct str   method, target; /* of a request */
	uint16_t     status;         /* of an answer */
	uint8_t      minor;          /* HTTP/1.minor */
	enum framing framing;
	uint64_t     length;         /* FRAMING_LENGTH */
	size_t       n;
	struct field fields[BROKER_HEADERS];
};

/* Bytes of the head at the start of `bytes`, with the empty line that ends it; 0: not complete yet. */
size_t head_size(struct str bytes);
/*
 * `text` is one whole head. ERR_INPUT, one sentence, for: a bare CR or LF, NUL, a folded or
 * nameless field, space before the
 * colon, a method that is no upper-case word, white space or '#' in a target, more than
 * BROKER_HEADERS fields, more than one
 * Content-Length or Transfer-Encoding or both, a coding but "chunked", another version than 1.0
 * and 1.1,
 * and more than one Host.
 */
int head_read_request(struct head *out, struct str text, struct err *err);
/* The same for an answer to `method`, which decides whether a body follows. */
int head_read_answer(struct head *out, struct str text, struct str method, struct err *err);
/* The value of the first field of this name (either case), or a NULL p. */
struct str head_find(const struct head *head, struct str name);
size_t head_count(const struct head *head, struct str name);
/* Is `token` in a list such as Connection's, over all its fields. */
bool head_lists(const struct head *head, struct str name, struct str token);
/* Fields that speak of one connection, and those that Connection names: they are not handed on. */
bool head_is_hop(const struct head *head, struct str name);
