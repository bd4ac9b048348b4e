/*
 * prop_store.c - several processes work on one queue at random: they add, claim, extend, finish, cancel and let leases run out. A table in shared
 * memory is the model. No job is lost, none is leased twice at a time, old tokens count for nothing, lanes and caps hold.
 *
 *   prop_store [OPERATIONS]; OUTRIDER_STORE or a new SQLite file
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "store/jobs.h"

enum {
	PROCESSES = 4,
	MAX_JOBS = 20000,
	TENANTS = 3,
	REPOSITORIES = 4,  /* of each tenant */
	LANES = 3,         /* of each repository */
	PER_REPOSITORY = 2,
	PER_TENANT = 5,
	HELD = 8,          /* leases that a process has at a time */
	LEASE_FOR = 1000,  /* ms of made-up time */
};

/* What the model knows of a job, by its id. */
struct known {
	atomic_int     added, ended;
	atomic_int     holders;  /* who believes to hold it by right */
	atomic_llong   token;    /* the highest that was given out */
};

struct shared {
	atomic_llong  now;
	atomic_int    failed;
	atomic_int    lanes[TENANTS * REPOSITORIES * LANES];
	atomic_int    running[TENANTS * REPOSITORIES], tenants[TENANTS];
	atomic_int    claims, finished, stale, rescued;
	struct known  jobs[MAX_JOBS];
};

static struct shared *shared;
static char url[4096];
static uint64_t seed;
static struct store *store;
static struct err err;

