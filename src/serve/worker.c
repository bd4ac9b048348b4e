/* worker.c - the loop of a worker: messages, its one lease, its one thread. */
#include "worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "flow/analyst.h"
#include "serve/log.h"

/* ---- the loop's side ---- */

static void send_wire(struct worker *w, const struct wire *message)
{
	enum link_sent sent;
	struct err err;

	/* what is lost is sent again: results by the lease, READY every second, questions too */
	if (link_send(w->link, NULL, message, &sent, &err))
		log_error("cannot send %s: %s", wire_kind_name(message->kind), err.text);
}

static void send_hello(struct worker *w)
{
	json_t *body AUTO_JSON = json_object();
	json_t *kinds = json_array();
	char host[64] = "";

	gethostname(host, sizeof(host) - 1);
	for (const char *const *kind = work_kinds; *kind; kind++)
		json_array_append_new(kinds, json_string(*kind));
	json_object_set_new(body, "host", json_string(host));
	json_object_set_new(body, "slots", json_integer(w->slots.n));
	json_object_set_new(body, "kinds", kinds);
	body_set(body, "selftest", str_of(selfcheck_word(w->selfcheck.state)));
	body_set(body, "selftest_text", str_of(w->selfcheck.text));
	json_object_set_new(body, "selftest_made",
			    json_integer(w->selfcheck.known ? w->selfcheck.record.made : 0));
	send_wire(w, &(struct wire){ .kind = WIRE_HELLO, .name = str_of(w->name),
				     .body = body_text(&w->mem, body) });
}

static void send_ready(struct worker *w)
{
	send_wire(w, &(struct wire){ .kind = WIRE_READY, .count = slots_limit(&w->slots),
				     .time = w->slots.seen });
	w->next_ready = broker_steady() + CREDIT_BEAT_MS;
}

/* Who is told of no slot sends nothing; what is under way already goes back. */
static void look_at_sandbox(struct worker *w)
{
	if (!selfcheck_turn(&w->selfcheck, broker_steady()))
		return;
	w->slots.draining = w->draining || !selfcheck_runs(w->selfcheck.state);
	send_hello(w);
	send_ready(w);
}

static void begin_job(struct worker *w, const struct wire *m)
{
	if (w->busy || !slots_take(&w->slots, m->count)) {
		send_wire(w, &(struct wire){ .kind = WIRE_RESULT, .id = m->id, .token = m->token,
					     .code = OUTCOME_RETURNED });
		return;
	}
	arena_reset(&w->job_mem);
	buf_clear(&w->job_body);
	buf_add(&w->job_body, m->body);
	buf_clear(&w->result);
	w->job = (struct job){ .id = m->id, .token = m->token,
			       .kind = arena_str(&w->job_mem, m->name) };
	w->stop = w->lost = w->done = w->news = false;
	w->stage[0] = '\0';
	w->snooze_ms = 0;
	w->question.state = QUESTION_NONE;
	lease_begin(&w->lease, m->id, m->token, m->time, broker_steady());
	log_line(LOG_INFO, LOG_FIELDS(LOG_NUMBER("job", m->id), LOG_TEXT("kind", m->name)),
		 "job begins");
	if (pthread_create(&w->thread, NULL, worker_thread, w)) {
		slots_free(&w->slots);
		log_error("cannot start a thread for the job");
		return; /* the lease runs out */
	}
	w->busy = true;
}

/* The thread ends soon; what it finds out is of no use when the lease is lost. */
static void stop_job(struct worker *w, bool lost)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	w->lost |= lost;
	pthread_cond_broadcast(&w->answered);
	pthread_mutex_unlock(&w->lock);
}

static void take_reply(struct worker *w, const struct wire *m)
{
	struct question *q = &w->question;

	pthread_mutex_lock(&w->lock);
	if (q->state == QUESTION_SENT && q->count == m->count && m->id == w->job.id) {
		buf_clear(&q->reply);
		buf_add(&q->reply, m->body);
		q->code = m->code <= 1 + ERR_BUG ? m->code : 1 + ERR_BUG;
		q->state = QUESTION_ANSWERED;
		pthread_cond_broadcast(&w->answered);
	}
	pthread_mutex_unlock(&w->lock);
}

static void begin_drain(struct worker *w)
{
	if (w->draining)
		return;
	w->draining = w->slots.draining = true;
	w->drain_by = broker_steady() + WORKER_DRAIN_MS;
	send_ready(w);
}

