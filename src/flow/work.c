#include "work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"

enum {
	PARSE_MS = 300,       /* for each begun MB of text: 20 times what honest text needs */
	MATCH_MS = 200,
	SCAN_FACTOR = 10,     /* a scan has no one waiting and may have heavier rules */
	THREAD_STACK = 16 << 20, /* rules nest as the code does, up to MATCH_MAX_DEPTH */
};

/* Processor time of this thread: a busy machine must not make files look hostile. */
static uint64_t thread_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t steady_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The time of a review counts from its first file; a scan is as long as it is. */
static void set_deadline(struct run *run)
{
	if (run->review.is_change && !run->deadline)
		run->deadline = steady_now() + (uint64_t)run->config.caps.seconds * 1000000000u;
}

struct policy {
	const struct run         *run;
	bool                      is_test;
	const struct rule_filter *only;
};

static enum severity decide(void *payload, const struct rule_info *rule, struct str path)
{
	const struct policy *policy = payload;
	const struct config *config = &policy->run->config;
	enum severity normal = rule->off_by_default ? SEVERITY_OFF : rule->severity;
	bool listed = !policy->only;

	for (size_t i = 0; !listed && i < policy->only->n; i++)
		listed = str_eq(policy->only->ids[i], rule->id);
	if (!listed || (rule->skip_tests && policy->is_test) ||
	    rule->confidence < config->min_confidence)
		return SEVERITY_OFF;
	return config_severity(config, rule->id, rule->category, path, normal);
}

static void add_all(struct arena *mem, struct finding_list *to, const struct finding_list *from)
{
	for (size_t i = 0; i < from->n; i++)
		ARENA_PUSH(mem, to, from->items[i]);
}

static uint64_t budget(const struct run *run, size_t bytes, uint64_t ms)
{
	return ms * 1000000u * (1 + (bytes >> 20)) * (run->review.is_change ? 1 : SCAN_FACTOR);
}

void work_skip(struct worker *worker, struct str path, enum change_skip reason)
{
	struct skipped skipped = { arena_str(worker->out, path), reason, { 0 } };

	ARENA_PUSH(worker->out, &worker->skipped, skipped);
}

static void note_trouble(struct worker *worker, const struct text_job *job, const char *rule)
{
	struct notice notice = { arena_printf(worker->out,
		"%.*s: the rule %s hit the limit of its regular expression or of its nesting; it may have missed something",
		STR_ARG(job->path), rule) };

	ARENA_PUSH(worker->out, &worker->notices, notice);
}

static enum scan_result scan_one(struct text_result *out, struct worker *worker,
				 const struct text_job *job, const struct language *language,
				 const struct tree *base)
{
	struct policy policy = { worker->run, job->is_test, job->only };
	struct scan scan = {
		.parser = worker->parser, .mem = &worker->work, .path = job->path,
		.policy = decide, .policy_payload = &policy,
		.everything = worker->run->options->raw, .labels = worker->run->options->labels,
		.now_ns = thread_now, .time_ns = budget(worker->run, job->text.len, MATCH_MS),
	};
	struct scan_output found;
	enum scan_result result;

	parser_set_time(worker->parser, budget(worker->run, job->text.len, PARSE_MS));
	result = ruleset_scan(&found, worker->run->rules, &scan, language, job->text, base);
	if (result != SCAN_OK)
		return result;
	add_all(&worker->work, &out->findings, &found.findings);
	add_all(&worker->work, &out->suppressed, &found.suppressed);
	if (found.parsed && language->grammar)
		out->tree = found.tree;
	if (found.trouble)
		note_trouble(worker, job, found.trouble);
	return SCAN_OK;
}

static bool work_text_unguarded(struct text_result *out, struct worker *worker,
				const struct text_job *job, const struct tree *base)
{
	const struct language *text = language_text();
	enum scan_result result = SCAN_OK;

	memset(out, 0, sizeof *out);
	if (job->language)
		result = scan_one(out, worker, job, job->language, base);
	if (result == SCAN_OK && job->language != text)
		result = scan_one(out, worker, job, text, NULL);
	if (result != SCAN_OK)
		work_skip(worker, job->path, result == SCAN_TIME ? SKIP_TIME : SKIP_MEMORY);
	return result == SCAN_OK;
}

bool work_text(struct text_result *out, struct worker *worker, const struct text_job *job,
	       const struct tree *base)
{
	jmp_buf full;
	volatile bool done = false;

	if (worker->run->deadline && steady_now() > worker->run->deadline) {
		work_skip(worker, job->path, SKIP_TIME);
		return false;
	}

	/* a file that fills the arena is given up, by a jump out of whatever was at work */
	worker->work.full = &full;
	if (setjmp(full) == 0)
		done = work_text_unguarded(out, worker, job, base);
	else
		work_skip(worker, job->path, SKIP_MEMORY);
	worker->work.full = NULL;
	return done;
}

void work_symbols(struct worker *worker, struct text_result *result)
{
	for (size_t i = 0; i < result->findings.n; i++)
		result->findings.items[i].symbol = tree_symbol(
			&result->tree, &worker->work, result->findings.items[i].span.start);
}

void work_keep(struct worker *worker, struct finding_list *to, const struct finding *finding)
{
	struct finding copy = *finding;
	struct arena *mem = worker->out;

	copy.message = arena_str(mem, copy.message);
	copy.text = arena_str(mem, copy.text);
	copy.symbol = arena_str(mem, copy.symbol);
	copy.path = arena_str(mem, copy.path);
	if (copy.has_fix)
		copy.fix.text = arena_str(mem, copy.fix.text);
	if (copy.n_labels) {
		copy.labels = arena_alloc(mem, copy.n_labels * sizeof *copy.labels);
		memcpy(copy.labels, finding->labels, copy.n_labels * sizeof *copy.labels);
	}
	ARENA_PUSH(mem, to, copy);
}

