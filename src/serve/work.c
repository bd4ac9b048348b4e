/* work.c - from a job message to its outcome: what is common to all kinds. */
#include "work.h"

#include <stdlib.h>
#include <time.h>

#include "gateway.h"
#include "serve/log.h"
#include "serve/triage.h"

static const struct work_kind {
	enum verdict verdict;
	work_fn     *run;
} kinds[] = {
	{ TRIAGE_REVIEW, work_pull },
	{ TRIAGE_COMMAND, work_command },
	{ TRIAGE_OUTCOME, work_outcome },
	{ TRIAGE_QUEUE, work_queue },
};

const char *const work_kinds[] = { "review", "command", "outcome", "queue", NULL };

enum { WORK_MEMORY = 128 << 20 }; /* answers of the forge: thousands of threads and their texts */

/* ---- the forge's budget, kept by the broker for all workers ---- */

static json_t *buckets_json(const struct limits *limits)
{
	json_t *list = json_array();

	for (int i = 0; i < BUCKETS; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "size", json_integer((json_int_t)limits->buckets[i].size));
		json_object_set_new(one, "refill", json_integer(limits->buckets[i].refill_ms));
		json_array_append_new(list, one);
	}
	return list;
}

static int64_t budget_ask(void *ctx, struct str credential, const struct limits *limits,
			  struct cost cost)
{
	struct work *work = ctx;
	json_t *body AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;
	struct err err;

	body_set(body, "credential", credential);
	json_object_set_new(body, "buckets", buckets_json(limits));
	json_object_set_new(body, "writes", json_boolean(cost.writes));
	json_object_set_new(body, "content", json_boolean(cost.content));
	if (worker_ask(work->worker, "rate", body, &reply, &err)) {
		log_warning("%s", err.text);
		return 1000; /* whoever waits asks again */
	}
	return body_int(reply, "wait");
}

/* Only what the forge says of later goes to the broker: most answers say nothing new. */
static void budget_tell(void *ctx, struct str credential, const struct limits *limits,
			const struct http_response *response)
{
	struct work *work = ctx;
	json_t *body AUTO_JSON = NULL;
	json_t *reply AUTO_JSON = NULL;
	struct limiter limiter = { 0 };
	int64_t now = clock_ms();
	struct err err;

	limiter_tell(&limiter, limits, response, now);
	if (limiter.blocked_until_ms <= now)
		return;
	body = json_object();
	body_set(body, "credential", credential);
	json_object_set_new(body, "wait", json_integer(limiter.blocked_until_ms - now));
	if (worker_ask(work->worker, "blocked", body, &reply, &err))
		log_warning("%s", err.text);
}

static bool budget_wait(void *ctx, int64_t ms)
{
	struct work *work = ctx;

	for (int64_t left = ms; left > 0; left -= 100) {
		struct timespec pause = { .tv_nsec = (left < 100 ? left : 100) * 1000000 };

		if (worker_stopped(work->worker))
			return false;
		nanosleep(&pause, NULL);
	}
	return !worker_stopped(work->worker);
}

static bool is_cancelled(void *ctx)
{
	return worker_stopped(((struct work *)ctx)->worker);
}

/* ---- open and close ---- */

static int open_forge(struct work *work, struct err *err)
{
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;
	struct forge_env env = { .ask = budget_ask, .tell = budget_tell, .wait = budget_wait,
				 .cancelled = is_cancelled, .ctx = work, .max_wait_ms = 30 * 1000 };
	struct arena *mem = &work->mem;

	body_set(ask, "installation", work->event.installation);
	if (worker_ask(work->worker, "token", ask, &reply, err))
		return -1;
	work->config = (struct forge_config){
		.name = work->integration,
		.type = forge_type_find(body_str(mem, reply, "forge")),
		.api = body_str(mem, reply, "api"),
		.web = body_str(mem, reply, "web"),
		.login = body_str(mem, reply, "login"),
		.token = body_str(mem, reply, "token"),
		.folder = body_str(mem, reply, "folder"),
		.ca_file = body_str(mem, reply, "ca_file"),
		.proxy = body_str(mem, reply, "proxy"),
	};
	work->self = (struct identity_text){ body_str(mem, reply, "self"),
					     body_str(mem, reply, "self_id") };
	if (!work->config.type)
		return err_set(err, ERR_PERM, "the broker names a forge that this worker does not know: "
					      "is it of an older version?");
	return forge_open(&work->forge, &work->config, &env, err);
}