static void take_grant(struct worker *w, const struct wire *m)
{
	if (w->busy && m->id == w->lease.id &&
	    lease_grant(&w->lease, m->token, m->count, m->time,
			m->code < JOB_STOPS ? (enum job_stop)m->code : STOP_NONE) &&
	    w->lease.stop != STOP_NONE)
		stop_job(w, false);
}

static void take(struct worker *w, const struct wire *m)
{
	switch (m->kind) {
	case WIRE_WHO:
		send_hello(w);
		send_ready(w);
		break;
	case WIRE_JOB:
		begin_job(w, m);
		break;
	case WIRE_GRANT:
		take_grant(w, m);
		break;
	case WIRE_ACK:
		if (w->busy && m->id == w->lease.id)
			(void)lease_ack(&w->lease, m->token);
		break;
	case WIRE_NACK:
		if (w->busy && m->id == w->lease.id && lease_nack(&w->lease, m->token))
			stop_job(w, true);
		break;
	case WIRE_CANCEL:
		if (w->busy && m->id == w->lease.id && m->code < JOB_STOPS &&
		    lease_cancel(&w->lease, m->token, (enum job_stop)m->code))
			stop_job(w, false);
		break;
	case WIRE_REPLY:
		take_reply(w, m);
		break;
	case WIRE_DRAIN:
		begin_drain(w);
		break;
	case WIRE_PING:
		send_wire(w, &(struct wire){ .kind = WIRE_PONG });
		break;
	case WIRE_HELLO:
	case WIRE_READY:
	case WIRE_PROGRESS:
	case WIRE_RESULT:
	case WIRE_CALL:
	case WIRE_PONG:
	case WIRE_BYE:
	case WIRE_KINDS:
		break;
	}
}

/* ---- the lease ---- */

static void send_question(struct worker *w)
{
	struct question *q = &w->question;

	pthread_mutex_lock(&w->lock);
	if (q->state == QUESTION_ASKED ||
	    (q->state == QUESTION_SENT && broker_steady() - q->sent > WORKER_ASK_AGAIN_MS)) {
		send_wire(w, &(struct wire){ .kind = WIRE_CALL, .id = w->job.id, .token = w->job.token,
					     .count = q->count, .name = str_of(q->name),
					     .body = q->body });
		q->state = QUESTION_SENT;
		q->sent = broker_steady();
	}
	pthread_mutex_unlock(&w->lock);
}

static void send_progress(struct worker *w)
{
	char stage[sizeof(w->stage)];

	pthread_mutex_lock(&w->lock);
	memcpy(stage, w->stage, sizeof(stage));
	pthread_mutex_unlock(&w->lock);
	send_wire(w, &(struct wire){ .kind = WIRE_PROGRESS, .id = w->lease.id,
				     .token = w->lease.token, .count = w->lease.question,
				     .name = str_of(stage) });
}

static void send_result(struct worker *w)
{
	send_wire(w, &(struct wire){ .kind = WIRE_RESULT, .id = w->lease.id, .token = w->lease.token,
				     .code = (uint16_t)w->outcome, .time = w->snooze_ms,
				     .body = buf_str(&w->result) });
}

/* The thread has ended, and nothing more is to be said about its job. */
static void end_job(struct worker *w)
{
	pthread_join(w->thread, NULL);
	/* the next job may be hours away: what this one had needed goes back */
	malloc_trim(0);
	w->busy = false;
	slots_free(&w->slots);
	send_ready(w);
}

/* Has the thread ended, and is there something new to tell? */
static bool look_at_thread(struct worker *w)
{
	bool done;

	pthread_mutex_lock(&w->lock);
	done = w->done;
	if (w->news)
		lease_news(&w->lease);
	w->news = false;
	pthread_mutex_unlock(&w->lock);
	if (done && w->lease.state == LEASE_RUNNING)
		lease_end(&w->lease, broker_steady());
	return done;
}

static int64_t drive_lease(struct worker *w)
{
	bool done = look_at_thread(w);
	int64_t until = broker_steady() + CREDIT_BEAT_MS;

	if (w->lease.state == LEASE_OVER && done) {
		end_job(w);
		return until;
	}
	send_question(w);
	switch (lease_next(&w->lease, broker_steady(), &until)) {
	case LEASE_REPORT:
		lease_reported(&w->lease, broker_steady()); /* numbers the question */
		send_progress(w);
		break;
	case LEASE_RESULT:
		send_result(w);
		lease_reported(&w->lease, broker_steady());
		break;
	case LEASE_STOP:
		stop_job(w, true);
		break;
	case LEASE_WAIT:
		break;
	}
	return until;
}

