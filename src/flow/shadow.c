#include "flow/shadow.h"

#include <stdlib.h>

#include "base/scope.h"
#include "repo/history.h"

/* One pull request of the past: the forge that its job sees. */
struct past {
	const struct shadow_options *options;
	const struct merged         *merged;
	const char                  *head;    /* the state that is looked at */
	struct arena                *mem;
	struct shadow_pull          *pull;
	struct thread_list           threads; /* i-th: of pull->comments.items[i] */
	struct str                   states;
	bool                         last;
};

static int call_get(void *payload, struct pull *out, struct arena *mem, struct err *err)
{
	const struct past *past = payload;
	struct pull pull = { .number = past->merged->number, .merged = true };

	(void)mem, (void)err;
	memcpy(pull.base_oid, past->merged->base, sizeof pull.base_oid);
	memcpy(pull.head_oid, past->head, sizeof pull.head_oid);
	*out = pull;
	return 0;
}

static int call_threads(void *payload, struct thread_list *out, bool *summary, struct arena *mem,
			struct err *err)
{
	const struct past *past = payload;

	(void)mem, (void)err;
	*out = past->threads;
	*summary = false;
	return 0;
}

static int call_recall(void *payload, struct str *states, struct arena *mem, struct err *err)
{
	(void)mem, (void)err;
	*states = ((const struct past *)payload)->states;
	return 0;
}

static void add_comment(struct past *past, const struct thread_entry *e)
{
	const struct finding *f = e->finding;
	struct arena *mem = past->mem;
	struct thread thread = { .path = arena_str(mem, f->path), .rule = arena_str(mem, f->rule_id) };
	struct shadow_comment comment = {
		.path = thread.path, .rule = thread.rule, .message = arena_str(mem, f->message),
		.line = f->anchor_line, .severity = f->severity, .late = past->last,
	};

	memcpy(thread.fingerprint, e->marker, sizeof thread.fingerprint);
	ARENA_PUSH(mem, &past->threads, thread);
	ARENA_PUSH(mem, &past->pull->comments, comment);
}

/* The poster that says nothing, but remembers what it would have said. */
static int call_post(void *payload, const struct pull_job *job, struct err *err)
{
	struct past *past = payload;

	(void)err;
	for (size_t i = 0; i < job->plan.n; i++) {
		const struct thread_entry *e = &job->plan.items[i];

		if (e->status == THREAD_NEW)
			add_comment(past, e);
		for (size_t k = 0; e->thread && k < past->threads.n; k++)
			if (strcmp(past->threads.items[k].fingerprint, e->thread->fingerprint) == 0) {
				past->pull->comments.items[k].fixed = e->status == THREAD_FIXED;
				past->threads.items[k].resolved = e->status == THREAD_FIXED;
			}
	}
	past->pull->limited |= job->answer.review.limited;
	past->states = thread_states_write(past->mem, &job->plan.next);
	return 0;
}

static const struct pull_calls calls = {
	.get = call_get, .threads = call_threads, .recall = call_recall, .post = call_post,
};

/* 1 when no job will ever work here. */
static int look(struct past *past, struct err *err)
{
	struct pull_options options = {
		.repository = past->options->directory, .analyst = past->options->analyst,
		.drafts = true, .closed = true, .no_summary = true, .no_check = true,
	};
	struct pull_job *job = malloc(sizeof *job);
	bool refused;

	if (!job)
		return err_set(err, ERR_TEMP, "out of memory");
	pull_job_init(job, &options, &calls, past);
	if (pull_job_run(job, err) < 0) {
		past->pull->failed = true;
		past->pull->why = arena_str(past->mem, str_of(err->text));
	}
	refused = job->analyst_end == ANALYST_REFUSED;
	pull_job_release(job);
	free(job);
	return refused ? -1 : 0;
}

/* The first and the last state, and some between, evenly. */
static size_t choose(const char *out[SHADOW_STATES], const struct commit_list *commits, const char *head)
{
	size_t n = commits->n < SHADOW_STATES ? commits->n : SHADOW_STATES;

	for (size_t i = 0; i + 1 < n; i++)
		out[i] = commits->items[i * (commits->n - 1) / (n - 1)].oid;
	out[n ? n - 1 : 0] = head;
	return n ? n : 1;
}

static int look_at_all(struct past *past, const struct repo *repo, struct err *err)
{
	struct commit_list commits = { 0 };
	const char *states[SHADOW_STATES];
	size_t n;

	if (history_between(&commits, past->mem, repo, past->merged->base, past->merged->head, err) < 0)
		return -1;
	n = choose(states, &commits, past->merged->head);
	for (size_t i = 0; i < n && !past->pull->failed; i++) {
		past->head = states[i];
		past->last = n > 1 && i == n - 1;
		if (look(past, err) < 0)
			return -1;
		past->pull->states++;
	}
	return 0;
}

static int find_branch(const char **out, const struct shadow_options *o, struct arena *mem,
		       const struct repo *repo)
{
	static const char *const names[] = { "origin/HEAD", "origin/main", "origin/master", "main", "master" };
	struct revision revision;

	*out = o->branch ? o->branch : "HEAD";
	for (size_t i = 0; !o->branch && i < COUNT(names); i++)
		if (revision_find(&revision, mem, repo, names[i], NULL) == 0) {
			*out = names[i];
			break;
		}
	return 0;
}

int shadow_run(struct shadow *out, struct arena *mem, const struct shadow_options *options,
	       struct err *err)
{
	AUTO(repo_close) struct repo repo = { 0 };
	struct shadow_options o = *options;
	struct merged_list merged = { 0 };
	struct shadow shadow = { 0 };
	const char *branch;

	if (repo_open(&repo, options->directory, err) < 0 || find_branch(&branch, options, mem, &repo) < 0 ||
	    repo_folder(&o.directory, mem, &repo, err) < 0 ||
	    history_merged(&merged, mem, &repo, branch, options->last, err) < 0)
		return -1;
	if (!merged.n)
		return err_input(err, "no merged pull request is known on %s", branch);
	for (size_t i = 0; i < merged.n; i++) {
		struct shadow_pull pull = { .number = merged.items[i].number,
					    .subject = merged.items[i].subject };
		struct past past = { .options = &o, .merged = &merged.items[i], .mem = mem, .pull = &pull };

		memcpy(pull.oid, merged.items[i].oid, sizeof pull.oid);
		if (options->progress)
			options->progress(options->payload, i, merged.n);
		if (look_at_all(&past, &repo, err) < 0)
			return -1;
		ARENA_PUSH(mem, &shadow, pull);
	}
	if (options->progress)
		options->progress(options->payload, merged.n, merged.n);
	*out = shadow;
	return 0;
}
