/* The record of a self-test: its verdicts, what counts and for how long, what is believed of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/scope.h"
#include "selftest/record.h"

/* STR() is no constant */
#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
#define TRICK(name, bare, build, sealed)                                                         \
	{                                                                                        \
		.id = TEXT(name), .family = TEXT("any"), .effect = TEXT("tool"),                 \
		.title = TEXT("a way of " name),                                                 \
		.verdict = { [WALL_BARE] = bare, [WALL_BUILD] = build, [WALL_SEALED] = sealed }, \
		.why = { [WALL_BUILD] = TEXT("seen\n\x1b") }                                     \
	}
#define CONTROL(name) TRICK(name, TRICK_WORKED, TRICK_STOPPED, TRICK_STOPPED)

enum { CONTROLS = 7, E09 = CONTROLS, OTHER };

static struct selftest_trick tricks[] = {
	CONTROL("E01"), CONTROL("F01"), CONTROL("F09"), CONTROL("F11"), CONTROL("N01"), CONTROL("P12"), CONTROL("K31"),
	TRICK("E09", TRICK_NOT_RUN, TRICK_WORKED, TRICK_STOPPED), /* in the baseline */
	TRICK("R01", TRICK_NOT_RUN, TRICK_STOPPED, TRICK_STOPPED),
};

static struct selftest sample(void)
{
	struct selftest test = { .tricks = { tricks, COUNT(tricks), COUNT(tricks) } };

	for (int wall = 0; wall < WALLS; wall++)
		test.walls[wall] = (struct selftest_wall_result){ .wanted = wall != WALL_BUBBLEWRAP,
								  .there = wall != WALL_BUBBLEWRAP };
	return test;
}

/* The verdict when one trick ends otherwise. */
static struct record judged(size_t at, enum selftest_wall wall, enum selftest_verdict verdict)
{
	struct selftest test = sample();
	enum selftest_verdict kept = tricks[at].verdict[wall];
	struct record record;

	tricks[at].verdict[wall] = verdict;
	record_judge(&record, &test);
	tricks[at].verdict[wall] = kept;
	return record;
}

static void verdicts(void **state)
{
	struct selftest test = sample();
	struct record r;

	(void)state;
	assert_int_equal(selftest_controls(), CONTROLS);
	record_judge(&r, &test);
	assert_int_equal(r.verdict, RECORD_HELD);
	assert_int_equal(r.walls[WALL_BARE].tried, CONTROLS);
	assert_int_equal(r.walls[WALL_BUILD].allowed, 1);
	assert_int_equal(r.walls[WALL_BUILD].stopped, CONTROLS + 1);
	r = judged(OTHER, WALL_BUILD, TRICK_WORKED);
	assert_int_equal(r.verdict, RECORD_ESCAPED);
	assert_string_equal(r.why, "R01 (a way of R01) got out of wall build: seen  ; 1 in all");
	assert_int_equal(judged(E09, WALL_SEALED, TRICK_WORKED).verdict, RECORD_ESCAPED);
	assert_int_equal(judged(OTHER, WALL_SEALED, TRICK_BROKEN).verdict, RECORD_INCOMPLETE);
	assert_int_equal(judged(0, WALL_BARE, TRICK_STOPPED).verdict, RECORD_INCOMPLETE);
	assert_int_equal(judged(0, WALL_BARE, TRICK_NOT_RUN).verdict, RECORD_INCOMPLETE);
	test.walls[WALL_SEALED] = (struct selftest_wall_result){ .wanted = true, .why = TEXT("no namespaces") };
	record_judge(&r, &test);
	assert_int_equal(r.verdict, RECORD_NOT_TRIED);
	assert_string_equal(r.why, "no namespaces");
	/* a list that lacks a control */
	test = sample();
	test.tricks.items++;
	test.tricks.n--;
	record_judge(&r, &test);
	assert_int_equal(r.verdict, RECORD_INCOMPLETE);
}

/* One wall that lets something out is not made good by another that cannot be put up. */
static void escape_comes_first(void **state)
{
	struct selftest test = sample();
	struct record r;

	(void)state;
	test.walls[WALL_SEALED].there = false;
	tricks[OTHER].verdict[WALL_BUILD] = TRICK_WORKED;
	record_judge(&r, &test);
	tricks[OTHER].verdict[WALL_BUILD] = TRICK_STOPPED;
	assert_int_equal(r.verdict, RECORD_ESCAPED);
}

