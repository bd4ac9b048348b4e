/* root.h - the root file system that an environment wishes. Private to this folder. */
#pragma once
#include "environment/prepare.h"

void teller_say(const struct environment_teller *teller, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The root of an environment with packages or an image: from the shelf, or made now. Its tree is <path>/tree. *out stays zeroed when the
 * environment has neither: then the host's toolchain it is.
 */
int root_get(struct shelf_entry *out, const struct environment_host *host, const struct environment *environment,
	     const struct environment_teller *teller, struct err *err);
