/*
 * The exec gate by the root helper: asks it to judge one job, writes down what it reports, and ends the job when the helper is gone.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/scope.h"
#include "gate_log.h"
#include "gate_proc.h"
#include "sandbox/fence.h"
#include "sys.h"

enum {
	NAME_ROOM = 16, /* of an engine */
	ANSWER_SECONDS = 10, /* for the helper to mark the mounts of a job */
	END_MS = 10000,      /* for its last reports, when the job is dead */
};

struct engine {
	struct sandbox_gate gate; /* first: what sandbox_run() knows */
	struct gate_options options;
	char                name[NAME_ROOM]; /* what the helper says that judges */
	const char         *socket; /* borrowed */
	struct digest_cache *cache; /* owned, unless it is the options' */
	struct gate_rules   rules;
	struct gate_log    *log;    /* owned */
	int                 fd;     /* to the helper */
	int                 init;   /* pidfd of process 1 of the job */
	pid_t               command;
	bool                command_killed, ended, started;
	pthread_t           thread;
};

static int dial(const char *path, struct err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const struct timeval wait = { ANSWER_SECONDS, 0 };
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return err_input(err, "outrider-fence: '%s' is longer than a socket's path may be", path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "socket");
	if (connect(fd, (const struct sockaddr *)&at, sizeof at)) {
		(void)err_errno(err, "outrider-fence at %s", path);
		close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	return fd;
}

static int receive(struct fence_packet *out, int fd, struct err *err)
{
	char room[sizeof(struct fence_packet) + 64] __attribute__((uninitialized));
	ssize_t n = recv(fd, room, sizeof room, 0);

	if (n < 0)
		return err_errno(err, "outrider-fence does not answer");
	if (n == 0)
		return err_set(err, ERR_TEMP, "outrider-fence hung up");
	return fence_decode(out, (struct str){ room, (size_t)n }, err);
}

/* One question, and its answer. */
static int ask(struct fence_answer *out, int fd, const struct fence_packet *question, struct err *err)
{
	AUTO_BUF struct buf bytes = { 0 };
	struct fence_packet reply;

	fence_encode(&bytes, question);
	if (send(fd, bytes.bytes, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
		return err_errno(err, "ask outrider-fence");
	if (receive(&reply, fd, err))
		return -1;
	if (reply.kind != FENCE_ANSWER)
		return err_input(err, "outrider-fence: an answer to another question");
	if (!reply.answer.ok)
		return err_set(err, ERR_PERM, "outrider-fence: %s", reply.answer.text);
	*out = reply.answer;
	return 0;
}

int gate_fence_probe(const char *path, struct fence_answer *engines, struct err *err)
{
	const struct fence_packet hello = { .kind = FENCE_HELLO };
	AUTO_FD int fd = dial(path, err);

	return fd < 0 ? -1 : ask(engines, fd, &hello, err);
}

/* The program with this digest in the log, or -1. */
static int32_t find_writer(const struct gate_log *log, const struct digest *writer)
{
	char hex[2 * DIGEST_BYTES + 1];

	digest_hex(hex, writer);
	for (size_t i = 0; i < log->programs.n; i++)
		if (strcmp(log->programs.items[i].digest, hex) == 0)
			return (int32_t)i;
	return -1;
}

static void note(struct engine *e, const struct fence_exec *exec)
{
	struct gate_image image = { .facts = exec->facts, .digest = exec->digest };
	bool fresh;
	int32_t index;

	memcpy(image.path, exec->path, sizeof image.path);
	image.facts.listed = false;
	if (image.facts.digested)
		gate_rules_match(&e->rules, &image);
	gate_log_classify(&image, e->options.profile);
	index = gate_log_add(e->log, &image, exec->script, exec->rule, exec->denied, &fresh);
	if (index >= 0 && fresh) {
		e->log->programs.items[index].pid = exec->inside;
		if (exec->written)
			e->log->programs.items[index].writer = find_writer(e->log, &exec->writer);
	}
	e->command_killed |= exec->denied && (pid_t)exec->pid == e->command;
}

/* Until the helper says that the job is dead. Anything else than that is an engine that is lost. */
static void *engine_thread(void *arg)
{
	struct engine *e = arg;
	struct fence_packet packet;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (;;) {
		struct pollfd wait = { e->fd, POLLIN, 0 };

		if (poll(&wait, 1, -1) < 0 && errno == EINTR)
			continue;
		if (receive(&packet, e->fd, NULL) || (packet.kind != FENCE_EXEC && packet.kind != FENCE_END))
			break;
		if (packet.kind == FENCE_END) {
			e->ended = true;
			return NULL;
		}
		note(e, &packet.exec);
	}
	syscall(SYS_pidfd_send_signal, e->init, SIGKILL, NULL, 0);
	return NULL;
}

static const enum fence_engine wanted[EXEC_ENGINES] = { [EXEC_BY_FANOTIFY] = FENCE_FANOTIFY, [EXEC_BY_BPF] = FENCE_BPF };

static int make_request(struct fence_packet *out, struct digest **digests, const struct engine *e,
			const struct sandbox_target *target, struct err *err)
{
	const struct gate_rules *rules = &e->rules;

	if (rules->n_allow > FENCE_MAX_DIGESTS)
		return err_set(err, ERR_PERM, "outrider-fence takes %d programs; the policy lists %zu", FENCE_MAX_DIGESTS,
			       rules->n_allow);
	*digests = calloc(rules->n_allow + 1, sizeof **digests);
	if (!*digests)
		return err_set(err, ERR_TEMP, "no memory for %zu digests", rules->n_allow);
	for (size_t i = 0; i < rules->n_allow; i++)
		(*digests)[i] = rules->allow[i].digest;
	*out = (struct fence_packet){ .kind = FENCE_JOB };
	out->job = (struct fence_job){ .init = (uint32_t)target->init,
				       .mode = rules->mode,
				       .engine = wanted[target->policy->exec.engine],
				       .began_s = rules->began.tv_sec,
				       .began_ns = rules->began.tv_nsec,
				       .n_mounts = rules->n_writable,
				       .digests = *digests,
				       .n_digests = rules->n_allow };
	memcpy(out->job.mounts, rules->writable, rules->n_writable * sizeof *rules->writable);
	return 0;
}

static int request(struct engine *e, const struct sandbox_target *target, struct err *err)
{
	struct fence_packet packet;
	struct fence_answer answer;
	struct digest *digests = NULL;
	int failed = make_request(&packet, &digests, e, target, err) || ask(&answer, e->fd, &packet, err);

	free(digests);
	if (failed)
		return -1;
	snprintf(e->name, sizeof e->name, "%.*s", NAME_ROOM - 1, answer.text);
	return 0;
}

static int attach(struct sandbox_gate *gate, const struct sandbox_target *target, struct err *err)
{
	struct engine *e = (struct engine *)(void *)gate;
	int error;

	/* a file without a name is on no mount that could be watched: the filter lets none be run */
	if (!e->options.no_filter && !gate_proc_has_filter(target->pid))
		return err_set(err, ERR_PERM, "the exec gate needs the filter of system calls (layer seccomp)");
	e->command = target->pid;
	e->init = (int)syscall(SYS_pidfd_open, target->init, 0);
	e->fd = dial(e->socket, err);
	if (e->fd < 0 || gate_rules_init(&e->rules, target, e->cache, err) || request(e, target, err))
		return -1;
	error = e->init < 0 ? errno : pthread_create(&e->thread, NULL, engine_thread, e);
	errno = error;
	if (error)
		return err_errno(err, "start the exec gate");
	e->started = true;
	return 0;
}

static void finish(struct sandbox_gate *gate, struct receipt *receipt, struct arena *mem, bool *killed)
{
	struct engine *e = (struct engine *)(void *)gate;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_MS / 1000;
	/* the job is dead: a helper that says nothing now will not be waited for */
	if (e->started && pthread_timedjoin_np(e->thread, NULL, &until)) {
		shutdown(e->fd, SHUT_RDWR);
		pthread_join(e->thread, NULL);
	}
	e->started = false;
	gate_log_write(e->log, receipt, mem);
	*killed = e->command_killed;
	if (e->ended)
		return;
	*killed = true;
	receipt_deny(receipt, mem, &(struct receipt_denial){
		.layer = LAYER_GATE, .rule = STR("gate.lost"), .what = STR("exec"), .count = 1,
		.advice = STR("The helper that judges programs ended, and the job with it: nothing runs unjudged. Its "
			      "administrator can start outrider-fence again.") });
}

struct sandbox_gate *gate_fence_new(const struct gate_options *options, const char *socket)
{
	struct engine *e = calloc(1, sizeof *e);

	if (!e || !(e->log = malloc(sizeof *e->log)))
		abort();
	e->gate = (struct sandbox_gate){ e->name, attach, finish, gate_fence_free, NULL };
	e->options = *options;
	e->cache = options->cache ? options->cache : digest_cache_new();
	e->fd = e->init = -1;
	e->socket = socket;
	gate_log_init(e->log);
	return &e->gate;
}

void gate_fence_free(struct sandbox_gate *gate)
{
	struct engine *e = (struct engine *)(void *)gate;

	if (!e)
		return;
	if (e->started) {
		shutdown(e->fd, SHUT_RDWR);
		pthread_join(e->thread, NULL);
	}
	auto_fd(&e->fd);
	auto_fd(&e->init);
	gate_rules_release(&e->rules);
	gate_log_release(e->log);
	free(e->log);
	if (e->cache != e->options.cache)
		digest_cache_free(e->cache);
	free(e);
}
