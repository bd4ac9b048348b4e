/* call_pull.c - what is known of a pull request, and what a job found out about it. */
#include "call.h"
#include "store/repositories.h"
#include "store/reviews.h"
#include "store/threads.h"

static int find_pull(struct pull_row *out, bool *found, struct call *call, struct err *err)
{
	const struct job *job = call->job;

	return pulls_get(call->store, call->view, job->integration, job->repository, job->number, out,
			 found, call->mem, err);
}

/* What the event said, so that people see the pull request before its first review is done. */
static int see_event(struct call *call, struct err *err)
{
	const struct job *job = call->job;
	struct repository_row repository = { .integration = job->integration, .name = job->repository,
					     .tenant = job->tenant };
	struct pull_row pull = { .integration = job->integration, .repository = job->repository,
				 .tenant = job->tenant, .number = job->number };
	struct event event;

	if (event_decode(&event, call->mem, job->payload, err))
		return -1;
	repository.installation = event.installation;
	pull.title = event.pull.title;
	pull.url = event.pull.url;
	pull.author = event.pull.author.login;
	pull.base_ref = event.pull.base_ref;
	pull.state = event.pull.merged ? PULL_MERGED : event.pull.closed ? PULL_CLOSED : PULL_OPEN;
	memcpy(pull.head_oid, event.pull.head_oid, sizeof(pull.head_oid));
	if (repositories_see(call->store, &repository, call->now, err))
		return -1;
	return job->number ? pulls_see(call->store, &pull, call->now, err) : 0;
}

int call_recall(struct call *call, struct err *err)
{
	const struct job *job = call->job;
	struct repository_row repository = { 0 };
	struct pull_row pull = { 0 };
	bool known, found;

	if (see_event(call, err) ||
	    repositories_get(call->store, call->view, job->integration, job->repository, &repository,
			     &known, call->mem, err) ||
	    find_pull(&pull, &found, call, err))
		return -1;
	json_object_set_new(call->out, "paused",
			    json_boolean((known && repository.paused) || (found && pull.paused)));
	json_object_set_new(call->out, "silent", json_boolean(known && repository.muted));
	if (!found)
		return 0;
	body_set(call->out, "states", pull.states);
	body_set(call->out, "summary", pull.summary);
	body_set(call->out, "check", pull.check);
	body_set(call->out, "reviewed", str_of(pull.reviewed_oid));
	body_set(call->out, "reviewed_base", str_of(pull.reviewed_base));
	return 0;
}

/* ---- what a job found out ---- */

static void pull_of(struct pull_row *row, struct call *call)
{
	const json_t *in = json_object_get(call->in, "pull");
	struct arena *mem = call->mem;

	*row = (struct pull_row){
		.integration = call->job->integration,
		.repository = call->job->repository,
		.tenant = call->job->tenant,
		.number = call->job->number,
		.title = body_str(mem, in, "title"),
		.url = body_str(mem, in, "url"),
		.author = body_str(mem, in, "author"),
		.base_ref = body_str(mem, in, "base_ref"),
		.state = body_bool(in, "merged") ? PULL_MERGED :
			 body_bool(in, "closed") ? PULL_CLOSED :
						   PULL_OPEN,
		.summary = body_str(mem, call->in, "summary"),
		.check = body_str(mem, call->in, "check"),
		.states = body_str(mem, call->in, "states"),
	};
	body_oid(row->head_oid, in, "head");
	body_oid(row->reviewed_oid, call->in, "head");
	body_oid(row->reviewed_base, call->in, "base");
}

static int put_threads(struct call *call, struct err *err)
{
	const json_t *list = json_object_get(call->in, "threads");
	size_t n = json_array_size(list);
	struct thread_row *rows;

	if (n > THREADS_MAX)
		n = THREADS_MAX;
	if (n == 0)
		return 0;
	rows = ARENA_ARRAY(call->mem, n, struct thread_row);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(list, i);
		struct str marker = body_str(call->mem, one, "marker");
		struct thread_row *row = &rows[i];

		memcpy(row->fingerprint, marker.p,
		       marker.len < FINGERPRINT_HEX ? marker.len : FINGERPRINT_HEX);
		row->path = body_str(call->mem, one, "path");
		row->rule = body_str(call->mem, one, "rule");
		row->line = (uint32_t)body_int(one, "line");
		row->thread = body_str(call->mem, one, "thread");
		row->comment = body_str(call->mem, one, "comment");
		row->status = body_str(call->mem, one, "status");
		if (str_eq(row->status, STR("new")))
			body_oid(row->first_oid, call->in, "head");
		body_oid(row->last_oid, call->in, "head");
	}
	return threads_put(call->store, call->job->integration, call->job->repository,
			   call->job->number, rows, n, call->now, err);
}

static bool conclusion_parse(struct str word, enum conclusion *out)
{
	for (int i = CONCLUSION_CLEAN; i <= CONCLUSION_FAILED; i++)
		if (str_eq(word, str_of(conclusion_name((enum conclusion)i)))) {
			*out = (enum conclusion)i;
			return true;
		}
	return false;
}

static int put_review(struct call *call, const struct pull_row *pull, struct err *err)
{
	struct review_row row = {
		.job = call->job->id,
		.tenant = call->job->tenant,
		.integration = call->job->integration,
		.repository = call->job->repository,
		.number = call->job->number,
		.figures = body_str(call->mem, call->in, "figures"),
		.decisions = body_str(call->mem, call->in, "decisions"),
	};
	int64_t id;

	memcpy(row.head_oid, pull->reviewed_oid, sizeof(row.head_oid));
	memcpy(row.base_oid, pull->reviewed_base, sizeof(row.base_oid));
	if (!conclusion_parse(body_str(call->mem, call->in, "conclusion"), &row.conclusion))
		return err_input(err, "a review without a conclusion");
	if (reviews_put(call->store, &row, call->now, &id, err))
		return -1;
	json_object_set_new(call->out, "review", json_integer(id));
	return 0;
}

static int see(struct call *call, const struct pull_row *pull, struct err *err)
{
	struct repository_row repository = { .integration = call->job->integration,
					     .name = call->job->repository,
					     .tenant = call->job->tenant,
					     .installation = body_str(call->mem, call->in, "installation") };

	return repositories_see(call->store, &repository, call->now, err) ||
			       pulls_see(call->store, pull, call->now, err) ?
		       -1 :
		       0;
}

/* Each step may be repeated: a job that dies between them does all of them again. */
int call_conclude(struct call *call, struct err *err)
{
	struct pull_row pull;

	pull_of(&pull, call);
	if (see(call, &pull, err))
		return -1;
	if (!json_object_get(call->in, "conclusion"))
		return 0; /* nothing was reviewed: it was closed, or a draft */
	if (put_threads(call, err) || put_review(call, &pull, err))
		return -1;
	return pulls_reviewed(call->store, &pull, call->now, err);
}

int call_pause(struct call *call, struct err *err)
{
	const struct job *job = call->job;

	return pulls_pause(call->store, job->integration, job->repository, job->number,
			   body_bool(call->in, "paused"), call->now, err);
}