static struct record good(void)
{
	struct record r;
	struct selftest test = sample();

	record_judge(&r, &test);
	r.key = (struct record_key){ "aa", "bb", "6.1 #1", "boot", 7 };
	r.made = 1000000;
	return r;
}

static void freshness(void **state)
{
	struct record r = good();
	struct record_key key = r.key;

	(void)state;
	assert_true(record_is_fresh(&r, &key, r.made));
	assert_true(record_is_fresh(&r, &key, r.made + RECORD_DAY_SECONDS - 1));
	assert_false(record_is_fresh(&r, &key, r.made + RECORD_DAY_SECONDS));
	assert_true(record_is_fresh(&r, &key, r.made - RECORD_SKEW_SECONDS));
	assert_false(record_is_fresh(&r, &key, r.made - RECORD_SKEW_SECONDS - 1));
	key.user++;
	assert_string_equal(record_key_differs(&r.key, &key), "of another user");
	assert_false(record_is_fresh(&r, &key, r.made));
	r = judged(OTHER, WALL_BUILD, TRICK_WORKED);
	assert_false(record_is_fresh(&r, &r.key, r.made));
}

static void round_trip(void **state)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_BUF struct buf again = { 0 };
	struct record r = judged(OTHER, WALL_BUILD, TRICK_WORKED), back;
	struct err err;

	(void)state;
	r.key = good().key;
	assert_int_equal(record_encode(&text, &r, &err), 0);
	assert_int_equal(record_decode(&back, buf_str(&text), &err), 0);
	assert_int_equal(record_encode(&again, &back, &err), 0);
	assert_true(str_eq(buf_str(&text), buf_str(&again)));
	assert_int_equal(back.verdict, RECORD_ESCAPED);
	assert_null(record_key_differs(&back.key, &r.key));
}

static char folder[] = "/tmp/outrider-record-XXXXXX";

static const char *at(const char *name)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void files(void **state)
{
	struct record r = good(), back;
	struct err err;
	struct stat st;

	(void)state;
	assert_int_equal(record_read(&back, at("r"), &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	/* through no symlink, and in the place of one */
	assert_int_equal(symlink("elsewhere", at("r")), 0);
	assert_int_equal(record_read(&back, at("r"), &err), -1);
	assert_int_equal(record_write(at("r"), &r, &err), 0);
	assert_int_equal(stat(at("elsewhere"), &st), -1);
	assert_int_equal(lstat(at("r"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(record_read(&back, at("r"), &err), 0);
	assert_int_equal(back.verdict, RECORD_HELD);
	assert_int_equal(chmod(at("r"), 0606), 0);
	assert_int_equal(record_read(&back, at("r"), &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	unlink(at("r"));
}

/* In another process: one's own lock is no hindrance. */
static int child_asks(bool *running, uint64_t *done, uint64_t *all)
{
	int ends[2], lock, status;
	struct {
		bool running;
		uint64_t done, all;
		int locked;
	} answer = { 0 };

	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		answer.running = record_is_running(at("r"), &answer.done, &answer.all);
		answer.locked = record_lock(&lock, at("r"), NULL);
		(void)!write(ends[1], &answer, sizeof answer);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &answer, sizeof answer), sizeof answer);
	wait(&status);
	close(ends[0]);
	close(ends[1]);
	*running = answer.running;
	*done = answer.done;
	*all = answer.all;
	return answer.locked;
}

static void one_writer(void **state)
{
	uint64_t done, all;
	bool running;
	int lock;

	(void)state;
	assert_int_equal(child_asks(&running, &done, &all), 0);
	assert_false(running);
	assert_int_equal(record_lock(&lock, at("r"), NULL), 0);
	record_progress(lock, 12, 652);
	assert_int_equal(child_asks(&running, &done, &all), -1);
	assert_true(running);
	assert_int_equal(done, 12);
	assert_int_equal(all, 652);
	close(lock);
	assert_int_equal(child_asks(&running, &done, &all), 0);
	assert_false(running);
	unlink(at("r.lock"));
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),   cmocka_unit_test(escape_comes_first),
		cmocka_unit_test(freshness),  cmocka_unit_test(round_trip),
		cmocka_unit_test(files),      cmocka_unit_test(one_writer),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
