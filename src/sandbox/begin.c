#include "begin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "filter.h"
#include "gate_helper.h"
#include "sys.h"

enum { START_SECONDS = 60 }; /* a copy of a large work directory takes a while */

/* Before there is anything that a killed supervisor would leave behind. */
static int open_keeper(struct run *run)
{
	const bool groups = run->job->policy->layers[LAYER_CGROUP] != NEED_OFF && cgroup_name(&run->cgroup) == 0;

	placeholder_find(&run->placeholders, &run->plan, run->mem);
	return groups || run->placeholders.n ? keeper_open(&run->keeper, &run->cgroup, &run->placeholders, run->err) : 0;
}

static int open_cgroup(struct run *run)
{
	const enum layer_need need = run->job->policy->layers[LAYER_CGROUP];
	struct receipt_layer *layer = &run->receipt->layers[LAYER_CGROUP];
	char text[64];
	struct err why;

	if (need == NEED_OFF)
		return 0;
	if (cgroup_open(&run->cgroup, &run->job->policy->limits, &why)) {
		if (need == NEED_REQUIRED)
			return err_set(run->err, why.kind,
				       "sandbox: refused: limits of memory and processes are required: %s; mend: %s",
				       why.text, layer_mend(LAYER_CGROUP));
		layer->state = STATE_MISSING;
		layer->detail = arena_printf(run->mem, "rlimits only: %s; mend: %s", why.text,
					     layer_mend(LAYER_CGROUP));
		run->receipt->weak = true;
		return 0;
	}
	cgroup_describe(&run->cgroup, text, sizeof text);
	layer->state = run->cgroup.has[CONTROL_CPU] ? STATE_IN_FORCE : STATE_WEAK;
	layer->detail = arena_str(run->mem, str_of(text));
	if (layer->state == STATE_WEAK) {
		layer->detail = arena_printf(run->mem, "%s, not the processor; mend: %s", text, layer_mend(LAYER_CGROUP));
		run->receipt->weak = true;
	}
	return 0;
}

static int open_groups(struct run *run)
{
	return open_keeper(run) || open_cgroup(run) ? -1 : 0;
}

static int open_streams(struct run *run)
{
	run->plan.in = run->job->stdin_fd;
	if (run->plan.in < 0)
		run->plan.in = run->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (run->plan.in < 0)
		return err_errno(run->err, "sandbox: /dev/null");
	if (run->job->inherit_output) {
		run->plan.out = 1;
		run->plan.err = 2;
		return 0;
	}
	for (int i = 0; i < 2; i++)
		if (pipe2(run->pipes[i], O_CLOEXEC))
			return err_errno(run->err, "sandbox: pipe");
	run->plan.out = run->pipes[0][1];
	run->plan.err = run->pipes[1][1];
	return 0;
}

/* What the child reports before the command waits. */
static int take_failure(struct run *run, const struct message *m)
{
	const enum launch_step step = (enum launch_step)m->step;

	errno = m->error;
	/* another attempt, with the truth about the host, says it better or does without */
	run->unfit = m->error == ENOSYS ||
		     (step != STEP_CWD && step != STEP_COPY && step != STEP_PROTECT && step != STEP_SOURCE &&
		      step != STEP_START && step != STEP_SEND && step != STEP_FORWARD);
	return err_errno(run->err, "sandbox: cannot %s%s%.*s", launch_step_text(step),
			 m->what[0] ? " " : "", (int)sizeof m->what, m->what);
}

/* The packet's descriptors, if they are n. */
static void take_fds(int *out, size_t n, struct msghdr *packet)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(packet); c; c = CMSG_NXTHDR(packet, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(n * sizeof(int)))
			memcpy(out, CMSG_DATA(c), n * sizeof(int));
}

static void take_places(struct run *run, struct msghdr *packet, const struct message *m)
{
	take_fds(run->places, PLACES, packet);
	run->receipt->workdir = (enum workdir_mode)m->value;
	if (run->plan.work_host && run->receipt->workdir != run->job->policy->fs.workdir)
		receipt_notice(run->receipt, run->mem, "this kernel has no overlay for jobs: the work directory was copied");
}

static void take_listener(struct run *run, struct msghdr *packet)
{
	struct receipt *r = run->receipt;

	take_fds(&run->listener, 1, packet);
	filter_hash(r->filter_hash, FILTER_GATED);
	r->layers[LAYER_SECCOMP].detail = arena_printf(run->mem, "filter %.16s", r->filter_hash);
}

static pid_t sender(struct msghdr *packet)
{
	struct ucred who = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(packet); c; c = CMSG_NXTHDR(packet, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(c), sizeof who);
	return who.pid;
}

