#include "errand.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "body.h"
#include "gateway.h"
#include "serve/connect.h"
#include "serve/log.h"
#include "store/store.h"
#include "sweep.h"

enum { ERRANDS_MEMORY = 64 << 20 }; /* configurations and who we are: some KB for each integration */

struct errands {
	const struct settings *settings;
	struct connection     *connections; /* one for each integration; the thread's */
	struct store          *store;       /* the thread's */
	struct arena           mem;
	pthread_t              thread;
	pthread_mutex_t        lock;
	pthread_cond_t         more;
	struct errand         *waiting, **waiting_end;
	struct errand         *done;
	unsigned               n;
	bool                   stop;
	int                    wake;
};

static struct connection *connection_of(struct errands *e, struct str integration, struct err *err)
{
	for (size_t i = 0; i < e->settings->integrations.n; i++) {
		struct connection *c = &e->connections[i];

		if (!str_eq(e->settings->integrations.items[i].name, integration))
			continue;
		if (!c->forge && connection_open(c, &e->settings->integrations.items[i], &e->mem, err))
			return NULL;
		return c;
	}
	(void)err_set(err, ERR_PERM, "the integration '%.*s' is not configured any more",
		      STR_ARG(integration));
	return NULL;
}

static int do_token(struct errands *e, struct errand *errand, struct err *err)
{
	struct connection *c = connection_of(e, errand->integration, err);
	struct forge_place place = { errand->repository, errand->installation, errand->number };
	json_t *reply AUTO_JSON = json_object();
	struct str token;
	int64_t expires;

	if (!c || connection_self(c, &e->mem, err) ||
	    forge_token(c->forge, &errand->mem, &place, &token, &expires, err))
		return -1;
	body_set(reply, "forge", c->integration->forge);
	body_set(reply, "api", c->config.api);
	body_set(reply, "web", c->config.web);
	body_set(reply, "login", c->config.login);
	body_set(reply, "folder", c->config.folder);
	body_set(reply, "ca_file", c->config.ca_file);
	body_set(reply, "proxy", c->config.proxy);
	body_set(reply, "token", token);
	body_set(reply, "self", c->self.login);
	body_set(reply, "self_id", c->self.id);
	errand->reply = body_text(&errand->mem, reply);
	return 0;
}

static int do_sweep(struct errands *e, struct errand *errand, struct err *err)
{
	struct connection *c = connection_of(e, errand->integration, err);

	if (!c)
		return -1;
	return sweep_run(c, e->store, err);
}

static int (*const errand_do[])(struct errands *, struct errand *, struct err *) = {
	[ERRAND_TOKEN] = do_token,
	[ERRAND_SWEEP] = do_sweep,
};

static void tell(struct errands *e)
{
	uint64_t one = 1;

	if (write(e->wake, &one, sizeof(one)) < 0)
		log_error("cannot wake the broker");
}

static void *errands_main(void *payload)
{
	struct errands *e = payload;

	pthread_mutex_lock(&e->lock);
	for (;;) {
		struct errand *errand = e->waiting;

		if (!errand) {
			if (e->stop)
				break;
			pthread_cond_wait(&e->more, &e->lock);
			continue;
		}
		e->waiting = errand->next;
		if (!e->waiting)
			e->waiting_end = &e->waiting;
		pthread_mutex_unlock(&e->lock);
		errand->result = errand_do[errand->kind](e, errand, &errand->err);
		pthread_mutex_lock(&e->lock);
		errand->next = e->done;
		e->done = errand;
		tell(e);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

int errands_open(struct errands **out, const struct settings *settings, struct err *err)
{
	struct errands *e = calloc(1, sizeof(*e));
	struct store *store;

	if (!e)
		return err_set(err, ERR_TEMP, "out of memory");
	arena_init(&e->mem, ERRANDS_MEMORY);
	if (store_open(&store, arena_z(&e->mem, settings->database), err)) {
		arena_release(&e->mem);
		free(e);
		return -1;
	}
	e->settings = settings;
	e->store = store;
	e->connections = ARENA_ARRAY(&e->mem, settings->integrations.n + 1, struct connection);
	e->waiting_end = &e->waiting;
	e->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->more, NULL);
	if (pthread_create(&e->thread, NULL, errands_main, e)) {
		errno = EAGAIN;
		return err_errno(err, "cannot start a thread");
	}
	*out = e;
	return 0;
}

static void free_list(struct errand *list)
{
	while (list) {
		struct errand *next = list->next;

		errand_free(list);
		list = next;
	}
}

void errands_close(struct errands *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	free_list(e->waiting);
	e->waiting = NULL;
	pthread_cond_signal(&e->more);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	for (size_t i = 0; i < e->settings->integrations.n; i++)
		connection_close(&e->connections[i]);
	free_list(e->done);
	store_close(e->store);
	close(e->wake);
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->more);
	arena_release(&e->mem);
	free(e);
}

int errands_post(struct errands *e, const struct errand *errand, struct err *err)
{
	struct errand *copy;
	bool full;

	pthread_mutex_lock(&e->lock);
	full = e->n >= ERRANDS_MAX;
	e->n += !full;
	pthread_mutex_unlock(&e->lock);
	copy = full ? NULL : calloc(1, sizeof(*copy));
	if (!copy)
		return err_set(err, ERR_TEMP, "too many questions to forges wait");
	*copy = *errand;
	arena_init(&copy->mem, 4 << 20);
	copy->integration = arena_str(&copy->mem, errand->integration);
	copy->repository = arena_str(&copy->mem, errand->repository);
	copy->installation = arena_str(&copy->mem, errand->installation);
	copy->next = NULL;
	pthread_mutex_lock(&e->lock);
	*e->waiting_end = copy;
	e->waiting_end = &copy->next;
	pthread_cond_signal(&e->more);
	pthread_mutex_unlock(&e->lock);
	return 0;
}

struct errand *errands_take(struct errands *e)
{
	struct errand *errand;
	uint64_t n;

	if (read(e->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_error("cannot read the wake-up of errands");
	pthread_mutex_lock(&e->lock);
	errand = e->done;
	if (errand) {
		e->done = errand->next;
		e->n--;
	}
	pthread_mutex_unlock(&e->lock);
	return errand;
}

void errand_free(struct errand *errand)
{
	if (!errand)
		return;
	arena_release(&errand->mem);
	free(errand);
}

int errands_fd(const struct errands *e)
{
	return e->wake;
}
