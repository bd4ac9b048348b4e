#include "judge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <time.h>

#include "base/scope.h"

enum { SLEEP_MS = 1000, STACK_ROOM = 8192, STATUS_ROOM = 4096, EVENTS_ROOM = 4096 };

int64_t judge_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * The kernel stack of a task that waits for us. The event comes a moment before the task sleeps, and a running task
 * shows no stack: so it is read until it tells of the wait. "" when the task is gone.
 */
static void waiting_stack(char out[STACK_ROOM], pid_t task)
{
	const int64_t until = judge_now_ms() + SLEEP_MS;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/stack", (int)task);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	while ((n = fd < 0 ? -1 : pread(fd, out, STACK_ROOM - 1, 0)) >= 0) {
		out[n] = 0;
		if (strstr(out, "fanotify_"))
			return;
		if (judge_now_ms() > until)
			break;
		sched_yield();
	}
	out[0] = 0;
}

/* Whether the task loads a program that was judged, and this file is what that program names as its loader. */
static bool is_interpreter(pid_t task)
{
	char stack[STACK_ROOM];

	waiting_stack(stack, task);
	return strstr(stack, "load_elf_binary") != NULL;
}

int judge_probe(struct err *err)
{
	char stack[STACK_ROOM];

	peer_text(stack, sizeof stack, getpid(), "stack");
	if (strstr(stack, "proc_pid_stack"))
		return 0;
	return err_set(err, ERR_PERM,
		       "the kernel shows no stacks with names in /proc (CONFIG_STACKTRACE, CONFIG_KALLSYMS, CAP_SYS_ADMIN)");
}

static bool is_of_host(const struct judge *j, pid_t task)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)task);
	return stat(path, &st) == 0 && st.st_ino == j->processes.st_ino && st.st_dev == j->processes.st_dev;
}

static bool is_script(int fd)
{
	char start[2];

	return pread(fd, start, sizeof start, 0) == 2 && start[0] == '#' && start[1] == '!';
}

static void note_script(struct judge *j, pid_t task, const char *path)
{
	size_t at = 0;

	while (at < j->n_scripts && j->scripts[at].task != task)
		at++;
	/* which one is forgotten is only a matter of the log */
	if (at == JUDGE_SCRIPTS)
		at = (size_t)task % JUDGE_SCRIPTS;
	else if (at == j->n_scripts)
		j->n_scripts++;
	j->scripts[at].task = task;
	memcpy(j->scripts[at].path, path, GATE_MAX_PATH);
}

static void take_script(struct judge *j, pid_t task, char out[FENCE_MAX_PATH])
{
	for (size_t i = 0; i < j->n_scripts; i++)
		if (j->scripts[i].task == task) {
			memcpy(out, j->scripts[i].path, FENCE_MAX_PATH);
			j->scripts[i] = j->scripts[--j->n_scripts];
			return;
		}
}

static bool send_packet(int connection, const struct fence_packet *packet)
{
	AUTO_BUF struct buf bytes = { 0 };

	fence_encode(&bytes, packet);
	return send(connection, bytes.bytes, bytes.len, MSG_NOSIGNAL) == (ssize_t)bytes.len;
}

/* Whether no program with this digest, name and script was told of before; now and then one that was is called new. */
static bool is_new(struct judge *j, const struct gate_image *image, const char *script)
{
	uint64_t mark, *at;

	memcpy(&mark, image->digest.bytes, sizeof mark);
	mark ^= str_hash(str_of(image->path)) ^ 3 * str_hash(str_of(script));
	at = &j->told[mark % JUDGE_TOLD];
	if (*at == mark)
		return false;
	*at = mark;
	return true;
}

/* Told before it runs: what cannot be written down does not happen. */
static bool tell(struct judge *j, pid_t task, const struct gate_image *image, const char *script,
		 enum gate_rule rule, bool denied)
{
	struct fence_packet packet = { .kind = FENCE_EXEC };
	struct fence_exec *exec = &packet.exec;
	char status[STATUS_ROOM];

	/* numbers are for the log, which names a program once */
	if (denied || is_new(j, image, script)) {
		peer_text(status, sizeof status, task, "status");
		exec->pid = peer_number(status, "\nTgid:");
		exec->inside = peer_number(status, "\nNStgid:");
	}
	exec->facts = image->facts;
	exec->rule = rule;
	exec->denied = denied;
	exec->digest = image->digest;
	memcpy(exec->path, image->path, sizeof exec->path);
	memcpy(exec->script, script, sizeof exec->script);
	return send_packet(j->connection, &packet);
}