struct pool {
	struct run   *run;
	const char   *what;
	work_fn      *fn;
	size_t        n;
	atomic_size_t next;
};

struct member {
	struct pool  *pool;
	struct worker worker;
	struct arena  out;
	bool          is_first; /* the caller's own thread: tells the progress */
	pthread_t     thread;
	bool          running;  /* the caller's affair */
};

static void *work_thread(void *arg)
{
	struct member *member = arg;
	struct pool *pool = member->pool;
	const struct run_options *o = pool->run->options;

	for (;;) {
		size_t i = atomic_fetch_add(&pool->next, 1);

		if (i >= pool->n)
			return NULL;
		if (o->progress && member->is_first)
			o->progress(o->progress_payload, pool->what, i, pool->n);
		pool->fn(&member->worker, i);
		parser_reset(member->worker.parser);
		arena_reset(&member->worker.work);
	}
}

static int member_init(struct member *member, struct pool *pool, struct err *err)
{
	struct parse_limits limits = { FILE_PARSE_MEMORY, (uint64_t)PARSE_MS * 1000000u, thread_now };

	member->pool = pool;
	member->worker.run = pool->run;
	member->worker.parser = parser_new(&limits);
	arena_init(&member->worker.work, WORK_MEMORY);
	arena_init(&member->out, RUN_MEMORY);
	member->worker.out = &member->out;
	return member->worker.parser ? 0 : err_set(err, ERR_TEMP, "out of memory");
}

/* A second look at the same files must not name one twice. */
static bool is_named(const struct review *review, struct str path)
{
	for (size_t i = 0; i < review->skipped.n; i++)
		if (str_eq(review->skipped.items[i].path, path))
			return true;
	return false;
}

/* Moves what a worker found into the run's own memory. */
static void member_collect(struct member *member, struct finding_list *gone)
{
	struct run *run = member->pool->run;
	struct worker home = { .out = &run->mem };
	struct worker *w = &member->worker;

	for (size_t i = 0; i < w->findings.n; i++)
		work_keep(&home, &run->review.findings, &w->findings.items[i]);
	for (size_t i = 0; i < w->suppressed.n; i++)
		work_keep(&home, &run->review.suppressed, &w->suppressed.items[i]);
	for (size_t i = 0; gone && i < w->gone.n; i++)
		work_keep(&home, gone, &w->gone.items[i]);
	for (size_t i = 0; i < w->skipped.n; i++) {
		if (gone && is_named(&run->review, w->skipped.items[i].path))
			continue;
		review_skip(&run->review, arena_str(&run->mem, w->skipped.items[i].path),
			    w->skipped.items[i].reason, w->skipped.items[i].detail);
		run->review.limited |= w->skipped.items[i].reason == SKIP_TIME ||
				       w->skipped.items[i].reason == SKIP_MEMORY;
	}
	for (size_t i = 0; i < w->notices.n; i++)
		review_notice(&run->review, "%.*s", STR_ARG(w->notices.items[i].text));
	run->review.limited |= w->notices.n > 0;
	run->review.files += w->files;
}

static void member_release(struct member *member)
{
	parser_free(member->worker.parser);
	arena_release(&member->worker.work);
	arena_release(&member->out);
}

static size_t thread_count(const struct run *run, size_t n)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	size_t jobs = run->options->jobs ? run->options->jobs : online > 0 ? (size_t)online : 1;

	if (jobs > RUN_MAX_JOBS)
		jobs = RUN_MAX_JOBS;
	if (jobs > n)
		jobs = n;
	return jobs ? jobs : 1;
}

static void start_all(struct member *members, size_t n)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	members[0].is_first = true;
	/* when a thread cannot be had, the others do its share */
	for (size_t i = 1; i < n; i++)
		members[i].running = pthread_create(&members[i].thread, &attr, work_thread,
						    &members[i]) == 0;
	pthread_attr_destroy(&attr);
	work_thread(&members[0]);
	for (size_t i = 1; i < n; i++)
		if (members[i].running)
			pthread_join(members[i].thread, NULL);
}

/* A list that grows in an arena leaves as much behind as it holds. */
static void reserve(struct finding_list *list, struct arena *mem, size_t more)
{
	struct finding *items;

	if (list->n + more <= list->cap)
		return;
	items = arena_alloc(mem, (list->n + more) * sizeof *items);
	if (list->n)
		memcpy(items, list->items, list->n * sizeof *items);
	list->items = items;
	list->cap = list->n + more;
}

int work_all(struct run *run, const char *what, size_t n, work_fn *fn, struct finding_list *gone,
	     struct err *err)
{
	struct pool pool = { .run = run, .what = what, .fn = fn, .n = n };
	size_t jobs = thread_count(run, n), room = 0;
	struct member *members = calloc(jobs, sizeof *members);
	int result;

	set_deadline(run);
	result = members ? 0 : err_set(err, ERR_TEMP, "out of memory");

	for (size_t i = 0; result == 0 && i < jobs; i++)
		result = member_init(&members[i], &pool, err);
	if (result == 0)
		start_all(members, jobs);
	for (size_t i = 0; result == 0 && i < jobs; i++)
		room += members[i].worker.findings.n;
	reserve(&run->review.findings, &run->mem, room);
	for (size_t i = 0; members && i < jobs; i++) {
		if (result == 0)
			member_collect(&members[i], gone);
		member_release(&members[i]);
	}
	free(members);
	if (run->options->progress)
		run->options->progress(run->options->progress_payload, what, n, n);
	return result;
}