/* One packet: 1 when there is more to come, 0 when the command is ready, -1 on failure. */
static int take_message(struct run *run)
{
	union {
		struct cmsghdr head;
		char           room[CMSG_SPACE(PLACES * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control = { 0 };
	struct message m = { 0 };
	struct iovec part = { &m, sizeof m };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				 .msg_controllen = sizeof control };
	struct pollfd wait = { run->launched.control, POLLIN, 0 };
	ssize_t n;

	if (poll(&wait, 1, START_SECONDS * 1000) <= 0)
		return err_set(run->err, ERR_TEMP, "sandbox: no start within %d s", START_SECONDS);
	/* a child that ends before it read what we gave is told first; what it said comes after that */
	while ((n = recvmsg(run->launched.control, &packet, MSG_CMSG_CLOEXEC)) < 0 && errno == ECONNRESET)
		;
	if (n != sizeof m)
		return err_set(run->err, ERR_TEMP, "sandbox: the job's first process died while it put up the walls");
	switch ((enum message_kind)m.kind) {
	case MESSAGE_PLACES:
		take_places(run, &packet, &m);
		return run->launched.outer && bubble_meet(&run->launched, sender(&packet), run->err) ? -1 : 1;
	case MESSAGE_LAYER:
		run->receipt->layers[m.step].state = STATE_MISSING;
		run->receipt->layers[m.step].detail = arena_printf(run->mem, "%s; mend: %s", strerror(m.error),
								   layer_mend((enum sandbox_layer)m.step));
		run->receipt->weak = true;
		return 1;
	case MESSAGE_LISTENER:
		take_listener(run, &packet);
		return 1;
	case MESSAGE_READY:
		run->command = sender(&packet);
		run->pidfd = (int)syscall(SYS_pidfd_open, run->command, 0);
		if (run->pidfd < 0)
			return err_errno(run->err, "sandbox: pidfd_open");
		return 0;
	case MESSAGE_FAILED:
	case MESSAGE_EXEC:
	case MESSAGE_END:
		break;
	}
	return take_failure(run, &m);
}

static uint64_t mount_id(int fd)
{
	struct statx st;

	return fd >= 0 && statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) == 0 ? st.stx_mnt_id : 0;
}

static struct digest_cache *digests;

static void make_digests(void)
{
	digests = digest_cache_new();
}

/* Shared by all runs of this process: a toolchain is hashed once. */
static struct digest_cache *shared_digests(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_digests);
	return digests;
}

static struct sandbox_target target_of(const struct run *run)
{
	return (struct sandbox_target){
		.pid = run->command,
		.init = run->launched.pid,
		.pidfd = run->pidfd,
		.listener = run->listener,
		.root_fd = run->places[0],
		.work_fd = run->places[1],
		.work_mount = mount_id(run->places[1]),
		.home_mount = mount_id(run->places[3]),
		.work_path = SANDBOX_WORK,
		.policy = run->job->policy,
		.cgroup = run->cgroup.kind == CGROUP_V2 ? run->cgroup.dirs[0] : NULL,
	};
}

/* Until the command waits behind all walls. */
static int await_command(struct run *run)
{
	int more;

	while ((more = take_message(run)) > 0)
		;
	/* otherwise its execve waits for the gate */
	run->waits = more == 0 && run->listener < 0;
	return more;
}

/* In the thread of our own gate, while this one waits for it. */
static int on_ready(void *ctx, struct sandbox_target *target, struct err *err)
{
	struct run *run = ctx;

	(void)err; /* run->err has it */
	if (await_command(run))
		return -1;
	*target = target_of(run);
	return 0;
}

static void on_go(void *ctx)
{
	struct run *run = ctx;

	/* an init that is gone is seen by who watches it */
	run->waits = launch_go(&run->launched, NULL) != 0;
}

/* The thread of our own engine is started while the child is busy. */
static void make_gate(struct run *run)
{
	const struct gate_options options = { .profile = run->profile, .cache = shared_digests(), .ready = on_ready,
					      .go = on_go, .ctx = run };

	if (run->job->policy->layers[LAYER_GATE] != NEED_OFF && !run->job->gate && !run->plan.helper)
		run->own_gate = gate_ptrace_new(&options);
}

/* The gate could not attach. A command that waits can go on without it; one whose filter asks for a gate starts again without that. */
static int lack_gate(struct run *run, const struct err *why)
{
	struct receipt_layer *layer = &run->receipt->layers[LAYER_GATE];

	if (!run->waits) {
		run->unfit = true;
		return err_set(run->err, why->kind, "sandbox: %s", why->text);
	}
	if (run->job->policy->layers[LAYER_GATE] == NEED_REQUIRED)
		return err_set(run->err, why->kind, "sandbox: refused: the exec gate is required: %s; mend: %s",
			       why->text, layer_mend(LAYER_GATE));
	layer->state = STATE_MISSING;
	layer->detail = arena_printf(run->mem, "%s; mend: %s", why->text, layer_mend(LAYER_GATE));
	run->receipt->weak = true;
	return 0;
}

