/* The local forge through the contract that all forges have: plan, effects, outbox, delivery, and reading back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/scope.h"
#include "forge/forge.h"

#define HEAD "1111111111111111111111111111111111111111"
#define BASE "2222222222222222222222222222222222222222"
#define FINGERPRINT "0123456789abcdef0123456789abcdef"

enum { CAP = 256 << 20, MAX_ROWS = 40 };

struct row {
	struct str key, id;
	enum effect_state state;
};

struct fixture {
	struct arena mem;
	char folder[64];
	struct forge_config config;
	struct forge *forge;
	struct row rows[MAX_ROWS];
	size_t n_rows, sent, die_after; /* die_after: fail after that many sends, 0: never */
};

static struct fixture fix;
static const struct forge_place place = { { "team/app", 8 }, { 0 }, 7 };

static void put(const char *path, const char *text)
{
	char full[300];
	struct err err;

	snprintf(full, sizeof full, "%s/%s", fix.folder, path);
	if (file_replace(full, str_of(text), &err) < 0)
		fail_msg("%s", err.text);
}

static void folder(const char *path)
{
	char full[300];

	snprintf(full, sizeof full, "%s/%s", fix.folder, path);
	assert_int_equal(0, mkdir(full, 0777));
}

static int make(void **state)
{
	static const char *const folders[] = { "team",
					       "team/app.git",
					       "team/app.git/refs",
					       "team/app.git/refs/heads",
					       "team/app.git/refs/pull",
					       "team/app.git/refs/pull/7",
					       "team/app.forge",
					       "team/app.forge/pulls",
					       ".spool" };
	struct err err = { 0 };

	memset(&fix, 0, sizeof fix);
	arena_init(&fix.mem, CAP);
	strcpy(fix.folder, "/tmp/outrider-local-XXXXXX");
	assert_non_null(mkdtemp(fix.folder));
	for (size_t i = 0; i < COUNT(folders); i++)
		folder(folders[i]);
	put("team/app.git/packed-refs",
	    "# pack-refs with: peeled fully-peeled sorted\n" BASE " refs/heads/main\n");
	put("team/app.git/refs/pull/7/head", HEAD "\n");
	put("team/app.forge/pulls/7.json",
	    "{\"title\": \"A change\", \"author\": \"ann\", \"base\": \"main\", \"head\": \"work\", "
	    "\"state\": \"open\", \"labels\": [\"x\"]}");
	fix.config = (struct forge_config){ .name = STR("demo"),
					    .type = forge_type_find(STR("local")),
					    .folder = str_of(fix.folder) };
	if (forge_open(&fix.forge, &fix.config, NULL, &err) < 0)
		fail_msg("%s", err.text);
	*state = &fix;
	return 0;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	forge_close(fix.forge);
	arena_release(&fix.mem);
	snprintf(command, sizeof command, "rm -rf '%s'", fix.folder);
	return system(command);
}

/* ---- an outbox in memory ---- */

static struct row *row_of(const struct effect *effect)
{
	for (size_t i = 0; i < fix.n_rows; i++)
		if (str_eq(fix.rows[i].key, effect->key))
			return &fix.rows[i];
	assert_true(fix.n_rows < MAX_ROWS);
	fix.rows[fix.n_rows].key = arena_str(&fix.mem, effect->key);
	return &fix.rows[fix.n_rows++];
}

static int box_state(void *ctx, const struct effect *effect, enum effect_state *state,
		     struct str *id, struct err *err)
{
	(void)ctx;
	(void)err;
	*state = row_of(effect)->state;
	*id = row_of(effect)->id;
	return 0;
}

static int box_sending(void *ctx, const struct effect *effect, struct err *err)
{
	(void)ctx;
	(void)err;
	row_of(effect)->state = EFFECT_SENT;
	return 0;
}

static int box_done(void *ctx, const struct effect *effect, const struct forge_answer *answer,
		    struct err *err)
{
	(void)ctx;
	/* killed between the effect and its note */
	if (fix.die_after && ++fix.sent == fix.die_after)
		return err_set(err, ERR_TEMP, "killed");
	row_of(effect)->state = EFFECT_DONE;
	row_of(effect)->id = arena_str(&fix.mem, answer->id);
	return 0;
}

