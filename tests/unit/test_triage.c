/* test_triage.c - what becomes of an event, and its way through JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/scope.h"
#include "serve/triage.h"

enum { MEMORY = 1 << 20 };

static const char settings_text[] =
	"integrations:\n"
	"  - name: hub\n"
	"    forge: github\n"
	"    secrets: env:HOOK\n"
	"    intake:\n"
	"      bots: false\n"
	"      ignore_authors: ['dependabot[bot]', 'ren*']\n"
	"      skip_labels: ['no review']\n"
	"      branches: [main, 'release/*']\n"
	"      repositories: ['team/*']\n";

static struct event pull_event(void)
{
	struct event event = { .kind = EVENT_PULL, .action = ACTION_UPDATED,
			       .integration = STR("hub"), .delivery = STR("d1"),
			       .repository = STR("team/app"), .number = 7 };

	event.pull.base_ref = STR("main");
	event.pull.author.login = STR("ada");
	strcpy(event.pull.head_oid, "0123456789abcdef0123456789abcdef01234567");
	return event;
}

static void expect(struct arena *mem, const struct event *event, const struct identity *self,
		   enum verdict verdict)
{
	struct settings settings;
	struct err err = { 0 };

	if (settings_parse(&settings, mem, "s.yml", STR("/etc/"), str_of(settings_text), &err))
		fail_msg("%s", err.text);
	assert_int_equal(triage_decide(event, &settings.integrations.items[0], self).verdict, verdict);
	assert_non_null(triage_decide(event, &settings.integrations.items[0], self).reason);
}

static void test_pulls(void **state)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct identity self = { 0 };
	struct event event = pull_event();

	(void)state;
	arena_init(&mem, MEMORY);
	expect(&mem, &event, &self, TRIAGE_REVIEW);
	event.action = ACTION_OPENED;
	expect(&mem, &event, &self, TRIAGE_REVIEW);
	event.action = ACTION_MERGED;
	expect(&mem, &event, &self, TRIAGE_OUTCOME);
	event.action = ACTION_CLOSED;
	expect(&mem, &event, &self, TRIAGE_OUTCOME);
	event.action = ACTION_NONE;
	expect(&mem, &event, &self, TRIAGE_IGNORED);
}

static void test_policy(void **state)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct identity self = { 0 };
	struct str label = STR("No Review");
	struct event event = pull_event();

	(void)state;
	arena_init(&mem, MEMORY);
	event.pull.draft = true;
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = pull_event();
	event.pull.author.bot = true;
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = pull_event();
	event.pull.author.login = STR("Dependabot[bot]");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event.pull.author.login = STR("dependabotb");
	expect(&mem, &event, &self, TRIAGE_REVIEW);
	event.pull.author.login = STR("renovate");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = pull_event();
	event.pull.labels = &label;
	event.pull.n_labels = 1;
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = pull_event();
	event.pull.base_ref = STR("release/1.0");
	expect(&mem, &event, &self, TRIAGE_REVIEW);
	event.pull.base_ref = STR("topic");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = pull_event();
	event.repository = STR("others/app");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
}

static struct event comment_event(const char *body)
{
	struct event event = { .kind = EVENT_COMMENT, .action = ACTION_CREATED, .integration = STR("hub"),
			       .repository = STR("team/app"), .number = 7 };

	event.sender.login = STR("ada");
	event.comment.body = str_of(body);
	return event;
}

static void test_comments(void **state)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct identity self = { .login = STR("outrider[bot]"), .id = STR("99"), .app_id = STR("12") };
	struct event event = comment_event("please\n/outrider review\n");

	(void)state;
	arena_init(&mem, MEMORY);
	expect(&mem, &event, &self, TRIAGE_COMMAND);
	event = comment_event("looks good");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = comment_event("/outrider review\n<!-- outrider:v1 summary -->");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = comment_event("/outrider review");
	event.sender.bot = true;
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = comment_event("/outrider review");
	event.sender.login = STR("Outrider[bot]");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = comment_event("/outrider review");
	event.number = 0;
	expect(&mem, &event, &self, TRIAGE_IGNORED);
	event = comment_event("/outrider review");
	event.action = ACTION_EDITED;
	expect(&mem, &event, &self, TRIAGE_IGNORED);
}

static void test_ci(void **state)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct identity self = { .app_id = STR("12") };
	struct event event = { .kind = EVENT_CI, .action = ACTION_FAILED, .repository = STR("team/app") };

	(void)state;
	arena_init(&mem, MEMORY);
	event.ci.app = STR("7");
	expect(&mem, &event, &self, TRIAGE_CI);
	event.ci.app = STR("12");
	expect(&mem, &event, &self, TRIAGE_IGNORED);
}

static void test_round_trip(void **state)
{
	AUTO_ARENA struct arena mem = { 0 };
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct str labels[] = { STR("bug"), STR("a \"b\"") };
	struct event event = pull_event(), back;
	struct err err = { 0 };

	(void)state;
	arena_init(&mem, MEMORY);
	event.pull.labels = labels;
	event.pull.n_labels = 2;
	event.pull.fork = true;
	event.pull.title = STR("A title\nwith \xc3\xa4");
	event.ci.attempt = 3;
	event_encode(&first, &event);
	assert_int_equal(event_decode(&back, &mem, buf_str(&first), &err), 0);
	event_encode(&second, &back);
	assert_true(str_eq(buf_str(&first), buf_str(&second)));
	assert_true(str_eq(back.pull.labels[1], labels[1]));
	assert_true(str_eq(back.pull.title, event.pull.title));
	assert_string_equal(back.pull.head_oid, event.pull.head_oid);
	assert_true(back.pull.fork && !back.pull.draft);
	assert_int_equal(back.ci.attempt, 3);
	assert_int_equal(back.number, 7);
}

static void test_wrong_events(void **state)
{
	static const char *const wrong[] = {
		"", "[]", "{}", "{\"kind\":\"pull\",\"action\":\"none\",\"more\":1}", "{\"kind\":\"tree\"}",
		"{\"kind\":\"pull\",\"number\":-1}", "{\"kind\":\"pull\",\"number\":\"7\"}",
		"{\"kind\":\"pull\",\"pull_head\":\"xyz\"}", "{\"kind\":\"pull\",\"pull_labels\":[1]}",
		"{\"kind\":\"pull\",\"kind\":\"pull\"}",
	};
	AUTO_ARENA struct arena mem = { 0 };
	struct event event;

	(void)state;
	arena_init(&mem, MEMORY);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err err = { 0 };

		assert_int_equal(event_decode(&event, &mem, str_of(wrong[i]), &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pulls),	   cmocka_unit_test(test_policy),
		cmocka_unit_test(test_comments),   cmocka_unit_test(test_ci),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_wrong_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