/* The command waits or, with our own engine, is on its way. */
static int attach_gate(struct run *run)
{
	struct sandbox_gate *gate = run->job->gate ? run->job->gate : run->own_gate;
	const struct gate_options options = { .profile = run->profile, .cache = shared_digests() };
	struct sandbox_target target;
	struct err why;

	if (!run->own_gate && await_command(run))
		return -1;
	if (run->job->policy->layers[LAYER_GATE] == NEED_OFF)
		return 0;
	target = target_of(run);
	if (gate ? gate->attach(gate, &target, &why)
		 : gate_attach_helper(&run->own_gate, &options, &target, run->receipt, run->mem, &why))
		return run->pidfd >= 0 ? lack_gate(run, &why) : -1;
	run->gate = gate ? gate : run->own_gate;
	run->receipt->layers[LAYER_GATE].detail =
		arena_printf(run->mem, "%s, %s", run->gate->name, exec_mode_name(run->job->policy->exec.mode));
	return 0;
}

/* A directory of root's under another owner; a file system that cannot is found here. */
static int shift(struct run *run, int *tree, struct holder *holder, const char *host, uint32_t uid, uint32_t gid)
{
	const struct plan *p = &run->plan;

	if (launch_shift(tree, holder, host, uid, gid, p->outer_uid, p->outer_gid, run->err) == 0)
		return 0;
	run->unfit = run->probe->idmap;
	return -1;
}

static int shift_all(struct run *run)
{
	struct plan *p = &run->plan;
	struct plan_below *const below[] = { &p->below_work, &p->below_home };

	if (p->work_shift && shift(run, &p->work_fd, &run->holders[GIFT_WORK], p->work_host, p->work_uid, p->work_gid))
		return -1;
	for (size_t i = 0; p->shift && i < COUNT(below); i++)
		if (below[i]->host && shift(run, &below[i]->fd, &run->holders[GIFT_BELOW_WORK + i], below[i]->host,
					    below[i]->uid, below[i]->gid))
			return -1;
	return 0;
}

/* While the child makes its file systems: what it needs after that. */
static int give(struct run *run)
{
	int *const trees[GIFT_TREES] = { &run->plan.work_fd, &run->plan.below_work.fd, &run->plan.below_home.fd };
	struct gift gift = { 0 };
	int fds[LAUNCH_GIFTS], n = 0;

	if ((!cgroup_at_birth() && open_groups(run)) || shift_all(run))
		return -1;
	keeper_tell(&run->keeper, run->launched.pid);
	for (size_t i = 0; i < GIFT_TREES; i++) {
		gift.tree[i] = *trees[i] >= 0;
		if (gift.tree[i])
			fds[n++] = *trees[i];
	}
	gift.doors = cgroup_doors(&run->cgroup, fds + n, run->err);
	if (gift.doors < 0)
		return -1;
	launch_give(&run->launched, gift, fds);
	for (int i = 0; i < gift.doors; i++)
		close(fds[n + i]);
	for (size_t i = 0; i < GIFT_TREES; i++)
		close_fd(trees[i]);
	return 0;
}

/* The same by bubblewrap, which makes the namespaces and the view. */
static int begin_bubble(struct run *run)
{
	int doors[CGROUP_DIRS], n, failed;

	if (!cgroup_at_birth() && open_groups(run))
		return -1;
	n = cgroup_doors(&run->cgroup, doors, run->err);
	if (n < 0)
		return -1;
	AUTO_FD const int group = cgroup_fd(&run->cgroup);

	failed = bubble_start(&run->launched, &run->plan, run->mem, run->job->policy, group, doors, n, run->err);
	for (int i = 0; i < n; i++)
		close(doors[i]);
	for (int i = 0; i < 2; i++)
		close_fd(&run->pipes[i][1]);
	if (failed)
		return -1;
	keeper_tell(&run->keeper, run->launched.pid);
	make_gate(run);
	failed = attach_gate(run);
	if (failed && !run->waits)
		bubble_explain(run->pipes[1][0], run->err);
	return failed;
}

int begin_prepare(struct run *run)
{
	return open_streams(run) || (cgroup_at_birth() && open_groups(run)) ? -1 : 0;
}

int begin(struct run *run)
{
	int group, failed;

	if (run->probe->bubble)
		return begin_bubble(run);
	group = cgroup_fd(&run->cgroup);
	failed = launch_start(&run->launched, &run->plan, group, run->err);
	if (group >= 0)
		close(group);
	if (failed) {
		run->unfit = true;
		return -1;
	}
	for (int i = 0; i < 2; i++)
		close_fd(&run->pipes[i][1]);
	if (give(run))
		return -1;
	make_gate(run);
	return attach_gate(run);
}