static int box_split(void *ctx, const struct effect *effect, const struct effect_list *parts,
		     struct err *err)
{
	(void)ctx;
	(void)effect;
	(void)parts;
	return err_set(err, ERR_BUG, "nothing is refused here");
}

static const struct outbox box = { box_state, box_sending, box_done, box_split, NULL };

/* ---- a plan ---- */

static struct pull the_pull(void)
{
	struct pull pull;
	struct err err;

	if (forge_pull(fix.forge, &fix.mem, &place, &pull, &err) < 0)
		fail_msg("%s", err.text);
	return pull;
}

static struct post_comment comments[2] = {
	{ .path = { "a.c", 3 },
	  .start_line = 3,
	  .line = 4,
	  .has_suggestion = true,
	  .severity = SEVERITY_ERROR,
	  .suggestion = { "x", 1 },
	  .original = { "y", 1 },
	  .rule = { "c-x", 3 },
	  .fingerprint = FINGERPRINT,
	  .body = { "Wrong.\n\n<!-- outrider:v1 finding=" FINGERPRINT " rule=c-x -->", 80 } },
	{ .path = { "b.c", 3 },
	  .start_line = 1,
	  .line = 1,
	  .severity = SEVERITY_HINT,
	  .body = { "Hm.\n\n<!-- outrider:v1 finding=fedcba9876543210fedcba9876543210 rule=d -->",
		    73 } },
};

static struct post_plan the_plan(void)
{
	struct post_plan plan = { .head_oid = HEAD,
				  .base_oid = BASE,
				  .comments = comments,
				  .n_comments = 2,
				  .summary = STR("Two.\n\n<!-- outrider:v1 summary -->") };

	for (size_t i = 0; i < 2; i++)
		comments[i].body.len = strlen(comments[i].body.p);
	plan.check.conclusion = CONCLUSION_FINDINGS;
	plan.check.title = STR("2 findings");
	return plan;
}

static struct forge_plan lowered(const struct post_plan *plan, const char *key)
{
	struct pull *pull = ARENA_NEW(&fix.mem, struct pull);
	struct forge_target target = {
		.config = &fix.config, .pull = pull, .key = str_of(key), .abilities = ~0u
	};
	struct forge_plan out;
	struct err err;

	*pull = the_pull();
	if (forge_lower(&out, &fix.mem, &target, plan, &err) < 0)
		fail_msg("%s", err.text);
	return out;
}

static int deliver(const struct forge_plan *plan)
{
	struct losses losses = { 0 };
	struct err err;

	return forge_deliver(fix.forge, &fix.mem, &plan->effects, &box, &losses, &err);
}

static struct thread_list threads(void)
{
	struct thread_list list = { 0 };
	struct err err;

	if (forge_threads(fix.forge, &fix.mem, &place, &list, &err) < 0)
		fail_msg("%s", err.text);
	return list;
}

/* ---- tests ---- */

static void test_pull(void **state)
{
	struct pull pull = the_pull();
	struct pull_list list;
	struct err err;

	(void)state;
	assert_string_equal(HEAD, pull.head_oid);
	assert_string_equal(BASE, pull.base_oid);
	assert_true(str_eq(pull.author.login, STR("ann")) && pull.n_labels == 1 && !pull.closed);
	assert_int_equal(0, forge_pulls(fix.forge, &fix.mem, &place, PULLS_OPEN, 10, &list, &err));
	assert_int_equal(1, list.n);
	assert_int_equal(0,
			 forge_pulls(fix.forge, &fix.mem, &place, PULLS_MERGED, 10, &list, &err));
	assert_int_equal(0, list.n);
	put("team/app.forge/pulls/7.json",
	    "{\"base\": \"main\", \"state\": \"merged\", \"merge\": \"" HEAD "\"}");
	pull = the_pull();
	assert_true(pull.merged && pull.closed);
	assert_string_equal(HEAD, pull.merge_oid);
	put("team/app.forge/pulls/7.json", "{\"base\": \"../../../../etc/passwd\"}");
	assert_string_equal("", the_pull().base_oid);
	put("team/app.forge/pulls/7.json", "[");
	assert_int_equal(-1, forge_pull(fix.forge, &fix.mem, &place, &pull, &err));
}