void judge_give_up(struct judge *j)
{
	atomic_store(&j->given_up, true);
	ward_kill(&j->ward);
}

static bool judge_program(struct judge *j, pid_t task, int fd, struct gate_image *image, const char *script)
{
	enum gate_rule rule;
	bool denied;

	gate_image_fd(image, fd, &j->rules, j->shared, j->own);
	rule = gate_decide(&image->facts, j->rules.mode);
	denied = rule != GATE_OK && j->rules.mode != EXEC_AUDIT;
	if (!tell(j, task, image, script, rule, denied))
		judge_give_up(j);
	else if (!denied)
		return true;
	/* it waits for us, so its number is its own */
	kill(task, SIGKILL);
	return false;
}

/* True lets the file be opened. */
static bool judge_file(struct judge *j, pid_t task, int fd)
{
	struct gate_image image = { 0 };
	char link[64], script[FENCE_MAX_PATH] = "";

	/* somebody of the host, who looks into the job's mounts from outside */
	if (is_of_host(j, task))
		return true;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	/* its interpreter, a program like any other, is asked for next */
	if (is_script(fd)) {
		gate_path_read(image.path, link);
		note_script(j, task, image.path);
		return true;
	}
	if (gate_is_loader(fd) && is_interpreter(task))
		return true;
	gate_path_read(image.path, link);
	take_script(j, task, script);
	return judge_program(j, task, fd, &image, script);
}

static void answer(struct judge *j, const struct fanotify_event_metadata *event, bool listening)
{
	struct fanotify_response response = { event->fd, FAN_DENY };
	bool allow = false;

	if (event->fd < 0)
		return; /* the kernel has refused it */
	atomic_store(&j->since_ms, judge_now_ms());
	allow = listening && event->pid > 0 && judge_file(j, event->pid, event->fd);
	atomic_store(&j->since_ms, 0);
	if (allow)
		response.response = FAN_ALLOW;
	/* ENOENT: killed while it waited */
	(void)!write(j->group, &response, sizeof response);
	close(event->fd);
}

static void answer_all(struct judge *j, bool listening)
{
	_Alignas(struct fanotify_event_metadata) char room[EVENTS_ROOM];
	ssize_t n = read(j->group, room, sizeof room);

	for (struct fanotify_event_metadata *e = (void *)room; n > 0 && FAN_EVENT_OK(e, n);
	     e = FAN_EVENT_NEXT(e, n))
		answer(j, e, listening);
}

bool judge_run(struct judge *j)
{
	struct pollfd fds[3] = { { j->group, POLLIN, 0 }, { j->ward.pidfd, POLLIN, 0 }, { j->connection, POLLIN, 0 } };
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
		if (fds[0].revents)
			answer_all(j, listening);
		if (fds[1].revents)
			break;
	}
	listening = listening && !atomic_load(&j->given_up);
	if (listening)
		(void)send_packet(j->connection, &(struct fence_packet){ .kind = FENCE_END });
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

int judge_open(struct judge *out, const struct peer *peer, int connection, const struct fence_job *job,
	       struct digest_cache *shared, struct err *err)
{
	memset(out, 0, sizeof *out);
	out->group = -1;
	out->connection = connection;
	out->shared = shared;
	if (stat("/proc/self/ns/pid", &out->processes))
		return err_errno(err, "our process namespace");
	if (ward_open(&out->ward, peer, job->init, err))
		return -1;
	out->group = marks_open(&out->ward, err);
	if (out->group >= 0 && make_rules(&out->rules, job, err) == 0) {
		out->own = digest_cache_new();
		return 0;
	}
	judge_close(out);
	return -1;
}

void judge_close(struct judge *j)
{
	/* the kernel lets run what nobody judges: so nobody may be left */
	if (j->group >= 0 && !ward_is_dead(&j->ward, 0)) {
		ward_kill(&j->ward);
		(void)ward_is_dead(&j->ward, JUDGE_END_MS);
	}
	auto_fd(&j->group);
	j->group = -1;
	ward_close(&j->ward);
	gate_rules_release(&j->rules);
	digest_cache_free(j->own);
	j->own = NULL;
}
