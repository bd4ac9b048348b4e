/* call_rule.c - rules of a repository: muted by people, and by what became of their comments. */
#include "call.h"
#include "review/outcome.h"
#include "serve/log.h"
#include "store/outcomes.h"
#include "store/threads.h"

int call_mutes(struct call *call, struct err *err)
{
	struct mute_rows rows = { 0 };
	json_t *list = json_array();

	json_object_set_new(call->out, "mutes", list);
	if (mutes_of_pull(call->store, call->job->integration, call->job->repository, call->job->number,
			  &rows, call->mem, err))
		return -1;
	for (size_t i = 0; i < rows.n; i++) {
		json_t *one;

		if (rows.items[i].lifted)
			continue;
		one = json_object();
		body_set(one, "rule", rows.items[i].rule);
		body_set(one, "prefix", rows.items[i].prefix);
		body_set(one, "reason", rows.items[i].reason);
		json_object_set_new(one, "asked",
				    json_boolean(!str_eq(rows.items[i].by, STR("outrider"))));
		json_array_append_new(list, one);
	}
	return 0;
}

/* In the pull request where somebody asked for it, and nowhere else. */
int call_mute(struct call *call, struct err *err)
{
	struct mute_row row = { .integration = call->job->integration,
				.repository = call->job->repository,
				.tenant = call->job->tenant,
				.number = call->job->number,
				.rule = body_str(call->mem, call->in, "rule"),
				.prefix = body_str(call->mem, call->in, "prefix"),
				.reason = body_str(call->mem, call->in, "reason"),
				.by = body_str(call->mem, call->in, "by") };

	if (row.rule.len == 0 || row.by.len == 0 || row.number == 0)
		return err_input(err, "a mute needs a rule, a pull request and who asked for it");
	return mutes_put(call->store, &row, call->now, err);
}

static bool fate_parse(struct str word, enum fate *out)
{
	for (int i = 0; i < FATES; i++)
		if (str_eq(word, str_of(fate_name((enum fate)i)))) {
			*out = (enum fate)i;
			return true;
		}
	return false;
}

/* ---- what was learned ---- */

/* The facts of a rule below one prefix, counted for each prefix above it too. */
static void add_figures(struct outcome_counts *counts, struct arena *mem,
			const struct rule_figures *row)
{
	static const struct {
		enum fate         fate;
		enum outcome_kind kind;
	} kinds[] = {
		{ FATE_FIXED, OUTCOME_FIXED }, { FATE_IGNORED, OUTCOME_IGNORED },
		{ FATE_UP, OUTCOME_THANKED },  { FATE_DOWN, OUTCOME_DOWN },
		{ FATE_DISPUTED, OUTCOME_DISPUTED },
	};
	struct outcome one = { .rule = row->rule, .path = row->prefix };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		one.kind = kinds[i].kind;
		for (uint64_t n = 0; n < row->n[kinds[i].fate]; n++)
			outcome_add(counts, mem, &one);
	}
}

static int read_figures(struct outcome_counts *counts, struct call *call, struct err *err)
{
	enum { DAYS = 180 }; /* what a team thought of a rule half a year ago says little */
	struct page page = { .limit = STORE_MAX_PAGE };

	do {
		struct rule_figures_list list = { 0 };

		if (outcomes_figures(call->store, call->view, call->job->integration,
				     call->job->repository, call->now - (int64_t)DAYS * 24 * 3600 * 1000,
				     &page, &list, call->mem, err))
			return -1;
		for (size_t i = 0; i < list.n; i++)
			add_figures(counts, call->mem, &list.items[i]);
		page.after = page.next;
	} while (page.next.len);
	return 0;
}

/* The count of a rule that a person let speak, with or without figures, says so. */
static void keep(struct outcome_counts *counts, struct arena *mem, const struct mute_row *row)
{
	struct outcome_count none = { .rule = row->rule, .prefix = row->prefix, .kept = true };

	for (size_t i = 0; i < counts->n; i++)
		if (str_eq(counts->items[i].rule, row->rule) && str_eq(counts->items[i].prefix, row->prefix)) {
			counts->items[i].kept = true;
			return;
		}
	ARENA_PUSH(mem, counts, none);
}

static bool is_known(const struct mute_rows *rows, const struct mute *mute)
{
	for (size_t i = 0; i < rows->n; i++)
		if (str_eq(rows->items[i].rule, mute->rule) && str_eq(rows->items[i].prefix, mute->prefix))
			return true;
	return false;
}

static int mute(struct call *call, const struct mute *learned, struct err *err)
{
	struct mute_row row = { .integration = call->job->integration,
				.repository = call->job->repository,
				.tenant = call->job->tenant,
				.rule = learned->rule,
				.prefix = learned->prefix,
				.reason = learned->reason,
				.by = STR("outrider") };

	log_line(LOG_INFO,
		 LOG_FIELDS(LOG_TEXT("repository", row.repository), LOG_TEXT("rule", row.rule),
			    LOG_TEXT("prefix", row.prefix)),
		 "rule muted: %.*s", STR_ARG(row.reason));
	return mutes_put(call->store, &row, call->now, err);
}

/* Mutes what the facts speak against. What a person muted or lifted stays as it is. */
static int learn(struct call *call, struct err *err)
{
	struct outcome_policy policy = outcome_policy_default();
	struct outcome_counts counts = { 0 };
	struct mute_list mutes = { 0 };
	struct mute_rows rows = { 0 };

	if (read_figures(&counts, call, err) ||
	    mutes_of_pull(call->store, call->job->integration, call->job->repository, 0, &rows, call->mem, err))
		return -1;
	for (size_t i = 0; i < rows.n; i++)
		if (rows.items[i].lifted)
			keep(&counts, call->mem, &rows.items[i]);
	outcome_mutes(&mutes, call->mem, &counts, &policy);
	for (size_t i = 0; i < mutes.n; i++)
		if (!is_known(&rows, &mutes.items[i]) && mute(call, &mutes.items[i], err))
			return -1;
	return 0;
}

int call_outcomes(struct call *call, struct err *err)
{
	const json_t *list = json_object_get(call->in, "outcomes");
	size_t n = json_array_size(list);
	struct outcome_row *rows;

	if (n > THREADS_MAX)
		return err_input(err, "%zu outcomes, more than %d", n, THREADS_MAX);
	rows = ARENA_ARRAY(call->mem, n + 1, struct outcome_row);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(list, i);
		struct str marker = body_str(call->mem, one, "marker");

		rows[i] = (struct outcome_row){ .integration = call->job->integration,
						.repository = call->job->repository,
						.tenant = call->job->tenant,
						.number = call->job->number,
						.n = (uint32_t)body_int(one, "n"),
						.rule = body_str(call->mem, one, "rule"),
						.prefix = body_str(call->mem, one, "prefix") };
		memcpy(rows[i].fingerprint, marker.p,
		       marker.len < FINGERPRINT_HEX ? marker.len : FINGERPRINT_HEX);
		if (!fate_parse(body_str(call->mem, one, "fate"), &rows[i].fate))
			return err_input(err, "an outcome without a fate");
	}
	if (outcomes_put(call->store, rows, n, call->now, err))
		return -1;
	return learn(call, err);
}
