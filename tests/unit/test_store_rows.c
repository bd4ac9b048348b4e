/* test_store_rows.c - what is remembered beside the queue: repositories, threads, reviews, rates, people. */
#include "store.h"
#include "store/ci.h"
#include "store/jobs.h"
#include "store/nodes.h"
#include "store/outcomes.h"
#include "store/people.h"
#include "store/rates.h"
#include "store/repositories.h"
#include "store/reviews.h"
#include "store/threads.h"

#define NOW INT64_C(1700000000000)
#define HEAD "1111111111111111111111111111111111111111"
#define PRINT "0123456789abcdef0123456789abcdef"

static const struct view everything = { .all = true };
static const struct view mine = { .tenant = { "t1", 2 } }, foreign = { .tenant = { "t2", 2 } };

#define BEGIN                                                                                \
	struct store *s AUTO(auto_store) = NULL;                                             \
	AUTO_ARENA struct arena mem;                                                         \
	(void)state;                                                                         \
	arena_init(&mem, 64 << 20);                                                          \
	OK(store_open(&s, test_url, &err))

static void repositories(void **state)
{
	BEGIN;
	struct repository_row row = { .integration = STR("gh"), .name = STR("o/b"), .tenant = STR("t1"),
				      .installation = STR("42") }, got;
	struct page page = { .limit = 2 };
	struct repository_list list;
	bool found;

	OK(repositories_see(s, &row, NOW, &err));
	row.name = STR("o/a");
	OK(repositories_see(s, &row, NOW, &err));
	row.integration = STR("gl");
	OK(repositories_see(s, &row, NOW, &err));
	row.name = STR("x/y");
	row.tenant = STR("t2");
	OK(repositories_see(s, &row, NOW, &err));
	OK(repositories_list(s, mine, &page, &list, &mem, &err));
	assert_int_equal(list.n, 2);
	same(list.items[0].name, "o/a");
	same(list.items[1].name, "o/b");
	page.after = page.next;
	OK(repositories_list(s, mine, &page, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	same(list.items[0].integration, "gl");
	same(page.next, "");
	page = (struct page){ .after = STR("zz") };
	REFUSED(repositories_list(s, mine, &page, &list, &mem, &err), ERR_INPUT, "cursor");
	/* settings survive that it is seen again; a foreign tenant changes nothing */
	row = (struct repository_row){ .integration = STR("gh"), .name = STR("o/a"), .tenant = STR("t1"),
				       .settings = STR("{}"), .paused = true };
	OK(repositories_set(s, foreign, &row, &found, &err));
	assert_false(found);
	OK(repositories_set(s, mine, &row, &found, &err));
	assert_true(found);
	row.paused = false;
	OK(repositories_gone(s, STR("gh"), STR("o/a"), NOW, &err));
	OK(repositories_get(s, mine, STR("gh"), STR("o/a"), &got, &found, &mem, &err));
	assert_true(found && got.gone);
	OK(repositories_see(s, &row, NOW + 5, &err));
	OK(repositories_get(s, mine, STR("gh"), STR("o/a"), &got, &found, &mem, &err));
	assert_true(found && got.paused && !got.gone && got.seen == NOW + 5);
	same(got.installation, "42");
	OK(repositories_get(s, foreign, STR("gh"), STR("o/a"), &got, &found, &mem, &err));
	assert_false(found);
}

static void pulls(void **state)
{
	BEGIN;
	struct pull_row row = { .integration = STR("gh"), .repository = STR("o/a"), .tenant = STR("t1"),
				.number = 3, .title = STR("Title"), .head_oid = HEAD }, got;
	struct page page = { .limit = 1 };
	struct pull_rows list;
	bool found;

	OK(pulls_see(s, &row, NOW, &err));
	memcpy(row.reviewed_oid, HEAD, sizeof HEAD);
	row.summary = STR("c1");
	OK(pulls_reviewed(s, &row, NOW + 1, &err));
	row.title = STR("");
	row.head_oid[0] = 0;
	row.state = PULL_MERGED;
	OK(pulls_see(s, &row, NOW + 2, &err));
	OK(pulls_pause(s, STR("gh"), STR("o/a"), 3, true, NOW + 2, &err));
	OK(pulls_get(s, mine, STR("gh"), STR("o/a"), 3, &got, &found, &mem, &err));
	assert_true(found && got.paused && got.state == PULL_MERGED);
	same(got.title, "Title");
	same(got.summary, "c1");
	assert_string_equal(got.head_oid, HEAD);
	assert_string_equal(got.reviewed_oid, HEAD);
	row = (struct pull_row){ .integration = STR("gh"), .repository = STR("o/a"), .tenant = STR("t1"), .number = 4 };
	OK(pulls_see(s, &row, NOW + 2, &err));
	OK(pulls_list(s, mine, STR("gh"), STR(""), false, &page, &list, &mem, &err));
	assert_int_equal(list.items[0].number, 4);
	page.after = page.next;
	OK(pulls_list(s, mine, STR("gh"), STR(""), false, &page, &list, &mem, &err));
	assert_int_equal(list.items[0].number, 3);
	same(page.next, "");
	page = (struct page){ 0 };
	OK(pulls_list(s, mine, STR(""), STR(""), true, &page, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	OK(pulls_list(s, foreign, STR(""), STR(""), false, &page, &list, &mem, &err));
	assert_int_equal(list.n, 0);
}

static void threads(void **state)
{
	BEGIN;
	struct thread_row row = { .fingerprint = PRINT, .path = STR("a.c"), .rule = STR("r"), .line = 5,
				  .thread = STR("t9"), .comment = STR("c9"), .first_oid = HEAD, .last_oid = HEAD };
	struct thread_rows list;

	OK(threads_put(s, STR("gh"), STR("o/a"), 3, &row, 1, NOW, &err));
	row.thread = row.comment = STR("");
	row.first_oid[0] = 0;
	row.line = 8;
	row.status = STR("moved");
	OK(threads_put(s, STR("gh"), STR("o/a"), 3, &row, 1, NOW + 1, &err));
	OK(threads_of_pull(s, STR("gh"), STR("o/a"), 3, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	same(list.items[0].thread, "t9");
	assert_string_equal(list.items[0].first_oid, HEAD);
	assert_string_equal(list.items[0].fingerprint, PRINT);
	assert_int_equal(list.items[0].line, 8);
	same(list.items[0].status, "moved");
	OK(threads_of_pull(s, STR("gh"), STR("o/a"), 4, &list, &mem, &err));
	assert_int_equal(list.n, 0);
}

static void reviews(void **state)
{
	BEGIN;
	struct review_row row = { .job = 77, .tenant = STR("t1"), .integration = STR("gh"), .repository = STR("o/a"),
				  .number = 3, .head_oid = HEAD, .conclusion = CONCLUSION_FINDINGS,
				  .figures = STR("{\"n\":1}"), .decisions = STR("[1]") }, got;
	struct page page = { 0 };
	struct review_list list;
	int64_t id, again;
	bool found;

	OK(reviews_put(s, &row, NOW, &id, &err));
	row.conclusion = CONCLUSION_CLEAN;
	OK(reviews_put(s, &row, NOW, &again, &err));
	assert_int_equal(id, again);
	OK(reviews_get(s, mine, id, &got, &found, &mem, &err));
	assert_true(found && got.conclusion == CONCLUSION_CLEAN);
	same(got.decisions, "[1]");
	OK(reviews_get(s, foreign, id, &got, &found, &mem, &err));
	assert_false(found);
	OK(reviews_list(s, mine, STR("gh"), STR("o/a"), 3, &page, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	OK(reviews_list(s, mine, STR("gh"), STR("o/a"), 4, &page, &list, &mem, &err));
	assert_int_equal(list.n, 0);
}

static void outcomes(void **state)
{
	BEGIN;
	struct outcome_row rows[] = {
		{ .integration = STR("gh"), .repository = STR("o/a"), .tenant = STR("t1"), .number = 3,
		  .fingerprint = PRINT, .fate = FATE_POSTED, .n = 1, .rule = STR("r1"), .prefix = STR("src") },
		{ .integration = STR("gh"), .repository = STR("o/a"), .tenant = STR("t1"), .number = 3,
		  .fingerprint = PRINT, .fate = FATE_DOWN, .n = 2, .rule = STR("r1"), .prefix = STR("src") },
		{ .integration = STR("gh"), .repository = STR("o/a"), .tenant = STR("t1"), .number = 4,
		  .fingerprint = PRINT, .fate = FATE_POSTED, .n = 1, .rule = STR("r2") },
	};
	struct mute_row mute = { .integration = STR("gh"), .repository = STR("o/a"), .tenant = STR("t1"),
			     .rule = STR("r1"), .reason = STR("2 of 2 disliked"), .by = STR("outrider") };
	struct rule_figures_list list;
	struct page page = { .limit = 1 };
	struct mute_rows mutes;
	bool found;

	OK(outcomes_put(s, rows, 3, NOW, &err));
	rows[1].n = 3;
	OK(outcomes_put(s, rows, 3, NOW, &err));
	OK(mutes_put(s, &mute, NOW, &err));
	OK(outcomes_figures(s, mine, STR("gh"), STR(""), 0, &page, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].n[FATE_POSTED], 1);
	assert_int_equal(list.items[0].n[FATE_DOWN], 3);
	assert_true(list.items[0].muted);
	same(list.items[0].reason, "2 of 2 disliked");
	page.after = page.next;
	OK(outcomes_figures(s, mine, STR("gh"), STR(""), 0, &page, &list, &mem, &err));
	same(list.items[0].rule, "r2");
	assert_false(list.items[0].muted);
	page = (struct page){ 0 };
	OK(outcomes_figures(s, foreign, STR(""), STR(""), 0, &page, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	OK(outcomes_figures(s, mine, STR(""), STR(""), NOW + 1, &page, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	OK(mutes_lift(s, foreign, &mute, &found, &err));
	assert_false(found);
	OK(mutes_lift(s, mine, &mute, &found, &err));
	assert_true(found);
	OK(mutes_of_pull(s, STR("gh"), STR("o/a"), 7, &mutes, &mem, &err));
	assert_int_equal(mutes.n, 1);
	assert_true(mutes.items[0].lifted);
	mute.number = 7;
	OK(mutes_put(s, &mute, NOW, &err));
	OK(mutes_of_pull(s, STR("gh"), STR("o/a"), 8, &mutes, &mem, &err));
	assert_int_equal(mutes.n, 1);
	OK(mutes_of_pull(s, STR("gh"), STR("o/a"), 7, &mutes, &mem, &err));
	assert_int_equal(mutes.n, 2);
	assert_int_equal(mutes.items[1].number, 7);
	assert_false(mutes.items[1].lifted);
}

static void ci(void **state)
{
	BEGIN;
	struct ci_row row = { .tenant = STR("t1"), .integration = STR("gh"), .repository = STR("o/a"), .run = STR("r1"),
			      .attempt = 1, .head_oid = HEAD, .action = ACTION_FAILED, .status = STR("failure") };
	struct page page = { 0 };
	struct ci_list list;
	bool changed;

	OK(ci_put(s, &row, NOW, &changed, &err));
	assert_true(changed);
	OK(ci_put(s, &row, NOW, &changed, &err));
	assert_false(changed);
	row.action = ACTION_STARTED;
	OK(ci_put(s, &row, NOW, &changed, &err));
	assert_false(changed);
	OK(ci_list(s, mine, STR("gh"), STR("o/a"), HEAD, &page, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].action, ACTION_FAILED);
	OK(ci_list(s, foreign, STR(""), STR(""), NULL, &page, &list, &mem, &err));
	assert_int_equal(list.n, 0);
}

static void rates(void **state)
{
	BEGIN;
	struct rate rate = { STR("app:1"), STR("core"), 10, 1000 };
	struct rate forge = { STR("app:1"), STR("search"), 5000, 0 };
	struct rate slow = { STR("app:1"), STR("slow"), 1, 86400000 };
	struct rate_list list;
	int64_t wait;

	for (int i = 0; i < 10; i++) {
		OK(rates_take(s, &rate, 1, NOW, &wait, &err));
		assert_int_equal(wait, 0);
	}
	OK(rates_take(s, &rate, 1, NOW, &wait, &err));
	assert_in_range(wait, 1, 101);
	OK(rates_take(s, &rate, 1, NOW + wait, &wait, &err));
	assert_int_equal(wait, 0);
	/* asked all the time, a slow bucket fills nevertheless */
	OK(rates_take(s, &slow, 1, NOW, &wait, &err));
	for (int64_t t = NOW; t < NOW + 86400000; t += 3600000 - 7) {
		OK(rates_take(s, &slow, 1, t, &wait, &err));
		assert_true(wait > 0);
	}
	OK(rates_take(s, &slow, 1, NOW + 86400000 + 100000, &wait, &err));
	assert_int_equal(wait, 0);
	/* what the forge says wins, the smaller number first, until its reset */
	OK(rates_report(s, &forge, 2, NOW + 60000, NOW, &err));
	OK(rates_report(s, &forge, 100, NOW + 60000, NOW, &err));
	OK(rates_take(s, &forge, 2, NOW, &wait, &err));
	assert_int_equal(wait, 0);
	OK(rates_take(s, &forge, 1, NOW + 1, &wait, &err));
	assert_int_equal(wait, 59999);
	OK(rates_take(s, &forge, 1, NOW + 60000, &wait, &err));
	assert_int_equal(wait, 0);
	OK(rates_block(s, &forge, NOW + 90000, NOW, &err));
	OK(rates_block(s, &forge, NOW + 80000, NOW, &err));
	OK(rates_take(s, &forge, 1, NOW + 60000, &wait, &err));
	assert_int_equal(wait, 30000);
	OK(rates_list(s, NOW, &list, &mem, &err));
	assert_true(list.n >= 3);
	REFUSED(rates_take(s, &rate, 11, NOW, &wait, &err), ERR_INPUT, "0 to 10");
}

static void nodes(void **state)
{
	BEGIN;
	struct worker_row w = { .id = STR("w1"), .host = STR("h"), .slots = 2, .detail = STR("{}") };
	struct worker_list list;
	int64_t term = 0, second = 0;
	bool leads;

	OK(workers_see(s, &w, NOW, &err));
	w.busy = 1;
	OK(workers_see(s, &w, NOW + 5, &err));
	OK(workers_list(s, NOW + 5, NOW + 5, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].busy, 1);
	OK(workers_gone(s, STR("w1"), &err));
	OK(workers_list(s, 0, NOW, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	OK(leaders_take(s, STR("cron"), STR("a"), 1000, NOW, &leads, &term, &err));
	assert_true(leads);
	OK(leaders_take(s, STR("cron"), STR("b"), 1000, NOW + 1000, &leads, &second, &err));
	assert_false(leads);
	OK(leaders_take(s, STR("cron"), STR("a"), 1000, NOW + 1000, &leads, &second, &err));
	assert_true(leads && second == term);
	OK(leaders_take(s, STR("cron"), STR("b"), 1000, NOW + 2001, &leads, &second, &err));
	assert_true(leads && second == term + 1);
	OK(leaders_yield(s, STR("cron"), STR("b"), &err));
	OK(leaders_take(s, STR("cron"), STR("a"), 1000, NOW + 2002, &leads, &second, &err));
	assert_true(leads);
}

static void cron(void **state)
{
	BEGIN;
	struct cron_row row = { .name = STR("sweep"), .spec = STR("hourly"), .enabled = true, .next = NOW,
				.job = { .kind = STR("cron-sweep"), .payload = STR("{}"), .unique = STR("cron-sweep") } };
	struct job_filter filter = { .kind = STR("cron-sweep") };
	struct page page = { 0 };
	struct job_list jobs;
	struct cron_list list;
	bool ours;

	OK(cron_put(s, &row, &err));
	OK(cron_due(s, NOW - 1, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	OK(cron_due(s, NOW, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	OK(cron_fire(s, &list.items[0], NOW + 3600000, NOW, &ours, &err));
	assert_true(ours);
	OK(cron_fire(s, &list.items[0], NOW + 3600000, NOW, &ours, &err));
	assert_false(ours);
	OK(jobs_list(s, everything, &filter, &page, &jobs, &mem, &err));
	assert_int_equal(jobs.n, 1);
	/* written again at a restart: its time stays */
	OK(cron_put(s, &row, &err));
	OK(cron_due(s, NOW, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	row.enabled = false;
	OK(cron_put(s, &row, &err));
	OK(cron_due(s, NOW + 7200000, &list, &mem, &err));
	assert_int_equal(list.n, 0);
	OK(cron_due(s, INT64_MAX, &list, &mem, &err));
	assert_int_equal(list.n, 1);
	OK(cron_delete(s, STR("sweep"), &err));
}

static void people(void **state)
{
	BEGIN;
	struct session session = { .hash = PRINT PRINT, .subject = STR("anna"), .tenant = STR("t1"),
				   .role = ROLE_OPERATOR, .expires = NOW + 10 }, got;
	struct audit_row row = { .tenant = STR("t1"), .actor = STR("anna"), .action = STR("job.retry"),
				 .subject = STR("job 5") };
	struct session_list sessions;
	struct page page = { 0 };
	struct audit_list audit;
	bool found;

	OK(sessions_put(s, &session, NOW, &err));
	OK(sessions_get(s, session.hash, NOW + 9, &got, &found, &mem, &err));
	assert_true(found && got.role == ROLE_OPERATOR && !got.all);
	same(got.subject, "anna");
	OK(sessions_get(s, session.hash, NOW + 10, &got, &found, &mem, &err));
	assert_false(found);
	OK(sessions_list(s, mine, false, NOW, &page, &sessions, &mem, &err));
	assert_int_equal(sessions.n, 1);
	OK(sessions_list(s, mine, true, NOW, &page, &sessions, &mem, &err));
	assert_int_equal(sessions.n, 0);
	OK(sessions_delete(s, foreign, session.hash, &found, &err));
	assert_false(found);
	OK(sessions_delete(s, mine, session.hash, &found, &err));
	assert_true(found);
	memcpy(session.hash, "secret-token", 13);
	REFUSED(sessions_put(s, &session, NOW, &err), ERR_BUG, "SHA-256");
	assert_null(strstr(err.text, "secret-token"));
	OK(audit_add(s, &row, NOW, &err));
	OK(audit_list(s, mine, &page, &audit, &mem, &err));
	assert_int_equal(audit.n, 1);
	same(audit.items[0].subject, "job 5");
	OK(audit_list(s, foreign, &page, &audit, &mem, &err));
	assert_int_equal(audit.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repositories), cmocka_unit_test(pulls), cmocka_unit_test(threads),
		cmocka_unit_test(reviews),	cmocka_unit_test(outcomes), cmocka_unit_test(ci),
		cmocka_unit_test(rates),	cmocka_unit_test(nodes), cmocka_unit_test(cron),
		cmocka_unit_test(people),
	};

	return cmocka_run_group_tests(tests, start_store, end_store);
}
