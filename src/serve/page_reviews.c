/* page_reviews.c - pull requests, their reviews, and the reason of each decision. */
#include "answers.h"
#include "body.h"
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
	show_review_rows(r, &list);
	request_more(r);
	return 0;
}

/* ---- one review ---- */

/* What the words of the figures mean; others are shown as they are. */
static const struct {
	const char *name, *words;
	int64_t     divide;
} figure_words[] = {
	{ "added_lines", "lines added", 1 },   { "changed_files", "files changed", 1 },
	{ "files", "files looked at", 1 },     { "cpu_ms", "ms of processor", 1 },
	{ "wall_ms", "ms in all", 1 },	       { "peak_bytes", "MB of memory", 1 << 20 },
	{ "persists", "still there", 1 },      { "back", "there again", 1 },
	{ "held", "held back", 1 },	       { "outside", "outside of the diff", 1 },
};

static void show_figure(struct buf *out, const char *name, int64_t n)
{
	for (size_t i = 0; i < COUNT(figure_words); i++)
		if (strcmp(name, figure_words[i].name) == 0) {
			html_add(out, "<li><b>%d</b> %s</li>", n / figure_words[i].divide,
				 figure_words[i].words);
			return;
		}
	html_add(out, "<li><b>%d</b> %s</li>", n, name);
}

static void show_figures(struct request *r, struct str figures)
{
	json_t *object AUTO_JSON = body_read(figures, NULL);
	const char *name;
	json_t *value;

	html_add(&r->out, "<ul class=figures>");
	json_object_foreach(object, name, value) {
		if (json_is_integer(value))
			show_figure(&r->out, name, (int64_t)json_integer_value(value));
	}
	html_add(&r->out, "</ul>");
	value = json_object_get(object, "losses");
	if (json_object_size(value) == 0)
		return;
	html_add(&r->out, "<p>What the forge could not show: ");
	json_object_foreach(json_object_get(object, "losses"), name, value)
		html_add(&r->out, "%s (%d) ", name, (int64_t)json_integer_value(value));
	html_add(&r->out, "</p>");
}

static void show_diff(struct buf *out, struct str before, struct str after)
{
	struct str line;

	html_add(out, "<pre class=diff>");
	while (str_cut_line(&before, &line))
		html_add(out, "<del>-%S</del>\n", line);
	while (str_cut_line(&after, &line))
		html_add(out, "<ins>+%S</ins>\n", line);
	html_add(out, "</pre>");
}

static void show_decision(struct request *r, const json_t *one)
{
	struct buf *out = &r->out;
	struct str decision = body_str(r->mem, one, "decision");
	struct str code = body_str(r->mem, one, "code");

	html_add(out, "<li><span class=\"state %S\">%S</span> <code>%S:%d</code> %S", decision, decision,
		 body_str(r->mem, one, "path"), body_int(one, "line"), body_str(r->mem, one, "rule"));
	html_add(out, "<p>%S</p>", body_str(r->mem, one, "message"));
	if (code.len && !json_object_get(one, "after"))
		html_add(out, "<pre>%S</pre>", code);
	if (json_object_get(one, "after"))
		show_diff(out, body_str(r->mem, one, "before"), body_str(r->mem, one, "after"));
	html_add(out, "<small>%S</small></li>", body_str(r->mem, one, "reason"));
}

int review_page(struct request *r, struct err *err)
{
	struct review_row row;
	json_t *decisions AUTO_JSON = NULL;
	bool found;

	if (reviews_get(r->store, r->visitor.view, request_id(r, 0), &row, &found, r->mem, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	r->title = arena_z(r->mem, arena_printf(r->mem, "Review of %.*s #%llu", STR_ARG(row.repository),
						(unsigned long long)row.number));
	html_add(&r->out, "<p>");
	show_place(&r->out, row.integration, row.repository, row.number);
	html_add(&r->out,
		 " <span class=\"state %s\">%s</span>, %T, <code>%S</code> against <code>%S</code>, "
		 "<a href=\"/jobs/%d\">job %d</a></p>",
		 conclusion_name(row.conclusion), conclusion_name(row.conclusion), row.created,
		 str_sub(str_of(row.head_oid), 0, 10), str_sub(str_of(row.base_oid), 0, 10), row.job, row.job);
	show_figures(r, row.figures);
	decisions = json_loadb(row.decisions.p ? row.decisions.p : "", row.decisions.len, 0, NULL);
	html_add(&r->out, "<h2>Decisions</h2><ol class=decisions>");
	for (size_t i = 0; i < json_array_size(decisions); i++)
		show_decision(r, json_array_get(decisions, i));
	html_add(&r->out, "</ol>");
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
