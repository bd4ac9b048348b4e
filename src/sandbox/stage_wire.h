/*
 * stage_wire.h - the part of a plan that crosses an exec: for a stage that bubblewrap has started. Numbers as eight bytes, text
 * with its NUL, in the order of stage_wire.c. From our supervisor, in a file that nobody else has. Private to this folder.
 */
#pragma once
#include "launch.h"

/* Descriptors that the stage finds. */
enum { STAGE_PLAN = 3, STAGE_CONTROL, STAGE_WORK, STAGE_NET, STAGE_FDS };

enum { STAGE_MAX_PLAN = 16 << 20 }; /* arguments and environment: the kernel takes 6 MiB */

/* All text stays in `bytes`; lists are from malloc(), and live as long as the process. False when it is malformed. */
bool stage_decode(struct plan *out, struct str bytes);
