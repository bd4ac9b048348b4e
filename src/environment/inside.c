#include "inside.h"

#include "embedded.h"
#include "sandbox/audit.h"
#include "sandbox/way_out.h"

const char *inside_script(const char *name)
{
	for (size_t i = 0; i < environment_scripts_count; i++)
		if (strcmp(environment_scripts[i].name, name) == 0)
			return environment_scripts[i].text;
	return NULL;
}

/* The values come from the repository or its image, never from this host: so they may be set, whatever the policy lets in from here. */
static void allow_variables(struct sandbox_policy *policy, struct arena *mem, const struct str_list *env)
{
	struct str_list names = { 0 };

	for (size_t i = 0; i < policy->env.n; i++)
		ARENA_PUSH(mem, &names, policy->env.items[i]);
	for (size_t i = 0; i < env->n; i++)
		ARENA_PUSH(mem, &names, str_sub(env->items[i], 0, str_find_byte(env->items[i], '=')));
	policy->env = names;
}

static const char *const *variables(struct arena *mem, const struct str_list *env)
{
	const char **list = ARENA_ARRAY(mem, env->n + 1, const char *);

	for (size_t i = 0; i < env->n; i++)
		list[i] = arena_z(mem, env->items[i]);
	return list;
}

/* With the way out that the policy gives in this phase, if any; both are written down. */
static int run_audited(struct receipt *out, struct arena *mem, struct sandbox_job *job, const struct environment_host *host,
		       enum route_phase phase, struct audit *audit, struct err *err)
{
	const struct route_table *routes = job->policy->net;
	struct way_out way;
	int failed;

	if (!routes || !route_any(routes, phase)) {
		failed = sandbox_run(out, mem, job, err);
		return !failed && audit ? audit_run(audit, mem, out, NULL, err) : failed;
	}
	if (way_out_open(&way, mem, routes, phase, &host->secrets, err))
		return -1;
	job->net = &way.net;
	failed = sandbox_run(out, mem, job, err);
	way_out_close(&way);
	if (!failed) {
		way_out_note(&way, out, mem);
		failed = audit ? audit_run(audit, mem, out, &way.journal, err) : 0;
	}
	way_out_release(&way);
	return failed;
}

int inside_run(struct receipt *out, struct arena *mem, const struct sandbox_job *draft, const struct environment_host *host,
	       struct str profile, const struct str_list *env, enum route_phase phase, struct err *err)
{
	const struct audit_options options = { .path = host->audit };
	struct sandbox_policy policy = host->policy;
	struct sandbox_job job = *draft;
	struct audit *audit = NULL;
	int failed;

	allow_variables(&policy, mem, env);
	if (profile.len)
		policy.profile = profile;
	job.policy = &policy;
	job.env = variables(mem, env);
	/* before anything runs: what cannot be written down does not happen */
	if (options.path && audit_open(&audit, &options, err))
		return -1;
	failed = run_audited(out, mem, &job, host, phase, audit, err);
	return audit && audit_close(audit, failed ? NULL : err) ? -1 : failed;
}
