/*
 * judge_fanotify.c - the kernel asks us before a file is opened to be run.
 *
 * It asks twice for most programs: for the file that was named, and for the dynamic loader that it wants. Both look alike; but
 * the task waits inside the kernel, and its kernel stack says which function opens the file. That stack cannot be forged
 * from outside the kernel: in load_elf_binary a loader is that of a program which was judged before; otherwise it is a program itself.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fanotify.h>

#include "base/scope.h"
#include "judge.h"

enum { SLEEP_MS = 1000, STACK_ROOM = 8192, STATUS_ROOM = 4096, EVENTS_ROOM = 4096 };

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

int judge_fanotify_probe(struct err *err)
{
	char stack[STACK_ROOM];

	if (marks_probe(err))
		return -1;
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
	exec->written = image->facts.origin == GATE_FRESH && writers_find(j->writers, &exec->writer, &image->stat);
	exec->digest = image->digest;
	memcpy(exec->path, image->path, sizeof exec->path);
	memcpy(exec->script, script, sizeof exec->script);
	return judge_tell(j, &packet);
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
	else if (!denied) {
		writers_ran(j->writers, task, &image->digest);
		return true;
	}
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

	/* behind it: whoever wrote what is about to run has closed it before */
	writers_read(j->writers, &j->rules, j->shared, j->own);
	for (struct fanotify_event_metadata *e = (void *)room; n > 0 && FAN_EVENT_OK(e, n);
	     e = FAN_EVENT_NEXT(e, n))
		answer(j, e, listening);
}

static int open_group(struct judge *j, const struct fence_job *job, struct err *err)
{
	if (writers_open(&j->writers, &j->ward, job, err))
		return -1;
	j->group = marks_open(&j->ward, err);
	j->side = writers_fd(j->writers);
	if (j->group >= 0)
		return 0;
	writers_close(j->writers);
	j->writers = NULL;
	return -1;
}

static int group_fd(const struct judge *j)
{
	return j->group;
}

static void close_group(struct judge *j)
{
	auto_fd(&j->group);
	j->group = j->side = -1;
	writers_close(j->writers);
	j->writers = NULL;
}

const struct judge_engine judge_fanotify = { "fanotify", open_group, group_fd, answer_all, close_group };
