/* run.c - a run from its policy to its receipt. */
#include "sandbox/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "base/scope.h"
#include "filter.h"
#include "hex.h"
#include "supervise.h"

extern char **environ;

static int new_id(char out[33], struct err *err)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return err_errno(err, "sandbox: getrandom");
	hex_write(out, bytes, sizeof bytes);
	return 0;
}

static void begin_receipt(struct receipt *r, struct arena *mem, const struct sandbox_job *job)
{
	unsigned char hash[POLICY_HASH];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	r->started_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	r->actor = arena_str(mem, job->actor);
	r->on_behalf_of = arena_str(mem, job->on_behalf_of);
	for (const char *const *a = job->argv; a && *a; a++)
		ARENA_PUSH(mem, &r->command, arena_str(mem, str_of(*a)));
	for (const char *const *e = job->env; e && *e; e++)
		ARENA_PUSH(mem, &r->env, arena_str(mem, str_sub(str_of(*e), 0, str_find_byte(str_of(*e), '='))));
	r->profile = arena_str(mem, job->policy->profile);
	r->home = arena_str(mem, str_of(job->base ? job->base->home : NULL));
	r->trust = job->policy->trust;
	r->exec_mode = job->policy->exec.mode;
	r->exit_code = -1;
	policy_hash(hash, job->policy);
	hex_write(r->policy_hash, hash, sizeof hash);
	filter_hash(r->filter_hash, FILTER_JOB);
}

/* The wall that is missing, why, and what the administrator can do. Nothing of the job has run. */
static int refuse(enum sandbox_layer layer, const struct probe_layer *why, const struct sandbox_policy *policy,
		  struct err *err)
{
	return err_set(err, ERR_PERM, "sandbox: refused: this host lacks %s (%s), which policy '%.*s' requires%s%s",
		       layer_about(layer), why->detail, STR_ARG(policy->name), why->mend[0] ? "; mend: " : "",
		       why->mend);
}

/* What the host lacks, by the policy: a refusal, or a line in the receipt. */
static int apply_probe(struct receipt *r, struct arena *mem, const struct sandbox_policy *policy,
		       const struct probe *probe, struct err *err)
{
	for (int l = 0; l < LAYERS; l++) {
		const struct probe_layer *layer = &probe->layers[l];

		if (policy->layers[l] == NEED_OFF || layer->works)
			continue;
		if (policy->layers[l] == NEED_REQUIRED)
			return refuse((enum sandbox_layer)l, layer, policy, err);
		r->layers[l].state = STATE_MISSING;
		r->layers[l].detail = arena_printf(mem, "%s%s%s", layer->detail,
						   layer->mend[0] ? "; mend: " : "", layer->mend);
		r->weak = true;
	}
	return 0;
}

static void state_layers(struct receipt *r, struct arena *mem, const struct sandbox_policy *policy,
			 const struct probe *probe)
{
	for (int l = 0; l < LAYERS; l++) {
		if (policy->layers[l] == NEED_OFF)
			continue;
		r->layers[l].state = STATE_IN_FORCE;
		r->layers[l].detail = arena_str(mem, str_of(probe->layers[l].detail));
	}
	r->layers[LAYER_SECCOMP].detail = arena_printf(mem, "filter %.16s", r->filter_hash);
}

int sandbox_run(struct receipt *out, struct arena *mem, const struct sandbox_job *job, struct err *err)
{
	/* a root of its own has nothing of the administrator's own places */
	static const char *const nothing[] = { NULL };
	const bool own_root = job->base && job->base->root;
	/* a job with a network fills caches of its own; one with a home directory brings them */
	const struct profile_use use = { .own_caches = (job->base && job->base->home) || job->net, .network = job->net };
	struct receipt receipt = { 0 };
	struct profile profile;
	struct probe probe;
	struct err first;

	if (new_id(receipt.id, err) ||
	    profile_resolve(&profile, mem, job->policy->profile, &use,
			    own_root ? nothing : (const char *const *)environ, err))
		return -1;
	begin_receipt(&receipt, mem, job);
	/* a host is fit until it shows otherwise: probing costs more than a run */
	probe_assume(&probe);
	state_layers(&receipt, mem, job->policy, &probe);
	if (apply_probe(&receipt, mem, job->policy, &probe, err))
		return -1;
	switch (run_supervise(&receipt, mem, job, &profile, &probe, &first)) {
	case SUPERVISED:
		*out = receipt;
		return 0;
	case SUPERVISE_FAILED:
		if (err)
			*err = first;
		return -1;
	case SUPERVISE_UNFIT:
		break;
	}
	probe_run(&probe);
	receipt.layers[LAYER_LANDLOCK].state = STATE_OFF;
	state_layers(&receipt, mem, job->policy, &probe);
	if (apply_probe(&receipt, mem, job->policy, &probe, err))
		return -1;
	if (run_supervise(&receipt, mem, job, &profile, &probe, err) != SUPERVISED)
		return -1;
	*out = receipt;
	return 0;
}
