#include "model/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void words(void **state)
{
	enum job_outcome outcome;
	enum job_state job;
	enum job_stop stop;

	(void)state;
	for (int i = 0; i < JOB_STATES; i++) {
		assert_true(job_state_parse(str_of(job_state_name((enum job_state)i)), &job));
		assert_int_equal(job, i);
	}
	for (int i = 0; i < JOB_STOPS; i++) {
		assert_true(job_stop_parse(str_of(job_stop_name((enum job_stop)i)), &stop));
		assert_int_equal(stop, i);
	}
	for (int i = 0; i < JOB_OUTCOMES; i++) {
		assert_true(job_outcome_parse(str_of(job_outcome_name((enum job_outcome)i)), &outcome));
		assert_int_equal(outcome, i);
	}
	assert_false(job_state_parse(STR("running"), &job));
	assert_false(job_stop_parse(STR(""), &stop));
	assert_false(job_outcome_parse(STR("Done"), &outcome));
}

static void backoff(void **state)
{
	(void)state;
	assert_int_equal(job_backoff(1, 0), 1000);
	assert_int_equal(job_backoff(2, 0), 16000);
	assert_int_equal(job_backoff(7, 0), 2401000);
	assert_int_equal(job_backoff(8, 0), JOB_BACKOFF_CAP);
	assert_int_equal(job_backoff(UINT32_MAX, 0), JOB_BACKOFF_CAP);
	for (uint64_t chance = 1; chance < 1000000000000; chance = chance * 7 + 3) {
		assert_in_range(job_backoff(3, chance), 81000, 81000 * 6 / 5);
		assert_in_range(job_backoff(99, chance), JOB_BACKOFF_CAP, JOB_BACKOFF_CAP * 6 / 5);
	}
	assert_true(job_backoff(3, 1234) != job_backoff(3, 5678));
}

static struct job_verdict settle(enum job_outcome outcome, enum job_stop stop, uint32_t attempt,
				 uint32_t crashes)
{
	struct job job = { .stop = stop, .attempt = attempt, .crashes = crashes, .max_attempts = 3 };

	return job_settle(&job, outcome, 1000, 5000, 0);
}

static void settling(void **state)
{
	(void)state;
	assert_int_equal(settle(OUTCOME_DONE, STOP_NONE, 1, 0).state, JOB_DONE);
	/* what was done is done, whoever wanted to stop it */
	assert_int_equal(settle(OUTCOME_DONE, STOP_SUPERSEDED, 1, 0).state, JOB_DONE);
	assert_int_equal(settle(OUTCOME_PERM, STOP_NONE, 1, 0).state, JOB_DEAD);
	assert_int_equal(settle(OUTCOME_PERM, STOP_CANCELLED, 1, 0).state, JOB_CANCELLED);
	assert_int_equal(settle(OUTCOME_TEMP, STOP_NONE, 2, 0).state, JOB_QUEUED);
	assert_int_equal(settle(OUTCOME_TEMP, STOP_NONE, 2, 0).run_at, 17000);
	assert_int_equal(settle(OUTCOME_TEMP, STOP_NONE, 3, 0).state, JOB_DEAD);
	assert_int_equal(settle(OUTCOME_TEMP, STOP_SUPERSEDED, 1, 0).state, JOB_SUPERSEDED);
	assert_int_equal(settle(OUTCOME_CRASHED, STOP_NONE, 1, 1).state, JOB_QUEUED);
	assert_int_equal(settle(OUTCOME_CRASHED, STOP_NONE, 1, 1).crashes, 2);
	assert_int_equal(settle(OUTCOME_CRASHED, STOP_NONE, 1, 2).state, JOB_DEAD);
	assert_int_equal(settle(OUTCOME_SNOOZED, STOP_NONE, 3, 0).state, JOB_QUEUED);
	assert_int_equal(settle(OUTCOME_SNOOZED, STOP_NONE, 3, 0).attempt, 2);
	assert_int_equal(settle(OUTCOME_SNOOZED, STOP_NONE, 3, 0).run_at, 5000);
	assert_int_equal(settle(OUTCOME_RETURNED, STOP_NONE, 1, 0).attempt, 0);
	assert_int_equal(settle(OUTCOME_RETURNED, STOP_NONE, 1, 0).run_at, 1000);
	assert_int_equal(settle(OUTCOME_STOPPED, STOP_CANCELLED, 1, 0).state, JOB_CANCELLED);
	assert_int_equal(settle(OUTCOME_STOPPED, STOP_NONE, 1, 0).state, JOB_QUEUED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(backoff),
		cmocka_unit_test(settling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
