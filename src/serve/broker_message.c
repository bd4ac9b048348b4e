/* broker_message.c - what workers say: one function for each kind, in a table. */
#include <stdio.h>

#include "body.h"
#include "broker.h"
#include "call.h"
#include "queue/lease.h"
#include "serve/log.h"
#include "store/nodes.h"

void peer_release(struct peer *peer)
{
	buf_release(&peer->text);
}

struct peer *broker_peer(struct broker *b, const struct link_peer *id, bool add)
{
	for (size_t i = 0; i < b->n_peers; i++)
		if (b->peers[i].id.len == id->len &&
		    memcmp(b->peers[i].id.id, id->id, id->len) == 0)
			return &b->peers[i];
	if (!add || b->n_peers == BROKER_MAX_WORKERS)
		return NULL;
	b->peers[b->n_peers] = (struct peer){ .id = *id };
	credit_begin(&b->peers[b->n_peers].credit, broker_steady());
	return &b->peers[b->n_peers++];
}

/* ---- who is there ---- */

static void read_kinds(struct peer *peer, const json_t *kinds)
{
	size_t at[PEER_MAX_KINDS + 1] = { 0 };

	buf_clear(&peer->text);
	peer->n_kinds = 0;
	for (size_t i = 0; i < json_array_size(kinds) && i < PEER_MAX_KINDS; i++) {
		const json_t *kind = json_array_get(kinds, i);

		buf_add(&peer->text, (struct str){ json_string_value(kind), json_string_length(kind) });
		at[++peer->n_kinds] = peer->text.len;
	}
	for (size_t i = 0; i < peer->n_kinds; i++)
		peer->kinds[i] = str_sub(buf_str(&peer->text), at[i], at[i + 1]);
}

static int on_hello(struct broker *b, const struct link_message *m, struct err *err)
{
	struct peer *peer = broker_peer(b, &m->peer, true);
	json_t *body AUTO_JSON = body_read(m->wire.body, err);
	struct worker_row row = { .id = m->wire.name };
	int64_t now;
	bool again;

	if (!peer)
		return err_set(err, ERR_TEMP, "more than %d workers", BROKER_MAX_WORKERS);
	if (!body || m->wire.name.len == 0)
		return body ? err_input(err, "a worker without a name") : -1;
	again = str_eq(m->wire.name, str_of(peer->name));
	if (!again)
		peer->joined = 0;
	snprintf(peer->name, sizeof(peer->name), "%.*s", STR_ARG(m->wire.name));
	read_kinds(peer, json_object_get(body, "kinds"));
	credit_heard(&peer->credit, broker_steady());
	row.host = body_str(&b->mem, body, "host");
	row.version = body_str(&b->mem, body, "version");
	row.slots = (uint32_t)body_int(body, "slots");
	row.detail = m->wire.body;
	if (broker_clock(b, &now, err))
		return -1;
	if (!peer->joined)
		peer->joined = now;
	row.started = peer->joined;
	if (workers_see(b->store, &row, now, err))
		return -1;
	if (!again)
		log_line(LOG_INFO, LOG_FIELDS(LOG_TEXT("worker", str_of(peer->name)), LOG_TEXT("user", m->user)),
			 "worker joined");
	if (b->stopping)
		broker_send(b, &m->peer, &(struct wire){ .kind = WIRE_DRAIN });
	return 0;
}

/* The peer, or NULL after asking it to say who it is. */
static struct peer *known(struct broker *b, const struct link_message *m)
{
	struct peer *peer = broker_peer(b, &m->peer, false);

	if (peer && peer->name[0]) {
		credit_heard(&peer->credit, broker_steady());
		return peer;
	}
	broker_send(b, &m->peer, &(struct wire){ .kind = WIRE_WHO });
	return NULL;
}

/* Keeps "last seen" fresh without a write for each heartbeat. */
static int note_peer(struct broker *b, struct peer *peer, struct err *err)
{
	enum { EVERY = 10 * 1000 };
	struct worker_row row = { .id = str_of(peer->name) };
	struct worker_list list = { 0 };
	int64_t now;

	if (broker_steady() - peer->noted < EVERY)
		return 0;
	peer->noted = broker_steady();
	if (broker_clock(b, &now, err) || workers_list(b->store, 0, now, &list, &b->mem, err))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.items[i].id, row.id))
			row = list.items[i];
	row.draining = peer->credit.draining;
	return workers_see(b->store, &row, now, err);
}

