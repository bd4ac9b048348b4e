#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/scope.h"
#include "judge.h"
#include "keeper.h"

enum { TICK_MS = 1000 };

struct server {
	pthread_mutex_t      lock;
	struct judge        *jobs[KEEPER_JOBS]; /* under way, for the watchdog; under lock */
	size_t               n;                 /* connections; under lock */
	uint32_t             next_id;           /* under lock */
	int                  pair;
	struct digest_cache *cache;
	struct lsm          *lsm;               /* borrowed; NULL: none */
	struct err           unfit[FENCE_ENGINES]; /* why an engine does not work here; text "" when it does */
};

/* In the order in which they are preferred. */
static const struct {
	enum fence_engine          id;
	const struct judge_engine *engine;
} engines[] = { { FENCE_BPF, &judge_bpf }, { FENCE_FANOTIFY, &judge_fanotify } };

struct connection {
	struct server *server;
	int            fd;
};

static void send_answer(int fd, bool ok, const char *text)
{
	AUTO_BUF struct buf bytes = { 0 };
	struct fence_packet packet = { .kind = FENCE_ANSWER, .answer.ok = ok };

	snprintf(packet.answer.text, sizeof packet.answer.text, "%s", text);
	fence_encode(&bytes, &packet);
	(void)!send(fd, bytes.bytes, bytes.len, MSG_NOSIGNAL);
}

/* A place in the table of the watchdog, and a number for the keeper; 0 when there is none left. */
static uint32_t enlist(struct server *s, struct judge *judge)
{
	uint32_t id = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < KEEPER_JOBS && !id; i++)
		if (!s->jobs[i]) {
			s->jobs[i] = judge;
			/* 0 means none */
			id = ++s->next_id ? s->next_id : ++s->next_id;
		}
	pthread_mutex_unlock(&s->lock);
	return id;
}

static void dismiss(struct server *s, const struct judge *judge)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < KEEPER_JOBS; i++)
		if (s->jobs[i] == judge)
			s->jobs[i] = NULL;
	pthread_mutex_unlock(&s->lock);
}

static bool is_fit(const struct server *s, enum fence_engine id)
{
	return !s->unfit[id].text[0];
}

/* NULL, with *err, when what the client wants does not work. */
static const struct judge_engine *choose(const struct server *s, enum fence_engine wanted, struct err *err)
{
	const enum fence_engine last = wanted ? wanted : FENCE_FANOTIFY;

	for (size_t i = 0; i < COUNT(engines); i++)
		if (is_fit(s, engines[i].id) && (!wanted || wanted == engines[i].id))
			return engines[i].engine;
	(void)err_set(err, s->unfit[last].kind, "%s", s->unfit[last].text);
	return NULL;
}

/* Judges until the job's end. */
static void attend(struct server *s, struct judge *judge, const struct peer *peer)
{
	send_answer(judge->connection, true, judge->engine->name);
	if (!judge_run(judge))
		fprintf(stderr, "outrider-fence: a job of user %u was ended: its supervisor is gone, or did not listen\n",
			(unsigned)peer->uid);
	dismiss(s, judge);
	judge_close(judge);
}

static int fence(struct server *s, int fd, const struct peer *peer, const struct fence_job *job, struct err *err)
{
	const struct judge_start start = { choose(s, job->engine, err), *peer, fd, s->cache, s->lsm };
	struct judge *judge = start.engine ? malloc(sizeof *judge) : NULL;
	uint32_t id;

	if (!judge)
		return start.engine ? err_set(err, ERR_TEMP, "no memory") : -1;
	if (judge_open(judge, &start, job, err)) {
		free(judge);
		return -1;
	}
	id = enlist(s, judge);
	if (!id || keeper_hold(s->pair, judge->engine->fd(judge), judge->ward.pidfd, id, err)) {
		dismiss(s, judge);
		judge_close(judge);
		free(judge);
		return id ? -1 : err_set(err, ERR_TEMP, "%d jobs are fenced already", KEEPER_JOBS);
	}
	attend(s, judge, peer);
	keeper_drop(s->pair, id);
	free(judge);
	return 0;
}

/* "bpf, fanotify"; of an engine that does not work, why. */
static int greet(const struct server *s, int fd, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };

	if (!choose(s, FENCE_ANY, err))
		return -1;
	for (size_t i = 0; i < COUNT(engines); i++)
		if (is_fit(s, engines[i].id))
			buf_printf(&text, "%s%s", text.len ? ", " : "", engines[i].engine->name);
	for (size_t i = 0; i < COUNT(engines); i++)
		if (!is_fit(s, engines[i].id))
			buf_printf(&text, "; no %s: %s", engines[i].engine->name, s->unfit[engines[i].id].text);
	buf_add_byte(&text, 0);
	send_answer(fd, true, text.bytes);
	return 0;
}

