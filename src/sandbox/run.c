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

		/* whether an engine of the gate works is known when it is attached */
		if (policy->layers[l] == NEED_OFF || layer->works || l == LAYER_GATE)
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

/*
 * With bubblewrap as launcher: what it cannot do. It has no mounts without execution, so the promise of a sealed job, that
 * nothing becomes code which was not listed, cannot be kept.
 */
static int lower_bubble(struct receipt *r, struct arena *mem, const struct sandbox_policy *policy, bool is_setuid, struct err *err)
{
	static const struct {
		enum sandbox_layer layer;
		const char        *detail;
	} weak[] = {
		{ LAYER_MOUNTS, "bubblewrap: /tmp and /dev/shm are not noexec, protected paths can be written inside (and are not taken "
				"over), the number of files is not capped" },
		{ LAYER_PIDNS, "bubblewrap: /proc shows the settings of the kernel, read-only" },
	};

	if (policy->exec.mode == EXEC_SEALED)
		return err_set(err, ERR_PERM, "sandbox: refused: bubblewrap cannot mount the work directory noexec, which exec.mode sealed "
					      "needs");
	if (policy->fs.workdir == WORKDIR_BIND)
		return err_set(err, ERR_PERM, "sandbox: refused: bubblewrap cannot protect paths of the host's own work directory: use "
					      "fs.workdir copy");
	for (size_t i = 0; i < COUNT(weak); i++) {
		if (policy->layers[weak[i].layer] == NEED_OFF)
			continue;
		r->layers[weak[i].layer].state = STATE_WEAK;
		r->layers[weak[i].layer].detail = str_of(weak[i].detail);
	}
	if (is_setuid)
		r->layers[LAYER_MOUNTS].detail = arena_printf(mem, "%.*s; it is setuid: what is written is capped as memory alone",
							      STR_ARG(r->layers[LAYER_MOUNTS].detail));
	receipt_notice(r, mem, "the launcher is bubblewrap (%.*s)", STR_ARG(policy->bubblewrap));
	r->weak = true;
	return 0;
}

/* What the host really has, by our own launcher or, where the policy lets it and only it can, by bubblewrap. */
static int probe_truly(struct probe *probe, struct arena *mem, const struct sandbox_policy *policy, struct err *err)
{
	const bool always = policy->launcher == LAUNCH_BUBBLEWRAP;
	struct err why;

	probe_run(probe);
	if (policy->launcher == LAUNCH_OWN || probe_bubble(probe, arena_z(mem, policy->bubblewrap), always, &why) || !always)
		return 0;
	return err_set(err, ERR_PERM, "sandbox: refused: %s", why.text);
}

/* Bubblewrap, which was tried because our own launcher could not, cannot either. */
static int tell_both(struct err *err, const struct err *own, const struct sandbox_policy *policy)
{
	struct err bubble;

	if (!err || policy->launcher == LAUNCH_BUBBLEWRAP)
		return -1;
	bubble = *err;
	return err_set(err, bubble.kind, "%.400s; it was tried because: %.300s; mend: %s", bubble.text, own->text,
		       layer_mend(LAYER_USERNS));
}

int sandbox_run(struct receipt *out, struct arena *mem, const struct sandbox_job *job, struct err *err)
{
	/* a root of its own has nothing of the administrator's own places */
	static const char *const nothing[] = { NULL };
	const bool own_root = job->base && job->base->root;
	/* a job with a network fills caches of its own; one with a home directory brings them */
	const struct profile_use use = { .own_caches = (job->base && job->base->home) || job->net,
					 .network = job->net };
	struct receipt receipt = { 0 };
	struct profile profile;
	struct probe probe;
	struct err first;

	if (new_id(receipt.id, err) ||
	    profile_resolve(&profile, mem, job->policy->profile, &use, own_root ? nothing : (const char *const *)environ, err))
		return -1;
	begin_receipt(&receipt, mem, job);
	/* a host is fit until it shows otherwise: probing costs more than a run */
	probe_assume(&probe);
	state_layers(&receipt, mem, job->policy, &probe);
	if (apply_probe(&receipt, mem, job->policy, &probe, err))
		return -1;
	switch (job->policy->launcher == LAUNCH_BUBBLEWRAP ? SUPERVISE_UNFIT : run_supervise(&receipt, mem, job, &profile, &probe, &first)) {
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
	if (probe_truly(&probe, mem, job->policy, err))
		return -1;
	receipt.layers[LAYER_LANDLOCK].state = STATE_OFF;
	state_layers(&receipt, mem, job->policy, &probe);
	if (apply_probe(&receipt, mem, job->policy, &probe, err) ||
	    (probe.bubble && lower_bubble(&receipt, mem, job->policy, !probe.layers[LAYER_USERNS].works, err)))
		return -1;
	if (run_supervise(&receipt, mem, job, &profile, &probe, err) != SUPERVISED)
		return probe.bubble ? tell_both(err, &first, job->policy) : -1;
	*out = receipt;
	return 0;
}
