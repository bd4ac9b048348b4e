/* page_rules.c - rules with their figures, repositories, and what people do about them. */
#include "answers.h"
#include "store/outcomes.h"
#include "store/repositories.h"

static void hidden(struct buf *out, const char *name, struct str value)
{
	html_add(out, "<input type=hidden name=\"%s\" value=\"%S\">", name, value);
}

static void show_rule(struct request *r, const struct rule_figures *f)
{
	struct buf *out = &r->out;

	html_add(out, "<tr><td>%S</td><td>%S</td><td><code>%S</code></td>", f->repository, f->rule, f->prefix);
	for (int i = 0; i < FATES; i++)
		html_add(out, "<td class=n data-k=\"%s\">%d</td>", fate_name((enum fate)i), (int64_t)f->n[i]);
	html_add(out, "<td>%s %S</td><td>", f->muted ? "muted:" : "", f->reason);
	if (r->visitor.role >= ROLE_OPERATOR) {
		request_form(r, f->muted ? "/rules/lift" : "/rules/mute");
		hidden(out, "integration", f->integration);
		hidden(out, "repository", f->repository);
		hidden(out, "rule", f->rule);
		hidden(out, "prefix", f->prefix);
		html_add(out, "<button>%s</button></form>", f->muted ? "Let it speak" : "Mute");
	}
	html_add(out, "</td></tr>");
}

int rules_page(struct request *r, struct err *err)
{
	struct rule_figures_list list = { 0 };

	r->title = "Rules";
	if (outcomes_figures(r->store, r->visitor.view, STR(""), STR(""), 0, &r->page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<p>What became of comments, learned when pull requests were merged.</p>");
	if (list.n == 0) {
		html_add(&r->out, "<p>None yet.</p>");
		return 0;
	}
	html_add(&r->out, "<table><thead><tr><th>Repository<th>Rule<th>Below");
	for (int i = 0; i < FATES; i++)
		html_add(&r->out, "<th>%s", fate_name((enum fate)i));
	html_add(&r->out, "<th>State<th></thead><tbody>");
	for (size_t i = 0; i < list.n; i++)
		show_rule(r, &list.items[i]);
	html_add(&r->out, "</tbody></table>");
	request_more(r);
	return 0;
}

/* The repository must be one that they see. */
static int mute_of(struct mute_row *out, struct request *r, struct err *err)
{
	struct repository_row repository;
	bool found;

	*out = (struct mute_row){ .integration = request_field(r, "integration"),
				  .repository = request_field(r, "repository"),
				  .rule = request_field(r, "rule"),
				  .prefix = request_field(r, "prefix"),
				  .by = r->visitor.subject };
	if (repositories_get(r->store, r->visitor.view, out->integration, out->repository, &repository, &found,
			     r->mem, err))
		return -1;
	if (!found || out->rule.len == 0)
		return request_missing(r, err);
	out->tenant = repository.tenant;
	out->reason = arena_printf(r->mem, "muted by %.*s", STR_ARG(r->visitor.subject));
	return 0;
}

int rule_mute(struct request *r, struct err *err)
{
	struct mute_row mute;

	if (mute_of(&mute, r, err) || mutes_put(r->store, &mute, r->now, err) ||
	    request_audit(r, "rule.mute", mute.rule, err))
		return -1;
	return request_go(r, "/rules");
}

int rule_lift(struct request *r, struct err *err)
{
	struct mute_row mute;
	bool found;

	if (mute_of(&mute, r, err) || mutes_lift(r->store, r->visitor.view, &mute, &found, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	if (request_audit(r, "rule.lift", mute.rule, err))
		return -1;
	return request_go(r, "/rules");
}

/* ---- repositories ---- */

static void show_switch(struct request *r, const struct repository_row *row, const char *name, bool on,
			const char *words)
{
	request_form(r, "/repositories");
	hidden(&r->out, "integration", row->integration);
	hidden(&r->out, "name", row->name);
	html_add(&r->out, "<button name=\"%s\" value=\"%s\">%s</button></form> ", name, on ? "no" : "yes", words);
}

int repositories_page(struct request *r, struct err *err)
{
	struct repository_list list = { 0 };

	r->title = "Repositories";
	if (repositories_list(r->store, r->visitor.view, &r->page, &list, r->mem, err))
		return -1;
	html_add(&r->out, "<table><thead><tr><th>Integration<th>Repository<th>State<th>Last event<th></thead><tbody>");
	for (size_t i = 0; i < list.n; i++) {
		const struct repository_row *row = &list.items[i];

		html_add(&r->out, "<tr><td>%S</td><td>%S</td><td>%s%s%s</td><td>%T</td><td>", row->integration,
			 row->name, row->gone ? "gone " : "", row->paused ? "paused " : "",
			 row->muted ? "silent" : "", row->seen);
		if (r->visitor.role >= ROLE_OPERATOR) {
			show_switch(r, row, "paused", row->paused, row->paused ? "Resume" : "Pause");
			show_switch(r, row, "muted", row->muted, row->muted ? "Let it speak" : "Review silently");
		}
		html_add(&r->out, "</td></tr>");
	}
	html_add(&r->out, "</tbody></table>");
	request_more(r);
	return 0;
}

int repository_set(struct request *r, struct err *err)
{
	struct repository_row row;
	struct str paused = request_field(r, "paused"), muted = request_field(r, "muted");
	bool found;

	if (repositories_get(r->store, r->visitor.view, request_field(r, "integration"),
			     request_field(r, "name"), &row, &found, r->mem, err))
		return -1;
	if (!found)
		return request_missing(r, err);
	if (paused.len)
		row.paused = str_eq(paused, STR("yes"));
	if (muted.len)
		row.muted = str_eq(muted, STR("yes"));
	if (repositories_set(r->store, r->visitor.view, &row, &found, err) ||
	    request_audit(r, row.paused ? "repository.pause" : "repository.set", row.name, err))
		return -1;
	return request_go(r, "/repositories");
}
