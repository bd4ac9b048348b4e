#include "sweep.h"

#include "deliver.h"
#include "gateway.h"
#include "serve/log.h"
#include "store/jobs.h"
#include "store/repositories.h"

/* One sweep. */
struct sweep {
	struct connection *connection;
	struct store      *store;
	struct arena       mem;
	size_t             found;
};

int connection_open(struct connection *out, const struct integration *integration, struct arena *mem,
		    struct err *err)
{
	struct connection connection = { .integration = integration };
	struct forge_env env = { .max_wait_ms = 1 };

	if (connect_config(&connection.config, mem, integration, HOLDS_TOKENS, err) ||
	    forge_open(&connection.forge, &connection.config, &env, err))
		return -1;
	*out = connection;
	return 0;
}

void connection_close(struct connection *connection)
{
	forge_close(connection->forge);
}

int connection_self(struct connection *connection, struct arena *mem, struct err *err)
{
	struct actor self;

	if (connection->self.login.len)
		return 0;
	if (forge_whoami(connection->forge, mem, &self, err))
		return -1;
	connection->self = (struct identity){ .login = self.login, .id = self.id,
					      .app_id = connection->config.app_id };
	return 0;
}

/* ---- forges that keep what did not arrive ---- */

static int take_missed(void *ctx, const struct forge_delivery *missed, struct err *err)
{
	struct sweep *sweep = ctx;
	struct connection *c = sweep->connection;
	struct delivered delivered;
	enum delivery_taken taken;
	struct event event;

	arena_reset(&sweep->mem);
	if (forge_parse(&event, &sweep->mem, &c->config, missed, err)) {
		log_line(LOG_WARNING, LOG_FIELDS(LOG_TEXT("integration", c->integration->name)),
			 "a missed delivery cannot be read: %s", err->text);
		return 0;
	}
	event.integration = c->integration->name;
	deliver_event(&delivered, &sweep->mem, &event, c->integration, &c->self, clock_ms());
	if (deliveries_take(sweep->store, &delivered.delivery, 1, clock_ms(), &taken, err))
		return -1;
	sweep->found += taken == TAKEN_NEW;
	return 0;
}

static int sweep_missed(struct sweep *sweep, struct err *err)
{
	struct connection *c = sweep->connection;
	struct forge_missed missed = { .take = take_missed, .ctx = sweep, .since_ms = c->swept };

	if (missed.since_ms == 0)
		missed.since_ms = clock_ms() - SWEEP_BACK_MS;
	if (forge_sweep(c->forge, &missed, err))
		return -1;
	c->swept = missed.since_ms;
	sweep->found += missed.asked;
	return 0;
}

/* ---- forges that do not ---- */

/* A pull request as the event would have told it. */
static void event_of(struct event *out, const struct pull *pull, const struct connection *c)
{
	*out = (struct event){ .kind = EVENT_PULL, .action = ACTION_UPDATED,
			       .integration = c->integration->name,
			       .name = STR("sweep"),
			       .repository = pull->repository,
			       .number = pull->number };
	out->pull.title = pull->title;
	out->pull.url = pull->url;
	out->pull.author = pull->author;
	out->pull.base_ref = pull->base_ref;
	out->pull.head_ref = pull->head_ref;
	memcpy(out->pull.head_oid, pull->head_oid, sizeof(out->pull.head_oid));
	out->pull.draft = pull->draft;
	out->pull.labels = pull->labels;
	out->pull.n_labels = pull->n_labels;
}

static int sweep_pull(struct sweep *sweep, const struct pull *pull, struct err *err)
{
	struct connection *c = sweep->connection;
	struct view view = { .tenant = c->integration->tenant };
	struct pull_row known = { 0 };
	struct event event;
	struct job job;
	bool found, added;
	int64_t id;

	event_of(&event, pull, c);
	if (pull->head_oid[0] == '\0' ||
	    triage_decide(&event, c->integration, &c->self).verdict != TRIAGE_REVIEW)
		return 0;
	if (pulls_get(sweep->store, view, c->integration->name, pull->repository, pull->number, &known,
		      &found, &sweep->mem, err))
		return -1;
	if (found && strcmp(known.reviewed_oid, pull->head_oid) == 0)
		return 0;
	deliver_review(&job, &sweep->mem, &event, c->integration, PRIORITY_SWEEP);
	if (jobs_add(sweep->store, &job, false, clock_ms(), &id, &added, err))
		return -1;
	sweep->found += added;
	return 0;
}

static int sweep_repository(struct sweep *sweep, const struct repository_row *repository,
			    struct err *err)
{
	struct forge_place place = { repository->name, repository->installation, 0 };
	struct pull_list pulls = { 0 };

	if (forge_pulls(sweep->connection->forge, &sweep->mem, &place, PULLS_OPEN, SWEEP_MAX_PULLS,
			&pulls, err))
		return -1;
	for (size_t i = 0; i < pulls.n; i++)
		if (sweep_pull(sweep, &pulls.items[i], err))
			return -1;
	return 0;
}

/* One that does not answer does not stop the others. */
static int sweep_repositories(struct sweep *sweep, struct err *err)
{
	struct page page = { .limit = STORE_MAX_PAGE };
	size_t n = 0;

	do {
		struct repository_list list = { 0 };

		if (repositories_list(sweep->store,
				      (struct view){ .tenant = sweep->connection->integration->tenant },
				      &page, &list, &sweep->mem, err))
			return -1;
		for (size_t i = 0; i < list.n && n < SWEEP_MAX_REPOSITORIES; i++) {
			struct repository_row *one = &list.items[i];

			if (one->gone || one->paused ||
			    !str_eq(one->integration, sweep->connection->integration->name))
				continue;
			n++;
			if (sweep_repository(sweep, one, err))
				log_line(LOG_WARNING, LOG_FIELDS(LOG_TEXT("repository", one->name)),
					 "sweep: %s", err->text);
		}
		page.after = page.next;
	} while (page.next.len && n < SWEEP_MAX_REPOSITORIES);
	return 0;
}

enum { SWEEP_MEMORY = 256 << 20 }; /* lists of open pull requests */

int sweep_run(struct connection *connection, struct store *store, struct err *err)
{
	struct sweep sweep = { .connection = connection, .store = store };
	unsigned abilities;
	int status;

	arena_init(&sweep.mem, SWEEP_MEMORY);
	status = connection_self(connection, &sweep.mem, err);
	if (status == 0)
		status = forge_abilities(connection->forge, &abilities, err);
	if (status == 0)
		status = abilities & FORGE_REDELIVERY ? sweep_missed(&sweep, err) :
							sweep_repositories(&sweep, err);
	if (status == 0 && sweep.found)
		log_line(LOG_INFO, LOG_FIELDS(LOG_TEXT("integration", connection->integration->name)),
			 "sweep: %zu missed", sweep.found);
	arena_release(&sweep.mem);
	return status;
}
