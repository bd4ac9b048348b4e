/* The analyst's answer: written by a real review of a real repository, read, and lied about; and ends of the child of every kind. */
#include "repo_fixture.h"

#include "base/scope.h"
#include "flow/analyst.h"
#include "flow/run.h"

static char *written; /* both documents */

static void make_repository(void)
{
	put("rules.yml", STR("id: no-eval\nlanguage: Python\nseverity: error\nmessage: Text is run as code.\n"
			     "rule: {pattern: eval($X)}\nfix: literal($X)\nmetadata: {fix: safe}\n"));
	put("a.py", STR("def f():\n    one(\"https://me:hunter2hunter2@h/\")\n    two()\n"));
	put("old.py", STR("def g():\n    a1()\n    a2()\n    a3()\n    a4()\n    a5()\n"));
	sh("git add a.py old.py; git commit -qm a; git checkout -qb topic");
	put("a.py", STR("def f():\n    one(\"https://me:hunter2hunter2@h/\")\n    eval(x)  # outrider-ignore\n    eval(y)\n    two()\n"));
	sh("git mv old.py new.py; sed -i 's/a3()/eval(z)/' new.py; head -c 100 /dev/zero > bin; "
	   "printf 'x\\n' > $(printf 'odd\\377.py'); git add .; git commit -qm b");
}

static void write_answer(struct fixture *f)
{
	const char *const rules[] = { "rules.yml" };
	const struct run_options options = { .kind = DIFF_COMMITS, .base = "main", .head = "topic",
					     .rule_paths = rules, .n_rule_paths = 1, .no_builtin = true,
					     .jobs = 1 };
	AUTO_BUF struct buf out = { 0 };
	AUTO(run_release) struct run run;

	run_init(&run, &options);
	if (run_stages(&run, review_stages, &f->err) < 0 ||
	    answer_write_lines(&out, &run, &f->err) < 0 || answer_write_review(&out, &run, &f->err) < 0)
		fail_msg("%s", f->err.text);
	written = arena_z(&f->mem, buf_str(&out));
}

static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	const struct finding *found;

	make_repository();
	write_answer(f);
	if (answer_read(&a, &f->mem, str_of(written), &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(a.dropped, 0);
	assert_int_equal(a.review.findings.n, 2);
	assert_int_equal(a.review.suppressed.n, 1);
	assert_string_equal(a.review.head_oid, sh_line("git rev-parse topic"));
	assert_int_equal(a.caps.per_review, 20);
	assert_int_equal(a.fail_on, SEVERITY_ERROR);
	found = &a.review.findings.items[0];
	ASSERT_STR(found->path, "a.py");
	ASSERT_STR(found->symbol, "f");
	assert_int_equal(found->anchor_line, 4);
	assert_true(a.has_fix[0] && a.fixes[0].clickable);
	ASSERT_STR(a.fixes[0].after, "    literal(y)\n");
	assert_int_equal(a.excerpts[0].n, 5);
	assert_int_equal(a.excerpts[0].items[0].at.kind, ' ');
	ASSERT_STR(a.excerpts[0].items[0].text, "def f():");
	assert_false(str_has(a.excerpts[0].items[1].text, STR("hunter2")));
	assert_int_equal(a.excerpts[0].items[3].at.kind, '+');
	assert_int_equal(a.excerpts[0].items[3].at.new_line, 4);
	ASSERT_STR(a.excerpts[0].items[3].text, "    eval(y)");
	for (size_t i = 0; i < a.changes.n; i++)
		if (str_eq(a.changes.items[i].new_path, STR("new.py")))
			ASSERT_STR(a.changes.items[i].old_path, "old.py");
}

/* The answer with the first `from` behind the table of lines made `to`. */
static int read_changed(struct answer *a, struct fixture *f, const char *from, const char *to)
{
	const char *at = strstr(strchr(written, '\n'), from);
	struct str text;

	assert_non_null(at);
	text = arena_printf(&f->mem, "%.*s%s%s", (int)(at - written), written, to, at + strlen(from));
	return answer_read(a, &f->mem, text, &f->err);
}

static void test_lies(void **state)
{
	static const char *const wrong[][2] = {
		{ "\"severity\":\"error\"", "\"severity\":\"fatal\"" },
		{ "\"list\":0", "\"list\":7" },
		{ "\"rank\":", "\"rank\":-" },
		{ "\"in_diff\":true", "\"in_diff\":1" },
		{ "\"tool\":", "\"tol\":" },
		{ "\"files\":", "\"files\":\"x\",\"f\":" },
		{ "\"version\":1", "\"version\":2" },
		{ "\n{", "\n{}\n{" },
		{ "\"excerpt\":[[\" \"", "\"excerpt\":[[\"?\"" },
		{ "\"excerpt\":[[\" \",1", "\"excerpt\":[[\" \",-1" },
		{ "\"excerpt\":[[", "\"excerpt\":[[]" ",[" },
		{ "\"rule\":\"", "\"rule\":\"\",\"r\":\"" },
	};
	struct fixture *f = *state;
	struct answer a;

	make_repository();
	write_answer(f);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(read_changed(&a, f, wrong[i][0], wrong[i][1]), -1);
		assert_int_equal(f->err.kind, ERR_INPUT);
	}
	/* well said, but not so: left out, and the review is no longer whole */
	assert_int_equal(read_changed(&a, f, "\"anchor\":[4,4]", "\"anchor\":[4,400]"), 0);
	assert_int_equal(a.dropped, 1);
	assert_true(a.review.limited);
	assert_int_equal(a.review.findings.n, 1);
	assert_int_equal(read_changed(&a, f, "\"path\":\"a.py\"", "\"path\":\"b.py\""), 0);
	assert_int_equal(a.dropped, 1);
	assert_int_equal(answer_read(&a, &f->mem, STR(""), &f->err), -1);
	assert_int_equal(answer_read(&a, &f->mem, STR("{}\n"), &f->err), -1);
}

