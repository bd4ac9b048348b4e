/*
 * store.c - how many deliveries a second are on disk with their job, and how long a client waits.
 *
 *   bench_store [CLIENTS [SECONDS [DIRECTORY]]]   on SQLite in DIRECTORY, or on the database in OUTRIDER_STORE
 *
 * Then, on what is queued: claims and results a second in batches, and one claim on a deep queue of a tenant at its cap.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "store/intake.h"
#include "store/jobs.h"

enum { MAX_CLIENTS = 256, MAX_SAMPLES = 1 << 20 };

static struct intake *intake;
static atomic_bool over;
static atomic_size_t n_samples;
static uint32_t samples[MAX_SAMPLES]; /* microseconds */

static int64_t now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t clock_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
}

static _Noreturn void die(const struct err *err)
{
	fprintf(stderr, "bench_store: %s\n", err->text);
	exit(1);
}

/* As large as what a pull request's event leaves after it was read. */
static char event[2048];

static void *client(void *payload)
{
	long me = (long)(intptr_t)payload;
	struct err err;

	for (long n = 0; !atomic_load(&over); n++) {
		char id[64], lane[64];
		struct job job = { .kind = STR("review"), .tenant = STR("t"), .integration = STR("github"),
				   .repository = STR("o/r"), .priority = PRIORITY_PULL, .payload = str_of(event) };
		struct delivery d = { .integration = STR("github"), .name = STR("pull_request.synchronize"),
				      .repository = STR("o/r"), .event = str_of(event), .jobs = &job, .n_jobs = 1,
				      .supersede = true };
		int64_t began = now_us(CLOCK_MONOTONIC);
		enum delivery_taken taken;
		size_t at;

		snprintf(id, sizeof id, "%lld-%ld-%ld", (long long)began, me, n);
		snprintf(lane, sizeof lane, "review:github/o/r#%ld-%ld", me, n % 500);
		d.id = job.unique = str_of(id);
		job.lane = str_of(lane);
		if (intake_put(intake, &d, &taken, &err) < 0)
			die(&err);
		at = atomic_fetch_add(&n_samples, 1);
		if (at < MAX_SAMPLES)
			samples[at] = (uint32_t)(now_us(CLOCK_MONOTONIC) - began);
	}
	return NULL;
}

static int order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void take_in(const char *url, int clients, int seconds)
{
	pthread_t threads[MAX_CLIENTS];
	struct err err;
	size_t n;

	if (intake_open(&intake, url, clock_ms, &err) < 0)
		die(&err);
	for (long i = 0; i < clients; i++)
		if (pthread_create(&threads[i], NULL, client, (void *)(intptr_t)i) != 0)
			exit(1);
	sleep((unsigned)seconds);
	atomic_store(&over, true);
	for (int i = 0; i < clients; i++)
		pthread_join(threads[i], NULL);
	intake_close(intake);
	n = atomic_load(&n_samples) < MAX_SAMPLES ? atomic_load(&n_samples) : MAX_SAMPLES;
	if (n == 0)
		exit(1);
	qsort(samples, n, sizeof *samples, order);
	printf("intake, %d clients: %.0f/s, p50 %.1f ms, p99 %.1f ms, max %.1f ms\n", clients,
	       (double)n / seconds, samples[n / 2] / 1e3, samples[n * 99 / 100] / 1e3, samples[n - 1] / 1e3);
}

static void work_off(struct store *store)
{
	struct claim claim = { .worker = STR("w"), .n = 16, .lease = 60000 };
	int64_t began = now_us(CLOCK_MONOTONIC);
	size_t done = 0;
	struct err err;

	while (now_us(CLOCK_MONOTONIC) - began < 3000000) {
		AUTO_ARENA struct arena mem;
		struct job_list got;

		arena_init(&mem, 64 << 20);
		if (jobs_claim(store, &claim, clock_ms(), &got, &mem, &err) < 0)
			die(&err);
		for (size_t i = 0; i < got.n; i++, done++) {
			struct finish f = { .id = got.items[i].id, .token = got.items[i].token };
			enum lease_answer answer;
			enum job_state state;

			if (jobs_finish(store, &f, clock_ms(), &answer, &state, &err) < 0)
				die(&err);
		}
		if (got.n == 0)
			break;
	}
	printf("claims of 16 and one durable result each: %.0f jobs/s\n",
	       (double)done * 1e6 / (double)(now_us(CLOCK_MONOTONIC) - began));
}

static void claim_deep(struct store *store)
{
	struct claim claim = { .worker = STR("w"), .n = 2, .lease = 60000, .per_tenant = 1 };
	AUTO_ARENA struct arena mem;
	struct job_counts counts;
	struct job_list got;
	struct err err;
	int64_t began, claimed, counted;

	arena_init(&mem, 64 << 20);
	if (jobs_claim(store, &claim, clock_ms(), &got, &mem, &err) < 0)
		die(&err);
	began = now_us(CLOCK_MONOTONIC);
	if (jobs_claim(store, &claim, clock_ms(), &got, &mem, &err) < 0)
		die(&err);
	claimed = now_us(CLOCK_MONOTONIC);
	if (jobs_count(store, (struct view){ .all = true }, clock_ms(), &counts, &err) < 0)
		die(&err);
	counted = now_us(CLOCK_MONOTONIC);
	printf("a claim past %llu jobs of a tenant at its cap: %.1f ms; to count all jobs: %.1f ms\n",
	       (unsigned long long)counts.by_state[JOB_QUEUED], (double)(claimed - began) / 1e3,
	       (double)(counted - claimed) / 1e3);
}

int main(int argc, char **argv)
{
	int clients = argc > 1 ? atoi(argv[1]) : 32, seconds = argc > 2 ? atoi(argv[2]) : 10;
	struct store *store AUTO(auto_store) = NULL;
	char dir[256], url[512];
	struct err err;

	snprintf(dir, sizeof dir, "%s/bench-store-XXXXXX", argc > 3 ? argv[3] : "/var/tmp");
	if (clients < 1 || clients > MAX_CLIENTS || seconds < 1 || !mkdtemp(dir))
		return 2;
	memset(event, 'x', sizeof event - 1);
	event[0] = event[sizeof event - 2] = '"';
	snprintf(url, sizeof url, "sqlite:%s/q.db", dir);
	if (getenv("OUTRIDER_STORE"))
		snprintf(url, sizeof url, "%s", getenv("OUTRIDER_STORE"));
	if (store_open(&store, url, &err) < 0)
		die(&err);
	printf("%s\n", store_engine(store));
	take_in(url, clients, seconds);
	claim_deep(store);
	work_off(store);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "", "-wal", "-shm" };
		char path[300];

		snprintf(path, sizeof path, "%s/q.db%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}