static void take_messages(struct worker *w)
{
	struct link_message message;
	struct link_event event;
	struct err err;
	bool got = true;

	while (got) {
		arena_reset(&w->mem);
		if (link_receive(w->link, &message, &got, &w->mem, &err)) {
			log_error("link: %s", err.text);
			return;
		}
		if (got)
			take(w, &message.wire);
	}
	while (link_event(w->link, &event)) {
		log_info("broker: %s", event.text);
		if (event.kind == LINK_CONNECTED) {
			send_hello(w);
			send_ready(w);
		}
	}
}

static int turn(struct worker *w, struct err *err)
{
	const int fds[] = { w->signals, w->wake };
	bool ready[2] = { false };
	int64_t now = broker_steady(), until = w->next_ready;
	int64_t drive = w->busy ? drive_lease(w) : until;
	struct signalfd_siginfo info;
	uint64_t n;

	if (drive < until)
		until = drive;
	if (until - now > CREDIT_BEAT_MS)
		until = now + CREDIT_BEAT_MS;
	if (link_wait(w->link, fds, COUNT(fds), until > now ? (int)(until - now) : 0, ready, err))
		return -1;
	if (ready[0] && read(w->signals, &info, sizeof(info)) > 0)
		begin_drain(w);
	if (ready[1] && read(w->wake, &n, sizeof(n)) < 0)
		log_error("cannot read the wake-up of the job");
	look_at_sandbox(w);
	take_messages(w);
	if (broker_steady() >= w->next_ready)
		send_ready(w);
	if (w->draining && w->busy && broker_steady() > w->drain_by)
		stop_job(w, false);
	return 0;
}

static int open_link(struct worker *w, struct err *err)
{
	struct key_pair keys = { 0 }, broker = { 0 };
	struct link_options options = { .endpoint = w->options->endpoint };
	const char *broker_key = w->options->broker_key;
	int status;

	if (w->options->key_file) {
		if (key_read(&keys, w->options->key_file, err))
			return -1;
		options.own = &keys;
	}
	if (broker_key && key_is_valid(str_of(broker_key)))
		options.server_key = broker_key;
	else if (broker_key && key_read(&broker, broker_key, err))
		return -1;
	else if (broker_key)
		options.server_key = broker.public_key;
	status = link_open_spoke(&w->link, &options, err);
	key_wipe(&keys);
	return status;
}

static int open_all(struct worker *w, struct err *err)
{
	sigset_t set;
	char host[64] = "";

	/* found out now: a job that fails for it would be a dead letter */
	if (mkdir(w->options->data, 0700) && errno != EEXIST)
		return err_errno(err, "cannot make the data folder %s", w->options->data);
	if (analyst_probe(&w->mem, err))
		return err_wrap(err, "this worker takes no jobs");
	gethostname(host, sizeof(host) - 1);
	if (w->options->name)
		snprintf(w->name, sizeof(w->name), "%s", w->options->name);
	else
		snprintf(w->name, sizeof(w->name), "%s:%d", host, (int)getpid());
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->signals < 0 || w->wake < 0)
		return err_errno(err, "cannot wait for signals");
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->answered, NULL);
	w->slots.n = 1;
	/* no job before the sandbox was looked at */
	w->slots.draining = true;
	return open_link(w, err);
}

static void close_all(struct worker *w)
{
	if (w->busy) {
		stop_job(w, true);
		pthread_join(w->thread, NULL);
	}
	selfcheck_close(&w->selfcheck);
	if (w->link)
		send_wire(w, &(struct wire){ .kind = WIRE_BYE });
	link_close(w->link, 1000);
	if (w->signals >= 0)
		close(w->signals);
	if (w->wake >= 0)
		close(w->wake);
	buf_release(&w->job_body);
	buf_release(&w->result);
	buf_release(&w->question.reply);
	arena_release(&w->mem);
	arena_release(&w->job_mem);
}

enum {
	MESSAGE_MEMORY = 64 << 20, /* of one turn: a few bodies of 8 MB */
	JOB_MEMORY = 64 << 20,     /* what came with the job, and answers to its questions */
};

int worker_run(const struct worker_options *options, struct err *err)
{
	struct worker w = { .options = options, .signals = -1, .wake = -1 };
	int status;

	arena_init(&w.mem, MESSAGE_MEMORY);
	arena_init(&w.job_mem, JOB_MEMORY);
	selfcheck_open(&w.selfcheck, options->record);
	status = open_all(&w, err);
	if (status == 0)
		log_info("worker %s", w.name);
	while (status == 0 && !(w.draining && !w.busy))
		status = turn(&w, err);
	close_all(&w);
	return status;
}
