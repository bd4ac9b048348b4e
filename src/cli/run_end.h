/* run_end.h - how a sandboxed command ends, seen from a shell. Private to this folder. */
#pragma once
#include "sandbox/receipt.h"

/* Of the command, but for these; as `timeout` and `env` have them. Documented in docs/sandbox.md. */
enum { EXIT_LIMIT = 124, EXIT_REFUSED = 125, EXIT_DENIED = 126, EXIT_SIGNALLED = 128 };

/* A descriptor that is readable when somebody wants us to end: the job is then ended properly. -1 on failure. */
int run_end_signals(struct err *err);
int run_end_code(const struct receipt *receipt);
