/*
 * gateway.h - the process that the outside talks to: webhooks in, pages and API out.
 *
 * A webhook: POST /hooks/NAME. The forge is the one configured under that name, never guessed from headers. The signature over the raw bytes is
 * checked before anything is parsed, and the answer goes out after the event is on disk.
 *
 *   202  kept (also what is of no use, and what was kept before)     401  the signature does not hold
 *   404  no such integration        413  body over 25 MB             503  the database does not take it: send again
 *
 * Holds webhook secrets and the login's secret; no token of any forge.
 */
#pragma once
#include "http/server.h"
#include "serve/settings.h"

/* Runs until SIGTERM. */
int gateway_run(const struct settings *settings, struct err *err);
