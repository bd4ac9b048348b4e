/*
 * prop_lease.c - broker, worker and a bad network, simulated: messages are lost, doubled and reordered, workers die, the broker forgets
 * everything. The broker's table stands for the database. Whatever happens: no job has two valid tokens, a result counts at
 * most once, every job ends, and credit comes back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "queue/credit.h"
#include "queue/lease.h"
#include "queue/wire.h"

enum { JOBS = 40, WORKERS = 3, SLOTS = 2, WIRE = 1000, RUNS = 300, STEP = 50, LEASE = 2000, LONGEST = 4000000 };

struct message {
	bool    used, to_broker;
	int     worker;
	int64_t at;          /* when it arrives */
	struct wire wire;
};

struct row {
	int64_t token, deadline;
	bool    leased, done;
	int     worker, results;
};

struct worker {
	struct slots slots;
	struct lease leases[SLOTS];
	bool         used[SLOTS];
	int64_t      ends[SLOTS];  /* when the child is through */
	int64_t      beat;
};

static struct message net[WIRE];
static struct row rows[JOBS];
static struct worker workers[WORKERS];
static struct credit credits[WORKERS];
static int64_t now;
static unsigned loss; /* in a thousand */
static bool calm;
static uint64_t seed;

static uint64_t chance(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void check(bool good, const char *what)
{
	if (good)
		return;
	printf("%s (at %lld)\n0 passed, 1 failed\n", what, (long long)now);
	exit(1);
}

static void post(bool to_broker, int worker, struct wire wire)
{
	int copies = chance(1000) < loss ? 0 : chance(1000) < loss ? 2 : 1;

	for (int i = 0; i < WIRE && copies > 0; i++) {
		if (net[i].used)
			continue;
		net[i] = (struct message){ true, to_broker, worker, now + (int64_t)chance(calm ? 20 : 600), wire };
		copies--;
	}
}

/* --- the broker --- */

static void dispatch(void)
{
	for (int w = 0; w < WORKERS; w++) {
		for (int j = 0; j < JOBS && credit_left(&credits[w], now); j++) {
			struct row *row = &rows[j];

			if (row->leased || row->done)
				continue;
			row->leased = true;
			row->worker = w;
			row->token++;
			row->deadline = now + LEASE;
			post(false, w, (struct wire){ .kind = WIRE_JOB, .id = j, .token = row->token, .time = LEASE,
						      .count = credit_spend(&credits[w], now) });
		}
	}
}

static void rescue(void)
{
	for (int j = 0; j < JOBS; j++) {
		if (rows[j].leased && now > rows[j].deadline) {
			rows[j].leased = false;
			rows[j].token++;
		}
	}
}

static void broker_hears(int w, const struct wire *m)
{
	struct row *row = &rows[m->id];

	credit_heard(&credits[w], now);
	if (m->kind == WIRE_READY) {
		credit_ready(&credits[w], m->count, m->time, now);
	} else if (m->kind == WIRE_PROGRESS) {
		bool good = row->leased && row->token == m->token;

		if (good)
			row->deadline = now + LEASE;
		post(false, w, (struct wire){ .kind = good ? WIRE_GRANT : WIRE_NACK, .id = m->id, .token = m->token,
					      .count = good ? m->count : 0, .time = good ? LEASE : 0 });
	} else if (m->kind == WIRE_RESULT) {
		bool good = row->token == m->token && (row->leased || row->done || m->code == OUTCOME_RETURNED);

		if (row->leased && row->token == m->token) {
			row->leased = false;
			row->done = m->code == OUTCOME_DONE;
			row->results += m->code == OUTCOME_DONE;
		}
		check(row->results <= 1, "a result counted twice");
		post(false, w, (struct wire){ .kind = good ? WIRE_ACK : WIRE_NACK, .id = m->id, .token = m->token });
	}
}

/* --- the workers --- */

static struct lease *find(struct worker *w, int64_t id, int64_t token)
{
	for (int s = 0; s < SLOTS; s++)
		if (w->used[s] && w->leases[s].id == id && w->leases[s].token == token)
			return &w->leases[s];
	return NULL;
}

static void take(int n, const struct wire *m)
{
	struct worker *w = &workers[n];

	/* a doubled message */
	if (find(w, m->id, m->token))
		return;
	if (!slots_take(&w->slots, m->count)) {
		post(true, n, (struct wire){ .kind = WIRE_RESULT, .id = m->id, .token = m->token,
					     .code = OUTCOME_RETURNED });
		return;
	}
	for (int s = 0; s < SLOTS; s++) {
		if (!w->used[s]) {
			w->used[s] = true;
			w->ends[s] = now + (int64_t)chance(3 * LEASE);
			lease_begin(&w->leases[s], m->id, m->token, m->time, now);
			return;
		}
	}
	check(false, "a slot was promised that is not there");
}

static void worker_hears(int n, const struct wire *m)
{
	struct lease *lease = find(&workers[n], m->id, m->token);

	if (m->kind == WIRE_JOB)
		take(n, m);
	else if (lease && m->kind == WIRE_GRANT)
		lease_grant(lease, m->token, m->count, m->time, STOP_NONE);
	else if (lease && m->kind == WIRE_ACK)
		lease_ack(lease, m->token);
	else if (lease && m->kind == WIRE_NACK)
		lease_nack(lease, m->token);
}

static void work(int n)
{
	struct worker *w = &workers[n];

	for (int s = 0; s < SLOTS; s++) {
		struct lease *l = &w->leases[s];
		enum lease_action action;
		int64_t until;

		if (!w->used[s])
			continue;
		if (now >= w->ends[s])
			lease_end(l, now);
		action = lease_next(l, now, &until);
		check(action != LEASE_WAIT || until > now || l->state == LEASE_OVER, "it waits for the past");
		if (action == LEASE_REPORT || action == LEASE_RESULT) {
			lease_reported(l, now);
			post(true, n, (struct wire){ .kind = action == LEASE_REPORT ? WIRE_PROGRESS : WIRE_RESULT,
						     .id = l->id, .token = l->token,
						     .count = action == LEASE_REPORT ? l->question : 0 });
		}
		if (l->state == LEASE_OVER) {
			w->used[s] = false;
			slots_free(&w->slots);
		}
		/* who works believes no longer in a lease than the broker */
		if (w->used[s] && l->state == LEASE_RUNNING && l->token == rows[l->id].token && rows[l->id].leased)
			check(l->deadline <= rows[l->id].deadline + 600, "a lease grew in the worker's hands");
	}
	if (now - w->beat >= CREDIT_BEAT_MS) {
		w->beat = now;
		post(true, n, (struct wire){ .kind = WIRE_READY, .count = slots_limit(&w->slots),
					     .time = w->slots.seen });
	}
}

static void accidents(void)
{
	if (calm)
		return;
	if (chance(200) == 0)
		workers[chance(WORKERS)] = (struct worker){ .slots.n = SLOTS };
	if (chance(300) == 0)
		for (int w = 0; w < WORKERS; w++)
			credit_begin(&credits[w], now);
}

static void deliver(void)
{
	for (int i = 0; i < WIRE; i++) {
		if (!net[i].used || net[i].at > now)
			continue;
		net[i].used = false;
		if (net[i].to_broker)
			broker_hears(net[i].worker, &net[i].wire);
		else
			worker_hears(net[i].worker, &net[i].wire);
	}
}

static bool all_done(void)
{
	for (int j = 0; j < JOBS; j++)
		if (!rows[j].done)
			return false;
	return true;
}

static void run(uint64_t number)
{
	seed = number * 0x9e3779b97f4a7c15u + 1;
	loss = (unsigned)chance(400);
	calm = false;
	now = 1000;
	memset(net, 0, sizeof net);
	memset(rows, 0, sizeof rows);
	for (int w = 0; w < WORKERS; w++) {
		workers[w] = (struct worker){ .slots.n = SLOTS };
		credit_begin(&credits[w], now);
	}
	while (!all_done()) {
		now += STEP;
		check(now < LONGEST, "a job never ends");
		accidents();
		deliver();
		rescue();
		dispatch();
		for (int w = 0; w < WORKERS; w++)
			work(w);
	}
	/* in calm weather all credit comes back: nothing was lost for good */
	calm = true;
	loss = 0;
	for (int64_t end = now + 20000; now < end; now += STEP) {
		deliver();
		for (int w = 0; w < WORKERS; w++)
			work(w);
	}
	for (int w = 0; w < WORKERS; w++)
		check(credit_left(&credits[w], now) == SLOTS, "credit was lost");
}

int main(void)
{
	for (uint64_t n = 1; n <= RUNS; n++)
		run(n);
	printf("%d passed, 0 failed\n", RUNS);
	return 0;
}
