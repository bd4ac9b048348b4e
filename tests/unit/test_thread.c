#include "review_sample.h"

#include "base/scope.h"
#include "review/say.h"

/* Threads of the sample's findings, as a forge shows them. */
struct life {
	struct sample        s;
	struct thread        threads[20];
	struct thread_list   list;
	struct thread_states states;
	struct mute_list     mutes;
	struct thread_input  input;
	struct thread_plan   plan;
};

static const struct str text = { "eval(a)\neval(b)\neval(c)\neval(d)\nend\n", 36 };

static void begin(struct life *l)
{
	static const char *const calls[] = { "eval(a)", "eval(b)", "eval(c)", "eval(d)" };

	*l = (struct life){ 0 };
	sample_init(&l->s);
	sample_file(&l->s, "a.py", text, 1, 5);
	for (size_t i = 0; i < COUNT(calls); i++) {
		struct finding f = sample_finding(&l->s, "a.py", calls[i]);

		f.rank = 100 - i;
		sample_add(&l->s, f);
	}
	l->list.items = l->threads;
	l->input = (struct thread_input){ .review = &l->s.review, .threads = &l->list,
					  .states = &l->states, .mutes = &l->mutes };
}

static void end(struct life *l)
{
	sample_release(&l->s);
}

static void plan(struct life *l)
{
	struct err err;

	if (thread_plan_make(&l->plan, &l->s.mem, &l->input, &err) < 0)
		fail_msg("%s", err.text);
}

/* What the plan says is posted and remembered. */
static void post(struct life *l)
{
	for (size_t i = 0; i < l->plan.n; i++) {
		const struct thread_entry *e = &l->plan.items[i];
		struct thread *t;

		if (e->status != THREAD_NEW)
			continue;
		t = &l->threads[l->list.n++];
		*t = (struct thread){ .path = e->finding->path, .rule = e->finding->rule_id,
				      .line = e->finding->anchor_line };
		memcpy(t->fingerprint, e->marker, sizeof t->fingerprint);
	}
	l->states = l->plan.next;
}

static const struct thread_entry *entry_of(const struct life *l, size_t thread)
{
	for (size_t i = 0; i < l->plan.n; i++)
		if (l->plan.items[i].thread == &l->threads[thread])
			return &l->plan.items[i];
	fail_msg("no entry of thread %zu", thread);
	return NULL;
}

static void test_statuses(void **state)
{
	struct life l;

	(void)state;
	begin(&l);
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_NEW], 4);
	post(&l);
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_PERSISTS], 4);
	/* the first is fixed, people touch two of the others */
	l.s.review.findings.items++;
	l.s.review.findings.n--;
	l.threads[1].replied = true;
	l.threads[2].resolved = l.threads[2].by_person = true;
	plan(&l);
	assert_int_equal(entry_of(&l, 0)->status, THREAD_FIXED);
	assert_true(entry_of(&l, 0)->resolve);
	assert_int_equal(entry_of(&l, 1)->status, THREAD_DISPUTED);
	assert_int_equal(entry_of(&l, 2)->status, THREAD_DISMISSED);
	assert_false(entry_of(&l, 2)->resolve || entry_of(&l, 2)->reopen);
	l.threads[0].resolved = true;
	l.states = l.plan.next;
	/* it comes back: opened again, not said again */
	l.s.review.findings.items--;
	l.s.review.findings.n++;
	plan(&l);
	assert_int_equal(entry_of(&l, 0)->status, THREAD_BACK);
	assert_true(entry_of(&l, 0)->reopen);
	assert_int_equal(l.plan.count[THREAD_NEW], 0);
	/* all fixed: the one with a person's words stays as it is */
	l.s.review.findings.n = 0;
	plan(&l);
	assert_int_equal(entry_of(&l, 1)->status, THREAD_FIXED);
	assert_false(entry_of(&l, 1)->resolve);
	assert_true(entry_of(&l, 3)->resolve);
	end(&l);
}

