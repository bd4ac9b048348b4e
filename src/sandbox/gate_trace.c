/*
 * gate_trace.c - all processes of the job are traced by one thread, which never waits for anything but them, so that no job can hold
 * it up.
 */
#include "gate_trace.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define TRACE_OPTIONS                                                                          \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_EXITKILL)

static void go_on(pid_t pid, int signal)
{
	/* ESRCH: killed meanwhile; waitpid() will tell */
	(void)judge_trace(PTRACE_CONT, pid, (uintptr_t)signal);
}

/* The new image is in place and has not run. */
static void at_exec(struct trace *t, pid_t pid)
{
	unsigned long former = 0;
	struct task *task;
	int32_t program;

	/* when another thread called execve(), it has the number of the first one now */
	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &former) == 0 && former && (pid_t)former != pid)
		task_remove(&t->judge->tasks, (pid_t)former, judge_now());
	if (!judge_exec(t->judge, pid, &program))
		return;
	task = task_add(&t->judge->tasks, pid);
	if (task)
		task_runs(&t->judge->tasks, task, program, judge_now());
	go_on(pid, 0);
}

/*
 * A new process runs the program of its parent. Which of the two tells first is chance: what the parent says waits for
 * the child, or finds it.
 */
static void at_fork(struct trace *t, pid_t pid)
{
	const struct task *parent = task_find(&t->judge->tasks, pid);
	unsigned long born = 0;
	struct task *child;

	if (parent && ptrace(PTRACE_GETEVENTMSG, pid, NULL, &born) == 0 && born) {
		child = task_find(&t->judge->tasks, (pid_t)born);
		if (!child)
			t->expected[t->n_expected++ % TRACE_EXPECTED] =
				(struct birth){ (pid_t)born, parent->program };
		else if (child->program == TASK_NO_PROGRAM)
			task_runs(&t->judge->tasks, child, parent->program, judge_now());
	}
	go_on(pid, 0);
}

static int32_t expected_program(const struct trace *t, pid_t pid)
{
	for (size_t i = 0; i < TRACE_EXPECTED; i++)
		if (t->expected[i].pid == pid)
			return t->expected[i].program;
	return TASK_NO_PROGRAM;
}

/* The first stop of a task that the kernel attached for us. False when there are too many. */
static bool meet(struct trace *t, pid_t pid)
{
	struct task *task;
	int32_t program;

	if (task_find(&t->judge->tasks, pid))
		return true;
	task = t->judge->tasks.n < GATE_MAX_TASKS ? task_add(&t->judge->tasks, pid) : NULL;
	if (!task)
		return false;
	program = expected_program(t, pid);
	if (program != TASK_NO_PROGRAM)
		task_runs(&t->judge->tasks, task, program, judge_now());
	return true;
}

static void at_stop(struct trace *t, pid_t pid, int signal)
{
	if (!meet(t, pid))
		kill(pid, SIGKILL);
	else if (signal == SIGTRAP)
		go_on(pid, 0);
	else
		/* stopped by job control: it stays so, and still tells us about SIGCONT */
		(void)judge_trace(PTRACE_LISTEN, pid, 0);
}

static void handle(struct trace *t, pid_t pid, int status)
{
	int event = status >> 16, signal;

	if (!WIFSTOPPED(status)) {
		task_remove(&t->judge->tasks, pid, judge_now());
		return;
	}
	signal = WSTOPSIG(status);
	if (event == PTRACE_EVENT_EXEC)
		at_exec(t, pid);
	else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		 event == PTRACE_EVENT_CLONE)
		at_fork(t, pid);
	else if (event == PTRACE_EVENT_STOP)
		at_stop(t, pid, signal);
	else
		/* a signal on its way: it is the job's business */
		go_on(pid, event ? 0 : signal);
}

int trace_first(struct trace *t, pid_t pid, struct err *err)
{
	if (judge_trace(PTRACE_SEIZE, pid, TRACE_OPTIONS) < 0)
		return err_errno(err, "ptrace");
	(void)task_add(&t->judge->tasks, pid);
	return 0;
}

void trace_all(struct trace *t)
{
	for (;;) {
		int status;
		/* __WNOTHREAD: children of other threads are the supervisor's */
		pid_t pid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		if (pid > 0)
			handle(t, pid, status);
		else if (errno != EINTR)
			return; /* ECHILD: nobody is left */
	}
}
