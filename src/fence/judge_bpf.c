/* judge_bpf.c - the kernel judges by itself (lsm.h): here its verdicts are only passed on. */
#include <fcntl.h>
#include <stdio.h>

#include "base/scope.h"
#include "judge.h"

enum { STATUS_ROOM = 4096 };

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), "what both sides have names for is the same")
SAME(VERDICT_TEXT, FENCE_MAX_PATH);
SAME(VERDICT_MOUNTS, FENCE_MAX_MOUNTS);
SAME(VERDICT_MOUNTS, GATE_MAX_MOUNTS);
SAME(VERDICT_SHA256, DIGEST_BYTES);
SAME(VERDICT_SETTLE_NS, DIGEST_SETTLE_NS);
SAME(VERDICT_TOOLCHAIN + 1, GATE_TOOLCHAIN);
SAME(VERDICT_FRESH + 1, GATE_FRESH);
SAME(VERDICT_BROUGHT + 1, GATE_BROUGHT);
SAME(VERDICT_ELSEWHERE + 1, GATE_ELSEWHERE);
SAME(VERDICT_ORIGINS + 1, GATE_ORIGIN_COUNT);
#undef SAME

static struct gate_facts facts_of(uint32_t bits, uint32_t origin)
{
	return (struct gate_facts){
		.opened = true,
		.digested = bits & VERDICT_DIGESTED,
		.deleted = bits & VERDICT_DELETED,
		.privileged = bits & VERDICT_PRIVILEGED,
		.listed = bits & VERDICT_LISTED,
		.loader = bits & VERDICT_LOADER,
		.origin = (enum gate_origin)(origin + 1),
	};
}

/* Process namespaces from ours, not counted, down to the job's. */
static uint32_t depth_of(pid_t pid)
{
	char status[STATUS_ROOM];
	const char *at;
	uint32_t n = 0;

	peer_text(status, sizeof status, pid, "status");
	at = strstr(status, "\nNSpid:");
	for (at = at ? at + 1 : ""; *at && *at != '\n'; at++)
		n += *at == '\t';
	return n ? n - 1 : 0;
}

static void make_job(struct verdict_job *out, const struct judge *j, const struct fence_job *job)
{
	*out = (struct verdict_job){ .began_ns = (uint64_t)job->began_s * 1000000000 + (uint64_t)job->began_ns,
				     .depth = depth_of(j->ward.pid),
				     .enforced = job->mode != EXEC_AUDIT,
				     .n_mounts = (uint32_t)job->n_mounts };
	for (size_t i = 0; i < job->n_mounts && i < VERDICT_MOUNTS; i++)
		out->mounts[i] = (uint32_t)job->mounts[i];
	for (uint32_t origin = 0; origin < VERDICT_ORIGINS; origin++)
		for (uint32_t bits = 0; bits < VERDICT_FACTS; bits++) {
			const struct gate_facts facts = facts_of(bits, origin);

			out->rule[origin * VERDICT_FACTS + bits] = (uint8_t)gate_decide(&facts, job->mode);
		}
}

static int open_ring(struct judge *j, const struct fence_job *job, struct err *err)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)j->ward.pid);
	j->ns = open(path, O_RDONLY | O_CLOEXEC);
	if (j->ns < 0 || fstat(j->ns, &st))
		return err_errno(err, "the job's process namespace");
	j->ns_number = (uint32_t)st.st_ino;
	j->digests = job->digests;
	j->n_digests = job->n_digests;
	make_job(&j->held, j, job);
	if (lsm_hold(j->lsm, &j->ring, j->ns_number, &j->held, j->digests, j->n_digests, err) == 0)
		return 0;
	auto_fd(&j->ns);
	j->ns = -1;
	return -1;
}

static int ring_fd(const struct judge *j)
{
	return lsm_ring_fd(j->ring);
}

static bool on_told(void *ctx, const struct verdict_event *event, const char *script, const char *path)
{
	const struct judge *j = ctx;
	struct fence_packet packet = { .kind = FENCE_EXEC };
	struct fence_exec *exec = &packet.exec;

	exec->pid = event->pid;
	exec->inside = event->inside;
	exec->facts = facts_of(event->facts, event->origin);
	exec->rule = (enum gate_rule)event->rule;
	exec->denied = event->denied;
	exec->written = event->written;
	memcpy(exec->digest.bytes, event->digest, DIGEST_BYTES);
	memcpy(exec->writer.bytes, event->writer, DIGEST_BYTES);
	snprintf(exec->path, sizeof exec->path, "%s", path);
	snprintf(exec->script, sizeof exec->script, "%s", script);
	return judge_tell(j, &packet);
}

static void read_ring(struct judge *j, bool listening)
{
	if (listening && lsm_ring_read(j->ring, on_told, j))
		return;
	lsm_mute(j->lsm, j->ns_number);
	if (listening)
		judge_give_up(j);
}

static void close_ring(struct judge *j)
{
	lsm_release(j->lsm, j->ring, j->ns_number, &j->held, j->digests, j->n_digests);
	j->ring = NULL;
	auto_fd(&j->ns);
	j->ns = -1;
}

const struct judge_engine judge_bpf = { "bpf", open_ring, ring_fd, read_ring, close_ring };