static int on_ready(struct broker *b, const struct link_message *m, struct err *err)
{
	struct peer *peer = known(b, m);

	if (!peer)
		return 0;
	if (!credit_ready(&peer->credit, m->wire.count, m->wire.time, broker_steady()))
		return err_input(err, "worker %s sent a READY that makes no sense", peer->name);
	b->next_claim = 0;
	return note_peer(b, peer, err);
}

static int on_ping(struct broker *b, const struct link_message *m, struct err *err)
{
	(void)err;
	if (known(b, m))
		broker_send(b, &m->peer, &(struct wire){ .kind = WIRE_PONG });
	return 0;
}

static int on_pong(struct broker *b, const struct link_message *m, struct err *err)
{
	(void)err;
	(void)known(b, m);
	return 0;
}

static int on_bye(struct broker *b, const struct link_message *m, struct err *err)
{
	struct peer *peer = broker_peer(b, &m->peer, false);
	int status;

	if (!peer)
		return 0;
	status = workers_gone(b->store, str_of(peer->name), err);
	log_line(LOG_INFO, LOG_FIELDS(LOG_TEXT("worker", str_of(peer->name))), "worker left");
	peer_release(peer);
	*peer = b->peers[--b->n_peers];
	return status;
}

/* ---- jobs ---- */

static void nack(struct broker *b, const struct link_message *m)
{
	broker_send(b, &m->peer,
		    &(struct wire){ .kind = WIRE_NACK, .id = m->wire.id, .token = m->wire.token });
}

static int on_progress(struct broker *b, const struct link_message *m, struct err *err)
{
	const struct wire *w = &m->wire;
	enum lease_answer answer;
	enum job_stop stop;
	int64_t now;

	if (!known(b, m))
		return 0;
	if (broker_clock(b, &now, err) ||
	    jobs_extend(b->store, w->id, w->token, now + broker_lease(b), w->name, w->body, &answer, &stop,
			err))
		return -1;
	if (answer == LEASE_STALE)
		nack(b, m);
	else
		broker_send(b, &m->peer,
			    &(struct wire){ .kind = WIRE_GRANT, .id = w->id, .token = w->token,
					    .count = w->count, .time = broker_lease(b),
					    .code = (uint16_t)stop });
	return 0;
}

/* Jobs that a worker asks for at the end of its own: "review this head again". They inherit what the job is about. */
static size_t next_jobs(struct job *out, size_t max, struct broker *b, const struct job *job,
			const json_t *list)
{
	size_t n = json_array_size(list);

	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(list, i);

		out[i] = *job;
		out[i].kind = body_str(&b->mem, one, "kind");
		out[i].unique = arena_printf(&b->mem, "%.*s:after:%lld", STR_ARG(out[i].kind),
					     (long long)job->id);
		out[i].payload = json_object_get(one, "payload") ? body_str(&b->mem, one, "payload") :
								   job->payload;
		out[i].run_at = 0;
		out[i].priority = job->priority;
		out[i].max_attempts = 0;
	}
	return n;
}

static void tell_end(const struct link_message *m, const struct job *job, struct str error,
		     enum job_state state)
{
	log_line(state == JOB_DONE || state == JOB_SUPERSEDED ? LOG_INFO : LOG_WARNING,
		 LOG_FIELDS(LOG_NUMBER("job", m->wire.id), LOG_TEXT("kind", job->kind),
			    LOG_TEXT("repository", job->repository), LOG_NUMBER("number", job->number),
			    LOG_TEXT("error", error)),
		 "job %s, now %s", job_outcome_name((enum job_outcome)m->wire.code),
		 job_state_name(state));
}

