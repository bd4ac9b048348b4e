#include "flow/pull_job.h"

#include <stdio.h>
#include <time.h>

#include "rules/ruleset.h"

const char *pull_end_name(enum pull_end end)
{
	static const char *const names[PULL_ENDS] = {
		[PULL_DONE] = "done",		[PULL_SKIPPED] = "skipped",
		[PULL_MOVED] = "moved",		[PULL_CANCELLED] = "cancelled",
		[PULL_FAILED] = "failed",
	};

	return names[end];
}

/* A stage that ends the job without a failure returns this: no later stage runs. */
static int finish(struct pull_job *job, enum pull_end end)
{
	job->end = end;
	return 1;
}

static int stage_facts(struct pull_job *job, struct err *err)
{
	const struct pull_options *o = job->options;
	const struct pull *pull = &job->pull;

	if (job->calls->get(job->payload, &job->pull, &job->mem, err) < 0)
		return -1;
	if ((pull->closed || pull->merged) && !o->closed)
		return finish(job, PULL_SKIPPED);
	if (pull->draft && !o->drafts)
		return finish(job, PULL_SKIPPED);
	if (o->head && strcmp(o->head, pull->head_oid) != 0)
		return finish(job, PULL_MOVED);
	if (!pull->head_oid[0] || !pull->base_oid[0])
		return err_set(err, ERR_TEMP, "the forge does not say what the head or the base is");
	return 0;
}

static bool on_fetch(void *payload, const char *what, unsigned percent)
{
	struct pull_job *job = payload;

	return !job->calls->progress || job->calls->progress(job->payload, what, percent);
}

static int fetch(struct pull_job *job, enum mirror_result *result, struct err *err)
{
	struct mirror_remote remote = { 0 };
	const char *head_ref = NULL, *refspecs[2], *oids[2];
	struct mirror_want want = { .oids = oids, .refspecs = refspecs, .progress = on_fetch,
				    .payload = job };
	struct str base = job->pull.base_ref;

	if (job->calls->remote(job->payload, &remote, &head_ref, &job->pull, &job->mem, err) < 0)
		return -1;
	oids[want.n_oids++] = job->pull.base_oid;
	oids[want.n_oids++] = job->pull.head_oid;
	if (base.len)
		refspecs[want.n_refspecs++] =
			arena_printf(&job->mem, "+refs/heads/%.*s:refs/heads/%.*s", STR_ARG(base),
				     STR_ARG(base))
				.p;
	if (head_ref && *head_ref)
		refspecs[want.n_refspecs++] =
			arena_printf(&job->mem, "+%s:refs/outrider/head/%llu", head_ref,
				     (unsigned long long)job->pull.number)
				.p;
	return mirror_fetch(result, &job->mirror, &remote, &want, err);
}

/* Room is made after the fetch, when our own mirror is in use and known in size. A full disk is nobody's reason to fail. */
static void keep_house(struct pull_job *job)
{
	struct err err;
	uint64_t freed;

	(void)!mirror_keep(&job->mirror, job->pull.number, job->pull.head_oid, &err);
	if (job->mirror.fetched)
		(void)!mirror_forget(&job->mirror, (uint64_t)time(NULL), &err);
	if (job->mirror.fetched)
		(void)!mirror_evict(&freed, &job->options->mirrors, &err);
}

static int stage_fetch(struct pull_job *job, struct err *err)
{
	const struct pull_options *o = job->options;
	enum mirror_result result;

	if (o->repository)
		return 0;
	if (mirror_open(&job->mirror, &o->mirrors, str_of(o->mirror_key), err) < 0 ||
	    fetch(job, &result, err) < 0)
		return -1;
	if (result == MIRROR_MOVED && mirror_has(&job->mirror, job->pull.head_oid))
		return err_set(err, ERR_TEMP, "the base branch moved meanwhile");
	if (result == MIRROR_MOVED)
		return finish(job, PULL_MOVED);
	keep_house(job);
	return 0;
}

static int stage_analyst(struct pull_job *job, struct err *err)
{
	struct analyst_request request = job->options->analyst;

	request.repository = job->options->repository ? job->options->repository : job->mirror.path;
	request.base = job->pull.base_oid;
	request.head = job->pull.head_oid;
	if (analyst_run(&job->answer, &job->mem, &job->analyst_end, &job->usage, &request, err) == 0)
		return 0;
	if (job->analyst_end == ANALYST_BROKEN && job->mirror.use)
		mirror_distrust(&job->mirror);
	return job->analyst_end == ANALYST_CANCELLED ? finish(job, PULL_CANCELLED) : -1;
}

