#include "judge.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/scope.h"

int64_t judge_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool judge_tell(const struct judge *j, const struct fence_packet *packet)
{
	AUTO_BUF struct buf bytes = { 0 };

	fence_encode(&bytes, packet);
	return send(j->connection, bytes.bytes, bytes.len, MSG_NOSIGNAL) == (ssize_t)bytes.len;
}

void judge_give_up(struct judge *j)
{
	atomic_store(&j->given_up, true);
	ward_kill(&j->ward);
}

bool judge_run(struct judge *j)
{
	struct pollfd fds[4] = { { j->engine->fd(j), POLLIN, 0 }, { j->ward.pidfd, POLLIN, 0 }, { j->connection, POLLIN, 0 },
				 { j->side, POLLIN, 0 } };
	bool listening = true;

	/* listening: the client is there, and we have not given up */
	for (;;) {
		if (poll(fds, COUNT(fds), -1) < 0 && errno != EINTR)
			listening = false;
		/* a client has nothing more to say: that it speaks or hangs up is its end, and the job's */
		if (fds[2].revents) {
			listening = false;
			fds[2].fd = -1;
		}
		if (!listening)
			ward_kill(&j->ward);
		/* what was told before the end is read behind it, too */
		if (fds[0].revents || fds[1].revents || fds[3].revents)
			j->engine->read(j, listening);
		if (fds[1].revents)
			break;
	}
	listening = listening && !atomic_load(&j->given_up);
	if (listening)
		(void)judge_tell(j, &(struct fence_packet){ .kind = FENCE_END });
	return listening;
}

static int make_rules(struct gate_rules *out, const struct fence_job *job, struct err *err)
{
	struct gate_rules rules = { .mode = job->mode, .root_fd = -1, .n_allow = job->n_digests };

	rules.allow = calloc(job->n_digests + 1, sizeof *rules.allow);
	if (!rules.allow)
		return err_set(err, ERR_TEMP, "no memory for %zu exec rules", job->n_digests);
	for (size_t i = 0; i < job->n_digests; i++)
		rules.allow[i].digest = job->digests[i];
	for (size_t i = 0; i < job->n_mounts && i < GATE_MAX_MOUNTS; i++)
		rules.writable[rules.n_writable++] = job->mounts[i];
	rules.began = (struct timespec){ job->began_s, job->began_ns };
	*out = rules;
	return 0;
}

int judge_open(struct judge *out, const struct judge_start *start, const struct fence_job *job, struct err *err)
{
	memset(out, 0, sizeof *out);
	out->engine = start->engine;
	out->group = out->ns = out->side = -1;
	out->connection = start->connection;
	out->shared = start->shared;
	out->lsm = start->lsm;
	if (stat("/proc/self/ns/pid", &out->processes))
		return err_errno(err, "our process namespace");
	if (ward_open(&out->ward, &start->peer, job->init, err))
		return -1;
	out->own = digest_cache_new();
	if (make_rules(&out->rules, job, err) == 0 && out->engine->open(out, job, err) == 0) {
		out->open = true;
		return 0;
	}
	judge_close(out);
	return -1;
}

void judge_close(struct judge *j)
{
	/* the kernel lets run what nobody judges: so nobody may be left */
	if (j->open && !ward_is_dead(&j->ward, 0)) {
		ward_kill(&j->ward);
		(void)ward_is_dead(&j->ward, JUDGE_END_MS);
	}
	if (j->open)
		j->engine->close(j);
	j->open = false;
	ward_close(&j->ward);
	gate_rules_release(&j->rules);
	digest_cache_free(j->own);
	j->own = NULL;
}
