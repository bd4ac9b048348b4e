/*
 * prop_crash.c - a writer to be killed, and the check of what it left. tests/prop/crash.sh does the killing.
 *
 *   prop_crash write FILE NAME   deliveries and results, for ever; what was acknowledged is appended to FILE
 *   prop_crash check FILE        all of that must be in the database, and each delivery with its job
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "store/intake.h"
#include "store/jobs.h"

enum { WRITERS = 6, LINE = 128, FILE_CAP = 64 << 20 };

static const char *url, *name;
static int log_fd;
static struct intake *intake;
static const struct view everything = { .all = true };

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One write() of a short line to a file is whole or not there. */
static void acknowledge(const char *what, struct str id)
{
	char line[LINE];
	int n = snprintf(line, sizeof line, "%s %.*s\n", what, STR_ARG(id));

	if (write(log_fd, line, (size_t)n) != n)
		exit(1);
}

static void *deliver(void *payload)
{
	long me = (long)(intptr_t)payload;

	for (long n = 0;; n++) {
		char text[LINE];
		struct job job = { .kind = STR("crash"), .payload = STR("{}") };
		struct delivery d = { .integration = STR("crash"), .jobs = &job, .n_jobs = 1 };
		enum delivery_taken taken;
		struct err err;

		snprintf(text, sizeof text, "%s-%ld-%ld", name, me, n);
		d.id = job.head = job.unique = str_of(text);
		/* the database may be away: what is not acknowledged may be lost */
		if (intake_put(intake, &d, &taken, &err) == 0)
			acknowledge("delivered", d.id);
	}
	return NULL;
}

/* Takes jobs and ends them; what is not ended comes back by its deadline. */
static int finish_some(struct store *store, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct claim claim = { .worker = STR("w"), .n = 8, .lease = 50 };
	struct job_list got;

	arena_init(&mem, 64 << 20);
	if (jobs_rescue(store, clock_ms(), 0, NULL, NULL, err) < 0 ||
	    jobs_claim(store, &claim, clock_ms(), &got, &mem, err) < 0)
		return -1;
	for (size_t i = 0; i < got.n; i++) {
		struct finish f = { .id = got.items[i].id, .token = got.items[i].token, .outcome = OUTCOME_DONE };
		enum lease_answer answer;
		enum job_state state;

		if (jobs_finish(store, &f, clock_ms(), &answer, &state, err) < 0)
			return -1;
		if (answer != LEASE_STALE && state == JOB_DONE)
			acknowledge("done", got.items[i].head);
	}
	return 0;
}

static int write_for_ever(void)
{
	struct store *store = NULL;
	struct err err;

	if (store_open(&store, url, &err) < 0 || intake_open(&intake, url, clock_ms, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (long i = 0; i < WRITERS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, deliver, (void *)(intptr_t)i) != 0)
			return 1;
	}
	for (;;)
		if (finish_some(store, &err) < 0 && err.kind != ERR_TEMP) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
}

struct seen {
	struct str id;
	bool       done;
};

struct seen_list {
	struct seen *items;
	size_t       n, cap;
};

static int order(const void *a, const void *b)
{
	return str_cmp(((const struct seen *)a)->id, ((const struct seen *)b)->id);
}

static int read_jobs(struct store *store, struct seen_list *out, struct arena *mem, struct err *err)
{
	struct job_filter filter = { .kind = STR("crash") };
	struct page page = { .limit = STORE_MAX_PAGE };

	do {
		struct job_list list;

		if (jobs_list(store, everything, &filter, &page, &list, mem, err) < 0)
			return -1;
		for (size_t i = 0; i < list.n; i++) {
			struct seen one = { list.items[i].head, list.items[i].state == JOB_DONE };

			ARENA_PUSH(mem, out, one);
		}
		page.after = page.next;
	} while (page.next.len);
	qsort(out->items, out->n, sizeof *out->items, order);
	return 0;
}

/* How many deliveries have no job of their own; -1: the database does not answer. */
static long without_job(struct store *store, const struct seen_list *jobs, size_t *n, struct arena *mem,
			struct err *err)
{
	struct page page = { .limit = STORE_MAX_PAGE };
	long bad = 0;

	do {
		struct delivery_list list;

		if (deliveries_list(store, everything, STR("crash"), &page, &list, mem, err) < 0)
			return -1;
		for (size_t i = 0; i < list.n; i++) {
			struct seen key = { list.items[i].id, false };

			bad += !bsearch(&key, jobs->items, jobs->n, sizeof key, order);
		}
		*n += list.n;
		page.after = page.next;
	} while (page.next.len);
	return bad;
}

static long lost_of(const struct seen_list *jobs, struct str log, size_t *acknowledged)
{
	struct str line;
	long lost = 0;

	while (str_cut_line(&log, &line)) {
		struct seen key = { .done = false }, *found;
		struct str word;

		str_cut(&line, ' ', &word);
		key.id = line;
		found = bsearch(&key, jobs->items, jobs->n, sizeof key, order);
		if (!found || (str_eq(word, STR("done")) && !found->done)) {
			fprintf(stderr, "%.*s was acknowledged and is not there: %.*s\n", STR_ARG(word), STR_ARG(line));
			lost++;
		}
		(*acknowledged)++;
	}
	return lost;
}

static int check(const char *path)
{
	struct store *store AUTO(auto_store) = NULL;
	AUTO_ARENA struct arena mem;
	struct seen_list jobs = { 0 };
	size_t deliveries = 0, acknowledged = 0;
	struct str log;
	struct err err;
	long half, lost;

	arena_init(&mem, (size_t)1 << 30);
	if (store_open(&store, url, &err) < 0 || file_read(&log, &mem, path, FILE_CAP, &err) < 0 ||
	    read_jobs(store, &jobs, &mem, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	half = without_job(store, &jobs, &deliveries, &mem, &err);
	lost = lost_of(&jobs, log, &acknowledged);
	printf("%zu acknowledged, %zu deliveries, %zu jobs; %ld lost, %ld without their job\n", acknowledged,
	       deliveries, jobs.n, lost, half);
	return lost || half || deliveries != jobs.n;
}

int main(int argc, char **argv)
{
	url = getenv("OUTRIDER_STORE");
	if (!url || argc < 3)
		return 2;
	if (strcmp(argv[1], "check") == 0)
		return check(argv[2]);
	name = argv[3];
	log_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return log_fd < 0 || write_for_ever();
}
