/*
 * intake.c - one thread commits what many hand in. The queue is a linked list under a mutex; the thread takes all of it (to
 * DELIVERY_MAX_BATCH), commits without the mutex held, and answers.
 */
#include "store/intake.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/scope.h"

/* Events of a batch: with the last one and the payloads it stays below DELIVERY_MAX_BYTES in all but mad cases, which go alone. */
enum { BATCH_BYTES = 4 << 20 };
enum { FIRST_PAUSE = 20, LONGEST_PAUSE = 500 }; /* ms between tries when the database is away */

struct intake {
	struct store       *store;
	int64_t           (*clock)(void);
	pthread_t           thread;
	pthread_mutex_t     mutex;
	pthread_cond_t      filled;
	struct delivery     rows[DELIVERY_MAX_BATCH]; /* of the thread alone */
	/* under the mutex */
	struct intake_item *first, **last;
	size_t              n;
	bool                closing;
};

/* Up to a batch from the queue; waits for the first. 0 when closing and nothing is left. */
static size_t collect(struct intake *intake, struct intake_item **batch)
{
	size_t n = 0, bytes = 0;

	pthread_mutex_lock(&intake->mutex);
	while (!intake->first && !intake->closing)
		pthread_cond_wait(&intake->filled, &intake->mutex);
	while (intake->first && n < DELIVERY_MAX_BATCH && (n == 0 || bytes < BATCH_BYTES)) {
		bytes += intake->first->delivery->event.len;
		batch[n++] = intake->first;
		intake->first = intake->first->next;
	}
	if (!intake->first)
		intake->last = &intake->first;
	intake->n -= n;
	pthread_mutex_unlock(&intake->mutex);
	return n;
}

/* Commits the batch as a whole. The outputs are the items'. */
static int commit(struct intake *intake, struct intake_item **batch, size_t n, struct err *err)
{
	struct delivery *rows = intake->rows;
	enum delivery_taken taken[DELIVERY_MAX_BATCH];

	for (size_t i = 0; i < n; i++)
		rows[i] = *batch[i]->delivery;
	if (deliveries_take(intake->store, rows, n, intake->clock(), taken, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		batch[i]->taken = taken[i];
		batch[i]->result = 0;
	}
	return 0;
}

/* Tries again while the database is away, as long as the oldest has patience. */
static int commit_patiently(struct intake *intake, struct intake_item **batch, size_t n,
			    struct err *err)
{
	int64_t pause = FIRST_PAUSE;

	while (commit(intake, batch, n, err) < 0) {
		struct timespec wait = { pause / 1000, pause % 1000 * 1000000 };

		if (err->kind != ERR_TEMP || intake->clock() - batch[0]->since >= INTAKE_PATIENCE)
			return -1;
		nanosleep(&wait, NULL);
		pause = pause * 2 > LONGEST_PAUSE ? LONGEST_PAUSE : pause * 2;
	}
	return 0;
}

static void refuse(struct intake_item *item, const struct err *err)
{
	item->result = -1;
	item->err = *err;
}

/* One that the database does not take must not cost the others their answer. */
static void settle(struct intake *intake, struct intake_item **batch, size_t n)
{
	struct err err;

	if (commit_patiently(intake, batch, n, &err) == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (n == 1 || err.kind == ERR_TEMP)
			refuse(batch[i], &err);
		else
			settle(intake, &batch[i], 1);
	}
}

static void *work(void *payload)
{
	struct intake_item *batch[DELIVERY_MAX_BATCH];
	struct intake *intake = payload;
	size_t n;

	while ((n = collect(intake, batch)) > 0) {
		settle(intake, batch, n);
		for (size_t i = 0; i < n; i++)
			batch[i]->done(batch[i]);
	}
	return NULL;
}

int intake_open(struct intake **out, const char *url, int64_t (*clock)(void), struct err *err)
{
	struct intake *intake = calloc(1, sizeof *intake);

	if (!intake)
		return err_set(err, ERR_TEMP, "out of memory");
	intake->clock = clock;
	intake->last = &intake->first;
	if (store_open(&intake->store, url, err) < 0) {
		free(intake);
		return -1;
	}
	pthread_mutex_init(&intake->mutex, NULL);
	pthread_cond_init(&intake->filled, NULL);
	if (pthread_create(&intake->thread, NULL, work, intake) != 0) {
		store_close(intake->store);
		free(intake);
		return err_set(err, ERR_TEMP, "cannot start a thread");
	}
	*out = intake;
	return 0;
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	pthread_mutex_lock(&intake->mutex);
	intake->closing = true;
	pthread_cond_signal(&intake->filled);
	pthread_mutex_unlock(&intake->mutex);
	pthread_join(intake->thread, NULL);
	store_close(intake->store);
	pthread_cond_destroy(&intake->filled);
	pthread_mutex_destroy(&intake->mutex);
	free(intake);
}

int intake_post(struct intake *intake, struct intake_item *item, struct err *err)
{
	bool taken;

	item->next = NULL;
	item->since = intake->clock();
	pthread_mutex_lock(&intake->mutex);
	taken = !intake->closing && intake->n < INTAKE_MAX_WAITING;
	if (taken) {
		*intake->last = item;
		intake->last = &item->next;
		intake->n++;
		pthread_cond_signal(&intake->filled);
	}
	pthread_mutex_unlock(&intake->mutex);
	if (!taken)
		return err_set(err, ERR_TEMP, "too many deliveries wait for the database");
	return 0;
}

struct waiter {
	pthread_mutex_t mutex;
	pthread_cond_t  cond;
	bool            done;
};

/* The waiter's memory is gone as soon as it sees `done`: signalled under its mutex, not touched after. */
static void wake(struct intake_item *item)
{
	struct waiter *waiter = item->payload;

	pthread_mutex_lock(&waiter->mutex);
	waiter->done = true;
	pthread_cond_signal(&waiter->cond);
	pthread_mutex_unlock(&waiter->mutex);
}

int intake_put(struct intake *intake, const struct delivery *delivery, enum delivery_taken *taken,
	       struct err *err)
{
	struct waiter waiter = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	struct intake_item item = { .delivery = delivery, .done = wake, .payload = &waiter };

	if (intake_post(intake, &item, err) < 0)
		return -1;
	pthread_mutex_lock(&waiter.mutex);
	while (!waiter.done)
		pthread_cond_wait(&waiter.cond, &waiter.mutex);
	pthread_mutex_unlock(&waiter.mutex);
	pthread_cond_destroy(&waiter.cond);
	pthread_mutex_destroy(&waiter.mutex);
	if (item.result < 0) {
		*err = item.err;
		return -1;
	}
	*taken = item.taken;
	return 0;
}
