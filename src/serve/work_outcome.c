/* work_outcome.c - a pull request ended: what became of our comments is learned, and a rule that is of no use here is muted. */
#include "review/outcome.h"
#include "serve/log.h"
#include "work.h"

static const char *fate_of(enum outcome_kind kind)
{
	static const char *const fates[OUTCOMES] = {
		[OUTCOME_FIXED] = "fixed",	   [OUTCOME_THANKED] = "up",
		[OUTCOME_IGNORED] = "ignored",	   [OUTCOME_DISMISSED] = "disputed",
		[OUTCOME_DISPUTED] = "disputed",   [OUTCOME_DOWN] = "down",
	};

	return fates[kind];
}

/* What became of it, and that it was posted at all. */
static void add_facts(json_t *list, const struct outcome *outcome)
{
	struct str prefixes[OUTCOME_PREFIXES];
	const char *const fates[] = { "posted", fate_of(outcome->kind) };
	size_t n = outcome_prefixes(prefixes, outcome->path);

	for (size_t j = 0; j < COUNT(fates); j++) {
		json_t *one = json_object();

		body_set(one, "marker", str_of(outcome->marker));
		body_set(one, "rule", outcome->rule);
		body_set(one, "prefix", n ? prefixes[n - 1] : STR(""));
		json_object_set_new(one, "fate", json_string(fates[j]));
		json_object_set_new(one, "n", json_integer(1));
		json_array_append_new(list, one);
	}
}

static int see_pull(struct work *work, const struct pull *pull, struct err *err)
{
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;

	json_object_set_new(ask, "pull", work_pull_json(pull));
	return worker_ask(work->worker, "conclude", ask, &reply, err);
}

static int find_outcomes(struct outcome_list *out, struct work *work, const struct pull *pull, struct err *err)
{
	struct thread_list threads = { 0 };
	struct thread_states states = { 0 };
	const struct pull_job *job;

	if (work_look_merged(work, pull, err))
		return -1;
	job = work->pull;
	if (job && job->end == PULL_DONE)
		return outcome_of_merge(out, &work->mem, &job->threads, &job->states, &job->answer.review, err);
	if (forge_threads(work->forge, &work->mem, &work->place, &threads, err) ||
	    thread_states_read(&states, &work->mem, work->states, err))
		return -1;
	return outcome_of_merge(out, &work->mem, &threads, &states, NULL, err);
}

int work_outcome(struct work *work, json_t *result, struct err *err)
{
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;
	json_t *facts = json_array();
	struct outcome_list outcomes = { 0 };
	struct pull pull;

	json_object_set_new(ask, "outcomes", facts);
	if (forge_pull(work->forge, &work->mem, &work->place, &pull, err) ||
	    see_pull(work, &pull, err))
		return -1;
	json_object_set_new(result, "merged", json_boolean(pull.merged));
	if (!pull.merged)
		return 0; /* what was thrown away says nothing about a comment */
	if (find_outcomes(&outcomes, work, &pull, err))
		return -1;
	for (size_t i = 0; i < outcomes.n; i++)
		add_facts(facts, &outcomes.items[i]);
	json_object_set_new(result, "comments", json_integer((json_int_t)outcomes.n));
	return outcomes.n ? worker_ask(work->worker, "outcomes", ask, &reply, err) : 0;
}
