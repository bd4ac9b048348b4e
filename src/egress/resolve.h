/* resolve.h - the system's resolver, with an end. Private to this folder. */
#pragma once
#include "egress/broker.h"
#include "stream.h"

/*
 * All addresses of a name, asked in a thread of its own that is left behind when the run or the
 * time is over.
 * The name is absolute: no search domain is tried behind it.
 */
int resolve_system(struct address *out, size_t max, size_t *n, const struct host *host,
		   const struct patience *patience, struct err *err);