static int on_result(struct broker *b, const struct link_message *m, struct err *err)
{
	enum { NEXT = 4 };
	const struct wire *w = &m->wire;
	json_t *body AUTO_JSON = NULL;
	struct finish finish = { .id = w->id, .token = w->token, .chance = (uint64_t)random() };
	struct job job = { 0 }, next[NEXT];
	enum lease_answer answer;
	enum job_state state;
	bool found;
	int64_t now;

	if (!known(b, m))
		return 0;
	if (w->code >= JOB_OUTCOMES)
		return err_input(err, "a result with the unknown outcome %u", w->code);
	body = body_read(w->body, err);
	if (!body || broker_clock(b, &now, err) ||
	    jobs_get(b->store, (struct view){ .all = true }, w->id, &job, &found, &b->mem, err))
		return -1;
	finish.outcome = (enum job_outcome)w->code;
	finish.error = body_str(&b->mem, body, "error");
	finish.result = body_str(&b->mem, body, "result");
	finish.run_at = now + w->time;
	finish.next = next;
	finish.n_next = next_jobs(next, NEXT, b, &job, json_object_get(body, "next"));
	if (jobs_finish(b->store, &finish, now, &answer, &state, err))
		return -1;
	if (answer == LEASE_STALE) {
		nack(b, m);
		return 0;
	}
	if (answer == LEASE_OK)
		tell_end(m, &job, finish.error, state);
	b->next_claim = 0;
	broker_send(b, &m->peer, &(struct wire){ .kind = WIRE_ACK, .id = w->id, .token = w->token });
	return 0;
}

/* ---- questions ---- */

static void reply(struct broker *b, const struct link_peer *peer, int64_t id, uint32_t count,
		  int status, struct str text, const struct err *err)
{
	struct wire w = { .kind = WIRE_REPLY, .id = id, .count = count,
			  .code = status ? (uint16_t)(1 + err->kind) : 0,
			  .body = status ? str_of(err->text) : text };

	broker_send(b, peer, &w);
}

void broker_reply_errand(struct broker *b, const struct errand *errand)
{
	reply(b, &errand->peer, errand->job, errand->count, errand->result, errand->reply,
	      &errand->err);
}

static int ask_token(struct broker *b, const struct link_message *m, struct err *err)
{
	json_t *body AUTO_JSON = body_read(m->wire.body, err);
	struct job job;

	if (!body || call_job(&job, b->store, m->wire.id, m->wire.token, &b->mem, err))
		return -1;
	return errands_post(b->errands,
			    &(struct errand){ .kind = ERRAND_TOKEN, .peer = m->peer, .job = m->wire.id,
					      .count = m->wire.count, .integration = job.integration,
					      .repository = job.repository,
					      .installation = body_str(&b->mem, body, "installation"),
					      .number = job.number },
			    err);
}

static int on_call(struct broker *b, const struct link_message *m, struct err *err)
{
	const struct wire *w = &m->wire;
	struct str text = { 0 };
	struct err why = { 0 };
	int64_t now;
	int status;

	if (!known(b, m))
		return 0;
	if (str_eq(w->name, STR("token"))) {
		if (ask_token(b, m, &why))
			reply(b, &m->peer, w->id, w->count, -1, text, &why);
		return 0;
	}
	if (broker_clock(b, &now, err))
		return -1;
	status = call_answer(&text, b->store, b->settings, w->id, w->token, w->name, w->body, now,
			     &b->mem, &why);
	if (status)
		log_line(LOG_WARNING, LOG_FIELDS(LOG_NUMBER("job", w->id), LOG_TEXT("call", w->name)),
			 "%s", why.text);
	reply(b, &m->peer, w->id, w->count, status, text, &why);
	return 0;
}

int broker_message(struct broker *b, const struct link_message *m, struct err *err)
{
	static int (*const handlers[WIRE_KINDS])(struct broker *, const struct link_message *,
						 struct err *) = {
		[WIRE_HELLO] = on_hello,       [WIRE_READY] = on_ready,   [WIRE_PING] = on_ping,
		[WIRE_PONG] = on_pong,	       [WIRE_BYE] = on_bye,	  [WIRE_PROGRESS] = on_progress,
		[WIRE_RESULT] = on_result,     [WIRE_CALL] = on_call,
	};

	if (!handlers[m->wire.kind])
		return err_input(err, "a worker may not send %s", wire_kind_name(m->wire.kind));
	return handlers[m->wire.kind](b, m, err);
}
