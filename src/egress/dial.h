/*
 * dial.h - from a host that matched to a connection with the address that was checked. Private to
 * this folder.
 */
#pragma once
#include "egress/broker.h"
#include "stream.h"

struct dial {
	const struct broker_options *options;
	const struct address_ranges *allowed; /* special ranges that the host admin named */
	const struct host           *host;
	uint16_t                     port;
};

/*
 * The addresses of the host that may be dialled, at least one. ERR_PERM: it resolves, but only to
 * what no job may
 * reach. A route that names an address allows exactly that.
 */
int dial_find(struct address *out, size_t max, size_t *n, const struct dial *dial,
	      const struct patience *patience, struct err *err);
/* Connects to exactly this address: a descriptor, or -1. */
int dial_connect(const struct address *address, uint16_t port, const struct patience *patience,
		 struct err *err);
