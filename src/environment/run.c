/* run.c - a job beside its services. */
#include "environment/run.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"
#include "inside.h"

struct run {
	const struct environment_job *job;
	struct environment_result    *result;
	struct arena                 *mem;
};

/* sh -c SCRIPT services NUMBER (NAME COMMAND READY SECONDS DATA)... COMMAND...; without services the command itself. */
static const char *const *arguments(struct arena *mem, const struct environment_job *job)
{
	const struct environment_services *services = &job->environment->services;
	struct { const char **items; size_t n, cap; } args = { 0 };

	if (services->n == 0)
		return job->argv;
	ARENA_PUSH(mem, &args, "/bin/sh");
	ARENA_PUSH(mem, &args, "-c");
	ARENA_PUSH(mem, &args, inside_script("services"));
	ARENA_PUSH(mem, &args, "services");
	ARENA_PUSH(mem, &args, arena_printf(mem, "%zu", services->n).p);
	for (size_t i = 0; i < services->n; i++) {
		const struct environment_service *s = &services->items[i];

		ARENA_PUSH(mem, &args, arena_z(mem, s->name));
		ARENA_PUSH(mem, &args, arena_z(mem, s->command));
		if (s->port)
			ARENA_PUSH(mem, &args, arena_printf(mem, "port %" PRIu32, s->port).p);
		else
			ARENA_PUSH(mem, &args, s->ready.len ? arena_printf(mem, "run %.*s", STR_ARG(s->ready)).p : "");
		ARENA_PUSH(mem, &args, arena_printf(mem, "%" PRIu64, (s->within_ms + 999) / 1000).p);
		ARENA_PUSH(mem, &args, arena_z(mem, s->data));
	}
	for (const char *const *a = job->argv; *a; a++)
		ARENA_PUSH(mem, &args, *a);
	ARENA_PUSH(mem, &args, NULL);
	return args.items;
}

static int on_output(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	const struct environment_job *job = ((struct run *)ctx)->job;

	return job->on_output ? job->on_output(job->ctx, stream, bytes) : 0;
}

static int on_done(void *ctx, int changes, enum workdir_mode mode, struct err *err)
{
	const struct environment_job *job = ((struct run *)ctx)->job;

	return job->on_done ? job->on_done(job->ctx, changes, mode, err) : 0;
}

/* ---- what the services left ---- */

/* A regular file of a folder in which hostile code ran; -1 for everything else. */
static int open_file(int dir, const char *name, struct stat *st)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
						 RESOLVE_NO_XDEV };
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof how);

	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* When the file was made; false when it was not. */
static bool time_of(int64_t *out, int dir, const char *name)
{
	struct stat st;
	AUTO_FD int fd = open_file(dir, name, &st);

	if (fd < 0)
		return false;
	*out = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return true;
}

static void read_tail(struct environment_state *state, struct arena *mem, int dir, const char *name, off_t most)
{
	struct stat st;
	AUTO_FD int fd = open_file(dir, name, &st);
	char *text;
	ssize_t n;

	if (fd < 0)
		return;
	state->log_cut = st.st_size > most;
	text = ARENA_ARRAY(mem, (size_t)most, char);
	n = pread(fd, text, (size_t)most, state->log_cut ? st.st_size - most : 0);
	state->log = (struct str){ text, n > 0 ? (size_t)n : 0 };
}

static void read_state(struct run *run, int dir, const struct environment_service *service)
{
	struct environment_state state = { .name = service->name };
	int64_t started = 0, ready = 0;

	state.started = time_of(&started, dir, arena_printf(run->mem, "%.*s.started", STR_ARG(service->name)).p);
	state.ready = time_of(&ready, dir, arena_printf(run->mem, "%.*s.ready", STR_ARG(service->name)).p);
	if (state.started && state.ready && ready > started && ready - started < INT32_MAX)
		state.ready_ms = (uint32_t)(ready - started);
	read_tail(&state, run->mem, dir, arena_printf(run->mem, "%.*s.log", STR_ARG(service->name)).p, SERVICE_LOG_MAX);
	ARENA_PUSH(run->mem, &run->result->services, state);
}

static int on_home(void *ctx, int home, const struct receipt *receipt, struct err *err)
{
	struct run *run = ctx;
	const struct environment_services *services = &run->job->environment->services;
	AUTO_FD int dir = openat(home, ".services", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct environment_state failed = { .log_cut = false };

	(void)receipt, (void)err;
	for (size_t i = 0; dir >= 0 && i < services->n; i++)
		read_state(run, dir, &services->items[i]);
	if (dir >= 0)
		read_tail(&failed, run->mem, dir, "failed", ENVIRONMENT_MAX_NAME + 1);
	/* only a name that we gave is believed */
	for (size_t i = 0; i < services->n; i++)
		if (str_eq(str_trim(failed.log), services->items[i].name))
			run->result->failed = services->items[i].name;
	return 0;
}

static void note_services(struct environment_result *result, struct arena *mem)
{
	for (size_t i = 0; i < result->services.n; i++) {
		const struct environment_state *s = &result->services.items[i];

		if (s->ready)
			receipt_notice(&result->receipt, mem, "service '%.*s' was ready after %" PRIu32 " ms", STR_ARG(s->name),
				       s->ready_ms);
		else
			receipt_notice(&result->receipt, mem, "service '%.*s' %s", STR_ARG(s->name),
				       s->started ? "was not ready: the command was not started" : "was not started");
	}
}

int environment_run(struct environment_result *out, struct arena *mem, const struct environment_job *job, struct err *err)
{
	struct environment_result result = { .failed = { 0 } };
	struct run run = { job, &result, mem };
	const struct sandbox_job inner = {
		.argv = arguments(mem, job),
		.workdir = job->workdir,
		.cwd = job->cwd,
		.stdin_fd = job->stdin_fd,
		.base = &job->ready->base,
		.actor = job->actor,
		.on_behalf_of = job->on_behalf_of,
		.on_output = on_output,
		.on_done = on_done,
		.on_home = job->environment->services.n ? on_home : NULL,
		.ctx = &run,
		.cancel_fd = job->cancel_fd,
	};

	if (inside_run(&result.receipt, mem, &inner, job->host, job->environment->profile, &job->ready->env, ROUTE_BUILD, err))
		return -1;
	note_services(&result, mem);
	*out = result;
	return 0;
}
