/* gateway.h - what the handlers of one gateway share. Private to this folder. */
#pragma once
#include "serve/connect.h"
#include "serve/gateway.h"
#include "serve/triage.h"

struct intake;

struct hook {
	const struct integration *integration;
	struct forge_config       config;   /* with webhook secrets */
	struct identity           self;
};

struct gateway {
	const struct settings *settings;
	struct arena           mem;
	struct hook           *hooks;
	size_t                 n_hooks;
	struct intake         *intake;
	struct pages          *pages;     /* pages.h */
	struct http_server    *server;
	_Atomic uint64_t       taken, duplicates, refused, failed; /* for /metrics */
};

extern const struct http_route hook_routes[];
extern const size_t hook_routes_n;

/* Milliseconds since 1970. */
int64_t clock_ms(void);
