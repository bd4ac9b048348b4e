/* hello.h - the server name in the first words of TLS (RFC 8446, 6066). Private to this folder. */
#pragma once
#include "egress/host.h"

enum {
	HELLO_MAX = 16384, /* bytes, records and all; with post-quantum keys it has 2000 */
};

enum hello_state {
	HELLO_MORE,  /* not complete yet */
	HELLO_NAME,  /* complete, with one server name */
	HELLO_BARE,  /* complete, without a server name */
	HELLO_WRONG, /* no TLS ClientHello, or one that hides its name: *why tells */
};

struct hello {
	enum hello_state state;
	struct host      name;
	size_t           size; /* bytes of the records that hold it */
	const char      *why;
};

/*
 * Reads the ClientHello at the start of `bytes`, over as many records as it takes. Wrong are also:
 * two names, two
 * extensions of one kind, a name that is no host, Encrypted Client Hello, SSLv2, and more than
 * HELLO_MAX bytes.
 */
void hello_read(struct hello *out, struct str bytes);
/*
 * The first answer of the server asks for a second ClientHello (HelloRetryRequest): 1, 0, or -1
 * for not enough bytes yet.
 */
int hello_is_retry(struct str bytes);
