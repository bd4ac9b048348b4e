#include "deliver.h"

#include "base/scope.h"

/* What is done about a verdict. */
struct plan {
	int  priority;
	bool lane;      /* one at a time for a pull request */
	bool supersede; /* an older one of its kind is of no use any more */
};

static const struct plan plans[TRIAGE_VERDICTS] = {
	[TRIAGE_REVIEW] = { .priority = PRIORITY_PULL, .lane = true, .supersede = true },
	[TRIAGE_COMMAND] = { .priority = PRIORITY_COMMAND, .lane = true },
	[TRIAGE_OUTCOME] = { .priority = PRIORITY_CI, .lane = true },
	[TRIAGE_CI] = { .priority = PRIORITY_CI },
	[TRIAGE_QUEUE] = { .priority = PRIORITY_PULL },
	[TRIAGE_INSTALL] = { .priority = PRIORITY_CI },
};

static struct str payload_of(struct arena *mem, const struct event *event)
{
	AUTO_BUF struct buf text = { 0 };

	event_encode(&text, event);
	return arena_str(mem, buf_str(&text));
}

/* A review is about a head: the same head twice is one job. Everything else, and who does not tell the head, is about its event. */
static struct str unique_of(struct arena *mem, const struct event *event, enum verdict verdict)
{
	const char *kind = verdict_name(verdict);

	if (verdict == TRIAGE_REVIEW && event->pull.head_oid[0])
		return arena_printf(mem, "%s:%.*s/%.*s#%llu@%s", kind, STR_ARG(event->integration),
				    STR_ARG(event->repository), (unsigned long long)event->number,
				    event->pull.head_oid);
	return arena_printf(mem, "%s:%.*s:%.*s", kind, STR_ARG(event->integration),
			    STR_ARG(event->delivery));
}

static void make_job(struct job *out, struct arena *mem, const struct event *event,
		     const struct integration *integration, enum verdict verdict)
{
	const struct plan *plan = &plans[verdict];

	*out = (struct job){
		.kind = str_of(verdict_name(verdict)),
		.tenant = integration->tenant,
		.integration = integration->name,
		.repository = event->repository,
		.number = event->number,
		.head = arena_str(mem, str_of(event->pull.head_oid)), /* the event may be on the stack */
		.unique = unique_of(mem, event, verdict),
		.priority = plan->priority,
		.payload = payload_of(mem, event),
	};
	if (plan->lane)
		out->lane = arena_printf(mem, "%.*s/%.*s#%llu", STR_ARG(integration->name),
					 STR_ARG(event->repository),
					 (unsigned long long)event->number);
}

void deliver_review(struct job *out, struct arena *mem, const struct event *event,
		    const struct integration *integration, int priority)
{
	make_job(out, mem, event, integration, TRIAGE_REVIEW);
	out->priority = priority;
}

void deliver_event(struct delivered *out, struct arena *mem, const struct event *event,
		   const struct integration *integration, const struct identity *self, int64_t now)
{
	struct triage triage = triage_decide(event, integration, self);

	*out = (struct delivered){
		.triage = triage,
		.delivery = {
			.integration = integration->name,
			.id = event->delivery,
			.state = DELIVERY_IGNORED,
			.kind = event->kind,
			.name = event->name,
			.tenant = integration->tenant,
			.repository = event->repository,
			.number = event->number,
			.sender = event->sender.login,
			.reason = str_of(triage.reason),
			.received = now,
		},
	};
	if (triage.verdict == TRIAGE_IGNORED)
		return;
	make_job(&out->jobs[0], mem, event, integration, triage.verdict);
	out->delivery.state = DELIVERY_ACCEPTED;
	out->delivery.event = out->jobs[0].payload;
	out->delivery.jobs = out->jobs;
	out->delivery.n_jobs = 1;
	out->delivery.supersede = plans[triage.verdict].supersede;
}

void deliver_unread(struct delivered *out, const struct integration *integration, struct str id,
		    const char *why, int64_t now)
{
	*out = (struct delivered){ .triage = { TRIAGE_IGNORED, "it cannot be read" },
				   .delivery = { .integration = integration->name,
						 .id = id,
						 .state = DELIVERY_FAILED,
						 .kind = EVENT_OTHER,
						 .tenant = integration->tenant,
						 .reason = str_of(why),
						 .received = now } };
}
