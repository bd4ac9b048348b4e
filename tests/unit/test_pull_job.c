/*
 * Jobs of a pull request from fetch to plan: a real remote, a real mirror, the real analyst in its seal, and a forge that is a list.
 */
#include "repo_fixture.h"

#include "base/scope.h"
#include "flow/pull_job.h"

#ifndef OUTRIDER
#error "the program that holds the analyst"
#endif

struct forge {
	struct fixture    *f;
	char               origin[128];
	struct thread_list threads;
	struct str         states;
	size_t             posts;
	bool               closed, summary;
	const char        *stop_at;
	struct post_plan   said; /* last; in the fixture's memory as far as it is looked at */
};

static int get(void *payload, struct pull *out, struct arena *mem, struct err *err)
{
	struct forge *forge = payload;
	char line[300];
	struct pull pull = { .repository = STR("o/r"), .number = 7, .base_ref = STR("main"),
			     .closed = forge->closed };

	(void)mem, (void)err;
	snprintf(line, sizeof line, "git -C %s rev-parse refs/pull/7/head", forge->origin);
	snprintf(pull.head_oid, sizeof pull.head_oid, "%s", sh_line(line));
	snprintf(line, sizeof line, "git -C %s rev-parse main", forge->origin);
	snprintf(pull.base_oid, sizeof pull.base_oid, "%s", sh_line(line));
	*out = pull;
	return 0;
}

static int where(void *payload, struct mirror_remote *out, const char **head_ref,
		 const struct pull *pull, struct arena *mem, struct err *err)
{
	struct forge *forge = payload;

	(void)pull, (void)mem, (void)err;
	*out = (struct mirror_remote){ .url = forge->origin, .local = true };
	*head_ref = "refs/pull/7/head";
	return 0;
}

static int list(void *payload, struct thread_list *out, bool *summary, struct arena *mem,
		struct err *err)
{
	struct forge *forge = payload;

	(void)mem, (void)err;
	*out = forge->threads;
	*summary = forge->summary;
	return 0;
}

static int recall(void *payload, struct str *states, struct arena *mem, struct err *err)
{
	(void)mem, (void)err;
	*states = ((struct forge *)payload)->states;
	return 0;
}

static int post(void *payload, const struct pull_job *job, struct err *err)
{
	struct forge *forge = payload;
	struct arena *mem = &forge->f->mem;

	(void)err;
	forge->posts++;
	forge->said = job->post;
	forge->said.summary = arena_str(mem, job->post.summary);
	forge->summary |= job->post.summary.len > 0;
	for (size_t i = 0; i < job->post.n_comments; i++) {
		const struct post_comment *c = &job->post.comments[i];
		struct thread t = { .path = arena_str(mem, c->path), .rule = arena_str(mem, c->rule),
				    .start_line = c->start_line, .line = c->line };

		memcpy(t.fingerprint, c->fingerprint, sizeof t.fingerprint);
		ARENA_PUSH(mem, &forge->threads, t);
	}
	for (size_t i = 0; i < job->post.n_resolve; i++)
		for (size_t k = 0; k < forge->threads.n; k++)
			if (strcmp(forge->threads.items[k].fingerprint, job->post.resolve[i].fingerprint) == 0)
				forge->threads.items[k].resolved = true;
	return 0;
}

static int conclude(void *payload, const struct pull_job *job, struct err *err)
{
	struct forge *forge = payload;

	(void)err;
	forge->states = thread_states_write(&forge->f->mem, &job->plan.next);
	return 0;
}

static bool stage(void *payload, const char *name)
{
	const struct forge *forge = payload;

	return !forge->stop_at || strcmp(forge->stop_at, name) != 0;
}

static const struct pull_calls calls = { .get = get, .remote = where, .threads = list, .recall = recall,
					 .post = post, .conclude = conclude, .stage = stage };

static void begin(struct forge *forge, struct pull_options *options, struct fixture *f)
{
	static char rules_path[128], root[128];
	static const char *paths[1];

	*forge = (struct forge){ .f = f };
	snprintf(forge->origin, sizeof forge->origin, "%s/origin", f->dir);
	snprintf(rules_path, sizeof rules_path, "%s/rules.yml", f->dir);
	snprintf(root, sizeof root, "%s/mirrors", f->dir);
	paths[0] = rules_path;
	put(rules_path, STR("id: no-eval\nlanguage: Python\nseverity: error\nmessage: Text is run as code.\n"
			    "rule: {pattern: eval($X)}\nfix: literal($X)\n"));
	put("a.py", STR("def f():\n    one()\n"));
	sh("git add a.py; git commit -qm a; git clone -q --bare . %s; git remote add origin %s", forge->origin,
	   forge->origin);
	*options = (struct pull_options){
		.mirrors = { .root = root }, .mirror_key = "test/o/r",
		.analyst = { .program = OUTRIDER, .rule_paths = paths, .n_rule_paths = 1, .no_builtin = true,
			     .seconds = 60 },
	};
}

static void push(const char *text)
{
	put("a.py", str_of(text));
	sh("git add a.py; git commit -qm x; git push -qf origin HEAD:refs/pull/7/head");
}

static enum pull_end run(struct forge *forge, const struct pull_options *options)
{
	struct pull_job job;
	enum pull_end end;

	pull_job_init(&job, options, &calls, forge);
	if (pull_job_run(&job, &forge->f->err) < 0)
		fail_msg("%s", forge->f->err.text);
	end = job.end;
	pull_job_release(&job);
	return end;
}

