/*
 * The exec gate by ptrace. One thread traces all processes of the job and waits for them; nobody else may give them
 * commands. It never waits for anything but them, so that no job can hold it up.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "gate_known.h"
#include "gate_log.h"
#include "gate_proc.h"
#include "gate_task.h"

#define TRACE_OPTIONS                                                                          \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_EXITKILL)

/* A birth that the parent told before the child did: as many as may be on their way at once. */
struct birth {
	pid_t pid;
	int32_t program;
};
enum {
	EXPECTED = 64,
	/* reading a program takes 128 KiB (digest.c), paths some KiB; the usual 8 MiB take longer to map and to clear */
	ENGINE_STACK = 512 << 10,
	ENGINE_SLICE_NS = 100000, /* the least that the kernel takes */
};

/* The thread waits while it is new: it is started when there is time for that, and asked when the command waits. */
enum engine_state { ENGINE_NEW, ENGINE_ASKED, ENGINE_ATTACHED, ENGINE_REFUSED, ENGINE_UNUSED };

struct engine {
	struct sandbox_gate gate; /* first: what sandbox_run() knows */
	struct gate_options options;
	struct digest_cache *own;    /* owned: of files that this job can write */
	struct digest_cache *shared; /* options.cache, or `own` */
	struct gate_rules rules;
	struct gate_known known; /* of what was started before */
	struct gate_log *log;    /* owned */
	struct task_table tasks; /* one for each task that is alive and was met */
	struct birth expected[EXPECTED];
	size_t n_expected;
	pid_t command;
	bool command_killed;
	int thread_error; /* of pthread_create(); 0: the thread is there, to be joined */
	pthread_t thread;
	pthread_mutex_t lock; /* of state and attach_err, until attached */
	pthread_cond_t changed;
	enum engine_state state;
	struct err attach_err;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The last argument of ptrace() is a number in disguise. */
static long command(enum __ptrace_request request, pid_t pid, uintptr_t data)
{
	return ptrace(request, pid, NULL, (void *)data);
}

static void go_on(pid_t pid, int signal)
{
	/* ESRCH: killed meanwhile; waitpid() will tell */
	(void)command(PTRACE_CONT, pid, (uintptr_t)signal);
}

/* What is only worth its time for a program that was not seen before. */
static void note_details(struct engine *e, pid_t pid, const struct gate_image *image, int32_t index)
{
	struct gate_program *program = &e->log->programs.items[index];
	int64_t changed =
		(int64_t)image->stat.st_ctim.tv_sec * 1000000000 + image->stat.st_ctim.tv_nsec;

	program->pid = gate_proc_number(pid);
	if (image->facts.opened && image->facts.origin == GATE_FRESH)
		program->writer = task_alive(&e->tasks, changed, DIGEST_SETTLE_NS, pid);
}

static void classify(const struct engine *e, struct gate_image *image)
{
	if (!image->facts.listed && e->options.profile)
		image->facts.class = profile_class(e->options.profile, str_of(image->path));
	if (!image->facts.listed && image->facts.origin == GATE_FRESH)
		image->facts.class = CLASS_FRESH;
}

/* The image that the process is about to run; valid until the next one. */
static const struct gate_image *look(struct engine *e, struct gate_image *room, pid_t pid)
{
	const struct gate_image *known = gate_known_find(&e->known, pid);

	if (known)
		return known;
	gate_image_read(room, pid, &e->rules, e->shared, e->own);
	classify(e, room);
	gate_known_keep(&e->known, room);
	return room;
}

static int32_t note(struct engine *e, pid_t pid, const struct gate_image *image, enum gate_rule rule,
		    bool denied)
{
	char script[GATE_MAX_PATH] __attribute__((uninitialized));
	bool fresh;
	int32_t index;

	*script = '\0';
	if (image->facts.class == CLASS_INTERPRETER)
		gate_script_read(script, pid, image, e->rules.root_fd);
	index = gate_log_add(e->log, image, script, rule, denied, &fresh);
	if (index >= 0 && fresh)
		note_details(e, pid, image, index);
	return index;
}

/* The new image is in place and has not run. */
static void at_exec(struct engine *e, pid_t pid)
{
	struct gate_image room __attribute__((uninitialized));
	const struct gate_image *image;
	enum gate_rule rule;
	unsigned long former = 0;
	struct task *task;
	bool denied;
	int32_t index;

	/* when another thread called execve(), it has the number of the first one now */
	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &former) == 0 && former && (pid_t)former != pid)
		task_remove(&e->tasks, (pid_t)former, now_ns());
	image = look(e, &room, pid);
	rule = gate_decide(&image->facts, e->rules.mode);
	denied = rule != GATE_OK && e->rules.mode != EXEC_AUDIT;
	if (denied)
		kill(pid,
		     SIGKILL); /* stopped and ours, so its number cannot have become another's */
	index = note(e, pid, image, rule, denied);
	if (denied) {
		e->command_killed |= pid == e->command;
		return;
	}
	task = task_add(&e->tasks, pid);
	if (task)
		task_runs(&e->tasks, task, index, now_ns());
	go_on(pid, 0);
}

