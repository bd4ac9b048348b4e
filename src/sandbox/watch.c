#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"
#include "sys.h"

enum {
	TICK_MS = 100,       /* between looks at what no descriptor tells: processor time, memory kills */
	READ_BYTES = 65536,  /* what a pipe holds */
	GRACE_MS = 2000,     /* for pipes to run dry after the end */
};

enum { WAIT_CONTROL, WAIT_PIDFD, WAIT_CANCEL, WAIT_OUT, WAIT_ERR, WAITS };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void kill_job(const struct watch *w)
{
	syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
}

static void end_by(struct watch *w, enum run_limit limit)
{
	if (!w->ended_by_limit && !w->cancelled) {
		w->ended_by_limit = true;
		w->limit = limit;
	}
	kill_job(w);
}

static uint64_t count_lines(const char *bytes, size_t n)
{
	uint64_t lines = 0;

	for (const char *at = bytes; (at = memchr(at, '\n', n - (size_t)(at - bytes))); at++)
		lines++;
	return lines;
}

/* What is over the cap is counted; the job ends by it or goes on, as the policy says. */
static void take_output(struct watch *w, enum sandbox_stream stream, const char *bytes, size_t n)
{
	const struct sandbox_limits *limits = &w->job->policy->limits;
	size_t room = w->bytes >= limits->output_bytes ? 0 : (size_t)(limits->output_bytes - w->bytes);
	size_t keep = n < room ? n : room;

	if (w->lines >= limits->output_lines)
		keep = 0;
	w->bytes += n;
	w->lines += count_lines(bytes, n);
	w->dropped += n - keep;
	if (keep && w->job->on_output && !w->cancelled &&
	    w->job->on_output(w->job->ctx, stream, (struct str){ bytes, keep })) {
		w->cancelled = true;
		kill_job(w);
	}
	if (keep == n)
		return;
	if (!w->job->policy->drop_output)
		end_by(w, LIMIT_OUTPUT);
	else
		w->limit = LIMIT_OUTPUT;
}

/* False when there is nothing more to come. */
static bool read_stream(struct watch *w, enum sandbox_stream stream, int fd)
{
	ssize_t n = read(fd, w->room, READ_BYTES);

	if (n > 0)
		take_output(w, stream, w->room, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static bool read_control(struct watch *w)
{
	struct message m;

	if (recv(w->control, &m, sizeof m, MSG_DONTWAIT) != sizeof m)
		return errno == EAGAIN || errno == EINTR;
	if (m.kind == MESSAGE_EXEC)
		w->exec_error = m.error;
	if (m.kind == MESSAGE_END) {
		w->status = m.value;
		w->has_status = true;
	}
	return true;
}

static void tick(struct watch *w)
{
	struct cgroup_usage usage;

	if (w->cgroup->kind == CGROUP_NONE)
		return;
	cgroup_usage(w->cgroup, &usage);
	if (usage.cpu_us / 1000 >= w->job->policy->limits.cpu_ms)
		end_by(w, LIMIT_CPU);
	/* version 1 kills one process; half a job is worse than none */
	if (usage.oom_kills)
		end_by(w, LIMIT_MEMORY);
}

static int wait_ms(const struct watch *w, uint64_t now, uint64_t deadline)
{
	uint64_t left = deadline > now ? deadline - now : 0;

	if (w->cgroup->kind == CGROUP_NONE && left > 1000)
		return 1000;
	return (int)(left < TICK_MS ? left : TICK_MS);
}

static void take_events(struct watch *w, struct pollfd *fds)
{
	if (fds[WAIT_OUT].revents && !read_stream(w, STREAM_OUT, fds[WAIT_OUT].fd))
		fds[WAIT_OUT].fd = -1;
	if (fds[WAIT_ERR].revents && !read_stream(w, STREAM_ERR, fds[WAIT_ERR].fd))
		fds[WAIT_ERR].fd = -1;
	if (fds[WAIT_CONTROL].revents && !read_control(w))
		fds[WAIT_CONTROL].fd = -1;
	if (fds[WAIT_CANCEL].revents) {
		w->cancelled = true;
		fds[WAIT_CANCEL].fd = -1;
		kill_job(w);
	}
}

/* All writers are dead: what is in the pipes is all. */
static void drain(struct watch *w, struct pollfd *fds)
{
	const uint64_t until = now_ms() + GRACE_MS;

	while ((fds[WAIT_OUT].fd >= 0 || fds[WAIT_ERR].fd >= 0) && now_ms() < until) {
		if (poll(fds + WAIT_OUT, 2, 0) <= 0)
			break;
		take_events(w, fds);
	}
	while (fds[WAIT_CONTROL].fd >= 0 && poll(fds + WAIT_CONTROL, 1, 0) > 0)
		take_events(w, fds);
}

void watch_job(struct watch *w)
{
	const uint64_t deadline = now_ms() + w->job->policy->limits.wall_ms;
	struct pollfd fds[WAITS] = {
		[WAIT_CONTROL] = { w->control, POLLIN, 0 },
		[WAIT_PIDFD] = { w->pidfd, POLLIN, 0 },
		[WAIT_CANCEL] = { w->job->cancel_fd, POLLIN, 0 },
		[WAIT_OUT] = { w->out, POLLIN, 0 },
		[WAIT_ERR] = { w->err, POLLIN, 0 },
	};
	uint64_t next_tick = now_ms() + TICK_MS;

	/* not on the stack: touching its pages takes longer than most jobs' output */
	w->room = malloc(READ_BYTES);
	if (!w->room)
		abort();
	for (;;) {
		uint64_t now = now_ms();

		if (now >= deadline)
			end_by(w, LIMIT_WALL);
		if (poll(fds, WAITS, wait_ms(w, now, deadline > now ? deadline : now + TICK_MS)) < 0 &&
		    errno != EINTR)
			end_by(w, LIMIT_WALL);
		take_events(w, fds);
		/* init says that all others are dead, or is dead itself */
		if (w->has_status || fds[WAIT_PIDFD].revents)
			break;
		if (now >= next_tick) {
			tick(w);
			next_tick = now + TICK_MS;
		}
	}
	drain(w, fds);
	free(w->room);
	w->room = NULL;
}