static void test_life(void **state)
{
	struct fixture *f = *state;
	struct pull_options options;
	struct forge forge;

	begin(&forge, &options, f);
	push("def f():\n    one()\n    eval(a)\n    eval(b)\n");
	assert_int_equal(run(&forge, &options), PULL_DONE);
	assert_int_equal(forge.threads.n, 2);
	assert_int_equal(forge.threads.items[0].line, 3);
	assert_int_equal(forge.said.check.conclusion, CONCLUSION_FINDINGS);
	assert_true(forge.said.check.fails);
	/* the same again: a lost acknowledgement, a second delivery */
	assert_int_equal(run(&forge, &options), PULL_DONE);
	assert_int_equal(forge.threads.n, 2);
	/* one fixed, lines moved */
	push("import x\n\ndef f():\n    one()\n    literal(a)\n    eval(b)\n");
	assert_int_equal(run(&forge, &options), PULL_DONE);
	assert_int_equal(forge.threads.n, 2);
	assert_true(forge.threads.items[0].resolved);
	assert_false(forge.threads.items[1].resolved);
	/* clean: the summary that exists says so */
	push("def f():\n    one()\n");
	assert_int_equal(run(&forge, &options), PULL_DONE);
	assert_true(forge.threads.items[1].resolved);
	ASSERT_HAS(forge.said.summary.p, "nothing to remark");
	assert_int_equal(forge.said.check.conclusion, CONCLUSION_CLEAN);
}

static void test_other_ends(void **state)
{
	struct fixture *f = *state;
	struct pull_options options;
	struct forge forge;

	begin(&forge, &options, f);
	push("eval(a)\n");
	forge.closed = true;
	assert_int_equal(run(&forge, &options), PULL_SKIPPED);
	forge.closed = false;
	options.head = "1111111111111111111111111111111111111111";
	assert_int_equal(run(&forge, &options), PULL_MOVED);
	options.head = NULL;
	forge.stop_at = "threads";
	assert_int_equal(run(&forge, &options), PULL_CANCELLED);
	assert_int_equal(forge.posts, 0);
}

/* The configuration of the base as it is now, not of the commit where the change began. */
static void test_configuration(void **state)
{
	struct fixture *f = *state;
	struct pull_options options;
	struct forge forge;
	struct pull_job job;

	begin(&forge, &options, f);
	sh("git checkout -qb topic");
	push("eval(a)\n");
	sh("git checkout -q main; printf 'rules:\\n  no-eval: off\\n' > .outrider.yml; git add .; git commit -qm c; "
	   "git push -q origin main");
	assert_int_equal(run(&forge, &options), PULL_DONE);
	assert_int_equal(forge.threads.n, 0);
	sh("echo 'nonsense: 1' > .outrider.yml; git commit -qam d; git push -q origin main");
	pull_job_init(&job, &options, &calls, &forge);
	assert_int_equal(pull_job_run(&job, &f->err), -1);
	assert_int_equal(job.end, PULL_FAILED);
	assert_int_equal(job.analyst_end, ANALYST_SAID_NO);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, ".outrider.yml:1:1");
	pull_job_release(&job);
}

static void test_broken_mirror(void **state)
{
	struct fixture *f = *state;
	struct pull_options options;
	struct forge forge;
	struct pull_job job;

	begin(&forge, &options, f);
	push("eval(a)\n");
	assert_int_equal(run(&forge, &options), PULL_DONE);
	/* texts are gone, while commits and trees are there: the fetch sees nothing of it */
	sh("cd %s/mirrors/*/git && git -c safe.directory=* unpack-objects -q < objects/pack/*.pack || true; "
	   "mkdir x; mv objects/pack/*.pack x; for p in x/*.pack; do git unpack-objects -q < $p; done; "
	   "rm -rf x objects/pack/*; b=$(git rev-parse $(git rev-parse refs/outrider/head/7):a.py); "
	   "rm -f objects/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-)", f->dir);
	pull_job_init(&job, &options, &calls, &forge);
	assert_int_equal(pull_job_run(&job, &f->err), -1);
	if (job.analyst_end != ANALYST_BROKEN)
		fail_msg("%s: %s", analyst_end_name(job.analyst_end), f->err.text);
	assert_int_equal(f->err.kind, ERR_TEMP);
	pull_job_release(&job);
	/* the next try makes it anew */
	assert_int_equal(run(&forge, &options), PULL_DONE);
	assert_int_equal(forge.threads.n, 1);
}

static void test_explain(void **state)
{
	struct fixture *f = *state;
	struct rule_about about;

	assert_true(rule_explain(&about, &f->mem, STR("python-eval-input")));
	assert_true(about.message.len > 0);
	assert_false(rule_explain(&about, &f->mem, STR("no-such-rule")));
}

/* Where this kernel cannot seal, the worker refuses such jobs, and so do we. */
static bool is_refused(void)
{
	struct analyst_request request = { .program = OUTRIDER, .repository = "/usr",
					   .base = "1111111111111111111111111111111111111111",
					   .head = "1111111111111111111111111111111111111111" };
	AUTO_ARENA struct arena mem;
	struct answer answer;
	enum analyst_end end;
	struct err err;

	arena_init(&mem, 1 << 20);
	if (analyst_run(&answer, &mem, &end, NULL, &request, &err) < 0 && end == ANALYST_REFUSED)
		printf("skipped: %s\n", err.text);
	return end == ANALYST_REFUSED;
}

int main(void)
{
	if (is_refused())
		return 77;
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(test_life),	  FIXTURE_TEST(test_other_ends),
		FIXTURE_TEST(test_configuration), FIXTURE_TEST(test_broken_mirror),
		FIXTURE_TEST(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
