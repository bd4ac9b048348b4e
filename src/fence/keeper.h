/*
 * keeper.h - a second process that holds what the first one works with: were the worker killed, the kernel would answer "yes" for it
 * from then on. The keeper has every job's fanotify group too, so the kernel goes on asking, and nobody answers; the keeper
 * kills these jobs and lets go when they are dead. Private to this folder.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { KEEPER_JOBS = 256 }; /* at once, of all clients */

/* The worker's side: gives a job to the keeper, or takes it back. `pair` is the socket to it. */
int keeper_hold(int pair, int group, int pidfd, uint32_t id, struct err *err);
void keeper_drop(int pair, uint32_t id);

/* The keeper's side: until the worker is gone or a signal wants our end. 0 when it was a signal. */
int keeper_run(int pair, int worker);
