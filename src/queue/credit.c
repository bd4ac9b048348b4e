#include "queue/credit.h"

void credit_begin(struct credit *credit, int64_t now)
{
	*credit = (struct credit){ .heard_at = now };
}

void credit_heard(struct credit *credit, int64_t now)
{
	if (now > credit->heard_at)
		credit->heard_at = now;
}

/* Serial numbers wrap round; the difference tells which is later. */
static int32_t after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

bool credit_ready(struct credit *credit, uint32_t limit, int64_t seen, int64_t now)
{
	uint32_t number = (uint32_t)seen;
	bool fresh = credit->sent_at == 0;

	if (seen < 0 || seen > UINT32_MAX || after(limit, number) < 0 || after(limit, number) > CREDIT_MAX)
		return false;
	/* a worker that saw more than was sent: a number that was given up came late; or we are new, and it is not */
	if (!fresh && after(number, credit->sent) > CREDIT_MAX)
		return false;
	credit_heard(credit, now);
	credit->limit = limit;
	if (fresh || after(number, credit->sent) > 0 || now - credit->sent_at >= CREDIT_LOST_MS)
		credit->sent = number;
	return true;
}

bool credit_dead(const struct credit *credit, int64_t now)
{
	return now - credit->heard_at >= CREDIT_DEAD_MS;
}

uint32_t credit_left(const struct credit *credit, int64_t now)
{
	int32_t left = after(credit->limit, credit->sent);

	if (credit->draining || credit_dead(credit, now) || left < 0)
		return 0;
	return (uint32_t)left;
}

uint32_t credit_spend(struct credit *credit, int64_t now)
{
	credit->sent_at = now ? now : 1; /* 0 is never */
	return ++credit->sent;
}

bool slots_take(struct slots *slots, uint32_t serial)
{
	if (after(serial, slots->seen) > 0)
		slots->seen = serial;
	if (slots->draining || slots->busy >= slots->n)
		return false;
	slots->busy++;
	return true;
}

void slots_free(struct slots *slots)
{
	if (slots->busy)
		slots->busy--;
}

uint32_t slots_limit(const struct slots *slots)
{
	return slots->seen + (slots->draining ? 0 : slots->n - slots->busy);
}
