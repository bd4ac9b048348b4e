/* work_pull.c - the review of a pull request: what flow/pull_job.h asks of forge, outbox and store. */
#include <stdlib.h>

#include "base/scope.h"
#include "decisions.h"
#include "serve/log.h"
#include "work.h"

/* ---- the forge ---- */

static int call_get(void *payload, struct pull *out, struct arena *mem, struct err *err)
{
	struct work *work = payload;

	if (forge_pull(work->forge, mem, &work->place, out, err))
		return -1;
	return 0;
}

/* "Basic ..." of RFC 7617. */
static const char *basic_login(struct arena *mem, struct str user, struct str password)
{
	AUTO_BUF struct buf out = { 0 };

	buf_add(&out, STR("Basic "));
	buf_add_base64(&out, arena_printf(mem, "%.*s:%.*s", STR_ARG(user), STR_ARG(password)));
	return arena_z(mem, buf_str(&out));
}

static int start_check(struct work *work, const struct pull *pull, struct err *err)
{
	struct forge_target target;
	struct forge_plan plan = { 0 };

	if (work->silent || !body_bool(work->body, "check"))
		return 0;
	if (work_target(&target, work, pull, err) ||
	    forge_lower_started(&plan, &work->mem, &target, err))
		return -1;
	return work_deliver(work, &plan, err);
}

static int quiet_remote(void *payload, struct mirror_remote *out, const char **head_ref,
			const struct pull *pull, struct arena *mem, struct err *err)
{
	struct work *work = payload;
	struct forge_git git;

	if (forge_git(&git, mem, &work->config, pull, work->config.token, err))
		return -1;
	if (git.head_ref.len == 0)
		return err_set(err, ERR_PERM, "%s gives no ref of a pull request's head",
			       forge_type_label(work->config.type));
	*out = (struct mirror_remote){ .url = arena_z(mem, git.url),
				       .ca_file = work->config.ca_file.len ?
							  arena_z(mem, work->config.ca_file) :
							  NULL,
				       .local = git.url.len && git.url.p[0] == '/' };
	if (git.password.len)
		out->authorization = basic_login(mem, git.user, git.password);
	*head_ref = arena_z(mem, git.head_ref);
	return 0;
}

static int call_remote(void *payload, struct mirror_remote *out, const char **head_ref,
		       const struct pull *pull, struct arena *mem, struct err *err)
{
	return start_check(payload, pull, err) ? -1 : quiet_remote(payload, out, head_ref, pull, mem, err);
}

static int call_threads(void *payload, struct thread_list *out, bool *summary, struct arena *mem,
			struct err *err)
{
	struct work *work = payload;

	if (forge_threads(work->forge, mem, &work->place, out, err))
		return -1;
	if (work->summary.len == 0 && forge_summary(work->forge, mem, &work->place, &work->summary, err))
		return -1;
	*summary = work->summary.len > 0;
	return 0;
}

static int call_recall(void *payload, struct str *states, struct arena *mem, struct err *err)
{
	(void)err;
	*states = arena_str(mem, ((struct work *)payload)->states);
	return 0;
}

static int call_mutes(void *payload, struct mute_list *out, struct arena *mem, struct err *err)
{
	struct work *work = payload;
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;
	const json_t *list;

	if (worker_ask(work->worker, "mutes", ask, &reply, err))
		return -1;
	list = json_object_get(reply, "mutes");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct mute mute = { body_str(mem, one, "rule"), body_str(mem, one, "prefix"),
				     body_str(mem, one, "reason"), body_bool(one, "asked") };

		ARENA_PUSH(mem, out, mute);
	}
	return 0;
}

static int call_post(void *payload, const struct pull_job *job, struct err *err)
{
	struct work *work = payload;
	struct forge_target target;
	struct forge_plan plan = { 0 };

	if (work->silent)
		return 0;
	if (work_target(&target, work, &job->pull, err) ||
	    forge_lower(&plan, &work->mem, &target, &job->post, err))
		return -1;
	return work_deliver(work, &plan, err);
}

/* ---- what is remembered ---- */

json_t *work_pull_json(const struct pull *pull)
{
	json_t *one = json_object();

	body_set(one, "title", pull->title);
	body_set(one, "url", pull->url);
	body_set(one, "author", pull->author.login);
	body_set(one, "base_ref", pull->base_ref);
	body_set(one, "head", str_of(pull->head_oid));
	json_object_set_new(one, "closed", json_boolean(pull->closed));
	json_object_set_new(one, "merged", json_boolean(pull->merged));
	return one;
}

