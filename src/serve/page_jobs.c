/* page_jobs.c - what runs, what waits, what failed for good. */
#include "answers.h"
#include "store/jobs.h"
#include "store/outbox.h"

void show_pair(struct buf *out, const char *name, struct str value)
{
	if (value.len)
		html_add(out, "<dt>%s</dt><dd>%S</dd>", name, value);
}

void show_place(struct buf *out, struct str integration, struct str repository, uint64_t number)
{
	if (number)
		html_add(out, "<a href=\"/pulls/%u/%d/%u\">%S #%d</a>", integration, (int64_t)number,
			 repository, repository, (int64_t)number);
	else
		html_text(out, repository.len ? repository : integration);
}

static void show_buttons(struct request *r, const struct job *job)
{
	char action[64];

	if (job->state == JOB_DEAD || job->state == JOB_CANCELLED) {
		snprintf(action, sizeof(action), "/jobs/%lld/retry", (long long)job->id);
		request_button(r, action, "Retry");
	} else if (!job_ended(job->state)) {
		snprintf(action, sizeof(action), "/jobs/%lld/cancel", (long long)job->id);
		request_button(r, action, "Cancel");
	}
}

static void show_job(struct request *r, const struct job *job)
{
	struct buf *out = &r->out;

	html_add(out, "<tr><td><a href=\"/jobs/%d\">%S</a></td><td>", job->id, job->kind);
	show_place(out, job->integration, job->repository, job->number);
	html_add(out, "</td><td><span class=\"state %s\">%s</span> %S</td><td>",
		 job_state_name(job->state), job_state_name(job->state),
		 job->state == JOB_DONE ? STR("") : job->stage);
	if (job->state == JOB_QUEUED && job->run_at > r->now) {
		buf_add(out, STR("in "));
		html_span(out, job->run_at - r->now);
	} else if (job->state == JOB_QUEUED) {
		buf_add(out, STR("waits for "));
		html_span(out, r->now - job->run_at);
	} else {
		html_add(out, "%T", job->ended ? job->ended : job->started);
	}
	html_add(out, "</td><td>%S</td><td>", job->error);
	show_buttons(r, job);
	buf_add(out, STR("</td></tr>"));
}

int show_jobs(struct request *r, const struct job_filter *filter, struct err *err)
{
	struct job_list jobs = { 0 };

	if (jobs_list(r->store, r->visitor.view, filter, &r->page, &jobs, r->mem, err))
		return -1;
	if (jobs.n == 0) {
		html_add(&r->out, "<p>None.</p>");
		return 0;
	}
	html_add(&r->out, "<table><thead><tr><th>Job<th>About<th>State<th>When<th>Error<th></thead><tbody>");
	for (size_t i = 0; i < jobs.n; i++)
		show_job(r, &jobs.items[i]);
	html_add(&r->out, "</tbody></table>");
	return 0;
}

int jobs_page(struct request *r, struct err *err)
{
	struct job_filter filter = { 0 };
	struct str state = request_query(r, "state");

	r->title = "Jobs";
	filter.by_state = job_state_parse(state, &filter.state);
	html_add(&r->out, "<p class=tabs><a href=\"/jobs\">all</a>");
	for (int i = 0; i < JOB_STATES; i++)
		html_add(&r->out, " <a href=\"/jobs?state=%s\"%R>%s</a>", job_state_name((enum job_state)i),
			 filter.by_state && (int)filter.state == i ? " aria-current=page" : "",
			 job_state_name((enum job_state)i));
	html_add(&r->out, "</p><div data-live>");
	if (show_jobs(r, &filter, err))
		return -1;
	request_more(r);
	html_add(&r->out, "</div>");
	return 0;
}

static int find(struct request *r, struct job *job, struct err *err)
{
	bool found;

	if (jobs_get(r->store, r->visitor.view, request_id(r, 0), job, &found, r->mem, err))
		return -1;
	return found ? 0 : request_missing(r, err);
}

