#include "gate_helper.h"

#include <stdio.h>
#include <unistd.h>

bool gate_asks_helper(const struct sandbox_policy *policy)
{
	char socket[POLICY_MAX_SOCKET + 1];

	snprintf(socket, sizeof socket, "%.*s", STR_ARG(policy->exec.helper));
	return policy->exec.engine == EXEC_BY_FANOTIFY || policy->exec.engine == EXEC_BY_BPF ||
	       (policy->exec.engine == EXEC_BY_AUTO && access(socket, F_OK) == 0);
}

int gate_attach_helper(struct sandbox_gate **out, const struct gate_options *options,
		       const struct sandbox_target *target, struct receipt *receipt, struct arena *mem,
		       struct err *err)
{
	struct sandbox_gate *gate =
		gate_fence_new(options, arena_z(mem, target->policy->exec.helper));

	*out = gate;
	if (gate->attach(gate, target, err) == 0)
		return 0;
	if (target->policy->exec.engine != EXEC_BY_AUTO)
		return -1;
	receipt_notice(receipt, mem, "the exec gate works by ptrace: %s", err->text);
	gate->free(gate);
	*out = gate = gate_ptrace_new(options);
	return gate->attach(gate, target, err);
}
