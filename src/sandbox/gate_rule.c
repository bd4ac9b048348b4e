/* The decision of the exec gate: facts in, rule out. */
#include "sandbox/gate.h"

static const struct {
	const char *id, *advice;
} rules[GATE_RULES] = {
	[GATE_OK] = { "", "" },
	[GATE_NO_IMAGE] = { "gate.image",
			    "A program whose file cannot be read and identified will never be allowed to run. "
			    "Make it readable." },
	[GATE_LOADER] = { "gate.loader",
			  "The dynamic loader will never be allowed to run as a program, under any name. Start the "
			  "program itself." },
	[GATE_DELETED] = { "gate.deleted",
			   "A program without a file name (memfd, O_TMPFILE, deleted) will never be allowed to run. "
			   "Put it in a file of the work directory." },
	[GATE_PRIVILEGED] = { "gate.setuid",
			      "A setuid or setgid program will never be allowed to run. No privileges can be had "
			      "here." },
	[GATE_DIGEST] = { "gate.digest",
			  "Only programs whose digest is in the policy run here; a copy, another name or another "
			  "way to start it changes nothing. Use a listed program, or ask the administrator to list "
			  "this one." },
	[GATE_PLACE] = { "gate.place",
			 "Only the toolchain and programs in the work directory run here, never from memory or a "
			 "temporary directory. Build it in the work directory." },
};

static const char *const origins[GATE_ORIGIN_COUNT] = {
#define X(id, name) [GATE_##id] = name,
	GATE_ORIGINS(X)
#undef X
};

enum gate_rule gate_decide(const struct gate_facts *facts, enum exec_mode mode)
{
	if (!facts->opened || !facts->digested)
		return GATE_NO_IMAGE;
	/* in this order: what holds in all modes first */
	if (facts->privileged)
		return GATE_PRIVILEGED;
	if (facts->deleted)
		return GATE_DELETED;
	if (facts->loader)
		return GATE_LOADER;
	if (facts->listed)
		return GATE_OK;
	if (mode == EXEC_SEALED)
		return GATE_DIGEST;
	return facts->origin == GATE_ELSEWHERE ? GATE_PLACE : GATE_OK;
}

const char *gate_rule_id(enum gate_rule rule)
{
	return rules[rule].id;
}

const char *gate_rule_advice(enum gate_rule rule)
{
	return rules[rule].advice;
}

const char *gate_origin_name(enum gate_origin origin)
{
	return origins[origin];
}