/*
 * A new process runs the program of its parent. Which of the two tells first is chance: what the parent says waits for
 * the child, or finds it.
 */
static void at_fork(struct engine *e, pid_t pid)
{
	const struct task *parent = task_find(&e->tasks, pid);
	unsigned long born = 0;
	struct task *child;

	if (parent && ptrace(PTRACE_GETEVENTMSG, pid, NULL, &born) == 0 && born) {
		child = task_find(&e->tasks, (pid_t)born);
		if (!child)
			e->expected[e->n_expected++ % EXPECTED] =
				(struct birth){ (pid_t)born, parent->program };
		else if (child->program == TASK_NO_PROGRAM)
			task_runs(&e->tasks, child, parent->program, now_ns());
	}
	go_on(pid, 0);
}

static int32_t expected_program(const struct engine *e, pid_t pid)
{
	for (size_t i = 0; i < EXPECTED; i++)
		if (e->expected[i].pid == pid)
			return e->expected[i].program;
	return TASK_NO_PROGRAM;
}

/* The first stop of a task that the kernel attached for us. False when there are too many. */
static bool meet(struct engine *e, pid_t pid)
{
	struct task *task;
	int32_t program;

	if (task_find(&e->tasks, pid))
		return true;
	task = e->tasks.n < GATE_MAX_TASKS ? task_add(&e->tasks, pid) : NULL;
	if (!task)
		return false;
	program = expected_program(e, pid);
	if (program != TASK_NO_PROGRAM)
		task_runs(&e->tasks, task, program, now_ns());
	return true;
}

static void at_stop(struct engine *e, pid_t pid, int signal)
{
	if (!meet(e, pid))
		kill(pid, SIGKILL);
	else if (signal == SIGTRAP)
		go_on(pid, 0);
	else
		/* stopped by job control: it stays so, and still tells us about SIGCONT */
		(void)command(PTRACE_LISTEN, pid, 0);
}

static void handle(struct engine *e, pid_t pid, int status)
{
	int event = status >> 16, signal;

	if (!WIFSTOPPED(status)) {
		task_remove(&e->tasks, pid, now_ns());
		return;
	}
	signal = WSTOPSIG(status);
	if (event == PTRACE_EVENT_EXEC)
		at_exec(e, pid);
	else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		 event == PTRACE_EVENT_CLONE)
		at_fork(e, pid);
	else if (event == PTRACE_EVENT_STOP)
		at_stop(e, pid, signal);
	else
		/* a signal on its way: it is the job's business */
		go_on(pid, event ? 0 : signal);
}

static void trace(struct engine *e)
{
	for (;;) {
		int status;
		/* __WNOTHREAD: children of other threads are the supervisor's */
		pid_t pid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		if (pid > 0)
			handle(e, pid, status);
		else if (errno != EINTR)
			return; /* ECHILD: nobody is left */
	}
}

static void tell(struct engine *e, enum engine_state state)
{
	pthread_mutex_lock(&e->lock);
	e->state = state;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

/* Until the state is another one: that. */
static enum engine_state wait_while(struct engine *e, enum engine_state state)
{
	enum engine_state now;

	pthread_mutex_lock(&e->lock);
	while (e->state == state)
		pthread_cond_wait(&e->changed, &e->lock);
	now = e->state;
	pthread_mutex_unlock(&e->lock);
	return now;
}

static int explain(struct err *err)
{
	char scope[8] = "";
	int error = errno;
	AUTO_FD int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, scope, sizeof scope - 1) > 0 && *scope == '3')
		return err_set(
			err, ERR_PERM,
			"the exec gate cannot trace: Yama forbids it (kernel.yama.ptrace_scope is 3, "
			"which only a restart with another setting undoes)");
	errno = error;
	return err_errno(
		err,
		"the exec gate cannot trace; in a container allow ptrace (--cap-add SYS_PTRACE, or a "
		"seccomp profile that has it)");
}

static int lacks_filter(struct err *err)
{
	return err_set(err, ERR_PERM,
		       "the exec gate needs the filter of system calls (layer seccomp): without it a process can hide its "
		       "children from the gate");
}

