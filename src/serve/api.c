/* api.c - the same things as JSON, for programs. web/openapi.json describes them; fields are added over time, never renamed. */
#include "answers.h"
#include "machines.h"
#include "body.h"
#include "store/deliveries.h"
#include "store/jobs.h"
#include "store/nodes.h"
#include "store/outcomes.h"
#include "store/repositories.h"
#include "store/reviews.h"

static int finish(struct request *r, json_t *object)
{
	buf_add(&r->out, body_text(r->mem, object));
	json_decref(object);
	return 0;
}

/* {"items": [...], "next": "..." or null} */
static int finish_list(struct request *r, json_t *items)
{
	json_t *object = json_object();

	json_object_set_new(object, "items", items);
	json_object_set_new(object, "next", r->page.next.len ? body_json(r->page.next) : json_null());
	return finish(r, object);
}

static void put(json_t *object, const char *name, struct str text)
{
	json_object_set_new(object, name, body_json(text));
}

static void put_int(json_t *object, const char *name, int64_t n)
{
	json_object_set_new(object, name, json_integer(n));
}

static void put_bool(json_t *object, const char *name, bool value)
{
	json_object_set_new(object, name, json_boolean(value));
}

/* A text that is JSON already. */
static void put_json(json_t *object, const char *name, struct str text)
{
	json_t *value = text.len ? json_loadb(text.p, text.len, JSON_DECODE_ANY, NULL) : NULL;

	json_object_set_new(object, name, value ? value : json_null());
}

static void put_place(json_t *object, struct str integration, struct str repository, uint64_t number)
{
	put(object, "integration", integration);
	put(object, "repository", repository);
	put_int(object, "number", (int64_t)number);
}

static json_t *job_json(const struct job *job)
{
	json_t *one = json_object();

	put_int(one, "id", job->id);
	put(one, "kind", job->kind);
	put(one, "state", str_of(job_state_name(job->state)));
	put(one, "stage", job->stage);
	put_place(one, job->integration, job->repository, job->number);
	put(one, "head", job->head);
	put_int(one, "attempt", job->attempt);
	put_int(one, "crashes", job->crashes);
	put(one, "worker", job->worker);
	put(one, "error", job->error);
	put_int(one, "created", job->created);
	put_int(one, "started", job->started);
	put_int(one, "ended", job->ended);
	put_int(one, "run_at", job->run_at);
	return one;
}

int api_jobs(struct request *r, struct err *err)
{
	struct job_filter filter = { .integration = request_query(r, "integration"),
				     .repository = request_query(r, "repository"),
				     .kind = request_query(r, "kind") };
	struct str state = request_query(r, "state");
	struct job_list list = { 0 };
	json_t *items;

	filter.by_state = job_state_parse(state, &filter.state);
	if (state.len && !filter.by_state)
		return err_input(err, "there is no state '%.*s'", STR_ARG(str_sub(state, 0, 40)));
	if (jobs_list(r->store, r->visitor.view, &filter, &r->page, &list, r->mem, err))
		return -1;
	items = json_array();
	for (size_t i = 0; i < list.n; i++)
		json_array_append_new(items, job_json(&list.items[i]));
	return finish_list(r, items);
}