/* A child that does what a line of shell says. */
static int run_child(struct answer *a, enum analyst_end *end, struct fixture *f, const char *line,
		     struct analyst_request *request)
{
	char path[100];

	snprintf(path, sizeof path, "%s/child", f->dir);
	sh("rm -f %s", path);
	put(path, arena_printf(&f->mem, "#!/bin/bash\n%s\n", line));
	sh("chmod +x %s", path);
	request->program = path;
	request->repository = "/nonexistent";
	request->base = request->head = "1111111111111111111111111111111111111111";
	return analyst_run(a, &f->mem, end, NULL, request, &f->err);
}

static void test_ends(void **state)
{
	static const struct {
		const char      *line;
		enum analyst_end end;
		enum err_kind    kind;
		const char      *says;
	} cases[] = {
		{ "kill -SEGV $$", ANALYST_CRASHED, ERR_PERM, "signal 11" },
		{ "kill -SYS $$", ANALYST_CRASHED, ERR_PERM, "signal 31" },
		{ "kill -XCPU $$", ANALYST_TIME, ERR_PERM, "not done" },
		{ "echo outrider: no seal here >&2; exit 4", ANALYST_REFUSED, ERR_TEMP, "no seal here" },
		{ "echo outrider: cannot read >&2; exit 5", ANALYST_BROKEN, ERR_TEMP, "cannot read" },
		{ "echo 'outrider: .outrider.yml:1:1: what' >&2; exit 2", ANALYST_SAID_NO, ERR_INPUT, "yml:1:1" },
		{ "echo outrider: out of memory: 9 >&2; exit 70", ANALYST_MEMORY_CAP, ERR_PERM, "out of memory" },
		{ "exit 99", ANALYST_CRASHED, ERR_PERM, "code 99" },
		{ "echo hello", ANALYST_GARBAGE, ERR_PERM, "not two lines" },
		{ "true", ANALYST_GARBAGE, ERR_PERM, "not two lines" },
		{ "exec yes", ANALYST_GARBAGE, ERR_PERM, "more than 32 MB" },
		{ "yes >&2 & sleep 0.2; kill %1; exit 3", ANALYST_SAID_NO, ERR_TEMP, "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct analyst_request request = { .seconds = 20 };
		enum analyst_end end;
		struct answer a;

		assert_int_equal(run_child(&a, &end, f, cases[i].line, &request), -1);
		if (end != cases[i].end || f->err.kind != cases[i].kind)
			fail_msg("'%s' is %s: %s", cases[i].line, analyst_end_name(end), f->err.text);
		ASSERT_HAS(f->err.text, cases[i].says);
	}
}

/* Once the child's own child is there. */
static bool when_begun(void *payload)
{
	struct stat info;
	char path[100];

	snprintf(path, sizeof path, "%s/pid", ((struct fixture *)payload)->dir);
	return stat(path, &info) == 0 && info.st_size > 0;
}

static void test_gone_with_all(void **state)
{
	struct fixture *f = *state;
	struct analyst_request request = { .cancelled = when_begun, .payload = f };
	enum analyst_end end;
	struct answer a;
	char line[200];

	/* what it started ends with it */
	snprintf(line, sizeof line, "sleep 1000 & echo $! > %s/pid; wait", f->dir);
	assert_int_equal(run_child(&a, &end, f, line, &request), -1);
	assert_int_equal(end, ANALYST_CANCELLED);
	sh("pid=$(cat %s/pid); test -n \"$pid\"; for i in 1 2 3 4 5 6 7 8 9; do "
	   "grep -q '^State:.*[RSD] ' /proc/$pid/status || exit 0; sleep 0.2; done; exit 1", f->dir);
	/* nothing of ours is there: no descriptor, no variable, no input */
	request = (struct analyst_request){ .seconds = 20 };
	setenv("OUTRIDER_SECRET", "x", 1);
	put("ours", STR(""));
	assert_true(open("ours", O_RDONLY) > 2); /* NOLINT: it stays open, as a careless library's would */
	snprintf(line, sizeof line,
		 "[ -z \"$OUTRIDER_SECRET\" ] && ! ls -l /proc/$$/fd | grep -q ours && ! read -r x && exit 2; exit 9");
	assert_int_equal(run_child(&a, &end, f, line, &request), -1);
	if (end != ANALYST_SAID_NO)
		fail_msg("%s", f->err.text);
	/* another commit than the one that was asked for */
	make_repository();
	write_answer(f);
	put("answer", str_of(written));
	snprintf(line, sizeof line, "cat %s/work/answer", f->dir);
	assert_int_equal(run_child(&a, &end, f, line, &request), -1);
	ASSERT_HAS(f->err.text, "another commit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(test_round_trip),
		FIXTURE_TEST(test_lies),
		FIXTURE_TEST(test_ends),
		FIXTURE_TEST(test_gone_with_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