static void test_deleted_is_dismissed(void **state)
{
	struct life l;

	(void)state;
	begin(&l);
	plan(&l);
	post(&l);
	l.list.n = 3; /* somebody deleted our last comment */
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_DISMISSED], 1);
	assert_int_equal(l.plan.count[THREAD_NEW], 0);
	end(&l);
}

static void test_lost_memory(void **state)
{
	struct life l;

	(void)state;
	begin(&l);
	plan(&l);
	post(&l);
	l.states = (struct thread_states){ 0 };
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_PERSISTS], 4);
	assert_int_equal(l.plan.count[THREAD_NEW], 0);
	end(&l);
}

static void test_renamed(void **state)
{
	struct life l;

	(void)state;
	begin(&l);
	plan(&l);
	post(&l);
	for (size_t i = 0; i < 4; i++) {
		l.s.review.findings.items[i].path = STR("b.py");
		l.threads[i].line = 0;
	}
	l.s.changes.items[0].old_path = l.s.changes.items[0].new_path = STR("b.py");
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_MOVED], 4);
	l.states = l.plan.next;
	/* and again, with nothing but the memory to go by */
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_PERSISTS], 4);
	end(&l);
}

static void test_unseen(void **state)
{
	struct life l;

	(void)state;
	begin(&l);
	plan(&l);
	post(&l);
	l.s.review.findings.n = 0;
	review_skip(&l.s.review, STR("a.py"), SKIP_TIME, (struct str){ 0 });
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_UNSEEN], 4);
	for (size_t i = 0; i < 4; i++)
		assert_false(entry_of(&l, i)->resolve);
	l.states = l.plan.next;
	/* looked at again: nothing was forgotten */
	l.s.review.findings.n = 4;
	l.s.review.skipped.n = 0;
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_PERSISTS], 4);
	end(&l);
}

static void test_caps(void **state)
{
	struct life l;

	(void)state;
	begin(&l);
	l.input.caps = (struct caps){ .per_review = 2 };
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_NEW], 2);
	assert_int_equal(l.plan.count[THREAD_HELD], 2);
	post(&l);
	plan(&l);
	/* over the whole pull request, not for each push */
	assert_int_equal(l.plan.count[THREAD_NEW], 0);
	assert_int_equal(l.plan.count[THREAD_HELD], 2);
	/* one is fixed: there is room again */
	l.s.review.findings.items++;
	l.s.review.findings.n--;
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_NEW], 1);
	l.input.caps = (struct caps){ .per_rule = 1 };
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_NEW], 0);
	end(&l);
}

static void test_mutes(void **state)
{
	struct life l;
	struct mute mute = { .rule = STR("python-eval-input"), .reason = STR("of no use") };

	(void)state;
	begin(&l);
	ARENA_PUSH(&l.s.mem, &l.mutes, mute);
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_MUTED], 4);
	l.mutes.items[0].prefix = STR("src/");
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_NEW], 4);
	post(&l);
	/* learned: what was said stays; asked for: it ends */
	l.mutes.items[0].prefix = STR("");
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_PERSISTS], 4);
	l.mutes.items[0].asked = true;
	l.threads[0].replied = true;
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_MUTED], 3);
	assert_false(entry_of(&l, 0)->resolve);
	assert_true(entry_of(&l, 1)->resolve);
	end(&l);
}

static void test_dismiss(void **state)
{
	struct life l;

	(void)state;
	begin(&l);
	plan(&l);
	post(&l);
	l.input.dismiss = true;
	plan(&l);
	for (size_t i = 0; i < 4; i++) {
		assert_true(entry_of(&l, i)->resolve);
		l.threads[i].resolved = true;
	}
	l.states = l.plan.next;
	l.input.dismiss = false;
	plan(&l);
	assert_int_equal(l.plan.count[THREAD_DISMISSED], 4);
	assert_int_equal(l.plan.count[THREAD_NEW], 0);
	end(&l);
}

