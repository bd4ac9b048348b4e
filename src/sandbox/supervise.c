/* supervise.c - the supervisor's side of one run: begin, watch, end, account. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/scope.h"
#include "begin.h"
#include "watch.h"

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void run_release(struct run *run)
{
	launch_end(&run->launched, NULL);
	for (size_t i = 0; i < COUNT(run->holders); i++)
		holder_end(&run->holders[i]);
	cgroup_close(&run->cgroup);
	placeholder_remove(&run->placeholders);
	/* it dies while the rest is closed */
	keeper_end(&run->keeper);
	close_fd(&run->pidfd);
	close_fd(&run->null);
	close_fd(&run->plan.work_fd);
	close_fd(&run->plan.below_work.fd);
	close_fd(&run->plan.below_home.fd);
	for (int i = 0; i < PLACES; i++)
		close_fd(&run->places[i]);
	for (int i = 0; i < 2; i++)
		for (int end = 0; end < 2; end++)
			close_fd(&run->pipes[i][end]);
	if (run->own_gate)
		run->own_gate->free(run->own_gate);
	close_fd(&run->listener);
	keeper_close(&run->keeper);
}

static void finish_status(struct run *run, const struct watch *watch)
{
	struct receipt *r = run->receipt;

	r->limit = watch->limit;
	if (watch->cancelled) {
		r->end = END_CANCEL;
	} else if (watch->ended_by_limit) {
		r->end = END_LIMIT;
	} else if (watch->has_status && WIFEXITED(watch->status)) {
		r->end = END_EXIT;
		r->exit_code = WEXITSTATUS(watch->status);
	} else {
		r->end = END_SIGNAL;
		r->signal = watch->has_status && WIFSIGNALED(watch->status) ? WTERMSIG(watch->status) : SIGKILL;
	}
}

/* The command died of a limit that the kernel held. */
static void blame_limit(struct run *run, const struct cgroup_usage *usage)
{
	struct receipt *r = run->receipt;

	if (usage->oom_kills) {
		r->limit = LIMIT_MEMORY;
		receipt_deny(r, run->mem, &(struct receipt_denial){
			.layer = LAYER_CGROUP, .rule = STR("limits.memory"),
			.what = arena_printf(run->mem, "more than %" PRIu64 " bytes of memory", run->job->policy->limits.memory),
			.advice = STR("The limit will not be raised from inside; use less memory, for example fewer parallel "
				      "processes. Files in /tmp and in the work directory count too.") });
		if (r->end == END_SIGNAL && r->signal == SIGKILL)
			r->end = END_LIMIT;
	}
	if (usage->pids_denied) {
		if (r->limit == LIMIT_NONE)
			r->limit = LIMIT_PIDS;
		receipt_deny(r, run->mem, &(struct receipt_denial){
			.layer = LAYER_CGROUP, .rule = STR("limits.pids"), .what = STR("fork"),
			.count = (uint32_t)usage->pids_denied,
			.advice = STR("The number of processes will not be raised from inside; start fewer at once.") });
	}
	if (r->end == END_SIGNAL && r->signal == SIGXCPU) {
		r->end = END_LIMIT;
		r->limit = LIMIT_CPU;
	}
	if (r->end == END_LIMIT && r->limit != LIMIT_MEMORY)
		receipt_deny(r, run->mem, &(struct receipt_denial){
			.layer = LAYER_CGROUP,
			.rule = arena_printf(run->mem, "limits.%s", run_limit_name(r->limit)),
			.what = arena_printf(run->mem, "more than the limit of %s", run_limit_name(r->limit)),
			.advice = STR("The limit will not be raised from inside; do less in one run.") });
}

static void account_disk(struct run *run)
{
	struct statfs st;

	/* of a file system in memory this is what the job wrote: the work directory and its home */
	if (run->receipt->workdir == WORKDIR_BIND || run->places[2] < 0 || fstatfs(run->places[2], &st))
		return;
	run->receipt->disk_bytes = (uint64_t)(st.f_blocks - st.f_bfree) * (uint64_t)st.f_bsize;
	run->receipt->disk_inodes = (uint64_t)(st.f_files - st.f_ffree);
	if (st.f_bfree == 0 || st.f_ffree == 0)
		receipt_deny(run->receipt, run->mem, &(struct receipt_denial){
			.layer = LAYER_MOUNTS, .rule = STR("limits.disk"), .what = STR("write: the space is used up"),
			.advice = STR("The space will not be enlarged from inside; write less, or remove what is not needed.") });
}

