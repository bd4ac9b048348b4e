/* worker_thread.c - the job's thread, and what it asks of the loop. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker.h"
#include "serve/log.h"
#include "worker.h"

static void wake(struct worker *w)
{
	uint64_t one = 1;

	if (write(w->wake, &one, sizeof(one)) < 0)
		log_error("cannot wake the loop");
}

static int wait_answer(struct worker *w, int64_t until, struct err *err)
{
	while (w->question.state != QUESTION_ANSWERED) {
		struct timespec soon;

		if (w->lost)
			return err_set(err, ERR_TEMP, "the lease is lost");
		if (broker_steady() > until)
			return err_set(err, ERR_TEMP, "the broker does not answer");
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_sec++;
		pthread_cond_timedwait(&w->answered, &w->lock, &soon);
	}
	return 0;
}

int worker_ask(struct worker *w, const char *name, const json_t *body, json_t **reply,
	       struct err *err)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct question *q = &w->question;
	int status;

	if (!text)
		return err_set(err, ERR_TEMP, "out of memory");
	pthread_mutex_lock(&w->lock);
	q->state = QUESTION_ASKED;
	q->count++;
	q->name = name;
	q->body = str_of(text);
	wake(w);
	status = wait_answer(w, broker_steady() + WORKER_ASK_MS, err);
	q->state = QUESTION_NONE;
	if (status == 0 && q->code)
		status = err_set(err, (enum err_kind)(q->code - 1), "%.*s",
				 STR_ARG(buf_str(&q->reply)));
	if (status == 0) {
		*reply = body_read(buf_str(&q->reply), err);
		status = *reply ? 0 : -1;
	}
	pthread_mutex_unlock(&w->lock);
	free(text);
	return status ? err_wrap(err, "%s", name) : 0;
}

bool worker_stage(struct worker *w, const char *stage)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	if (strcmp(w->stage, stage) != 0) {
		snprintf(w->stage, sizeof(w->stage), "%s", stage);
		w->news = true;
		wake(w);
	}
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return !stop;
}

bool worker_stopped(struct worker *w)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return stop;
}

void *worker_thread(void *payload)
{
	struct worker *w = payload;

	work_do(w);
	pthread_mutex_lock(&w->lock);
	w->done = true;
	pthread_mutex_unlock(&w->lock);
	wake(w);
	return NULL;
}
