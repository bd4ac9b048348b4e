#include "queue/lease.h"

void lease_begin(struct lease *lease, int64_t id, int64_t token, int64_t left, int64_t now)
{
	*lease = (struct lease){
		.id = id,
		.token = token,
		.length = left,
		.deadline = now + left,
		.sent = now,
	};
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the next message is due. */
static int64_t due_at(const struct lease *lease)
{
	int64_t report = lease->length / LEASE_PROGRESS_PARTS;

	if (lease->state == LEASE_ENDING)
		return lease->sent + LEASE_RESEND_MS;
	if (lease->news)
		return lease->sent + least(LEASE_MIN_REPORT_MS, report);
	return lease->sent + report;
}

enum lease_action lease_next(struct lease *lease, int64_t now, int64_t *until)
{
	bool running = lease->state == LEASE_RUNNING;
	int64_t due = due_at(lease);

	*until = INT64_MAX;
	if (lease->state == LEASE_OVER)
		return LEASE_WAIT;
	/*
	 * Past the deadline another worker may have the job. A finished one still offers its result: nobody may have
	 * been given it yet, and the token tells.
	 */
	if (running && now >= lease->deadline) {
		lease->state = LEASE_OVER;
		return LEASE_STOP;
	}
	if (now >= due)
		return running ? LEASE_REPORT : LEASE_RESULT;
	*until = running ? least(due, lease->deadline) : due;
	return LEASE_WAIT;
}

void lease_reported(struct lease *lease, int64_t now)
{
	if (lease->state == LEASE_RUNNING) {
		lease->asked = now;
		lease->question++;
	}
	lease->sent = now;
	lease->news = false;
}

void lease_news(struct lease *lease)
{
	lease->news = true;
}

void lease_end(struct lease *lease, int64_t now)
{
	if (lease->state != LEASE_RUNNING)
		return;
	lease->state = LEASE_ENDING;
	/* due at once */
	lease->sent = now - LEASE_RESEND_MS;
}

bool lease_grant(struct lease *lease, int64_t token, uint32_t number, int64_t left,
		 enum job_stop stop)
{
	if (token != lease->token || lease->state != LEASE_RUNNING)
		return false;
	if (stop != STOP_NONE)
		lease->stop = stop;
	if (number != lease->question || left <= 0)
		return true;
	lease->length = left;
	if (lease->asked + left > lease->deadline)
		lease->deadline = lease->asked + left;
	return true;
}

bool lease_ack(struct lease *lease, int64_t token)
{
	if (token != lease->token || lease->state != LEASE_ENDING)
		return false;
	lease->state = LEASE_OVER;
	return true;
}

bool lease_nack(struct lease *lease, int64_t token)
{
	if (token != lease->token || lease->state == LEASE_OVER)
		return false;
	lease->state = LEASE_OVER;
	return true;
}

bool lease_cancel(struct lease *lease, int64_t token, enum job_stop stop)
{
	if (token != lease->token || lease->state != LEASE_RUNNING)
		return false;
	lease->stop = stop;
	return true;
}
