/* generic.h - the event of our own making (docs/events.md): for CI systems and scripts, and for the local forge. */
#pragma once
#include "type.h"

int generic_verify(const struct forge_config *config, const struct forge_delivery *delivery, struct err *err);
int generic_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery, const json_t *body,
		  struct err *err);
