/* host_files.h - what the readers of the administrator's file share. Private to this folder. */
#pragma once
#include "environment/host.h"

/* An absolute path, without '/' at its end. */
int host_read_path(struct reader *r, const struct yaml *node, const char **out);
/* Values of the keys `images` and `registries`; `to` is the struct environment_host. */
int host_read_images(struct reader *r, const struct yaml *node, void *to);
int host_read_registries(struct reader *r, const struct yaml *node, void *to);
/* The routes to a registry of that name, and whether it is one without TLS: what the administrator says, else its host by TLS. */
int host_routes(struct host_registry *out, struct arena *mem, const struct environment_host *host, struct str registry,
		struct err *err);