static json_t *threads_json(const struct pull_job *job)
{
	json_t *list = json_array();

	for (size_t i = 0; i < job->plan.n; i++) {
		const struct thread_entry *entry = &job->plan.items[i];
		json_t *one;

		if (!entry->thread && entry->status != THREAD_NEW)
			continue;
		one = json_object();
		body_set(one, "marker", str_of(entry->marker));
		body_set(one, "status", str_of(thread_status_name(entry->status)));
		if (entry->finding) {
			body_set(one, "path", entry->finding->path);
			body_set(one, "rule", entry->finding->rule_id);
			json_object_set_new(one, "line", json_integer(entry->finding->span.start_line));
		} else {
			body_set(one, "path", entry->thread->path);
			body_set(one, "rule", entry->thread->rule);
			json_object_set_new(one, "line", json_integer(entry->thread->line));
		}
		if (entry->thread) {
			body_set(one, "thread", entry->thread->id);
			body_set(one, "comment", entry->thread->comment);
		}
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *figures_json(const struct work *work, const struct pull_job *job)
{
	const struct review *review = &job->answer.review;
	json_t *one = json_object();

	for (int i = 0; i < THREAD_STATUSES; i++)
		if (job->plan.count[i])
			json_object_set_new(one, thread_status_name((enum thread_status)i),
					    json_integer((json_int_t)job->plan.count[i]));
	json_object_set_new(one, "files", json_integer((json_int_t)review->files));
	json_object_set_new(one, "changed_files", json_integer((json_int_t)review->changed_files));
	json_object_set_new(one, "added_lines", json_integer(review->added_lines));
	json_object_set_new(one, "cpu_ms", json_integer((json_int_t)(job->usage.cpu_us / 1000)));
	json_object_set_new(one, "wall_ms", json_integer((json_int_t)(job->usage.wall_us / 1000)));
	json_object_set_new(one, "peak_bytes", json_integer((json_int_t)job->usage.peak_bytes));
	if (work->losses)
		json_object_set(one, "losses", work->losses);
	return one;
}

static int call_conclude(void *payload, const struct pull_job *job, struct err *err)
{
	static const char *const words[] = {
		[CONCLUSION_CLEAN] = "clean", [CONCLUSION_FINDINGS] = "findings",
		[CONCLUSION_LIMITED] = "limited", [CONCLUSION_FAILED] = "failed",
	};
	struct work *work = payload;
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;
	json_t *figures AUTO_JSON = figures_json(work, job);
	json_t *decisions AUTO_JSON = decisions_json(&work->mem, job);

	json_object_set_new(ask, "pull", work_pull_json(&job->pull));
	body_set(ask, "installation", work->event.installation);
	body_set(ask, "head", str_of(job->post.head_oid));
	body_set(ask, "base", str_of(job->post.base_oid));
	body_set(ask, "summary", work->summary);
	if (str_eq(work->checked, str_of(job->post.head_oid)))
		body_set(ask, "check", work->check);
	body_set(ask, "states", thread_states_write(&work->mem, &job->plan.next));
	body_set(ask, "conclusion", str_of(words[job->post.check.conclusion]));
	body_set(ask, "figures", body_text(&work->mem, figures));
	body_set(ask, "decisions", body_text(&work->mem, decisions));
	json_object_set_new(ask, "threads", threads_json(job));
	return worker_ask(work->worker, "conclude", ask, &reply, err);
}

static bool call_stage(void *payload, const char *name)
{
	return worker_stage(((struct work *)payload)->worker, name);
}

static bool call_progress(void *payload, const char *what, unsigned percent)
{
	(void)what, (void)percent;
	return !worker_stopped(((struct work *)payload)->worker);
}

static bool call_cancelled(void *payload)
{
	return worker_stopped(((struct work *)payload)->worker);
}

/* ---- the job ---- */

static const struct pull_calls calls = {
	.get = call_get,	 .remote = call_remote,	    .threads = call_threads,
	.recall = call_recall,	 .mutes = call_mutes,	    .post = call_post,
	.conclude = call_conclude, .stage = call_stage,	    .progress = call_progress,
};

static void set_options(struct pull_options *options, struct work *work, enum review_how how)
{
	const struct worker_options *w = work->worker->options;
	struct arena *mem = &work->mem;

	*options = (struct pull_options){
		.mirrors = { .root = arena_z(mem, arena_printf(mem, "%s/mirrors", w->data)),
			     .budget = (uint64_t)w->mirror_gb << 30 },
		.mirror_key = arena_z(mem, arena_printf(mem, "%.*s/%.*s", STR_ARG(work->integration),
							STR_ARG(work->repository))),
		.analyst = { .seconds = (uint32_t)body_int(work->body, "seconds"),
			     .memory = (uint64_t)body_int(work->body, "memory_mb") << 20,
			     .cancelled = call_cancelled,
			     .payload = work },
		.comments = (uint32_t)body_int(work->body, "comments"),
		.drafts = body_bool(work->body, "drafts"),
		.dismiss = how == REVIEW_DISMISS,
		.full = how == REVIEW_FULL,
		.no_summary = !body_bool(work->body, "summary"),
		.no_check = !body_bool(work->body, "check"),
		.url = body_str(mem, work->body, "page"),
	};
	options->fail_on_set = severity_parse(body_str(mem, work->body, "fail_on"), &options->fail_on);
}

/* A review that could not be made must not look like a clean one. The first cause is what is told. */
static void post_failure(struct work *work, const struct pull_job *job, const char *why)
{
	struct post_plan post = { 0 };
	struct forge_target target;
	struct forge_plan plan = { 0 };
	struct err err;

	if (work->silent || !body_bool(work->body, "check") || job->pull.head_oid[0] == '\0')
		return;
	say_failure(&post, &work->mem, job->pull.head_oid, str_of(why));
	if (work_target(&target, work, &job->pull, &err) ||
	    forge_lower(&plan, &work->mem, &target, &post, &err) || work_deliver(work, &plan, &err))
		log_warning("the failed check could not be posted: %s", err.text);
}

static const char *skip_reason(const struct pull_job *job)
{
	switch (job->end) {
	case PULL_SKIPPED:
		return job->pull.merged ? "merged" : job->pull.closed ? "closed" : "a draft";
	case PULL_MOVED:
		return "its head moved on";
	case PULL_CANCELLED:
		return "stopped";
	case PULL_DONE:
	case PULL_FAILED:
	case PULL_ENDS:
		break;
	}
	return NULL;
}

int work_review(struct work *work, enum review_how how, const char **skipped, struct err *err)
{
	struct pull_job *job = malloc(sizeof(*job));

	if (!job)
		return err_set(err, ERR_TEMP, "out of memory");
	set_options(&work->options, work, how);
	pull_job_init(job, &work->options, &calls, work);
	work->pull = job;
	if (pull_job_run(job, err)) {
		bool last = err->kind != ERR_TEMP || body_int(work->body, "attempt") >= JOB_ATTEMPTS;

		if (last && !worker_stopped(work->worker))
			post_failure(work, job, err->text);
		return -1;
	}
	*skipped = skip_reason(job);
	if (job->end == PULL_CANCELLED)
		return err_set(err, ERR_TEMP, "stopped");
	return 0;
}

/* The base as it was at the last review: the branch of today has the change in it. */
static int get_merged(void *payload, struct pull *out, struct arena *mem, struct err *err)
{
	struct work *work = payload;

	if (call_get(work, out, mem, err))
		return -1;
	memset(out->base_oid, 0, sizeof(out->base_oid));
	memcpy(out->base_oid, work->reviewed_base.p, work->reviewed_base.len);
	return 0;
}

static const struct pull_calls merged_calls = {
	.get = get_merged,	 .remote = quiet_remote, .threads = call_threads,
	.recall = call_recall,	 .stage = call_stage,	 .progress = call_progress,
};

int work_look_merged(struct work *work, const struct pull *pull, struct err *err)
{
	struct pull_job *job;

	if (work->reviewed_base.len == 0 || work->reviewed_base.len >= sizeof(pull->base_oid) ||
	    str_eq(work->checked, str_of(pull->head_oid)))
		return 0;
	job = malloc(sizeof(*job));
	if (!job)
		return err_set(err, ERR_TEMP, "out of memory");
	set_options(&work->options, work, REVIEW_USUAL);
	work->options.closed = work->options.drafts = true;
	pull_job_init(job, &work->options, &merged_calls, work);
	work->pull = job;
	if (pull_job_run(job, err) == 0)
		return job->end == PULL_CANCELLED ? err_set(err, ERR_TEMP, "stopped") : 0;
	if (err->kind == ERR_TEMP && body_int(work->body, "attempt") < JOB_ATTEMPTS)
		return -1;
	log_warning("what was merged could not be looked at, the last review counts: %s", err->text);
	return 0;
}

int work_pull(struct work *work, json_t *result, struct err *err)
{
	const char *skipped = NULL;

	if (work->paused) {
		json_object_set_new(result, "skipped", json_string("paused"));
		return 0;
	}
	if (work_review(work, REVIEW_USUAL, &skipped, err))
		return -1;
	if (skipped)
		json_object_set_new(result, "skipped", json_string(skipped));
	json_object_set_new(result, "figures", figures_json(work, work->pull));
	return 0;
}
