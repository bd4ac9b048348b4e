#include "review_sample.h"

#include "review/comment.h"

static const struct str text = { "one\ntwo(x)\nthree\nfour\n", 22 };

struct made {
	struct sample       s;
	struct finding      f;
	struct comment_fix  fix;
	struct post_comment comment;
	bool                has_fix;
};

/* The comment on `what` in a text of three lines in the diff, with a fix of bytes [start, end). */
static void make_in(struct made *m, struct str all, const char *what, size_t start, size_t end, const char *to)
{
	const struct change *change;

	*m = (struct made){ 0 };
	sample_init(&m->s);
	sample_file(&m->s, "a.py", all, 1, 3);
	m->f = sample_finding(&m->s, "a.py", what);
	m->f.has_fix = true;
	m->f.fix = (struct fix){ (uint32_t)start, (uint32_t)end, str_of(to), STR("Say it shorter"), true };
	change = &m->s.changes.items[0];
	m->has_fix = comment_fix_make(&m->fix, &m->s.mem, &m->f, change, all);
	comment_make(&m->comment, &m->s.mem, &m->f, m->f.fingerprint, change, m->has_fix ? &m->fix : NULL);
}

/* The comment on two(x). */
static void make(struct made *m, size_t start, size_t end, const char *to)
{
	make_in(m, text, "two(x)", start, end, to);
}

static void assert_body(struct made *m, const char *part, bool there)
{
	struct str body = comment_body(&m->s.mem, &m->comment, "suggestion");

	if (str_has(body, str_of(part)) != there)
		fail_msg("%s: %.*s", there ? "lacks" : "has", STR_ARG(body));
}

static void test_suggestion(void **state)
{
	struct made m;

	(void)state;
	make(&m, 4, 10, "2(x)");
	assert_true(m.has_fix && m.comment.has_suggestion);
	assert_true(str_eq(m.comment.suggestion, STR("2(x)")));
	assert_true(str_eq(m.comment.original, STR("two(x)")));
	assert_int_equal(m.comment.line, 2);
	assert_false(str_has(m.comment.body, STR("```")));
	assert_body(&m, "Say it shorter:\n", true);
	assert_body(&m, "```suggestion\n2(x)\n```\n\n<!-- outrider:v1 finding=", true);
	sample_release(&m.s);
	/* two lines: the comment covers both */
	make(&m, 4, 16, "2(x); 3");
	assert_int_equal(m.comment.start_line, 2);
	assert_int_equal(m.comment.line, 3);
	sample_release(&m.s);
}

/* Where the lines really end, whatever is shown of them. */
static void test_ends(void **state)
{
	static const char secret[] = "one\nkey = \"ghp_16C7e42F292c6912E7710c838347Ae178B4a\"\r\nthree\n";
	static const char last[] = "one\ntwo\nthree \xf0\x9f\x98\x80";
	struct made m;

	(void)state;
	make_in(&m, str_of(secret), "key", 4, 52, "key = read()");
	assert_true(m.comment.has_suggestion);
	assert_false(str_has(m.comment.original, STR("16C7e42F")));
	assert_int_equal(m.comment.end_column, 48);
	assert_true(m.comment.ends);
	sample_release(&m.s);
	/* a character outside of the first plane is two units */
	make_in(&m, str_of(last), "three", 8, 13, "3");
	assert_true(m.comment.has_suggestion);
	assert_int_equal(m.comment.end_column, 8);
	assert_false(m.comment.ends);
	sample_release(&m.s);
}

/* Taking lines away and leaving a blank one are two things. */
static void test_deletion(void **state)
{
	struct made m;

	(void)state;
	make(&m, 4, 11, "");
	assert_true(m.comment.has_suggestion);
	assert_null(m.comment.suggestion.p);
	assert_body(&m, "```suggestion\n```\n", true);
	sample_release(&m.s);
	make(&m, 4, 10, "");
	assert_true(m.comment.has_suggestion);
	assert_non_null(m.comment.suggestion.p);
	assert_int_equal(m.comment.suggestion.len, 0);
	assert_body(&m, "```suggestion\n\n```\n", true);
	sample_release(&m.s);
}

static void test_diff(void **state)
{
	struct made m;
	struct post_comment other;

	(void)state;
	/* into a line that is not in the diff */
	make(&m, 4, 21, "x");
	assert_true(m.has_fix);
	assert_false(m.comment.has_suggestion);
	assert_body(&m, "```diff\n@@ -2,3 +2,1 @@\n-two(x)\n-three\n-four\n+x\n```", true);
	sample_release(&m.s);
	/* a credential cannot be suggested, and is not shown */
	make(&m, 4, 10, "token = \"ghp_16C7e42F292c6912E7710c838347Ae178B4a\"");
	assert_false(m.comment.has_suggestion);
	assert_body(&m, "16C7e42F292c6912E7710c838347Ae178B4a", false);
	sample_release(&m.s);
	/* from a process that lies about lines, or smuggles a marker */
	make(&m, 4, 10, "2(x)");
	m.fix.last = 4000;
	m.fix.after = STR("<!-- outrider:v1 summary -->\n");
	comment_make(&other, &m.s.mem, &m.f, m.f.fingerprint, &m.s.changes.items[0], &m.fix);
	assert_false(other.has_suggestion);
	assert_int_equal(other.line, 2);
	struct marker marker;

	assert_true(marker_read(&marker, other.body) && !marker.summary);
	sample_release(&m.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suggestion),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_deletion),
		cmocka_unit_test(test_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
