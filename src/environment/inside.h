/* inside.h - what set-up and jobs have in common: the host's policy, the environment's variables, the network of a phase. Private. */
#pragma once
#include "egress/route.h"
#include "environment/prepare.h"

/* Which of sandbox/environment's scripts; NULL for a name that is none. */
const char *inside_script(const char *name);
/*
 * Runs `job`, of which policy, env and net are filled in here. *denied requests are in the receipt. As sandbox_run().
 */
int inside_run(struct receipt *out, struct arena *mem, const struct sandbox_job *job, const struct environment_host *host,
	       struct str profile, const struct str_list *env, enum route_phase phase, struct err *err);
