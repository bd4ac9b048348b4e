/* page_reviews.c - pull requests and their reviews. */
#include "answers.h"
#include "store/ci.h"
#include "store/jobs.h"
#include "store/repositories.h"
#include "store/reviews.h"
#include "store/threads.h"

static void show_review_rows(struct request *r, const struct review_list *list)
{
	html_add(&r->out, "<table><thead><tr><th>Pull request<th>Head<th>Outcome<th>When</thead><tbody>");
	for (size_t i = 0; i < list->n; i++) {
		const struct review_row *row = &list->items[i];

		html_add(&r->out, "<tr><td>");
		show_place(&r->out, row->integration, row->repository, row->number);
		html_add(&r->out,
			 "</td><td><code>%S</code></td><td><a href=\"/reviews/%d\">"
			 "<span class=\"state %s\">%s</span></a></td><td>%T</td></tr>",
			 str_sub(str_of(row->head_oid), 0, 10), row->id, conclusion_name(row->conclusion),
			 conclusion_name(row->conclusion), row->created);
	}
	html_add(&r->out, "</tbody></table>");
}

int reviews_page(struct request *r, struct err *err)
{
	struct review_list list = { 0 };

	r->title = "Reviews";
	if (reviews_list(r->store, r->visitor.view, STR(""), STR(""), 0, &r->page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<div data-live>");
	show_review_rows(r, &list);
	request_more(r);
	html_add(&r->out, "</div>");
	return 0;
}

/* ---- pull requests ---- */

int pulls_page(struct request *r, struct err *err)
{
	struct pull_rows list = { 0 };
	bool open_only = !str_eq(request_query(r, "state"), STR("all"));

	r->title = "Pull requests";
	if (pulls_list(r->store, r->visitor.view, STR(""), STR(""), open_only, &r->page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<p class=tabs><a href=\"/pulls\"%R>open</a> <a href=\"/pulls?state=all\"%R>all</a></p>",
		 open_only ? " aria-current=page" : "", open_only ? "" : " aria-current=page");
	html_add(&r->out, "<table><thead><tr><th>Pull request<th>Title<th>Author<th>State<th>Changed</thead><tbody>");
	for (size_t i = 0; i < list.n; i++) {
		const struct pull_row *p = &list.items[i];

		html_add(&r->out, "<tr><td>");
		show_place(&r->out, p->integration, p->repository, p->number);
		html_add(&r->out, "</td><td>%S</td><td>%S</td><td>%s%s</td><td>%T</td></tr>", p->title,
			 p->author, pull_state_name(p->state), p->paused ? ", paused" : "", p->changed);
	}
	html_add(&r->out, "</tbody></table>");
	request_more(r);
	return 0;
}

static int show_threads(struct request *r, const struct pull_row *pull, struct err *err)
{
	struct thread_rows rows = { 0 };

	if (threads_of_pull(r->store, pull->integration, pull->repository, pull->number, &rows, r->mem, err))
		return -1;
	if (rows.n == 0)
		return 0;
	html_add(&r->out, "<h2>Comments</h2><table><thead><tr><th>Place<th>Rule<th>State<th>Since</thead><tbody>");
	for (size_t i = 0; i < rows.n; i++)
		html_add(&r->out,
			 "<tr><td><code>%S:%d</code></td><td>%S</td><td><span class=\"state %S\">%S</span></td>"
			 "<td>%T</td></tr>",
			 rows.items[i].path, (int64_t)rows.items[i].line, rows.items[i].rule,
			 rows.items[i].status, rows.items[i].status, rows.items[i].created);
	html_add(&r->out, "</tbody></table>");
	return 0;
}

int pull_page(struct request *r, struct err *err)
{
	struct pull_row pull;
	struct review_list reviews = { 0 };
	struct job_filter jobs = { .integration = r->call->params[0], .repository = r->call->params[2],
				   .number = (uint64_t)request_id(r, 1) };
	bool found;

	if (pulls_get(r->store, r->visitor.view, jobs.integration, jobs.repository, jobs.number, &pull, &found,
		      r->mem, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	r->title = arena_z(r->mem, arena_printf(r->mem, "%.*s #%llu", STR_ARG(pull.repository),
						(unsigned long long)pull.number));
	html_add(&r->out, "<dl>");
	show_pair(&r->out, "Title", pull.title);
	show_pair(&r->out, "Author", pull.author);
	show_pair(&r->out, "State", str_of(pull_state_name(pull.state)));
	show_pair(&r->out, "Into", pull.base_ref);
	show_pair(&r->out, "Head", str_of(pull.head_oid));
	if (str_starts(pull.url, STR("https://")) || str_starts(pull.url, STR("http://")))
		html_add(&r->out, "<dt>On the forge</dt><dd><a href=\"%S\" rel=noreferrer>%S</a></dd>", pull.url,
			 pull.url);
	html_add(&r->out, "</dl>");
	if (show_threads(r, &pull, err) ||
	    reviews_list(r->store, r->visitor.view, pull.integration, pull.repository, pull.number, &r->page,
			 &reviews, r->mem, err))
		return -1;
	html_add(&r->out, "<h2>Reviews</h2>");
	show_review_rows(r, &reviews);
	html_add(&r->out, "<h2>Jobs</h2>");
	r->page = (struct page){ .limit = 20 };
	return show_jobs(r, &jobs, err);
}

int ci_page(struct request *r, struct err *err)
{
	struct ci_list list = { 0 };

	r->title = "CI";
	if (ci_list(r->store, r->visitor.view, STR(""), STR(""), NULL, &r->page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<table><thead><tr><th>Repository<th>Run<th>Result<th>Head<th>When</thead><tbody>");
	for (size_t i = 0; i < list.n; i++) {
		const struct ci_row *c = &list.items[i];

		html_add(&r->out,
			 "<tr><td>%S</td><td>%S</td><td><span class=\"state %s\">%s</span></td>"
			 "<td><code>%S</code></td><td>%T</td></tr>",
			 c->repository, c->name, event_action_name(c->action), event_action_name(c->action),
			 str_sub(str_of(c->head_oid), 0, 10), c->changed);
	}
	html_add(&r->out, "</tbody></table>");
	request_more(r);
	return 0;
}
