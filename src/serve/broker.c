/* broker.c - the loop: messages, timers, and the end. */
#include "broker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "gateway.h"
#include "serve/log.h"
#include "store/nodes.h"

int64_t broker_steady(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int broker_clock(struct broker *broker, int64_t *now, struct err *err)
{
	return store_clock(broker->store, now, err);
}

void broker_send(struct broker *broker, const struct link_peer *peer, const struct wire *message)
{
	enum link_sent sent;
	struct err err;

	/* what does not arrive is asked for again, or its lease runs out */
	if (link_send(broker->link, peer, message, &sent, &err))
		log_error("cannot send %s: %s", wire_kind_name(message->kind), err.text);
}

/* ---- timers ---- */

static int rescue(struct broker *b, struct err *err)
{
	uint32_t rescued = 0, dead = 0;
	int64_t now;

	if (broker_clock(b, &now, err) ||
	    jobs_rescue(b->store, now, (uint64_t)random(), &rescued, &dead, err))
		return -1;
	if (rescued || dead)
		log_warning("%u leases ran out; %u jobs are dead letters now", rescued + dead, dead);
	return 0;
}

/* Only one node does it at a time. */
static int lead(struct broker *b, const char *duty, int64_t ttl, bool *leads, struct err *err)
{
	int64_t now, term;

	if (broker_clock(b, &now, err))
		return -1;
	return leaders_take(b->store, str_of(duty), str_of(b->holder), ttl, now, leads, &term, err);
}

static int prune(struct broker *b, struct err *err)
{
	enum { BATCH = 500 };
	struct retention keep = retention_default;
	uint64_t gone;
	bool leads;
	int64_t now;

	if (lead(b, "prune", 2 * (int64_t)BROKER_PRUNE_MS, &leads, err) || !leads)
		return leads ? -1 : 0;
	keep.deliveries = keep.jobs = (int64_t)b->settings->keep_days * 24 * 3600 * 1000;
	do {
		if (broker_clock(b, &now, err) || store_prune(b->store, &keep, now, BATCH, &gone, err))
			return -1;
	} while (gone >= BATCH);
	return 0;
}

static int post_sweeps(struct broker *b, bool local_only, struct err *err)
{
	for (size_t i = 0; i < b->settings->integrations.n; i++) {
		const struct integration *one = &b->settings->integrations.items[i];
		struct errand errand = { .kind = ERRAND_SWEEP, .integration = one->name };

		if (local_only && !str_eq(one->forge, STR("local")))
			continue;
		if (errands_post(b->errands, &errand, err))
			return -1;
		b->sweeping++;
	}
	return 0;
}

/* At its start each node does it, whoever leads: what came while none of them ran is known to nobody. Done twice it does nothing twice. */
static int sweep(struct broker *b, struct err *err)
{
	bool leads = false, first = !b->swept;

	if (lead(b, "sweep", 2 * (int64_t)BROKER_SWEEP_MS, &leads, err))
		return -1;
	b->swept = true;
	return leads || first ? post_sweeps(b, false, err) : 0;
}

/* Whoever leaves an event in a folder sends nothing. Every node looks: the delivery's id makes it one. */
static int spool(struct broker *b, struct err *err)
{
	return b->sweeping ? 0 : post_sweeps(b, true, err);
}

struct timer {
	int64_t *next;
	int64_t  every;
	int    (*run)(struct broker *b, struct err *err);
	const char *name;
};

static void run_timers(struct broker *b)
{
	const struct timer timers[] = {
		{ &b->next_rescue, BROKER_RESCUE_MS, rescue, "rescue" },
		{ &b->next_prune, BROKER_PRUNE_MS, prune, "prune" },
		{ &b->next_sweep, BROKER_SWEEP_MS, sweep, "sweep" },
		{ &b->next_spool, BROKER_SPOOL_MS, spool, "spool" },
	};

	for (size_t i = 0; i < COUNT(timers); i++) {
		struct err err = { 0 };

		if (broker_steady() < *timers[i].next)
			continue;
		*timers[i].next = broker_steady() + timers[i].every;
		if (timers[i].run(b, &err))
			log_error("%s: %s", timers[i].name, err.text);
	}
}

/* ---- the loop ---- */

static void take_messages(struct broker *b)
{
	enum { BURST = 256 }; /* then jobs are sent, even to a peer that never stops talking */
	struct link_message message;
	struct err err;
	bool got = true;

	for (int i = 0; i < BURST && got; i++) {
		arena_reset(&b->mem);
		if (link_receive(b->link, &message, &got, &b->mem, &err)) {
			log_error("link: %s", err.text);
			return;
		}
		if (got && broker_message(b, &message, &err))
			log_error("%s: %s", wire_kind_name(message.wire.kind), err.text);
	}
}

static void take_events(struct broker *b)
{
	struct link_event event;

	while (link_event(b->link, &event))
		if (event.kind == LINK_REFUSED)
			log_warning("a connection was refused: %s", event.text);
}

static void take_errands(struct broker *b)
{
	for (struct errand *errand = errands_take(b->errands); errand;
	     errand = errands_take(b->errands)) {
		if (errand->kind == ERRAND_TOKEN)
			broker_reply_errand(b, errand);
		else
			b->sweeping--;
		/* a folder that is gone is not asked for each second */
		if (errand->kind == ERRAND_SWEEP && errand->result)
			b->next_spool = broker_steady() + BROKER_SPOOL_BROKEN_MS;
		if (errand->kind == ERRAND_SWEEP && errand->result)
			log_line(LOG_WARNING, LOG_FIELDS(LOG_TEXT("integration", errand->integration)),
				 "sweep: %s", errand->err.text);
		errand_free(errand);
	}
}

static void drop_dead_peers(struct broker *b)
{
	for (size_t i = 0; i < b->n_peers;) {
		struct peer *peer = &b->peers[i];
		struct err err;

		if (!credit_dead(&peer->credit, broker_steady())) {
			i++;
			continue;
		}
		log_warning("worker %s is silent: its leases run out", peer->name);
		if (workers_gone(b->store, str_of(peer->name), &err))
			log_error("%s", err.text);
		peer_release(peer);
		*peer = b->peers[--b->n_peers];
	}
}

static void begin_stop(struct broker *b)
{
	struct signalfd_siginfo info;

	if (read(b->signals, &info, sizeof(info)) < 0)
		return;
	b->stopping = true;
	b->stop_by = broker_steady() + BROKER_DRAIN_MS;
	for (size_t i = 0; i < b->n_peers; i++)
		broker_send(b, &b->peers[i].id, &(struct wire){ .kind = WIRE_DRAIN });
}

static void dispatch(struct broker *b)
{
	bool changed = true;
	struct err err;

	if (b->stopping || store_changed(b->store, &changed, &err))
		changed = !b->stopping;
	if (!changed && broker_steady() < b->next_claim)
		return;
	b->next_claim = broker_steady() + BROKER_IDLE_MS;
	arena_reset(&b->mem);
	if (!b->stopping && broker_dispatch(b, &err))
		log_error("claim: %s", err.text);
}

static bool anybody_waits(const struct broker *b)
{
	for (size_t i = 0; i < b->n_peers; i++)
		if (credit_left(&b->peers[i].credit, broker_steady()))
			return true;
	return false;
}

static int turn(struct broker *b, struct err *err)
{
	const int fds[] = { b->signals, errands_fd(b->errands), store_fd(b->store) };
	size_t n = fds[2] < 0 ? 2 : 3;
	bool ready[3] = { false };
	bool poll_often = fds[2] < 0 && anybody_waits(b);

	if (link_wait(b->link, fds, n, poll_often ? BROKER_POLL_MS : BROKER_IDLE_MS, ready, err))
		return -1;
	if (ready[0])
		begin_stop(b);
	take_messages(b);
	take_events(b);
	take_errands(b);
	drop_dead_peers(b);
	run_timers(b);
	dispatch(b);
	return 0;
}

static int open_link(struct broker *b, struct err *err)
{
	struct key_pair keys = { 0 };
	struct link_options options = { .endpoint = arena_z(&b->mem, b->settings->broker.listen) };
	const char *folder = arena_z(&b->mem, b->settings->broker.keys);
	int status;

	if (str_starts(b->settings->broker.listen, STR("tcp:"))) {
		if (key_read(&keys, arena_z(&b->mem, arena_printf(&b->mem, "%s/broker.key", folder)),
			     err))
			return err_wrap(err, "the broker's key (outrider keys makes one)");
		options.own = &keys;
		options.allow_path = arena_z(&b->mem, arena_printf(&b->mem, "%s/allowed", folder));
	}
	status = link_open_hub(&b->link, &options, err);
	key_wipe(&keys);
	return status;
}

static int open_all(struct broker *b, struct err *err)
{
	sigset_t set;
	char host[40] = "";

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	b->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (b->signals < 0)
		return err_errno(err, "cannot wait for signals");
	gethostname(host, sizeof(host) - 1);
	snprintf(b->holder, sizeof(b->holder), "%s:%d", host, (int)getpid());
	b->peers = calloc(BROKER_MAX_WORKERS, sizeof(*b->peers));
	if (!b->peers)
		return err_set(err, ERR_TEMP, "out of memory");
	if (store_open(&b->store, arena_z(&b->mem, b->settings->database), err) ||
	    open_link(b, err) || errands_open(&b->errands, b->settings, err))
		return -1;
	return 0;
}

static bool all_drained(const struct broker *b)
{
	return b->n_peers == 0 || broker_steady() > b->stop_by;
}

int broker_run(const struct settings *settings, struct err *err)
{
	struct broker b = { .settings = settings, .signals = -1 };
	int status;

	arena_init(&b.mem, BROKER_MEMORY);
	status = open_all(&b, err);
	if (status == 0)
		log_info("broker on %s, %s", link_endpoint(b.link), store_engine(b.store));
	while (status == 0 && !(b.stopping && all_drained(&b)))
		status = turn(&b, err);
	errands_close(b.errands);
	link_close(b.link, 1000);
	store_close(b.store);
	for (size_t i = 0; i < b.n_peers; i++)
		peer_release(&b.peers[i]);
	free(b.peers);
	if (b.signals >= 0)
		close(b.signals);
	arena_release(&b.mem);
	return status;
}
