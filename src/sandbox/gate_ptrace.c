/*
 * The exec gate by ptrace. Its thread traces each process for the moment of an exec (gate_listen.h) or, where the kernel cannot tell of execs
 * alone, all processes of the job all the time (gate_trace.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "gate_listen.h"
#include "gate_proc.h"
#include "gate_trace.h"

enum { ENGINE_SLICE_NS = 100000 }; /* the least that the kernel takes */

/* The thread waits while it is new: it is started when there is time for that, and asked when the command waits. */
enum engine_state { ENGINE_NEW, ENGINE_ASKED, ENGINE_ATTACHED, ENGINE_REFUSED, ENGINE_UNUSED };

struct engine {
	struct sandbox_gate gate; /* first: what sandbox_run() knows */
	struct judge judge;
	struct listen listen;
	struct trace trace;
	int stop;          /* an eventfd, for listen */
	int listener;      /* borrowed; -1: trace */
	int pidfd;         /* of the command; borrowed */
	int thread_error; /* of pthread_create(); 0: the thread is there, to be joined */
	pthread_t thread;
	pthread_mutex_t lock; /* of state and attach_err, until attached */
	pthread_cond_t changed;
	enum engine_state state;
	struct err attach_err;
};

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

static int meet(struct engine *e, const struct sandbox_target *target, struct err *err)
{
	e->judge.command = target->pid;
	e->pidfd = target->pidfd;
	e->listener = target->listener;
	return gate_rules_init(&e->judge.rules, target, e->judge.shared, err);
}

static int await_command(struct engine *e)
{
	struct sandbox_target target;

	if (!e->judge.options.ready)
		return 0;
	return e->judge.options.ready(e->judge.options.ctx, &target, &e->attach_err) || meet(e, &target, &e->attach_err)
		       ? -1
		       : 0;
}

static void let_go(struct engine *e)
{
	if (!e->judge.options.go)
		return;
	e->judge.options.go(e->judge.options.ctx);
	/* it is on its way to its first stop, which only we end */
	if (!e->judge.options.no_filter && !gate_proc_has_filter(e->judge.command)) {
		kill(e->judge.command, SIGKILL);
		atomic_store(&e->judge.command_killed, true);
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

/* The filter tells of the command's exec: it waits for nothing else. */
static int begin_listening(struct engine *e)
{
	e->listen = (struct listen){ .judge = &e->judge, .listener = e->listener, .stop = e->stop };
	if (listen_first(&e->listen, e->pidfd, NULL) == 0)
		return 0;
	(void)explain(&e->attach_err);
	listen_end(&e->listen);
	return -1;
}

static int begin_tracing(struct engine *e)
{
	e->trace = (struct trace){ .judge = &e->judge };
	if (trace_first(&e->trace, e->judge.command, NULL))
		return explain(&e->attach_err);
	let_go(e);
	return 0;
}

static void *engine_thread(void *arg)
{
	struct engine *e = arg;
	sigset_t all;
	bool listens;

	/* the supervisor's signals are for its own threads */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	ask_for_little();
	if (wait_while(e, ENGINE_NEW) != ENGINE_ASKED)
		return NULL;
	if (await_command(e)) {
		tell(e, ENGINE_REFUSED);
		return NULL;
	}
	listens = e->listener >= 0;
	if (listens ? begin_listening(e) : begin_tracing(e)) {
		tell(e, ENGINE_REFUSED);
		return NULL;
	}
	tell(e, ENGINE_ATTACHED);
	if (listens) {
		listen_all(&e->listen);
		listen_end(&e->listen);
	} else {
		trace_all(&e->trace);
	}
	return NULL;
}

static void start_thread(struct engine *e)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, JUDGE_STACK);
	e->thread_error = pthread_create(&e->thread, &attr, engine_thread, e);
	pthread_attr_destroy(&attr);
}

static void join_thread(struct engine *e)
{
	if (e->state == ENGINE_NEW)
		tell(e, ENGINE_UNUSED);
	(void)eventfd_write(e->stop, 1);
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

	if (e->judge.options.ready)
		return ask(e, err);
	if (target->listener < 0 && !e->judge.options.no_filter && !gate_proc_has_filter(target->pid))
		return lacks_filter(err);
	return meet(e, target, err) ? -1 : ask(e, err);
}

static void stop(struct sandbox_gate *gate)
{
	(void)eventfd_write(((struct engine *)(void *)gate)->stop, 1);
}

static void finish(struct sandbox_gate *gate, struct receipt *receipt, struct arena *mem,
		   bool *killed)
{
	struct engine *e = (struct engine *)(void *)gate;

	join_thread(e);
	gate_log_write(e->judge.log, receipt, mem);
	*killed = atomic_load(&e->judge.command_killed);
}

struct sandbox_gate *gate_ptrace_new(const struct gate_options *options)
{
	struct engine *e = calloc(1, sizeof *e);

	if (!e || (e->stop = eventfd(0, EFD_CLOEXEC)) < 0)
		abort();
	e->gate = (struct sandbox_gate){ "ptrace", attach, finish, gate_ptrace_free, stop };
	judge_init(&e->judge, options);
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
	judge_release(&e->judge);
	close(e->stop);
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
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		result = explain(err);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return result;
}
