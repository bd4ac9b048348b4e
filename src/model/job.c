#include "model/job.h"

static const char *const states[JOB_STATES] = {
	[JOB_QUEUED] = "queued",	 [JOB_LEASED] = "leased", [JOB_DONE] = "done",
	[JOB_SUPERSEDED] = "superseded", [JOB_DEAD] = "dead",	  [JOB_CANCELLED] = "cancelled",
};
static const char *const stops[JOB_STOPS] = {
	[STOP_NONE] = "none",
	[STOP_SUPERSEDED] = "superseded",
	[STOP_CANCELLED] = "cancelled",
};
static const char *const outcomes[JOB_OUTCOMES] = {
	[OUTCOME_DONE] = "done",	 [OUTCOME_TEMP] = "temp",	[OUTCOME_PERM] = "perm",
	[OUTCOME_CRASHED] = "crashed",	 [OUTCOME_SNOOZED] = "snoozed", [OUTCOME_RETURNED] = "returned",
	[OUTCOME_STOPPED] = "stopped",
};

const char *job_state_name(enum job_state state)
{
	return states[state];
}

const char *job_stop_name(enum job_stop stop)
{
	return stops[stop];
}

const char *job_outcome_name(enum job_outcome outcome)
{
	return outcomes[outcome];
}

/* The place of a word in a table, or n. */
static size_t find(const char *const *words, size_t n, struct str word)
{
	size_t i = 0;

	while (i < n && !str_eq(word, str_of(words[i])))
		i++;
	return i;
}

bool job_state_parse(struct str word, enum job_state *out)
{
	size_t i = find(states, JOB_STATES, word);

	if (i == JOB_STATES)
		return false;
	*out = (enum job_state)i;
	return true;
}

bool job_stop_parse(struct str word, enum job_stop *out)
{
	size_t i = find(stops, JOB_STOPS, word);

	if (i == JOB_STOPS)
		return false;
	*out = (enum job_stop)i;
	return true;
}

bool job_outcome_parse(struct str word, enum job_outcome *out)
{
	size_t i = find(outcomes, JOB_OUTCOMES, word);

	if (i == JOB_OUTCOMES)
		return false;
	*out = (enum job_outcome)i;
	return true;
}

bool job_ended(enum job_state state)
{
	return state != JOB_QUEUED && state != JOB_LEASED;
}

int64_t job_backoff(uint32_t attempt, uint64_t chance)
{
	uint64_t n = attempt < 1 ? 1 : attempt;
	uint64_t wait = JOB_BACKOFF_CAP;

	/* 8^4 seconds are over the cap, so nothing larger is multiplied */
	if (n < 8)
		wait = n * n * n * n * 1000;
	if (wait > JOB_BACKOFF_CAP)
		wait = JOB_BACKOFF_CAP;
	return (int64_t)(wait + chance % (wait / 5 + 1));
}

static uint32_t less_one(uint32_t n)
{
	return n ? n - 1 : 0;
}

/* Queued again after a wait, or dead when its attempts or crashes are used up. */
static struct job_verdict try_again(struct job_verdict verdict, const struct job *job, int64_t now,
				    uint64_t chance)
{
	bool used_up = verdict.attempt >= job->max_attempts || verdict.crashes >= JOB_MAX_CRASHES;

	verdict.state = used_up ? JOB_DEAD : JOB_QUEUED;
	verdict.run_at = now + job_backoff(verdict.attempt, chance);
	return verdict;
}

struct job_verdict job_settle(const struct job *job, enum job_outcome outcome, int64_t now,
			      int64_t run_at, uint64_t chance)
{
	static const enum job_state stopped[JOB_STOPS] = {
		[STOP_NONE] = JOB_QUEUED, /* a worker that stopped unasked gives the job back */
		[STOP_SUPERSEDED] = JOB_SUPERSEDED,
		[STOP_CANCELLED] = JOB_CANCELLED,
	};
	struct job_verdict verdict = { JOB_DONE, job->attempt, job->crashes, now };

	if (outcome == OUTCOME_DONE)
		return verdict;
	if (outcome == OUTCOME_CRASHED)
		verdict.crashes++;
	verdict.state = stopped[job->stop];
	if (verdict.state != JOB_QUEUED)
		return verdict;
	if (outcome == OUTCOME_PERM) {
		verdict.state = JOB_DEAD;
	} else if (outcome == OUTCOME_TEMP || outcome == OUTCOME_CRASHED) {
		verdict = try_again(verdict, job, now, chance);
	} else {
		verdict.attempt = less_one(verdict.attempt);
		verdict.run_at = outcome == OUTCOME_SNOOZED && run_at > now ? run_at : now;
	}
	return verdict;
}