static uint64_t chance(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void fail(const char *what, int64_t id)
{
	fprintf(stderr, "job %lld: %s\n", (long long)id, what);
	atomic_store(&shared->failed, 1);
	exit(1);
}

static void need(int result, const char *what)
{
	if (result == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, err.text);
	atomic_store(&shared->failed, 1);
	exit(1);
}

struct place {
	int tenant, repository, lane; /* numbers in the whole */
};

static struct place place_of(const struct job *job)
{
	int repository = (int)job->number / LANES;

	return (struct place){ repository / REPOSITORIES, repository, (int)job->number };
}

static void add_one(void)
{
	struct job job = { .kind = STR("prop"), .integration = STR("i"), .payload = STR("{}") };
	char tenant[32], repository[32], lane[32];
	struct place p;
	int64_t id;
	bool added;

	job.number = chance(TENANTS * REPOSITORIES * LANES);
	p = place_of(&job);
	snprintf(tenant, sizeof tenant, "t%d", p.tenant);
	snprintf(repository, sizeof repository, "r%d", p.repository);
	snprintf(lane, sizeof lane, "l%d", p.lane);
	job.tenant = str_of(tenant);
	job.repository = str_of(repository);
	job.lane = str_of(lane);
	job.priority = (int)chance(JOB_PRIORITIES);
	job.max_attempts = 1000;
	need(jobs_add(store, &job, chance(20) == 0, atomic_load(&shared->now), &id, &added, &err), "add");
	if (id >= MAX_JOBS)
		fail("more jobs than were planned", id);
	atomic_store(&shared->jobs[id].added, 1);
}

/* A lease in our hands. `lost`: we do as if we were dead until it is rescued; then we use it. */
struct held {
	bool       used, lost;
	struct job job;
};

static struct held held[HELD];

/* The model is changed before the database gives it up, and after it took it: the other way round others would be first. */
static void enter(const struct job *job)
{
	struct place p = place_of(job);

	if (atomic_fetch_add(&shared->jobs[job->id].holders, 1) != 0)
		fail("leased twice at a time", job->id);
	if (atomic_fetch_add(&shared->lanes[p.lane], 1) != 0)
		fail("two of one lane run", job->id);
	if (atomic_fetch_add(&shared->running[p.repository], 1) >= PER_REPOSITORY)
		fail("more of a repository run than its cap", job->id);
	if (atomic_fetch_add(&shared->tenants[p.tenant], 1) >= PER_TENANT)
		fail("more of a tenant run than its cap", job->id);
	if (job->token <= atomic_load(&shared->jobs[job->id].token))
		fail("a token that is not new", job->id);
	atomic_store(&shared->jobs[job->id].token, job->token);
}

static void leave(const struct job *job)
{
	struct place p = place_of(job);

	atomic_fetch_sub(&shared->jobs[job->id].holders, 1);
	atomic_fetch_sub(&shared->lanes[p.lane], 1);
	atomic_fetch_sub(&shared->running[p.repository], 1);
	atomic_fetch_sub(&shared->tenants[p.tenant], 1);
}

static void claim_some(struct arena *mem)
{
	struct str kind = STR("prop");
	struct claim claim = { .worker = STR("w"), .lease = 1LL << 40, .kinds = &kind, .n_kinds = 1,
			       .per_repository = PER_REPOSITORY, .per_tenant = PER_TENANT };
	struct job_list got;

	for (int i = 0; i < HELD; i++)
		claim.n += !held[i].used;
	need(jobs_claim(store, &claim, atomic_load(&shared->now), &got, mem, &err), "claim");
	for (size_t i = 0; i < got.n; i++) {
		int h = 0;

		while (held[h].used)
			h++;
		held[h] = (struct held){ .used = true, .job = got.items[i] };
		held[h].job.tenant = held[h].job.repository = held[h].job.lane = STR("");
		enter(&got.items[i]);
		atomic_fetch_add(&shared->claims, 1);
	}
}

static void finish_one(struct held *h)
{
	static const enum job_outcome outcomes[] = { OUTCOME_DONE, OUTCOME_DONE, OUTCOME_TEMP, OUTCOME_SNOOZED,
						     OUTCOME_RETURNED, OUTCOME_PERM };
	struct finish f = { .id = h->job.id, .token = h->job.token, .outcome = outcomes[chance(6)] };
	enum lease_answer answer;
	enum job_state state;

	if (!h->lost)
		leave(&h->job);
	need(jobs_finish(store, &f, atomic_load(&shared->now), &answer, &state, &err), "finish");
	if ((answer == LEASE_STALE) != h->lost)
		fail(h->lost ? "a rescued lease was still worth something" : "a good lease was refused", f.id);
	if (answer == LEASE_OK && job_ended(state) && atomic_fetch_add(&shared->jobs[f.id].ended, 1) != 0)
		fail("ended twice", f.id);
	/* the answer may have been lost */
	if (answer == LEASE_OK && chance(4) == 0) {
		need(jobs_finish(store, &f, atomic_load(&shared->now), &answer, &state, &err), "finish");
		if (answer == LEASE_OK)
			fail("a result counted twice", f.id);
	}
	atomic_fetch_add(h->lost ? &shared->stale : &shared->finished, 1);
	h->used = false;
}

/* Our own lease is let run out, and taken back: only ours, as all others have deadlines far away. */
static void lose_one(struct held *h)
{
	uint32_t rescued, dead;
	int64_t now = atomic_load(&shared->now);

	leave(&h->job);
	h->lost = true;
	need(jobs_rescue(store, now + (1LL << 41), chance(1000), &rescued, &dead, &err), "rescue");
	atomic_fetch_add(&shared->rescued, (int)(rescued + dead));
}

static void extend_one(struct held *h)
{
	enum lease_answer answer;
	enum job_stop stop;

	need(jobs_extend(store, h->job.id, h->job.token, 0, STR("stage"), STR(""), &answer, &stop, &err), "extend");
	if ((answer == LEASE_STALE) != h->lost)
		fail("the answer to progress is wrong", h->job.id);
}

static void work(int operations)
{
	AUTO_ARENA struct arena mem;

	arena_init(&mem, 256 << 20);
	memset(held, 0, sizeof held);
	need(store_open(&store, url, &err), "open");
	for (int i = 0; i < operations; i++) {
		struct held *h = &held[chance(HELD)];
		uint64_t what = chance(100);

		atomic_fetch_add(&shared->now, 1 + (long long)chance(LEASE_FOR));
		if (what < 35)
			add_one();
		else if (what < 55)
			claim_some(&mem);
		else if (h->used && what < 60)
			extend_one(h);
		else if (h->used)
			finish_one(h);
		arena_reset(&mem);
	}
	for (int h = 0; h < HELD; h++)
		if (held[h].used)
			finish_one(&held[h]);
	store_close(store);
}

/* One process, so that leases may be taken back: a rescue takes all that are late. */
static void work_alone(int operations)
{
	AUTO_ARENA struct arena mem;

	arena_init(&mem, 256 << 20);
	memset(held, 0, sizeof held);
	need(store_open(&store, url, &err), "open");
	for (int i = 0; i < operations; i++) {
		struct held *h = &held[0];

		atomic_fetch_add(&shared->now, 3600000);
		add_one();
		claim_some(&mem);
		for (int k = 1; k < HELD; k++)
			if (held[k].used)
				finish_one(&held[k]);
		if (h->used && !h->lost)
			lose_one(h);
		if (h->used && chance(2))
			extend_one(h);
		if (h->used)
			finish_one(h);
		arena_reset(&mem);
	}
}

/* Everything that was added and did not end is queued, and can be worked off to the last one. */
static void nothing_lost(void)
{
	AUTO_ARENA struct arena mem;
	int added = 0, ended = 0, queued = 0;

	arena_init(&mem, 256 << 20);
	for (int id = 0; id < MAX_JOBS; id++) {
		struct job job;
		bool found;

		if (!atomic_load(&shared->jobs[id].added))
			continue;
		need(jobs_get(store, (struct view){ .all = true }, id, &job, &found, &mem, &err), "get");
		if (!found)
			fail("lost", id);
		if (job.state == JOB_LEASED)
			fail("still leased", id);
		added++;
		ended += job_ended(job.state);
		queued += job.state == JOB_QUEUED;
		arena_reset(&mem);
	}
	printf("%d jobs, %d ended, %d queued; %d leases, %d results, %d refused, %d rescued\n", added, ended,
	       queued, atomic_load(&shared->claims), atomic_load(&shared->finished),
	       atomic_load(&shared->stale), atomic_load(&shared->rescued));
	if (!added || !ended || !atomic_load(&shared->stale) || !atomic_load(&shared->rescued))
		fail("nothing was tried", 0);
}

int main(int argc, char **argv)
{
	int operations = argc > 1 ? atoi(argv[1]) : 1000;
	char dir[] = "/tmp/outrider-prop-XXXXXX", path[100];
	int status, failed = 0;

	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !mkdtemp(dir))
		return 1;
	atomic_store(&shared->now, 1700000000000);
	snprintf(path, sizeof path, "sqlite:%s/q.db", dir);
	snprintf(url, sizeof url, "%s", getenv("OUTRIDER_STORE") ? getenv("OUTRIDER_STORE") : path);
	for (int p = 0; p < PROCESSES; p++) {
		pid_t pid = fork();

		if (pid == 0) {
			seed = (uint64_t)(p + 1) * 0x9e3779b97f4a7c15u;
			work(operations);
			_exit(0);
		}
	}
	for (int p = 0; p < PROCESSES; p++)
		if (wait(&status) > 0 && status != 0)
			failed = 1;
	seed = 4711;
	if (!failed) {
		work_alone(operations / 4);
		nothing_lost();
		store_close(store);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "q.db", "q.db-wal", "q.db-shm" };

		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	printf("%d passed, %d failed\n", !failed, failed);
	return failed;
}