static int show_effects(struct request *r, const struct job *job, struct err *err)
{
	struct outbox_list effects = { 0 };

	if (outbox_of_job(r->store, r->visitor.view, job->id, &effects, r->mem, err))
		return -1;
	if (effects.n == 0)
		return 0;
	html_add(&r->out, "<h2>Said on the forge</h2><table><thead><tr><th>What<th>State<th>When<th>Error"
			  "</thead><tbody>");
	for (size_t i = 0; i < effects.n; i++) {
		const struct outbox_row *row = &effects.items[i];

		html_add(&r->out, "<tr><td>%S <small>%S</small></td><td>%s</td><td>%T</td><td>%S</td></tr>",
			 row->kind, row->marker, outbox_state_name(row->state), row->changed, row->error);
	}
	html_add(&r->out, "</tbody></table>");
	return 0;
}

/* What a review does, in order, and in words (flow/pull_job.c). Other kinds of jobs have a stage or two: shown as a word. */
static const struct {
	const char *name, *words;
} review_stages[] = {
	{ "open", "asks for its token" },	 { "facts", "asks the forge about it" },
	{ "fetch", "fetches the commits" },	 { "analyst", "looks at the change, sealed" },
	{ "threads", "reads the comments" },	 { "plan", "decides" },
	{ "post", "says it" },		 { "conclude", "writes it down" },
};

static void show_stages(struct buf *out, const struct job *job)
{
	size_t at = COUNT(review_stages);

	if (!str_eq(job->kind, STR("review")))
		return;
	for (size_t i = 0; i < COUNT(review_stages); i++)
		if (str_eq(job->stage, str_of(review_stages[i].name)))
			at = i;
	if (at == COUNT(review_stages) && job->state != JOB_DONE)
		return;
	html_add(out, "<ol class=stages>");
	for (size_t i = 0; i < COUNT(review_stages); i++)
		html_add(out, "<li class=%R>%s</li>",
			 job->state == JOB_DONE || i < at ? "past" :
			 i > at				  ? "ahead" :
			 job->state == JOB_LEASED	  ? "now" :
							    "stopped",
			 review_stages[i].words);
	html_add(out, "</ol>");
}

int job_page(struct request *r, struct err *err)
{
	struct buf *out = &r->out;
	struct job job;

	if (find(r, &job, err))
		return -1;
	r->title = arena_z(r->mem, arena_printf(r->mem, "Job %lld: %.*s", (long long)job.id,
						STR_ARG(job.kind)));
	html_add(out, "<div data-live>");
	show_stages(out, &job);
	html_add(out, "<dl><dt>About</dt><dd>");
	show_place(out, job.integration, job.repository, job.number);
	html_add(out, "</dd><dt>State</dt><dd><span class=\"state %s\">%s</span> %S</dd>",
		 job_state_name(job.state), job_state_name(job.state),
		 job.state == JOB_DONE ? STR("") : job.stage);
	html_add(out, "<dt>Attempts</dt><dd>%d of %d, %d crashes</dd>", (int64_t)job.attempt,
		 (int64_t)(job.max_attempts ? job.max_attempts : JOB_ATTEMPTS), (int64_t)job.crashes);
	html_add(out, "<dt>Made</dt><dd>%T</dd><dt>Started</dt><dd>%T</dd><dt>Ended</dt><dd>%T</dd>",
		 job.created, job.started, job.ended);
	if (job.state == JOB_QUEUED)
		html_add(out, "<dt>Not before</dt><dd>%T</dd>", job.run_at);
	show_pair(out, "Worker", job.worker);
	show_pair(out, "Head", job.head);
	show_pair(out, "Error", job.error);
	html_add(out, "</dl>");
	show_buttons(r, &job);
	if (show_effects(r, &job, err))
		return -1;
	if (job.result.len)
		html_add(out, "<h2>Result</h2><pre>%S</pre>", job.result);
	html_add(out, "</div>");
	return 0;
}

static int change(struct request *r, int (*act)(struct store *, struct view, int64_t, int64_t, bool *,
						struct err *),
		  const char *action, struct err *err)
{
	int64_t id = request_id(r, 0);
	bool found;

	if (act(r->store, r->visitor.view, id, r->now, &found, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	if (request_audit(r, action, r->call->params[0], err))
		return -1;
	if (request_is_api(r)) {
		buf_add(&r->out, STR("{}"));
		return 0;
	}
	return request_go(r, "/jobs/%lld", (long long)id);
}

int job_retry(struct request *r, struct err *err)
{
	return change(r, jobs_retry, "job.retry", err);
}

int job_cancel(struct request *r, struct err *err)
{
	return change(r, jobs_cancel, "job.cancel", err);
}