int api_job(struct request *r, struct err *err)
{
	struct job job;
	json_t *one;
	bool found;

	if (jobs_get(r->store, r->visitor.view, request_id(r, 0), &job, &found, r->mem, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	one = job_json(&job);
	put_json(one, "result", job.result);
	return finish(r, one);
}

static json_t *review_json(const struct review_row *row)
{
	json_t *one = json_object();

	put_int(one, "id", row->id);
	put_int(one, "job", row->job);
	put_place(one, row->integration, row->repository, row->number);
	put(one, "head", str_of(row->head_oid));
	put(one, "base", str_of(row->base_oid));
	put(one, "conclusion", str_of(conclusion_name(row->conclusion)));
	put_json(one, "figures", row->figures);
	put_int(one, "created", row->created);
	return one;
}

int api_reviews(struct request *r, struct err *err)
{
	struct review_list list = { 0 };
	uint64_t number = 0;
	json_t *items;

	(void)str_to_u64(request_query(r, "number"), &number);
	if (reviews_list(r->store, r->visitor.view, request_query(r, "integration"),
			 request_query(r, "repository"), number, &r->page, &list, r->mem, err))
		return -1;
	items = json_array();
	for (size_t i = 0; i < list.n; i++)
		json_array_append_new(items, review_json(&list.items[i]));
	return finish_list(r, items);
}

int api_review(struct request *r, struct err *err)
{
	struct review_row row;
	json_t *one;
	bool found;

	if (reviews_get(r->store, r->visitor.view, request_id(r, 0), &row, &found, r->mem, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	one = review_json(&row);
	put_json(one, "decisions", row.decisions);
	return finish(r, one);
}

int api_pulls(struct request *r, struct err *err)
{
	struct pull_rows list = { 0 };
	json_t *items;

	if (pulls_list(r->store, r->visitor.view, request_query(r, "integration"),
		       request_query(r, "repository"), str_eq(request_query(r, "state"), STR("open")), &r->page,
		       &list, r->mem, err))
		return -1;
	items = json_array();
	for (size_t i = 0; i < list.n; i++) {
		const struct pull_row *p = &list.items[i];
		json_t *one = json_object();

		put_place(one, p->integration, p->repository, p->number);
		put(one, "title", p->title);
		put(one, "url", p->url);
		put(one, "author", p->author);
		put(one, "state", str_of(pull_state_name(p->state)));
		put_bool(one, "paused", p->paused);
		put(one, "head", str_of(p->head_oid));
		put(one, "reviewed", str_of(p->reviewed_oid));
		put_int(one, "changed", p->changed);
		json_array_append_new(items, one);
	}
	return finish_list(r, items);
}

int api_repositories(struct request *r, struct err *err)
{
	struct repository_list list = { 0 };
	json_t *items;

	if (repositories_list(r->store, r->visitor.view, &r->page, &list, r->mem, err))
		return -1;
	items = json_array();
	for (size_t i = 0; i < list.n; i++) {
		json_t *one = json_object();

		put(one, "integration", list.items[i].integration);
		put(one, "name", list.items[i].name);
		put_bool(one, "paused", list.items[i].paused);
		put_bool(one, "silent", list.items[i].muted);
		put_bool(one, "gone", list.items[i].gone);
		put_int(one, "seen", list.items[i].seen);
		json_array_append_new(items, one);
	}
	return finish_list(r, items);
}

int api_deliveries(struct request *r, struct err *err)
{
	struct delivery_list list = { 0 };
	json_t *items;

	if (deliveries_list(r->store, r->visitor.view, request_query(r, "integration"), &r->page, &list, r->mem,
			    err))
		return -1;
	items = json_array();
	for (size_t i = 0; i < list.n; i++) {
		const struct delivery *d = &list.items[i];
		json_t *one = json_object();

		put(one, "id", d->id);
		put(one, "event", d->name);
		put_place(one, d->integration, d->repository, d->number);
		put(one, "state", str_of(delivery_state_name(d->state)));
		put(one, "reason", d->reason);
		put_int(one, "received", d->received);
		put_int(one, "times", d->times);
		json_array_append_new(items, one);
	}
	return finish_list(r, items);
}

int api_rules(struct request *r, struct err *err)
{
	struct rule_figures_list list = { 0 };
	json_t *items;

	if (outcomes_figures(r->store, r->visitor.view, request_query(r, "integration"),
			     request_query(r, "repository"), 0, &r->page, &list, r->mem, err))
		return -1;
	items = json_array();
	for (size_t i = 0; i < list.n; i++) {
		const struct rule_figures *f = &list.items[i];
		json_t *one = json_object();

		put(one, "integration", f->integration);
		put(one, "repository", f->repository);
		put(one, "rule", f->rule);
		put(one, "prefix", f->prefix);
		for (int k = 0; k < FATES; k++)
			put_int(one, fate_name((enum fate)k), (int64_t)f->n[k]);
		put_bool(one, "muted", f->muted);
		put(one, "reason", f->reason);
		json_array_append_new(items, one);
	}
	return finish_list(r, items);
}

int api_workers(struct request *r, struct err *err)
{
	enum { RECENT = 3600 * 1000 };
	struct worker_list list = { 0 };
	json_t *items;

	if (request_machines(r, err) ||
	    workers_list(r->store, r->now - RECENT, r->now, &list, r->mem, err))
		return -1;
	items = json_array();
	for (size_t i = 0; i < list.n; i++) {
		const struct machine machine = machine_of(&list.items[i], r->mem);
		json_t *one = json_object();

		put(one, "id", list.items[i].id);
		put(one, "host", list.items[i].host);
		put_bool(one, "draining", list.items[i].draining);
		put(one, "selftest", str_of(machine.tells ? selfcheck_word(machine.state) : ""));
		put(one, "selftest_text", machine.text);
		put_int(one, "started", list.items[i].started);
		put_int(one, "seen", list.items[i].seen);
		json_array_append_new(items, one);
	}
	return finish_list(r, items);
}

int api_status(struct request *r, struct err *err)
{
	struct job_counts counts = { 0 };
	json_t *object, *jobs;

	if (jobs_count(r->store, r->visitor.view, r->now, &counts, err))
		return -1;
	object = json_object();
	jobs = json_object();
	for (int i = 0; i < JOB_STATES; i++)
		put_int(jobs, job_state_name((enum job_state)i), (int64_t)counts.by_state[i]);
	json_object_set_new(object, "jobs", jobs);
	put_int(object, "due", (int64_t)counts.due);
	put_int(object, "oldest_due", counts.oldest_due);
	put_int(object, "now", r->now);
	return finish(r, object);
}
