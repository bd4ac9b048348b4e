/* test_store.c - deliveries, jobs and effects, on SQLite or on the PostgreSQL of OUTRIDER_STORE. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store.h"
#include "store/deliveries.h"
#include "store/intake.h"
#include "store/jobs.h"
#include "store/outbox.h"

/* Any time; the tests say what passes. */
#define NOW INT64_C(1700000000000)

static const struct view everything = { .all = true };

/* A test works with jobs of a kind of its own. */
static struct job job_of(const char *kind, const char *lane, const char *unique)
{
	return (struct job){
		.kind = str_of(kind),
		.tenant = str_of(kind),
		.integration = STR("github"),
		.repository = STR("o/r"),
		.number = 7,
		.head = STR("1111111111111111111111111111111111111111"),
		.lane = str_of(lane),
		.unique = str_of(unique),
		.priority = PRIORITY_PULL,
		.payload = STR("{\"a\":1}"),
	};
}

static int64_t add(struct store *s, const struct job *job, bool supersede)
{
	int64_t id = 0;
	bool added = false;

	OK(jobs_add(s, job, supersede, NOW, &id, &added, &err));
	assert_true(added);
	return id;
}

static struct job_list claim_at(struct store *s, const char *kind, uint32_t n, int64_t now,
				struct arena *mem)
{
	struct str kinds = str_of(kind);
	struct claim claim = { .worker = STR("w1"), .n = n, .lease = 60000, .kinds = &kinds, .n_kinds = 1 };
	struct job_list out;

	OK(jobs_claim(s, &claim, now, &out, mem, &err));
	return out;
}

static struct job claim_one(struct store *s, const char *kind, int64_t now, struct arena *mem)
{
	struct job_list out = claim_at(s, kind, 1, now, mem);

	assert_int_equal(out.n, 1);
	return out.items[0];
}

static struct job get(struct store *s, int64_t id, struct arena *mem)
{
	struct job job;
	bool found;

	OK(jobs_get(s, everything, id, &job, &found, mem, &err));
	assert_true(found);
	return job;
}

static enum lease_answer end(struct store *s, const struct job *job, enum job_outcome outcome,
			     int64_t now, enum job_state *state)
{
	struct finish f = { .id = job->id, .token = job->token, .outcome = outcome,
			    .error = STR("it broke"), .result = STR("{}"), .run_at = now + 5000 };
	enum lease_answer answer;

	OK(jobs_finish(s, &f, now, &answer, state, &err));
	return answer;
}

#define BEGIN                                                                                \
	struct store *s AUTO(auto_store) = NULL;                                             \
	AUTO_ARENA struct arena mem;                                                         \
	(void)state;                                                                         \
	arena_init(&mem, 64 << 20);                                                          \
	OK(store_open(&s, test_url, &err))

static void urls(void **state)
{
	BEGIN;
	struct store *none = NULL;
	int64_t now = 0;
	uint64_t size = 0;

	assert_string_equal(store_engine(s), getenv("OUTRIDER_STORE") ? "postgres" : "sqlite");
	OK(store_ping(s, &err));
	OK(store_clock(s, &now, &err));
	assert_true(now > NOW);
	OK(store_size(s, &size, &err));
	assert_true(size > 10000);
	REFUSED(store_open(&none, "mysql://x", &err), ERR_INPUT, "must begin with sqlite: or postgres://");
	REFUSED(store_open(&none, "sqlite:", &err), ERR_INPUT, "no path");
	REFUSED(store_open(&none, "sqlite:/nowhere/at/all.db", &err), ERR_PERM, "/nowhere/at/all.db");
	REFUSED(store_open(&none, "postgres://u:s3cret%zz@h/d", &err), ERR_INPUT, "cannot be read");
	assert_null(strstr(err.text, "s3cret"));
	REFUSED(store_open(&none, "postgres://u:s3cret@127.0.0.1:1/d", &err), ERR_TEMP, "127.0.0.1");
	assert_null(strstr(err.text, "s3cret"));
	assert_null(none);
}