static int receive(struct fence_packet *out, char *room, int fd, struct err *err)
{
	ssize_t n = recv(fd, room, FENCE_MAX_PACKET + 1, MSG_TRUNC);

	if (n < 0)
		return err_errno(err, "no request");
	if (n > FENCE_MAX_PACKET)
		return err_input(err, "a request of %zd bytes, more than %d", n, FENCE_MAX_PACKET);
	return fence_decode(out, (struct str){ room, (size_t)n }, err);
}

static int handle(struct server *s, int fd, char *room, struct err *err)
{
	struct fence_packet request;
	struct peer peer;

	if (peer_read(&peer, fd, err) || receive(&request, room, fd, err))
		return -1;
	if (request.kind == FENCE_HELLO)
		return greet(s, fd, err);
	if (request.kind != FENCE_JOB)
		return err_input(err, "a packet that no client sends");
	return fence(s, fd, &peer, &request.job, err);
}

static void *connection_thread(void *arg)
{
	struct connection *c = arg;
	const struct timeval ask = { SERVE_ASK_SECONDS, 0 }, send_time = { SERVE_TELL_SECONDS, 0 };
	char *room = malloc(FENCE_MAX_PACKET + 1);
	struct err err;

	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &ask, sizeof ask);
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &send_time, sizeof send_time);
	if (room && handle(c->server, c->fd, room, &err))
		send_answer(c->fd, false, err.text);
	free(room);
	close(c->fd);
	pthread_mutex_lock(&c->server->lock);
	c->server->n--;
	pthread_mutex_unlock(&c->server->lock);
	free(c);
	return NULL;
}

static void take_connection(struct server *s, int listener)
{
	struct connection *c;
	pthread_t thread;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	bool room;

	if (fd < 0)
		return;
	pthread_mutex_lock(&s->lock);
	room = s->n < 2 * (size_t)KEEPER_JOBS;
	s->n += room;
	pthread_mutex_unlock(&s->lock);
	c = room ? malloc(sizeof *c) : NULL;
	if (c) {
		*c = (struct connection){ s, fd };
		if (pthread_create(&thread, NULL, connection_thread, c) == 0) {
			pthread_detach(thread);
			return;
		}
		free(c);
	}
	send_answer(fd, false, "too many connections");
	close(fd);
	pthread_mutex_lock(&s->lock);
	s->n -= room;
	pthread_mutex_unlock(&s->lock);
}

/* A file system that does not answer must not hold a job, or whoever else looks at its mounts, for ever. */
static void watch(struct server *s, bool end_all)
{
	int64_t now = judge_now_ms();

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < KEEPER_JOBS; i++) {
		int64_t since = s->jobs[i] ? atomic_load(&s->jobs[i]->since_ms) : 0;

		if (s->jobs[i] && (end_all || (since && now - since > SERVE_VERDICT_SECONDS * INT64_C(1000))))
			judge_give_up(s->jobs[i]);
	}
	pthread_mutex_unlock(&s->lock);
}

static bool is_idle(struct server *s)
{
	bool idle = true;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < KEEPER_JOBS; i++)
		idle &= !s->jobs[i];
	pthread_mutex_unlock(&s->lock);
	return idle;
}

int serve_run(int listener, int pair, struct lsm *lsm, const struct err *no_lsm, struct err *err)
{
	struct server s = { .pair = pair, .lsm = lsm };
	struct pollfd fds[2] = { { listener, POLLIN, 0 }, { pair, POLLIN, 0 } };

	pthread_mutex_init(&s.lock, NULL);
	s.cache = digest_cache_new();
	s.unfit[FENCE_FANOTIFY].text[0] = s.unfit[FENCE_BPF].text[0] = 0;
	if (!lsm)
		s.unfit[FENCE_BPF] = *no_lsm;
	(void)judge_fanotify_probe(&s.unfit[FENCE_FANOTIFY]);
	for (size_t i = 0; i < COUNT(engines); i++)
		if (!is_fit(&s, engines[i].id))
			fprintf(stderr, "outrider-fence: no engine %s here: %s\n", engines[i].engine->name,
				s.unfit[engines[i].id].text);
	while (!fds[1].revents) {
		if (poll(fds, 2, TICK_MS) < 0 && errno != EINTR)
			return err_errno(err, "poll");
		if (fds[0].revents)
			take_connection(&s, listener);
		watch(&s, false);
	}
	/* threads may still use all this: the process ends without taking it down */
	for (int i = 0; i < JUDGE_END_MS / 10 && !is_idle(&s); i++) {
		watch(&s, true);
		poll(NULL, 0, 10);
	}
	return 0;
}