static int recall(struct work *work, struct err *err)
{
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;

	if (worker_ask(work->worker, "recall", ask, &reply, err))
		return -1;
	work->paused = body_bool(reply, "paused");
	work->silent = body_bool(reply, "silent");
	work->states = body_str(&work->mem, reply, "states");
	work->summary = body_str(&work->mem, reply, "summary");
	work->check = body_str(&work->mem, reply, "check");
	work->checked = body_str(&work->mem, reply, "reviewed");
	work->reviewed_base = body_str(&work->mem, reply, "reviewed_base");
	return 0;
}

int work_open(struct work *work, struct err *err)
{
	struct arena *mem = &work->mem;

	work->body = body_read(buf_str(&work->worker->job_body), err);
	if (!work->body)
		return -1;
	work->integration = body_str(mem, work->body, "integration");
	work->repository = body_str(mem, work->body, "repository");
	work->number = (uint64_t)body_int(work->body, "number");
	if (event_decode(&work->event, mem, body_str(mem, work->body, "payload"), err))
		return -1;
	work->place = (struct forge_place){ work->repository, work->event.installation, work->number };
	return open_forge(work, err) || recall(work, err) ? -1 : 0;
}

void work_close(struct work *work)
{
	forge_close(work->forge);
	json_decref(work->body);
	json_decref(work->reply_rows);
	json_decref(work->losses);
	arena_release(&work->mem);
}

/* ---- the end ---- */

static void settle(struct worker *w, struct work *work, int status, json_t *result,
		   const struct err *err)
{
	enum analyst_end end = work->pull ? work->pull->analyst_end : ANALYST_OK;
	json_t *body AUTO_JSON = json_object();
	int64_t later = work->forge && status ? forge_retry_ms(work->forge) : 0;
	char *text;

	w->outcome = OUTCOME_DONE;
	if (status && worker_stopped(w))
		w->outcome = w->draining ? OUTCOME_RETURNED : OUTCOME_STOPPED;
	else if (status && (end == ANALYST_CRASHED || end == ANALYST_GARBAGE))
		w->outcome = OUTCOME_CRASHED;
	else if (status && err->kind == ERR_TEMP && later) {
		w->outcome = OUTCOME_SNOOZED;
		w->snooze_ms = later;
	} else if (status)
		w->outcome = err->kind == ERR_TEMP ? OUTCOME_TEMP : OUTCOME_PERM;
	if (status)
		body_set(body, "error", str_of(err->text));
	if (json_object_get(result, "next"))
		json_object_set(body, "next", json_object_get(result, "next"));
	json_object_del(result, "next");
	body_set(body, "result", body_text(&work->mem, result));
	text = json_dumps(body, JSON_COMPACT);
	buf_add(&w->result, str_of(text ? text : "{}"));
	free(text);
}

static work_fn *find_kind(struct str kind)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_eq(kind, str_of(verdict_name(kinds[i].verdict))))
			return kinds[i].run;
	return NULL;
}

void work_do(struct worker *w)
{
	struct work work = { .worker = w };
	json_t *result AUTO_JSON = json_object();
	work_fn *run = find_kind(w->job.kind);
	struct err err = { 0 };
	int status;

	arena_init(&work.mem, WORK_MEMORY);
	worker_stage(w, "open");
	status = run ? work_open(&work, &err) :
		       err_set(&err, ERR_PERM, "this worker knows no jobs of kind '%.*s'",
			       STR_ARG(w->job.kind));
	if (status == 0)
		status = run(&work, result, &err);
	settle(w, &work, status, result, &err);
	if (work.pull) {
		pull_job_release(work.pull);
		free(work.pull);
	}
	work_close(&work);
}