static void file_is_private(void **state)
{
	if (getenv("OUTRIDER_STORE"))
		skip();
	BEGIN;
	static const char *const names[] = { "test.db", "test.db-wal", "test.db-shm" };
	char path[4200];
	struct stat st;

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", test_dir, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void no_database(void **state)
{
	char path[4200], url[4300];
	struct store *none = NULL;
	FILE *file;

	(void)state;
	snprintf(path, sizeof path, "%s/text", test_dir);
	snprintf(url, sizeof url, "sqlite:%s", path);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	REFUSED(store_open(&none, url, &err), ERR_PERM, "not a database");
	unlink(path);
}

static void set_version(const char *version)
{
	char text[100];
	sqlite3 *db;

	snprintf(text, sizeof text, "UPDATE outrider_schema SET version = %s", version);
	assert_int_equal(sqlite3_open(test_url + strlen("sqlite:"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* A node that was not updated yet must keep its hands off. */
/* As on a full disk: it can be read, and a write is refused by the kernel. */
static void full_disk(void **state)
{
	BEGIN;
	struct rlimit before, none;
	int wrote;

	OK(store_try_write(s, &err));
	if (strcmp(store_engine(s), "sqlite") != 0)
		return; /* the server writes */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 1, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	wrote = store_try_write(s, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(wrote, -1);
	OK(store_ping(s, &err));
	OK(store_try_write(s, &err));
}

static void newer_schema(void **state)
{
	struct store *none = NULL;

	(void)state;
	if (getenv("OUTRIDER_STORE"))
		skip();
	set_version("version + 1");
	REFUSED(store_open(&none, test_url, &err), ERR_PERM, "made by a newer Outrider");
	assert_null(none);
	set_version("version - 1");
	OK(store_open(&none, test_url, &err));
	store_close(none);
}

static void deliver(void **state)
{
	BEGIN;
	struct job job = job_of("deliver", "", "");
	struct delivery d[3] = {
		{ .integration = STR("gh"), .id = STR("d1"), .name = STR("pull_request.opened"),
		  .tenant = STR("deliver"), .jobs = &job, .n_jobs = 1 },
		{ .integration = STR("gl"), .id = STR("d1"), .tenant = STR("deliver"), .state = DELIVERY_FAILED },
		{ .integration = STR("gh"), .id = STR("d1"), .tenant = STR("deliver"), .jobs = &job, .n_jobs = 1 },
	};
	enum delivery_taken taken[3];
	struct delivery_list list;
	struct page page = { .limit = 1 };
	bool known;

	OK(deliveries_take(s, d, 3, NOW, taken, &err));
	assert_int_equal(taken[0], TAKEN_NEW);
	assert_int_equal(taken[1], TAKEN_NEW);
	assert_int_equal(taken[2], TAKEN_DUPLICATE);
	assert_int_equal(claim_at(s, "deliver", 9, NOW, &mem).n, 1);
	OK(deliveries_known(s, STR("gh"), STR("d1"), &known, &err));
	assert_true(known);
	OK(deliveries_known(s, STR("gl"), STR("d1"), &known, &err));
	assert_false(known);
	/* the failed one is taken again, then known */
	d[1].state = DELIVERY_IGNORED;
	OK(deliveries_take(s, &d[1], 1, NOW, taken, &err));
	assert_int_equal(taken[0], TAKEN_NEW);
	OK(deliveries_take(s, &d[1], 1, NOW, taken, &err));
	assert_int_equal(taken[0], TAKEN_DUPLICATE);
	OK(deliveries_list(s, (struct view){ .tenant = STR("deliver") }, STR(""), &page, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	same(list.items[0].integration, "gl");
	assert_int_equal(list.items[0].state, DELIVERY_IGNORED);
	assert_int_equal(list.items[0].times, 3);
	page.after = page.next;
	OK(deliveries_list(s, (struct view){ .tenant = STR("deliver") }, STR(""), &page, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].times, 2);
	same(list.items[0].name, "pull_request.opened");
	same(page.next, "");
	page = (struct page){ .after = STR("1; DROP TABLE job") };
	REFUSED(deliveries_list(s, everything, STR(""), &page, &list, &mem, &err), ERR_INPUT, "cursor");
}

static void nothing_half(void **state)
{
	BEGIN;
	struct job good = job_of("half", "", "");
	struct delivery d[2] = {
		{ .integration = STR("gh"), .id = STR("half1"), .jobs = &good, .n_jobs = 1 },
		{ .integration = STR("gh"), .id = STR("half2"), .sender = STR("a\0b") },
	};
	enum delivery_taken taken[2];
	bool known;

	REFUSED(deliveries_take(s, d, 2, NOW, taken, &err), ERR_INPUT, "NUL");
	d[1].sender = STR("\xff\xfe");
	REFUSED(deliveries_take(s, d, 2, NOW, taken, &err), ERR_INPUT, "UTF-8");
	OK(deliveries_known(s, STR("gh"), STR("half1"), &known, &err));
	assert_false(known);
	assert_int_equal(claim_at(s, "half", 9, NOW, &mem).n, 0);
}

static void unique_and_supersede(void **state)
{
	BEGIN;
	struct job job = job_of("uniq", "uniq:o/r#1", "uniq:o/r#1@a");
	int64_t first = add(s, &job, true), id, second;
	enum job_state ended;
	bool added;
	struct job running;

	OK(jobs_add(s, &job, true, NOW, &id, &added, &err));
	assert_false(added);
	assert_int_equal(id, first);
	running = claim_one(s, "uniq", NOW, &mem);
	assert_int_equal(running.id, first);
	same(running.payload, "{\"a\":1}");
	job.unique = STR("uniq:o/r#1@b");
	second = add(s, &job, true);
	/* one lane: the second waits for the first, which is told to stop */
	assert_int_equal(claim_at(s, "uniq", 9, NOW, &mem).n, 0);
	assert_int_equal(get(s, first, &mem).stop, STOP_SUPERSEDED);
	job.unique = STR("uniq:o/r#1@c");
	id = add(s, &job, true);
	assert_int_equal(get(s, second, &mem).state, JOB_SUPERSEDED);
	assert_int_equal(end(s, &running, OUTCOME_STOPPED, NOW, &ended), LEASE_OK);
	assert_int_equal(ended, JOB_SUPERSEDED);
	assert_int_equal(claim_one(s, "uniq", NOW, &mem).id, id);
}

static void order_and_caps(void **state)
{
	BEGIN;
	struct job job = job_of("order", "", "");
	int64_t late, second, first;
	struct str kinds[] = { STR("order") };
	struct claim claim = { .worker = STR("w"), .n = 64, .lease = 1000, .kinds = kinds, .n_kinds = 1,
			       .per_repository = 2, .per_tenant = 3 };
	struct job_list got;

	/* caps count what runs for other tests too */
	job.repository = STR("o/order");
	second = add(s, &job, false);
	job.priority = PRIORITY_COMMAND;
	first = add(s, &job, false);
	job.run_at = NOW + 10;
	late = add(s, &job, false);
	job.run_at = 0;
	job.priority = PRIORITY_SWEEP;
	for (int i = 0; i < 250; i++)
		add(s, &job, false);
	job.repository = STR("o/other");
	add(s, &job, false);
	add(s, &job, false);
	job.tenant = STR("order2");
	add(s, &job, false);
	/* two of o/order, one of o/other as the tenant has three then, one of the other tenant: far behind 250 others */
	OK(jobs_claim(s, &claim, NOW, &got, &mem, &err));
	assert_int_equal(got.n, 4);
	assert_int_equal(got.items[0].id, first);
	assert_int_equal(got.items[1].id, second);
	same(got.items[2].repository, "o/other");
	same(got.items[3].tenant, "order2");
	OK(jobs_claim(s, &claim, NOW, &got, &mem, &err));
	assert_int_equal(got.n, 0);
	claim.per_repository = claim.per_tenant = 0;
	claim.n = 1;
	OK(jobs_claim(s, &claim, NOW + 10, &got, &mem, &err));
	assert_int_equal(got.n, 1);
	assert_int_equal(got.items[0].id, late);
}

static void tokens(void **state)
{
	BEGIN;
	struct job job = job_of("token", "", "");
	int64_t id = add(s, &job, false);
	struct job a, b;
	enum lease_answer answer;
	enum job_state ended = JOB_QUEUED;
	enum job_stop stop;
	uint32_t rescued, dead;

	a = claim_one(s, "token", NOW, &mem);
	OK(jobs_extend(s, id, a.token, NOW + 90000, STR("diff"), STR("{\"n\":1}"), &answer, &stop, &err));
	assert_int_equal(answer, LEASE_OK);
	assert_int_equal(stop, STOP_NONE);
	/* an older deadline does not shorten it */
	OK(jobs_extend(s, id, a.token, NOW + 10, STR(""), STR(""), &answer, &stop, &err));
	assert_int_equal(get(s, id, &mem).deadline, NOW + 90000);
	same(get(s, id, &mem).stage, "diff");
	OK(jobs_rescue(s, NOW + 90000, 0, &rescued, &dead, &err));
	assert_int_equal(get(s, id, &mem).state, JOB_LEASED);
	OK(jobs_rescue(s, NOW + 90001, 0, &rescued, &dead, &err));
	assert_true(rescued >= 1);
	assert_int_equal(get(s, id, &mem).state, JOB_QUEUED);
	assert_int_equal(get(s, id, &mem).crashes, 1);
	/* the lost worker comes back: nothing it says counts */
	assert_int_equal(end(s, &a, OUTCOME_DONE, NOW + 90002, &ended), LEASE_STALE);
	OK(jobs_extend(s, id, a.token, NOW + 99000, STR(""), STR(""), &answer, &stop, &err));
	assert_int_equal(answer, LEASE_STALE);
	b = claim_one(s, "token", NOW + 200000, &mem);
	assert_true(b.token > a.token);
	assert_int_equal(end(s, &a, OUTCOME_DONE, NOW, &ended), LEASE_STALE);
	assert_int_equal(end(s, &b, OUTCOME_DONE, NOW, &ended), LEASE_OK);
	assert_int_equal(ended, JOB_DONE);
	/* the answer was lost and the result comes again */
	assert_int_equal(end(s, &b, OUTCOME_DONE, NOW, &ended), LEASE_ALREADY);
	assert_int_equal(ended, JOB_DONE);
	b.token = 0;
	assert_int_equal(end(s, &b, OUTCOME_DONE, NOW, &ended), LEASE_STALE);
}

static void failures(void **state)
{
	BEGIN;
	struct job job = job_of("fail", "", "fail-key");
	struct job run;
	enum job_state ended = JOB_QUEUED;
	int64_t id, now = NOW;
	bool found;

	job.max_attempts = 3;
	id = add(s, &job, false);
	for (int attempt = 1; attempt <= 3; attempt++) {
		run = claim_one(s, "fail", now, &mem);
		assert_int_equal(run.attempt, attempt);
		/* snoozed and returned ones are no attempts */
		assert_int_equal(end(s, &run, OUTCOME_SNOOZED, now, &ended), LEASE_OK);
		assert_int_equal(claim_at(s, "fail", 1, now + 4999, &mem).n, 0);
		run = claim_one(s, "fail", now + 5000, &mem);
		end(s, &run, OUTCOME_RETURNED, now + 5000, &ended);
		run = claim_one(s, "fail", now + 5000, &mem);
		assert_int_equal(run.attempt, attempt);
		end(s, &run, OUTCOME_TEMP, now, &ended);
		assert_int_equal(ended, attempt < 3 ? JOB_QUEUED : JOB_DEAD);
		now += 2 * JOB_BACKOFF_CAP;
	}
	same(get(s, id, &mem).error, "it broke");
	OK(jobs_retry(s, (struct view){ .tenant = STR("other") }, id, now, &found, &err));
	assert_false(found);
	OK(jobs_retry(s, (struct view){ .tenant = STR("fail") }, id, now, &found, &err));
	assert_true(found);
	OK(jobs_retry(s, everything, id, now, &found, &err));
	assert_false(found);
	run = claim_one(s, "fail", now, &mem);
	assert_int_equal(run.attempt, 1);
	end(s, &run, OUTCOME_PERM, now, &ended);
	assert_int_equal(ended, JOB_DEAD);
	/* its key is free for another one, and then it cannot come back */
	add(s, &job, false);
	OK(jobs_retry(s, everything, id, now, &found, &err));
	assert_false(found);
}

static void poison(void **state)
{
	BEGIN;
	struct job job = job_of("poison", "", "");
	int64_t id = add(s, &job, false), now = NOW;
	enum job_state ended;
	struct job run;

	run = claim_one(s, "poison", now, &mem);
	end(s, &run, OUTCOME_CRASHED, now, &ended);
	for (int crash = 2; crash <= JOB_MAX_CRASHES; crash++) {
		assert_int_equal(get(s, id, &mem).state, JOB_QUEUED);
		now += 2 * JOB_BACKOFF_CAP;
		run = claim_one(s, "poison", now, &mem);
		OK(jobs_rescue(s, now + 60001, 0, NULL, NULL, &err));
	}
	assert_int_equal(get(s, id, &mem).state, JOB_DEAD);
	assert_true(str_has(get(s, id, &mem).error, STR("lease ran out")));
}

static void cancelling(void **state)
{
	BEGIN;
	struct job job = job_of("cancel", "", "");
	int64_t one = add(s, &job, false), two = add(s, &job, false);
	struct job run = claim_one(s, "cancel", NOW, &mem);
	enum lease_answer answer;
	enum job_state ended;
	enum job_stop stop;
	bool found;

	assert_int_equal(run.id, one);
	OK(jobs_cancel(s, (struct view){ .tenant = STR("") }, one, NOW, &found, &err));
	assert_false(found);
	OK(jobs_cancel(s, everything, one, NOW, &found, &err));
	OK(jobs_cancel(s, everything, two, NOW, &found, &err));
	assert_true(found);
	assert_int_equal(get(s, two, &mem).state, JOB_CANCELLED);
	OK(jobs_extend(s, one, run.token, NOW + 1, STR(""), STR(""), &answer, &stop, &err));
	assert_int_equal(stop, STOP_CANCELLED);
	end(s, &run, OUTCOME_STOPPED, NOW, &ended);
	assert_int_equal(ended, JOB_CANCELLED);
	OK(jobs_cancel(s, everything, one, NOW, &found, &err));
	assert_false(found);
}

static void what_follows(void **state)
{
	BEGIN;
	struct job job = job_of("follow", "", ""), next = job_of("follow", "", "");
	struct finish f = { .outcome = OUTCOME_DONE, .next = &next, .n_next = 1, .error = STR("a\xff\0z") };
	enum lease_answer answer;
	enum job_state ended;
	struct job_filter filter = { .kind = STR("follow") };
	struct job_counts counts;
	struct page page = { 0 };
	struct job_list list;
	struct job run;

	add(s, &job, false);
	run = claim_one(s, "follow", NOW, &mem);
	f.id = run.id;
	f.token = run.token;
	OK(jobs_finish(s, &f, NOW, &answer, &ended, &err));
	OK(jobs_finish(s, &f, NOW, &answer, &ended, &err));
	assert_int_equal(answer, LEASE_ALREADY);
	OK(jobs_list(s, (struct view){ .tenant = STR("follow") }, &filter, &page, &list, &mem, &err));
	assert_int_equal(list.n, 2);
	assert_int_equal(list.items[0].state, JOB_QUEUED);
	same(list.items[1].error, "a\xef\xbf\xbd\xef\xbf\xbdz");
	OK(jobs_list(s, (struct view){ .tenant = STR("") }, &filter, &page, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	OK(jobs_count(s, (struct view){ .tenant = STR("follow") }, NOW, &counts, &err));
	assert_int_equal(counts.by_state[JOB_DONE], 1);
	assert_int_equal(counts.due, 1);
	assert_int_equal(counts.oldest_due, NOW);
}

static void effects(void **state)
{
	BEGIN;
	struct job job = job_of("effect", "", "");
	struct outbox_row rows[] = {
		{ .kind = STR("comment"), .marker = STR("m1"), .request = STR("{\"v\":1}") },
		{ .kind = STR("check"), .marker = STR("m2"), .request = STR("{}") },
	};
	enum lease_answer answer;
	struct outbox_list list;
	struct job a, b;
	int64_t id;

	add(s, &job, false);
	a = claim_one(s, "effect", NOW, &mem);
	OK(outbox_plan(s, a.id, a.token, rows, 2, NOW, &answer, &list, &mem, &err));
	assert_int_equal(answer, LEASE_OK);
	assert_int_equal(list.items[0].state, OUTBOX_PLANNED);
	id = list.items[0].id;
	OK(outbox_sent(s, id, a.token, NOW, &answer, &err));
	assert_int_equal(answer, LEASE_OK);
	/* the worker dies; the next one sees that it may have been sent, and the first may send nothing more */
	OK(jobs_rescue(s, NOW + 60001, 0, NULL, NULL, &err));
	b = claim_one(s, "effect", NOW + 200000, &mem);
	OK(outbox_sent(s, id, a.token, NOW, &answer, &err));
	assert_int_equal(answer, LEASE_STALE);
	OK(outbox_plan(s, a.id, a.token, rows, 2, NOW, &answer, &list, &mem, &err));
	assert_int_equal(answer, LEASE_STALE);
	rows[0].request = STR("{\"v\":2}");
	OK(outbox_plan(s, b.id, b.token, rows, 2, NOW, &answer, &list, &mem, &err));
	assert_int_equal(list.items[0].id, id);
	assert_int_equal(list.items[0].state, OUTBOX_SENT);
	same(list.items[0].request, "{\"v\":1}");
	OK(outbox_confirm(s, id, STR("{\"id\":5}"), NOW, &err));
	OK(outbox_sent(s, id, b.token, NOW, &answer, &err));
	assert_int_equal(answer, LEASE_ALREADY);
	OK(outbox_fail(s, id, STR("late"), NOW, &err));
	OK(outbox_fail(s, list.items[1].id, STR("422"), NOW, &err));
	OK(outbox_of_job(s, everything, b.id, &list, &mem, &err));
	assert_int_equal(list.n, 2);
	assert_int_equal(list.items[0].state, OUTBOX_CONFIRMED);
	same(list.items[0].answer, "{\"id\":5}");
	assert_int_equal(list.items[1].state, OUTBOX_FAILED);
	OK(outbox_of_job(s, (struct view){ .tenant = STR("x") }, b.id, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	OK(outbox_plan(s, b.id, b.token, rows, 2, NOW, &answer, &list, &mem, &err));
	assert_int_equal(list.items[0].state, OUTBOX_CONFIRMED);
	assert_int_equal(list.items[1].state, OUTBOX_PLANNED);
}

static void wakes(void **state)
{
	BEGIN;
	struct store *other AUTO(auto_store) = NULL;
	struct job job = job_of("wake", "", "");
	bool changed = false;

	OK(store_open(&other, test_url, &err));
	OK(store_changed(s, &changed, &err));
	OK(store_changed(s, &changed, &err));
	assert_false(changed);
	add(other, &job, false);
	for (int i = 0; i < 200 && !changed; i++) {
		usleep(10000);
		OK(store_changed(s, &changed, &err));
	}
	assert_true(changed);
	assert_int_equal(store_fd(s) >= 0, getenv("OUTRIDER_STORE") != NULL);
}

static int64_t at_now(void)
{
	return NOW;
}

static void intake(void **state)
{
	BEGIN;
	struct intake *in;
	struct job job = job_of("intake", "", ""), bad = job_of("intake", "", "");
	struct delivery d = { .integration = STR("in"), .id = STR("1"), .jobs = &job, .n_jobs = 1 };
	enum delivery_taken taken;
	bool known;

	OK(intake_open(&in, test_url, at_now, &err));
	OK(intake_put(in, &d, &taken, &err));
	assert_int_equal(taken, TAKEN_NEW);
	OK(intake_put(in, &d, &taken, &err));
	assert_int_equal(taken, TAKEN_DUPLICATE);
	bad.kind = STR("");
	d.id = STR("2");
	d.jobs = &bad;
	REFUSED(intake_put(in, &d, &taken, &err), ERR_INPUT, "needs a kind");
	OK(deliveries_known(s, STR("in"), STR("1"), &known, &err));
	assert_true(known);
	intake_close(in);
}

static void pruning(void **state)
{
	BEGIN;
	struct job job = job_of("prune", "", "");
	struct delivery d = { .integration = STR("prune"), .id = STR("1") };
	enum delivery_taken taken;
	enum job_state ended;
	int64_t done, waits = 0;
	uint64_t gone;
	struct job run;
	bool found;

	done = add(s, &job, false);
	run = claim_one(s, "prune", NOW, &mem);
	end(s, &run, OUTCOME_DONE, NOW, &ended);
	waits = add(s, &job, false);
	OK(deliveries_take(s, &d, 1, NOW, &taken, &err));
	OK(store_prune(s, &retention_default, NOW + 1000, 100, &gone, &err));
	assert_int_equal(gone, 0);
	do
		OK(store_prune(s, &retention_default, NOW + retention_default.jobs + 1, 2, &gone, &err));
	while (gone);
	OK(jobs_get(s, everything, done, &run, &found, &mem, &err));
	assert_false(found);
	OK(jobs_get(s, everything, waits, &run, &found, &mem, &err));
	assert_true(found);
	OK(deliveries_known(s, STR("prune"), STR("1"), &found, &err));
	assert_false(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(file_is_private),
		cmocka_unit_test(no_database),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(newer_schema),
		cmocka_unit_test(deliver),
		cmocka_unit_test(nothing_half),
		cmocka_unit_test(unique_and_supersede),
		cmocka_unit_test(order_and_caps),
		cmocka_unit_test(tokens),
		cmocka_unit_test(failures),
		cmocka_unit_test(poison),
		cmocka_unit_test(cancelling),
		cmocka_unit_test(what_follows),
		cmocka_unit_test(effects),
		cmocka_unit_test(wakes),
		cmocka_unit_test(intake),
		cmocka_unit_test(pruning),
	};

	return cmocka_run_group_tests(tests, start_store, end_store);
}
