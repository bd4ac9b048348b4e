#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"

enum {
	TICK_MS = 250,
	CHUNK = 64 << 10,
	EXEC_FAILED = 127,
	GRACE_MS = 2000, /* a child that closed its output should end */
};

struct pipes {
	int out[2], err[2], exec[2]; /* exec: errno of a failed start, closed by a good one */
};

static void close_all(const struct pipes *pipes)
{
	const int fds[] = { pipes->out[0], pipes->out[1],  pipes->err[0],
			    pipes->err[1], pipes->exec[0], pipes->exec[1] };

	for (size_t i = 0; i < COUNT(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int limit(int what, uint64_t bytes)
{
	struct rlimit cap = { bytes, bytes };

	return bytes ? setrlimit((__rlimit_resource_t)what, &cap) : 0;
}

/* Between fork and exec: only what is safe after a fork of a process with threads. */
__attribute__((noreturn)) static void begin(const struct child *child, const struct pipes *pipes,
					    pid_t parent)
{
	struct rlimit core = { 0, 0 };
	char *const none[] = { NULL };
	sigset_t nothing;
	int null, reason;

	sigemptyset(&nothing);
	sigprocmask(SIG_SETMASK, &nothing, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* a file over the cap is then an error with words (EFBIG), not a silent end */
	if (child->file)
		signal(SIGXFSZ, SIG_IGN);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXEC_FAILED);
	setrlimit(RLIMIT_CORE, &core);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(pipes->out[1], 1) == 1 &&
	    dup2(pipes->err[1], 2) == 2 && close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0 &&
	    limit(RLIMIT_AS, child->memory) == 0 && limit(RLIMIT_FSIZE, child->file) == 0)
		execve(child->path, child->argv, child->env ? child->env : none);
	reason = errno;
	while (write(pipes->exec[1], &reason, sizeof reason) < 0 && errno == EINTR)
		;
	_exit(EXEC_FAILED);
}

struct watch {
	const struct child *child;
	struct pollfd       fds[2];
	uint64_t            began, next_tick;
	struct child_end   *end;
};

static bool is_late(const struct watch *w)
{
	return w->child->milliseconds &&
	       now_us() - w->began > (uint64_t)w->child->milliseconds * 1000u;
}

static bool take(struct watch *w, struct pollfd *fd, int as)
{
	__attribute__((uninitialized)) char bytes[CHUNK];
	ssize_t n = read(fd->fd, bytes, sizeof bytes);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		fd->fd = -1; /* poll() leaves it out */
		return true;
	}
	return w->child->output(w->child->payload, as, (struct str){ bytes, (size_t)n });
}

static bool is_wanted(struct watch *w)
{
	if (!w->child->tick || now_us() < w->next_tick)
		return true;
	w->next_tick = now_us() + TICK_MS * 1000u;
	return w->child->tick(w->child->payload);
}

/* Until both outputs are closed, time is over, or somebody says stop. */
static void listen_to(struct watch *w)
{
	while (w->fds[0].fd >= 0 || w->fds[1].fd >= 0) {
		int n = poll(w->fds, 2, TICK_MS);

		for (int i = 0; n > 0 && i < 2; i++)
			if (w->fds[i].fd >= 0 && w->fds[i].revents && !take(w, &w->fds[i], i + 1))
				w->end->stopped = true;
		if (!is_wanted(w))
			w->end->stopped = true;
		w->end->late = is_late(w);
		if (w->end->stopped || w->end->late)
			return;
	}
}

/* A child that closed its outputs gets a moment to end, and is then ended. */
static void reap(struct watch *w, pid_t pid)
{
	uint64_t until = now_us() + GRACE_MS * 1000u;
	bool kill_it = w->end->stopped || w->end->late;
	struct rusage usage = { 0 };
	struct timespec nap = { 0, 1000000 };
	int status = 0;

	while (!kill_it) {
		siginfo_t info = { 0 };

		/* left as a zombie, so that its group's id stays its own until the kill below */
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
			break;
		kill_it = now_us() > until;
		w->end->late |= kill_it;
		nanosleep(&nap, NULL);
	}
	kill(-pid, SIGKILL);
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	w->end->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	w->end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	w->end->peak_bytes = (uint64_t)usage.ru_maxrss * 1024u;
	w->end->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
			 (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	w->end->wall_us = now_us() - w->began;
}

static int start(pid_t *out, const struct child *child, struct pipes *pipes, struct err *err)
{
	pid_t parent = getpid(), pid;
	int reason = 0;
	ssize_t n;

	if (pipe2(pipes->out, O_CLOEXEC) < 0 || pipe2(pipes->err, O_CLOEXEC) < 0 ||
	    pipe2(pipes->exec, O_CLOEXEC) < 0)
		return err_errno(err, "start %s", child->path);
	pid = fork();
	if (pid < 0)
		return err_errno(err, "start %s", child->path);
	if (pid == 0)
		begin(child, pipes, parent);
	setpgid(pid, pid);
	close(pipes->exec[1]);
	pipes->exec[1] = -1;
	do
		n = read(pipes->exec[0], &reason, sizeof reason);
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		*out = pid;
		return 0;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = reason;
	return err_errno(err, "start %s", child->path);
}

int child_run(struct child_end *out, const struct child *child, struct err *err)
{
	AUTO(close_all) struct pipes pipes = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct child_end end = { 0 };
	struct watch w = { .child = child, .began = now_us(), .end = &end };
	pid_t pid;

	if (start(&pid, child, &pipes, err) < 0)
		return -1;
	close(pipes.out[1]);
	close(pipes.err[1]);
	pipes.out[1] = pipes.err[1] = -1;
	w.fds[0] = (struct pollfd){ pipes.out[0], POLLIN, 0 };
	w.fds[1] = (struct pollfd){ pipes.err[0], POLLIN, 0 };
	listen_to(&w);
	reap(&w, pid);
	*out = end;
	return 0;
}
