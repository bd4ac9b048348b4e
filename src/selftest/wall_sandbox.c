/* Our own walls: the built-in policies, with small limits so that small floods are enough. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "lab.h"
#include "sandbox/gate.h"
#include "sandbox/harvest.h"
#include "sandbox/run.h"
#include "wall_network.h"

enum {
	LIMIT_PIDS_HERE = 64,
	LIMIT_MEMORY_HERE = 96 << 20,
	LIMIT_DISK_HERE = 32 << 20,
	LIMIT_FILE_HERE = 24 << 20,
	LIMIT_INODES_HERE = 1500,
	LIMIT_FDS_HERE = 512,
	LIMIT_OUTPUT_HERE = 1 << 20,
	LIMIT_LINES_HERE = 20000,
	LIMIT_TMP_HERE = 16 << 20,
};

/* What a model's command may usually run: the shell and a few tools, and here the tricks. */
static const char *const listed[] = { "/bin/sh", "/usr/bin/env", "/bin/true", "/bin/cp" };

struct attempt {
	struct arena *mem;
	const struct sandbox_policy *policy;
	const char *work;
	int output;
};

static void allow(struct sandbox_policy *policy, struct arena *mem, const char *path)
{
	struct exec_rule rule = { .path = str_of(path), .name = str_of(path), .class = CLASS_TOOL };

	ARENA_PUSH(mem, &policy->exec.allow, rule);
}

static void make_policy(struct sandbox_policy *policy, struct arena *mem, enum sandbox_trust trust,
			const struct selftest_options *options, const char *tricks)
{
	struct str dir = { tricks, (size_t)(strrchr(tricks, '/') - tricks) };
	struct str_list ro = { 0 };

	policy_builtin(policy, mem, trust);
	for (size_t i = 0; i < policy->fs.ro.n; i++)
		ARENA_PUSH(mem, &ro, policy->fs.ro.items[i]);
	ARENA_PUSH(mem, &ro, arena_str(mem, dir));
	policy->fs.ro = ro;
	policy->fs.tmp_size = LIMIT_TMP_HERE;
	policy->exec.engine = options->gate;
	policy->launcher = options->launcher;
	if (options->helper)
		policy->exec.helper = str_of(options->helper);
	if (policy->exec.mode == EXEC_SEALED) {
		policy->exec.allow = (struct exec_rules){ 0 };
		allow(policy, mem, tricks);
		for (size_t i = 0; i < COUNT(listed); i++)
			allow(policy, mem, listed[i]);
	}
	policy->limits = (struct sandbox_limits){
		.wall_ms = JOB_WALL_MS,
		.cpu_ms = JOB_WALL_MS,
		.cpu_percent = policy->limits.cpu_percent,
		.memory = LIMIT_MEMORY_HERE,
		.swap = 0,
		.pids = LIMIT_PIDS_HERE,
		.disk = LIMIT_DISK_HERE,
		.inodes = LIMIT_INODES_HERE,
		.file = LIMIT_FILE_HERE,
		.fds = LIMIT_FDS_HERE,
		.output_bytes = LIMIT_OUTPUT_HERE,
		.output_lines = LIMIT_LINES_HERE,
	};
}

static int on_output(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	const struct attempt *attempt = ctx;

	(void)stream;
	return file_write_fd(attempt->output, bytes, NULL);
}

/* As the service takes over what a job left: into the host's work directory. */
static int on_done(void *ctx, int changes, enum workdir_mode mode, struct err *err)
{
	const struct attempt *attempt = ctx;
	const struct harvest_options options = {
		.overlay = mode == WORKDIR_OVERLAY,
		.max_bytes = attempt->policy->limits.disk,
		.max_file = attempt->policy->limits.file,
		.max_items = (uint32_t)attempt->policy->limits.inodes,
		.protect = &attempt->policy->fs.protect,
	};
	struct harvest harvest;
	AUTO_FD int to = open(attempt->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (mode == WORKDIR_BIND)
		return 0;
	if (to < 0)
		return err_errno(err, "open '%s'", attempt->work);
	if (harvest_list(&harvest, attempt->mem, changes, &options, err) < 0)
		return -1;
	return harvest_apply(&harvest, changes, to, err);
}

/* On a machine so busy that it never came to its point: nothing was stopped. Those about time are meant to be ended. */
static bool ran_out_of_time(const struct receipt *receipt, const struct selftest_trick *trick)
{
	return receipt->end == END_LIMIT &&
	       (receipt->limit == LIMIT_WALL || receipt->limit == LIMIT_CPU) &&
	       !str_eq(trick->effect, STR("overtime"));
}

static int run(enum sandbox_trust trust, const struct trial *t, char **arguments,
	       const char *tricks, int output, int cancel, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct sandbox_policy policy;
	struct attempt attempt = { &mem, &policy, t->stage.work, output };
	struct text {
		const char **items;
		size_t n, cap;
	} argv = { 0 };
	struct sandbox_job job = {
		.policy = &policy,
		.workdir = t->stage.work,
		.stdin_fd = -1,
		.actor = STR("selftest"),
		.on_output = on_output,
		.on_done = on_done,
		.ctx = &attempt,
		.cancel_fd = cancel,
	};
	struct network network = { .net.fd = -1 };
	struct receipt receipt;
	int result;

	arena_init(&mem, 256 << 20);
	make_policy(&policy, &mem, trust, t->options, tricks);
	ARENA_PUSH(&mem, &argv, tricks);
	ARENA_PUSH(&mem, &argv, arena_z(&mem, t->trick->id));
	for (; *arguments; arguments++)
		ARENA_PUSH(&mem, &argv, *arguments);
	ARENA_PUSH(&mem, &argv, NULL);
	job.argv = argv.items;
	/* the others must find no network at all */
	if (str_eq(t->trick->family, STR("proxy"))) {
		if (network_open(&network, &mem, t, err) < 0)
			return -1;
		job.net = &network.net;
	}
	result = sandbox_run(&receipt, &mem, &job, err);
	network_close(&network);
	if (result == 0 && ran_out_of_time(&receipt, t->trick))
		return err_set(err, ERR_TEMP, "its time was over before it came to its end");
	return result;
}

int run_build(const struct trial *t, char **arguments, const char *tricks, int output, int cancel,
	      struct err *err)
{
	return run(TRUST_UNTRUSTED, t, arguments, tricks, output, cancel, err);
}

int run_sealed(const struct trial *t, char **arguments, const char *tricks, int output, int cancel,
	       struct err *err)
{
	return run(TRUST_COMMAND, t, arguments, tricks, output, cancel, err);
}
