/*
 * client.h - what programs inside must be told so that they use the broker: environment variables,
 * as data.
 */
#pragma once
#include "base/arena.h"

struct client_view {
	uint16_t    port;     /* of the forwarder, on 127.0.0.1 */
	const char *pem;      /* path inside of broker_trust_pem's text; NULL: none */
	const char *jks;      /* path inside of broker_trust_jks's bytes; NULL: none, Java then trusts no inspected host */
};

struct client_vars {
	const char **items;
	size_t       n, cap;
};

/*
 * The variables, "NAME=value" each with a NUL behind it, in `mem`: HTTP_PROXY and its kin, trust
 * files, and what npm, pip, cargo, Go, Maven, git and Java need.
 */
struct client_vars client_env(struct arena *mem, const struct client_view *view);