static void test_names(void **state)
{
	static const char *const bad[] = { "../app", "team/..",   "/team/app", "team//app",
					   "",       "team/app/", "a b/c" };
	struct pull pull;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct forge_place other = { str_of(bad[i]), { 0 }, 7 };

		assert_int_equal(-1, forge_pull(fix.forge, &fix.mem, &other, &pull, &err));
		assert_int_equal(ERR_INPUT, err.kind);
	}
}

static void test_review(void **state)
{
	struct post_plan plan = the_plan();
	struct forge_plan first = lowered(&plan, "j1");
	struct thread_list list;
	struct str summary;

	(void)state;
	assert_int_equal(0, deliver(&first));
	list = threads();
	assert_int_equal(2, list.n);
	assert_string_equal(FINGERPRINT, list.items[0].fingerprint);
	assert_true(str_eq(list.items[0].rule, STR("c-x")) && list.items[0].line == 4 &&
		    list.items[0].start_line == 3);
	assert_int_equal(0, forge_summary(fix.forge, &fix.mem, &place, &summary, NULL));
	assert_true(str_eq(summary, STR("summary")));
	/* resolve one, reply to the other; a person answers */
	plan.n_comments = 0;
	plan.resolve = &list.items[0];
	plan.n_resolve = 1;
	first = lowered(&plan, "j2");
	assert_int_equal(0, deliver(&first));
	list = threads();
	assert_true(list.items[0].resolved && !list.items[0].by_person && !list.items[1].resolved);
	plan.n_resolve = 0;
	plan.reopen = &list.items[0];
	plan.n_reopen = 1;
	first = lowered(&plan, "j3");
	assert_int_equal(0, deliver(&first));
	assert_false(threads().items[0].resolved);
}

/* Killed after each of its effects in turn and begun again: what is there in the end is there once. */
static void test_crash(void **state)
{
	struct post_plan plan = the_plan();
	struct forge_plan first = lowered(&plan, "j1");

	(void)state;
	for (size_t i = 1; i <= first.effects.n; i++) {
		fix.sent = 0;
		fix.die_after = 1;
		assert_int_equal(-1, deliver(&first));
		fix.die_after = 0;
		fix.sent = 0;
		/* one goes through, the next dies */
		fix.die_after = 2;
		(void)deliver(&first);
	}
	fix.die_after = 0;
	assert_int_equal(0, deliver(&first));
	assert_int_equal(2, threads().n);
	/* a second delivery sends nothing */
	assert_int_equal(0, deliver(&first));
}

/* A second try of a job finds another head and other findings: what the first one had said stands for nothing of it. */
static void test_other_plan(void **state)
{
	static const char moved[] = "3333333333333333333333333333333333333333";
	struct post_plan plan = the_plan();
	struct forge_plan first = lowered(&plan, "j1"), second;
	struct post_comment other = plan.comments[0];

	(void)state;
	assert_int_equal(0, deliver(&first));
	assert_int_equal(2, threads().n);
	other.line = other.start_line = 1;
	plan.comments = &other;
	plan.n_comments = 1;
	memcpy(plan.head_oid, moved, sizeof(moved));
	second = lowered(&plan, "j1");
	assert_int_equal(0, deliver(&second));
	assert_int_equal(3, threads().n);
	/* and its own head has its own check */
	assert_int_equal(EFFECT_CHECK, second.effects.items[second.effects.n - 1].kind);
	assert_false(str_eq(first.effects.items[first.effects.n - 1].key, second.effects.items[second.effects.n - 1].key));
}

