/* broker_dispatch.c - jobs out of the database: to workers, and the notes to ourselves. */
#include "body.h"
#include "broker.h"
#include "queue/lease.h"
#include "serve/log.h"
#include "serve/triage.h"
#include "store/ci.h"
#include "store/repositories.h"

/* All that a worker needs to know; it has no settings of its own. */
static struct str job_body(struct broker *b, const struct job *job)
{
	const struct integration *integration = settings_integration(b->settings, job->integration);
	json_t *body AUTO_JSON = json_object();

	body_set(body, "integration", job->integration);
	body_set(body, "repository", job->repository);
	json_object_set_new(body, "number", json_integer((json_int_t)job->number));
	json_object_set_new(body, "attempt", json_integer(job->attempt));
	body_set(body, "head", job->head);
	body_set(body, "payload", job->payload);
	json_object_set_new(body, "seconds", json_integer(b->settings->job_seconds));
	json_object_set_new(body, "memory_mb", json_integer(b->settings->job_memory_mb));
	if (b->settings->url.len)
		body_set(body, "page", arena_printf(&b->mem, "%.*s/jobs/%lld",
						    STR_ARG(b->settings->url), (long long)job->id));
	if (integration) {
		body_set(body, "fail_on", str_of(severity_name(integration->fail_on)));
		json_object_set_new(body, "comments", json_integer(integration->comments));
		json_object_set_new(body, "drafts", json_boolean(integration->intake.drafts));
		json_object_set_new(body, "check", json_boolean(integration->check));
		json_object_set_new(body, "summary", json_boolean(integration->summary));
	}
	return body_text(&b->mem, body);
}

/* A job that could not be sent goes back at once, without counting as an attempt. */
static int give_back(struct broker *b, const struct job *job, int64_t now, struct err *err)
{
	struct finish finish = { .id = job->id, .token = job->token, .outcome = OUTCOME_RETURNED };
	enum lease_answer answer;
	enum job_state state;

	return jobs_finish(b->store, &finish, now, &answer, &state, err);
}

static int send_job(struct broker *b, struct peer *peer, const struct job *job, int64_t now,
		    struct err *err)
{
	struct wire w = { .kind = WIRE_JOB, .id = job->id, .token = job->token,
			  .time = job->deadline - now, .name = job->kind, .body = job_body(b, job) };
	enum link_sent sent;

	w.count = credit_spend(&peer->credit, broker_steady());
	if (link_send(b->link, &peer->id, &w, &sent, err) || sent != LINK_SENT)
		return give_back(b, job, now, err);
	log_line(LOG_INFO,
		 LOG_FIELDS(LOG_NUMBER("job", job->id), LOG_TEXT("kind", job->kind),
			    LOG_TEXT("repository", job->repository), LOG_NUMBER("number", job->number),
			    LOG_TEXT("worker", str_of(peer->name))),
		 "job sent, attempt %u", job->attempt);
	return 0;
}

static int claim_for(struct broker *b, struct peer *peer, uint32_t n, struct err *err)
{
	struct claim claim = { .worker = str_of(peer->name), .n = n, .lease = broker_lease(b),
			       .per_repository = b->settings->per_repository,
			       .per_tenant = b->settings->per_tenant,
			       .kinds = peer->kinds, .n_kinds = peer->n_kinds };
	struct job_list jobs = { 0 };
	int64_t now;

	if (broker_clock(b, &now, err) || jobs_claim(b->store, &claim, now, &jobs, &b->mem, err))
		return -1;
	for (size_t i = 0; i < jobs.n; i++)
		if (send_job(b, peer, &jobs.items[i], now, err))
			return -1;
	return 0;
}

/* ---- notes ---- */

static int note_ci(struct broker *b, const struct job *job, const struct event *event, int64_t now,
		   struct err *err)
{
	struct ci_row row = { .tenant = job->tenant,
			      .integration = job->integration,
			      .repository = job->repository,
			      .number = job->number,
			      .run = event->ci.id,
			      .attempt = event->ci.attempt,
			      .name = event->ci.name,
			      .app = event->ci.app,
			      .branch = event->ci.branch,
			      .url = event->ci.url,
			      .action = event->action,
			      .status = event->ci.status };

	memcpy(row.head_oid, event->ci.head_oid, sizeof(row.head_oid));
	return ci_put(b->store, &row, now, NULL, err);
}

static int note_install(struct broker *b, const struct job *job, const struct event *event,
			int64_t now, struct err *err)
{
	struct repository_row row = { .integration = job->integration, .name = event->repository,
				      .tenant = job->tenant, .installation = event->installation };

	if (event->repository.len == 0)
		return 0; /* all of an installation: its repositories come to us by their events */
	if (event->action == ACTION_DELETED)
		return repositories_gone(b->store, job->integration, event->repository, now, err);
	return repositories_see(b->store, &row, now, err);
}

static const struct note {
	enum verdict verdict;
	int        (*write)(struct broker *, const struct job *, const struct event *, int64_t,
			    struct err *);
} notes[] = {
	{ TRIAGE_CI, note_ci },
	{ TRIAGE_INSTALL, note_install },
};

int broker_note(struct broker *b, const struct job *job, int64_t now, struct err *err)
{
	struct finish finish = { .id = job->id, .token = job->token, .outcome = OUTCOME_DONE };
	enum lease_answer answer;
	enum job_state state;
	struct event event;
	struct err why;

	if (event_decode(&event, &b->mem, job->payload, &why)) {
		finish.outcome = OUTCOME_PERM;
		finish.error = arena_str(&b->mem, str_of(why.text));
	}
	for (size_t i = 0; i < COUNT(notes) && finish.outcome == OUTCOME_DONE; i++)
		if (str_eq(job->kind, str_of(verdict_name(notes[i].verdict))) &&
		    notes[i].write(b, job, &event, now, err)) {
			if (err->kind == ERR_TEMP)
				return -1; /* the database: the lease runs out and it is tried again */
			finish.outcome = OUTCOME_PERM;
			finish.error = arena_str(&b->mem, str_of(err->text));
		}
	return jobs_finish(b->store, &finish, now, &answer, &state, err);
}

static int do_notes(struct broker *b, struct err *err)
{
	struct str kinds[COUNT(notes)];
	struct claim claim = { .worker = str_of(b->holder), .n = JOBS_MAX_CLAIM, .lease = broker_lease(b),
			       .kinds = kinds, .n_kinds = COUNT(kinds) };
	struct job_list jobs = { 0 };
	int64_t now;

	for (size_t i = 0; i < COUNT(notes); i++)
		kinds[i] = str_of(verdict_name(notes[i].verdict));
	if (broker_clock(b, &now, err) || jobs_claim(b->store, &claim, now, &jobs, &b->mem, err))
		return -1;
	for (size_t i = 0; i < jobs.n; i++)
		if (broker_note(b, &jobs.items[i], now, err))
			return -1;
	if (jobs.n == JOBS_MAX_CLAIM)
		b->next_claim = 0; /* more wait */
	return 0;
}

/* One for each in turn, so that jobs spread over workers before they pile up on one. */
int broker_dispatch(struct broker *b, struct err *err)
{
	if (do_notes(b, err))
		return -1;
	for (size_t i = 0; i < b->n_peers; i++) {
		struct peer *peer = &b->peers[i];
		uint32_t left = peer->name[0] ? credit_left(&peer->credit, broker_steady()) : 0;

		if (left && claim_for(b, peer, left < JOBS_MAX_CLAIM ? left : JOBS_MAX_CLAIM, err))
			return -1;
	}
	return 0;
}