static int meet_command(struct engine *e)
{
	struct sandbox_target target;

	if (!e->options.ready)
		return 0;
	if (e->options.ready(e->options.ctx, &target, &e->attach_err) ||
	    gate_rules_init(&e->rules, &target, e->shared, &e->attach_err))
		return -1;
	e->command = target.pid;
	return 0;
}

static void let_go(struct engine *e)
{
	if (!e->options.go)
		return;
	e->options.go(e->options.ctx);
	/* it is on its way to its first stop, which only we end */
	if (!e->options.no_filter && !gate_proc_has_filter(e->command)) {
		kill(e->command, SIGKILL);
		e->command_killed = true;
	}
}

/*
 * What stops waits for us, and we never run for long: a short slice lets this thread run soon after it is woken, and gives it no more
 * of the processor. Kernels before 6.12 ignore it.
 */
static void ask_for_little(void)
{
	/* struct sched_attr of linux/sched/types.h, which glibc's sched.h does not go with */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t  nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = { .size = sizeof attr };

	attr.nice = getpriority(PRIO_PROCESS, 0);
	attr.runtime = ENGINE_SLICE_NS;
	(void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

static void *engine_thread(void *arg)
{
	struct engine *e = arg;
	sigset_t all;

	/* the supervisor's signals are for its own threads */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	ask_for_little();
	if (wait_while(e, ENGINE_NEW) != ENGINE_ASKED)
		return NULL;
	if (meet_command(e)) {
		tell(e, ENGINE_REFUSED);
		return NULL;
	}
	if (command(PTRACE_SEIZE, e->command, TRACE_OPTIONS) < 0) {
		(void)explain(&e->attach_err);
		tell(e, ENGINE_REFUSED);
		return NULL;
	}
	(void)task_add(&e->tasks, e->command);
	let_go(e);
	tell(e, ENGINE_ATTACHED);
	trace(e);
	return NULL;
}

static void start_thread(struct engine *e)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, ENGINE_STACK);
	e->thread_error = pthread_create(&e->thread, &attr, engine_thread, e);
	pthread_attr_destroy(&attr);
}

static void join_thread(struct engine *e)
{
	if (e->state == ENGINE_NEW)
		tell(e, ENGINE_UNUSED);
	if (!e->thread_error)
		pthread_join(e->thread, NULL);
	e->thread_error = ESRCH;
}

static int ask(struct engine *e, struct err *err)
{
	if (e->thread_error) {
		errno = e->thread_error;
		return err_errno(err, "start the exec gate");
	}
	tell(e, ENGINE_ASKED);
	if (wait_while(e, ENGINE_ASKED) == ENGINE_ATTACHED)
		return 0;
	join_thread(e);
	return err_set(err, e->attach_err.kind, "%s", e->attach_err.text);
}

static int attach(struct sandbox_gate *gate, const struct sandbox_target *target, struct err *err)
{
	struct engine *e = (struct engine *)(void *)gate;

	if (e->options.ready)
		return ask(e, err);
	if (!e->options.no_filter && !gate_proc_has_filter(target->pid))
		return lacks_filter(err);
	if (gate_rules_init(&e->rules, target, e->shared, err) < 0)
		return -1;
	e->command = target->pid;
	return ask(e, err);
}

static void finish(struct sandbox_gate *gate, struct receipt *receipt, struct arena *mem,
		   bool *killed)
{
	struct engine *e = (struct engine *)(void *)gate;

	join_thread(e);
	gate_log_write(e->log, receipt, mem);
	*killed = e->command_killed;
}

struct sandbox_gate *gate_ptrace_new(const struct gate_options *options)
{
	struct engine *e = calloc(1, sizeof *e);

	if (!e || !(e->log = malloc(sizeof *e->log)))
		abort();
	e->gate = (struct sandbox_gate){ "ptrace", attach, finish };
	e->options = *options;
	e->own = digest_cache_new();
	e->shared = options->cache ? options->cache : e->own;
	gate_log_init(e->log);
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	start_thread(e);
	return &e->gate;
}

void gate_ptrace_free(struct sandbox_gate *gate)
{
	struct engine *e = (struct engine *)(void *)gate;

	if (!e)
		return;
	join_thread(e);
	gate_rules_release(&e->rules);
	gate_known_release(&e->known);
	gate_log_release(e->log);
	free(e->log);
	task_table_release(&e->tasks);
	digest_cache_free(e->own);
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->changed);
	free(e);
}

int gate_ptrace_probe(struct err *err)
{
	pid_t pid = fork();
	int result = 0;

	if (pid < 0)
		return err_errno(err, "fork");
	if (pid == 0)
		for (;;)
			pause();
	if (command(PTRACE_SEIZE, pid, TRACE_OPTIONS) < 0)
		result = explain(err);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return result;
}