static void test_people(void **state)
{
	enum permission permission;
	struct err err;

	(void)state;
	assert_int_equal(0, forge_permission(fix.forge, &place, STR("ann"), &permission, &err));
	assert_int_equal(PERMISSION_WRITE, permission);
	put("team/app.forge/people.json", "{\"ann\": \"admin\", \"bob\": \"read\"}");
	assert_int_equal(0, forge_permission(fix.forge, &place, STR("ann"), &permission, &err));
	assert_int_equal(PERMISSION_ADMIN, permission);
	assert_int_equal(0, forge_permission(fix.forge, &place, STR("eve"), &permission, &err));
	assert_int_equal(PERMISSION_NONE, permission);
}

static size_t n_taken;

static int take(void *ctx, const struct forge_delivery *delivery, struct err *err)
{
	struct event event;

	(void)ctx;
	if (forge_parse(&event, &fix.mem, &fix.config, delivery, err) < 0)
		return -1;
	assert_int_equal(EVENT_PULL, event.kind);
	assert_int_equal(ACTION_OPENED, event.action);
	assert_true(str_eq(event.delivery, STR("d1")) && str_eq(event.integration, STR("demo")));
	n_taken++;
	return 0;
}

static void test_spool(void **state)
{
	struct forge_missed missed = { .take = take };
	char path[200];
	struct err err;

	(void)state;
	n_taken = 0;
	put(".spool/1.json",
	    "{\"event\": \"pull.opened\", \"delivery\": \"d1\", \"repository\": \"team/app\", \"number\": 7}");
	put(".spool/2.json", "not JSON");
	put(".spool/.3.json.tmp", "half");
	assert_int_equal(0, forge_sweep(fix.forge, &missed, &err));
	assert_int_equal(1, missed.taken);
	assert_int_equal(1, n_taken);
	assert_int_equal(0, forge_sweep(fix.forge, &missed, &err));
	assert_int_equal(0, missed.taken);
	snprintf(path, sizeof path, "%s/.spool/refused/2.json", fix.folder);
	assert_int_equal(0, access(path, F_OK));
}

static void test_effect_codec(void **state)
{
	struct post_plan plan = the_plan();
	struct forge_plan made = lowered(&plan, "j1");

	(void)state;
	for (size_t i = 0; i < made.effects.n; i++) {
		AUTO_BUF struct buf text = { 0 }, again = { 0 };
		struct effect effect;
		struct err err;

		effect_encode(&text, &made.effects.items[i]);
		assert_int_equal(0, effect_decode(&effect, &fix.mem, buf_str(&text), &err));
		effect_encode(&again, &effect);
		assert_true(str_eq(buf_str(&text), buf_str(&again)));
	}
}

static void test_effect_refused(void **state)
{
	static const char *const paths[] = { "/etc", "http://evil/x", "a/../b", "a//b",
					     "a b",  "a#b",           "",       "a\\b" };
	struct effect good = { .kind = EFFECT_COMMENT,
			       .key = STR("k"),
			       .method = STR("POST"),
			       .path = STR("a/b?x={id}") };
	struct effect out;
	struct err err;

	(void)state;
	for (size_t i = 0; i <= COUNT(paths); i++) {
		AUTO_BUF struct buf text = { 0 };

		if (i)
			good.path = str_of(paths[i - 1]);
		effect_encode(&text, &good);
		assert_int_equal(i ? -1 : 0, effect_decode(&out, &fix.mem, buf_str(&text), &err));
	}
	assert_int_equal(-1, effect_decode(&out, &fix.mem, STR("{}"), &err));
	assert_int_equal(-1, effect_decode(&out, &fix.mem, STR("[]"), &err));
}

static void test_git(void **state)
{
	struct pull pull = the_pull();
	struct forge_git git;

	(void)state;
	assert_int_equal(0, forge_git(&git, &fix.mem, &fix.config, &pull, (struct str){ 0 }, NULL));
	assert_true(str_ends(git.url, STR("/team/app.git")) && !git.password.len &&
		    git.n_refspecs == 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pull), TEST(test_names), TEST(test_review), TEST(test_crash),
		TEST(test_other_plan), TEST(test_people),
		TEST(test_spool), TEST(test_effect_codec), TEST(test_effect_refused), TEST(test_git),
	};

	return cmocka_run_group_tests_name("forge_local", tests, NULL, NULL);
}
