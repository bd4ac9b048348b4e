/* connect.h - from the settings of an integration to an open forge, and to what the gateway checks events with. */
#pragma once
#include "forge/forge.h"
#include "serve/settings.h"

/* Which secrets a process may hold (DESIGN.md, 3): the gateway hooks, the broker tokens, a worker neither. */
enum holds { HOLDS_HOOKS = 1, HOLDS_TOKENS = 2 };

/* Reads those secrets; everything lives in `mem` or in the settings. ERR_INPUT names the integration and what is missing. */
int connect_config(struct forge_config *out, struct arena *mem, const struct integration *integration,
		   unsigned holds, struct err *err);
