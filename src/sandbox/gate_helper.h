/* gate_helper.h - which engine judges, where the policy leaves it open. Private to this folder. */
#pragma once
#include "sandbox/gate.h"

/* Whether the root helper is to judge: when the policy wants it, or leaves it open and its socket is there. */
bool gate_asks_helper(const struct sandbox_policy *policy);
/*
 * Attaches the helper to the command, which waits; when it refuses, and the policy leaves it open, our own engine, with a notice. *out
 * is to be freed in every case.
 */
int gate_attach_helper(struct sandbox_gate **out, const struct gate_options *options, const struct sandbox_target *target,
		       struct receipt *receipt, struct arena *mem, struct err *err);
