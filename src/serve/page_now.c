/* page_now.c - the first page: what runs, what waits, what went wrong, what was said last. */
#include "answers.h"
#include "machines.h"
#include "store/jobs.h"
#include "store/nodes.h"
#include "store/rates.h"
#include "store/reviews.h"

static int show_counts(struct request *r, struct err *err)
{
	struct job_counts counts = { 0 };
	struct buf *out = &r->out;

	if (jobs_count(r->store, r->visitor.view, r->now, &counts, err))
		return -1;
	html_add(out, "<ul class=figures><li><b>%d</b> running</li><li><b>%d</b> waiting",
		 (int64_t)counts.by_state[JOB_LEASED], (int64_t)counts.by_state[JOB_QUEUED]);
	if (counts.oldest_due) {
		buf_add(out, STR(", the oldest for "));
		html_span(out, r->now - counts.oldest_due);
	}
	html_add(out, "</li><li><a href=\"/jobs?state=dead\"><b>%d</b> dead letters</a></li>"
		      "<li><b>%d</b> done</li></ul>",
		 (int64_t)counts.by_state[JOB_DEAD], (int64_t)counts.by_state[JOB_DONE]);
	return 0;
}

/* What keeps jobs from running. Who may not see machines hears no reasons. */
static int show_machines(struct request *r, struct err *err)
{
	static const char *const says[MACHINES_WORDS] = {
		[MACHINES_WAIT] = "Jobs wait: the sandbox is being tested.",
		[MACHINES_STOPPED] = "No jobs run: the test of the sandbox has failed.",
	};
	struct machine_list list = { 0 };
	enum machines_word sum;

	if (machines_list(&list, r->store, r->now, r->mem, err))
		return -1;
	sum = machines_sum(&list);
	if (says[sum])
		html_add(&r->out, "<p class=\"%s\">%s</p>", sum == MACHINES_STOPPED ? "dead" : "", says[sum]);
	if (request_machines(r, NULL))
		return 0;
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].tells && list.items[i].state != SELFCHECK_HELD)
			html_add(&r->out, "<p>Worker %S: %S.</p>", list.items[i].id, list.items[i].text);
	return 0;
}

static int show_state(struct request *r, const char *title, enum job_state state, struct err *err)
{
	struct job_filter filter = { .by_state = true, .state = state };

	html_add(&r->out, "<h2>%s</h2>", title);
	r->page = (struct page){ .limit = 20 };
	return show_jobs(r, &filter, err);
}

static int show_reviews(struct request *r, struct err *err)
{
	struct review_list list = { 0 };
	struct page page = { .limit = 10 };

	if (reviews_list(r->store, r->visitor.view, STR(""), STR(""), 0, &page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<h2>Last reviews</h2><table><tbody>");
	for (size_t i = 0; i < list.n; i++) {
		const struct review_row *row = &list.items[i];

		html_add(&r->out, "<tr><td>");
		show_place(&r->out, row->integration, row->repository, row->number);
		html_add(&r->out,
			 "</td><td><a href=\"/reviews/%d\"><span class=\"state %s\">%s</span></a></td>"
			 "<td>%T</td></tr>",
			 row->id, conclusion_name(row->conclusion), conclusion_name(row->conclusion),
			 row->created);
	}
	html_add(&r->out, "</tbody></table>");
	return 0;
}

int now_page(struct request *r, struct err *err)
{
	r->title = "Now";
	html_add(&r->out, "<div data-live>");
	if (show_counts(r, err) || show_machines(r, err) || show_state(r, "Running", JOB_LEASED, err) ||
	    show_state(r, "Waiting", JOB_QUEUED, err) || show_reviews(r, err))
		return -1;
	html_add(&r->out, "</div>");
	return 0;
}

static void show_rate(struct request *r, const struct rate_row *rate)
{
	html_add(&r->out, "<tr><td>%S</td><td>%S</td><td class=n data-k=Left>%d of %d</td>"
			  "<td data-k=\"Full again\">%T</td><td>", rate->credential,
		 rate->bucket, rate->left, rate->limit, rate->reset);
	if (rate->blocked > r->now) {
		buf_add(&r->out, STR("<span class=dead>not for "));
		html_span(&r->out, rate->blocked - r->now);
		buf_add(&r->out, STR("</span>"));
	}
	html_add(&r->out, "</td></tr>");
}

int rates_page(struct request *r, struct err *err)
{
	struct rate_list list = { 0 };

	r->title = "Rates";
	if (request_machines(r, err) || rates_list(r->store, r->now, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<p>How many requests the forges still take.</p>");
	if (list.n == 0) {
		html_add(&r->out, "<p>None was asked for yet.</p>");
		return 0;
	}
	html_add(&r->out, "<table><thead><tr><th>Credential<th>Bucket<th>Left<th>Full again<th>State</thead><tbody>");
	for (size_t i = 0; i < list.n; i++)
		show_rate(r, &list.items[i]);
	html_add(&r->out, "</tbody></table>");
	return 0;
}

int workers_page(struct request *r, struct err *err)
{
	enum { RECENT = 3600 * 1000 };
	struct worker_list list = { 0 };
	uint64_t bytes;

	r->title = "Workers";
	if (request_machines(r, err) || workers_list(r->store, r->now - RECENT, r->now, &list, r->mem, err) ||
	    store_size(r->store, &bytes, err))
		return -1;
	html_add(&r->out, "<table><thead><tr><th>Worker<th>Host<th>State<th>Sandbox<th>Joined<th>Last seen</thead><tbody>");
	for (size_t i = 0; i < list.n; i++) {
		const struct worker_row *w = &list.items[i];
		const struct machine machine = machine_of(w, r->mem);
		bool here = r->now - w->seen < MACHINES_RECENT_MS;

		html_add(&r->out, "<tr><td>%S</td><td data-k=Host>%S</td><td>%s</td><td data-k=Sandbox>%s</td><td data-k=Joined>%T</td>"
				   "<td data-k=\"Last seen\">%T</td></tr>", w->id,
			 w->host, w->draining ? "draining" : here ? "here" : "silent",
			 machine.tells ? selfcheck_word(machine.state) : "", w->started, w->seen);
	}
	html_add(&r->out, "</tbody></table><p>Database: %s, %d KB.</p>", store_engine(r->store),
		 (int64_t)(bytes / 1024));
	return 0;
}
