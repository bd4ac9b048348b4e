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
	struct err           unfit;             /* why no engine works here; text "" when one does */
};

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

static int fence(struct server *s, int fd, const struct peer *peer, const struct fence_job *job, struct err *err)
{
	struct judge *judge = malloc(sizeof *judge);
	uint32_t id;

	if (!judge)
		return err_set(err, ERR_TEMP, "no memory");
	if (judge_open(judge, peer, fd, job, s->cache, err)) {
		free(judge);
		return -1;
	}
	id = enlist(s, judge);
	if (!id || keeper_hold(s->pair, judge->group, judge->ward.pidfd, id, err)) {
		dismiss(s, judge);
		judge_close(judge);
		free(judge);
		return id ? -1 : err_set(err, ERR_TEMP, "%d jobs are fenced already", KEEPER_JOBS);
	}
	send_answer(fd, true, "fanotify");
	if (!judge_run(judge))
		fprintf(stderr, "outrider-fence: a job of user %u was ended: its supervisor is gone, or did not listen\n",
			(unsigned)peer->uid);
	dismiss(s, judge);
	judge_close(judge);
	keeper_drop(s->pair, id);
	free(judge);
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
	if (s->unfit.text[0])
		return err_set(err, s->unfit.kind, "%s", s->unfit.text);
	if (request.kind == FENCE_HELLO) {
		send_answer(fd, true, "fanotify");
		return 0;
	}
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

		if (s->jobs[i] && (end_all || (since && now - since > SERVE_VERDICT_SECONDS * 1000)))
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

int serve_run(int listener, int pair, struct err *err)
{
	struct server s = { .pair = pair };
	struct pollfd fds[2] = { { listener, POLLIN, 0 }, { pair, POLLIN, 0 } };

	pthread_mutex_init(&s.lock, NULL);
	s.cache = digest_cache_new();
	s.unfit.text[0] = 0;
	if (marks_probe(&s.unfit) || judge_probe(&s.unfit))
		fprintf(stderr, "outrider-fence: no engine works here: %s\n", s.unfit.text);
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
