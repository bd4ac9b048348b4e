/* address.h - texts of addresses. Private to this folder. */
#pragma once
#include "egress/host.h"

/* IPv4, or IPv6 without brackets, in canonical spelling. -1 for anything else. */
int address_read(struct address *out, struct str text);
