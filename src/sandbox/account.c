/* account.c - how a run ended and what it used up, in its receipt. */
#include "account.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/vfs.h>
#include <sys/wait.h>

void account_end(struct receipt *r, const struct watch *watch)
{
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
void account_limits(struct receipt *r, struct arena *mem, const struct sandbox_policy *policy, const struct cgroup_usage *usage)
{
	if (usage->oom_kills) {
		r->limit = LIMIT_MEMORY;
		receipt_deny(r, mem, &(struct receipt_denial){
			.layer = LAYER_CGROUP, .rule = STR("limits.memory"),
			.what = arena_printf(mem, "more than %" PRIu64 " bytes of memory", policy->limits.memory),
			.advice = STR("The limit will not be raised from inside; use less memory, for example fewer parallel "
				      "processes. Files in /tmp and in the work directory count too.") });
		if (r->end == END_SIGNAL && r->signal == SIGKILL)
			r->end = END_LIMIT;
	}
	if (usage->pids_denied) {
		if (r->limit == LIMIT_NONE)
			r->limit = LIMIT_PIDS;
		receipt_deny(r, mem, &(struct receipt_denial){
			.layer = LAYER_CGROUP, .rule = STR("limits.pids"), .what = STR("fork"),
			.count = (uint32_t)usage->pids_denied,
			.advice = STR("The number of processes will not be raised from inside; start fewer at once.") });
	}
	if (r->end == END_SIGNAL && r->signal == SIGXCPU) {
		r->end = END_LIMIT;
		r->limit = LIMIT_CPU;
	}
	if (r->end == END_LIMIT && r->limit != LIMIT_MEMORY)
		receipt_deny(r, mem, &(struct receipt_denial){
			.layer = LAYER_CGROUP,
			.rule = arena_printf(mem, "limits.%s", run_limit_name(r->limit)),
			.what = arena_printf(mem, "more than the limit of %s", run_limit_name(r->limit)),
			.advice = STR("The limit will not be raised from inside; do less in one run.") });
}

void account_disk(struct receipt *r, struct arena *mem, int changes)
{
	struct statfs st;

	/* of a file system in memory this is what the job wrote: the work directory and its home */
	if (r->workdir == WORKDIR_BIND || changes < 0 || fstatfs(changes, &st))
		return;
	r->disk_bytes = (uint64_t)(st.f_blocks - st.f_bfree) * (uint64_t)st.f_bsize;
	r->disk_inodes = (uint64_t)(st.f_files - st.f_ffree);
	if (st.f_bfree == 0 || st.f_ffree == 0)
		receipt_deny(r, mem, &(struct receipt_denial){
			.layer = LAYER_MOUNTS, .rule = STR("limits.disk"), .what = STR("write: the space is used up"),
			.advice = STR("The space will not be enlarged from inside; write less, or remove what is not needed.") });
}