static int hand_home(struct run *run)
{
	AUTO_FD int home = openat(run->places[3], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (home < 0)
		return err_errno(run->err, "sandbox: the job's home directory");
	return run->job->on_home(run->job->ctx, home, run->receipt, run->err);
}

static int finish(struct run *run, const struct watch *watch, uint64_t began)
{
	struct receipt *r = run->receipt;
	struct cgroup_usage usage = { 0 };
	struct rusage rusage = { 0 };
	bool killed = false;
	int failed = 0;

	if (run->gate && run->gate->stop)
		run->gate->stop(run->gate);
	/* init takes its namespaces apart meanwhile; only without a control group its own account is needed */
	if (run->cgroup.kind == CGROUP_NONE)
		launch_end(&run->launched, &rusage);
	finish_status(run, watch);
	cgroup_usage(&run->cgroup, &usage);
	if (run->gate)
		run->gate->finish(run->gate, r, run->mem, &killed);
	if (killed && r->end == END_SIGNAL)
		r->end = END_DENIED;
	if (r->end == END_SIGNAL)
		r->signal = r->signal ? r->signal : SIGKILL;
	else
		r->signal = 0;
	r->cpu_us = usage.cpu_us ? usage.cpu_us
				 : (uint64_t)(rusage.ru_utime.tv_sec + rusage.ru_stime.tv_sec) * 1000000 +
					   (uint64_t)(rusage.ru_utime.tv_usec + rusage.ru_stime.tv_usec);
	r->peak_memory = usage.peak_memory ? usage.peak_memory : (uint64_t)rusage.ru_maxrss * 1024;
	r->peak_pids = usage.peak_pids;
	r->output_bytes = watch->bytes;
	r->output_lines = watch->lines;
	r->output_dropped = watch->dropped;
	blame_limit(run, &usage);
	account_disk(run);
	if (watch->dropped)
		receipt_notice(r, run->mem, "%" PRIu64 " bytes of output over the cap were dropped", watch->dropped);
	if (run->job->on_done)
		failed = run->job->on_done(run->job->ctx, run->places[2], r->workdir, run->err);
	if (!failed && run->job->on_home)
		failed = hand_home(run);
	launch_end(&run->launched, NULL);
	r->wall_us = now_us() - began;
	return failed;
}

static enum supervised attempt(struct run *run)
{
	const uint64_t began = now_us();
	struct watch watch = { .job = run->job, .cgroup = &run->cgroup };
	int failed;

	if (plan_make(&run->plan, run->mem, run->job, run->profile, run->probe, run->err) || begin_prepare(run))
		return run->unfit ? SUPERVISE_UNFIT : SUPERVISE_FAILED;
	failed = begin(run);
	if (!failed) {
		watch.out = run->pipes[0][0];
		watch.err = run->pipes[1][0];
		watch.control = run->launched.control;
		watch.pidfd = run->launched.pidfd;
		run->receipt->setup_us = now_us() - began;
		failed = run->waits ? launch_go(&run->launched, run->err) : 0;
		watch_job(&watch);
		if (watch.exec_error) {
			errno = watch.exec_error;
			failed = err_errno(run->err, "sandbox: '%s' cannot be started", run->job->argv[0]);
			run->err->kind = ERR_INPUT;
		}
		failed |= finish(run, &watch, began);
	}
	if (run->gate && failed && run->launched.pid > 0)
		finish(run, &watch, began);
	if (!failed)
		return SUPERVISED;
	return run->unfit ? SUPERVISE_UNFIT : SUPERVISE_FAILED;
}

enum supervised run_supervise(struct receipt *receipt, struct arena *mem, const struct sandbox_job *job,
			  const struct profile *profile, const struct probe *probe, struct err *err)
{
	struct err unused;
	struct run run = {
		.receipt = receipt,
		.mem = mem,
		.job = job,
		.probe = probe,
		.profile = profile,
		.err = err ? err : &unused,
		.launched = { .pidfd = -1, .control = -1 },
		.holders = { { .pidfd = -1 }, { .pidfd = -1 }, { .pidfd = -1 } },
		.keeper = { .pidfd = -1 },
		.pidfd = -1,
		.null = -1,
		.listener = -1,
		.places = { -1, -1, -1, -1 },
		.pipes = { { -1, -1 }, { -1, -1 } },
		.plan = { .work_fd = -1, .below_work.fd = -1, .below_home.fd = -1 },
	};
	sigset_t child, before;
	enum supervised result;

	/* each stop of a traced process is one, and would wake this thread for nothing */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, &before);
	result = attempt(&run);
	run_release(&run);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}