static struct caps caps_of(const struct pull_job *job)
{
	struct caps caps = job->answer.caps;
	uint32_t most = job->options->comments;

	if (job->options->full)
		return (struct caps){ .per_review = PULL_FULL_COMMENTS };
	if (most && (!caps.per_review || caps.per_review > most))
		caps.per_review = most;
	return caps;
}

static int stage_threads(struct pull_job *job, struct err *err)
{
	const struct pull_calls *c = job->calls;
	struct str text = { 0 };
	struct thread_input input = {
		.review = &job->answer.review, .threads = &job->threads, .states = &job->states,
		.mutes = &job->mutes, .caps = caps_of(job), .dismiss = job->options->dismiss,
	};

	if (c->threads(job->payload, &job->threads, &job->summary_exists, &job->mem, err) < 0 ||
	    (c->recall && c->recall(job->payload, &text, &job->mem, err) < 0) ||
	    thread_states_read(&job->states, &job->mem, text, err) < 0 ||
	    (c->mutes && c->mutes(job->payload, &job->mutes, &job->mem, err) < 0))
		return -1;
	return thread_plan_make(&job->plan, &job->mem, &input, err);
}

static int stage_plan(struct pull_job *job, struct err *err)
{
	const struct pull_options *o = job->options;
	struct say_input input = {
		.review = &job->answer.review, .plan = &job->plan, .fixes = job->answer.fixes,
		.has_fix = job->answer.has_fix,
		.fail_on = o->fail_on_set ? o->fail_on : job->answer.fail_on,
		.summary_exists = job->summary_exists, .no_summary = o->no_summary,
		.no_check = o->no_check, .url = o->url,
	};

	(void)err;
	say_plan(&job->post, &job->mem, &input);
	return 0;
}

static int stage_post(struct pull_job *job, struct err *err)
{
	return job->calls->post ? job->calls->post(job->payload, job, err) : 0;
}

static int stage_conclude_job(struct pull_job *job, struct err *err)
{
	return job->calls->conclude ? job->calls->conclude(job->payload, job, err) : 0;
}

const struct pull_stage pull_stages[] = {
	{ "facts", stage_facts },     { "fetch", stage_fetch }, { "analyst", stage_analyst },
	{ "threads", stage_threads }, { "plan", stage_plan },	{ "post", stage_post },
	{ "conclude", stage_conclude_job }, { NULL, NULL },
};

void pull_job_init(struct pull_job *job, const struct pull_options *options,
		   const struct pull_calls *calls, void *payload)
{
	*job = (struct pull_job){ .options = options, .calls = calls, .payload = payload };
	arena_init(&job->mem, PULL_JOB_MEMORY);
}

int pull_job_run(struct pull_job *job, struct err *err)
{
	job->end = PULL_DONE;
	for (const struct pull_stage *stage = pull_stages; stage->name; stage++) {
		int result;

		job->stage = stage->name;
		if (job->calls->stage && !job->calls->stage(job->payload, stage->name)) {
			job->end = PULL_CANCELLED;
			return 0;
		}
		result = stage->run(job, err);
		if (result > 0)
			return 0;
		if (result < 0) {
			job->end = PULL_FAILED;
			return err_wrap(err, "%s", stage->name);
		}
	}
	job->stage = NULL;
	return 0;
}

void pull_job_release(struct pull_job *job)
{
	if (!job)
		return;
	mirror_close(&job->mirror);
	arena_release(&job->mem);
}

bool rule_explain(struct rule_about *out, struct arena *mem, struct str rule)
{
	struct ruleset *set = ruleset_new();
	bool found = false;

	if (!set)
		return false;
	ruleset_add_builtin(set);
	for (size_t i = 0; i < ruleset_count(set) && !found; i++) {
		struct rule_info info = ruleset_info(set, i);

		if (!str_eq(info.id, rule))
			continue;
		found = true;
		*out = (struct rule_about){
			.rule = arena_str(mem, info.id), .message = arena_str(mem, info.message),
			.note = arena_str(mem, info.note), .url = arena_str(mem, info.url),
			.severity = str_of(severity_name(info.severity)),
			.category = arena_str(mem, info.category),
		};
	}
	ruleset_free(set);
	return found;
}