/* ---- what is said ---- */

static struct post_plan say(struct life *l, bool exists)
{
	struct post_plan out;
	struct say_input input = { .review = &l->s.review, .plan = &l->plan, .fail_on = SEVERITY_WARNING,
				   .summary_exists = exists };

	say_plan(&out, &l->s.mem, &input);
	return out;
}

static void test_silence(void **state)
{
	struct life l;
	struct post_plan out;

	(void)state;
	begin(&l);
	l.s.review.findings.n = 0;
	plan(&l);
	out = say(&l, false);
	assert_int_equal(out.summary.len, 0);
	assert_int_equal(out.n_comments, 0);
	assert_int_equal(out.check.conclusion, CONCLUSION_CLEAN);
	assert_false(out.check.fails);
	out = say(&l, true);
	assert_true(str_has(out.summary, STR("nothing to remark")));
	l.s.review.limited = true;
	out = say(&l, false);
	assert_int_equal(out.check.conclusion, CONCLUSION_LIMITED);
	assert_true(str_starts(out.check.title, STR("limited: ")));
	assert_true(str_has(out.check.summary, STR("could be looked at")));
	assert_true(str_has(out.summary, STR("limited")));
	say_failure(&out, &l.s.mem, l.s.review.head_oid, STR("no @team disk"));
	assert_int_equal(out.check.conclusion, CONCLUSION_FAILED);
	assert_false(str_has(out.check.summary, STR("@team")));
	end(&l);
}

static void test_said(void **state)
{
	struct life l;
	struct post_plan out;
	struct marker marker;

	(void)state;
	begin(&l);
	l.s.review.findings.items[3].in_diff = false;
	l.input.caps = (struct caps){ .per_review = 2 };
	plan(&l);
	out = say(&l, false);
	assert_int_equal(out.n_comments, 2);
	assert_true(out.check.fails);
	assert_int_equal(out.check.conclusion, CONCLUSION_FINDINGS);
	/* beside the comments: what is held back, and what is outside */
	assert_int_equal(out.check.n_annotations, 2);
	assert_true(marker_read(&marker, out.summary) && marker.summary);
	assert_true(str_has(out.summary, STR("Outside the diff")));
	assert_true(str_has(out.summary, STR("1 more finding was held back")));
	assert_true(marker_read(&marker, out.comments[0].body));
	assert_string_equal(marker.fingerprint, out.comments[0].fingerprint);
	assert_true(str_eq(marker.rule, STR("python-eval-input")));
	assert_int_equal(out.comments[0].new_line, out.comments[0].line);
	assert_int_equal(out.comments[0].old_line, 0);
	end(&l);
}

static void test_states_text(void **state)
{
	AUTO_ARENA struct arena mem;
	struct thread_states out;
	struct err err;
	struct life l;

	(void)state;
	arena_init(&mem, 1 << 20);
	begin(&l);
	plan(&l);
	assert_int_equal(thread_states_read(&out, &mem, thread_states_write(&mem, &l.plan.next), &err), 0);
	assert_int_equal(out.n, 4);
	assert_true(str_eq(out.items[2].symbol, STR("Reader.read")));
	assert_true(out.items[2].alive);
	assert_int_equal(thread_states_read(&out, &mem, STR(""), &err), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(thread_states_read(&out, &mem, STR("{}"), &err), -1);
	assert_int_equal(thread_states_read(&out, &mem, STR("[{\"marker\":\"x\"}]"), &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses), cmocka_unit_test(test_deleted_is_dismissed),
		cmocka_unit_test(test_lost_memory), cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_unseen),	 cmocka_unit_test(test_caps),
		cmocka_unit_test(test_mutes),	 cmocka_unit_test(test_dismiss),
		cmocka_unit_test(test_silence),	 cmocka_unit_test(test_said),
		cmocka_unit_test(test_states_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
