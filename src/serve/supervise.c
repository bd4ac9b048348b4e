/* supervise.c - start, wait, start again. One thread, all waiting in sigtimedwait(). */
#include "serve/supervise.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct process {
	pid_t    pid;     /* 0: not running */
	time_t   started; /* steady clock, seconds */
	time_t   again;   /* when to start; 0: not waiting */
	unsigned backoff; /* seconds */
	bool     again_once; /* it was started a second time */
};

struct supervisor {
	const struct service *services;
	unsigned              n;
	struct process        processes[SUPERVISE_MAX];
	void                (*say)(void *payload, const char *line);
	void                 *payload;
	const char           *wrong;  /* the service that cannot start at all, if any */
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void __attribute__((format(printf, 2, 3))) say(const struct supervisor *s, const char *fmt, ...)
{
	char line[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	s->say(s->payload, line);
}

static int start(struct supervisor *s, unsigned i, struct err *err)
{
	const struct service *service = &s->services[i];
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int status;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	status = posix_spawn(&s->processes[i].pid, service->argv[0], NULL, &attributes,
			     service->argv, service->envp);
	posix_spawnattr_destroy(&attributes);
	if (status) {
		s->processes[i].pid = 0;
		errno = status;
		return err_errno(err, "cannot start the %s", service->name);
	}
	s->processes[i].started = now();
	s->processes[i].again = 0;
	return 0;
}

static void tell_death(const struct supervisor *s, unsigned i, int status, unsigned pause)
{
	const char *name = s->services[i].name;

	if (WIFSIGNALED(status))
		say(s, "%s was killed by signal %d; it starts again in %u s", name, WTERMSIG(status),
		    pause);
	else
		say(s, "%s ended with %d; it starts again in %u s", name, WEXITSTATUS(status), pause);
}

/* Takes what has died; in `stopping` nothing starts again. */
static void reap(struct supervisor *s, bool stopping)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned i = 0; i < s->n; i++) {
			struct process *p = &s->processes[i];

			if (p->pid != pid)
				continue;
			p->pid = 0;
			if (stopping)
				continue;
			if (!p->again_once && WIFEXITED(status) && WEXITSTATUS(status) == SUPERVISE_EXIT_WRONG)
				s->wrong = s->services[i].name;
			if (now() - p->started >= SUPERVISE_STEADY_SECONDS)
				p->backoff = 0;
			p->backoff = p->backoff ? p->backoff * 2 : 1;
			if (p->backoff > SUPERVISE_BACKOFF_MAX)
				p->backoff = SUPERVISE_BACKOFF_MAX;
			p->again = now() + (time_t)p->backoff;
			tell_death(s, i, status, p->backoff);
		}
}

static void start_again(struct supervisor *s)
{
	struct err err;

	for (unsigned i = 0; i < s->n; i++) {
		struct process *p = &s->processes[i];

		if (!p->again || p->again > now())
			continue;
		p->again_once = true;
		if (start(s, i, &err)) {
			say(s, "%s", err.text);
			p->again = now() + SUPERVISE_BACKOFF_MAX;
		}
	}
}

/* The next signal, or 0 after a second. */
static int next_signal(const sigset_t *set)
{
	static const struct timespec second = { .tv_sec = 1 };
	int signal_number = sigtimedwait(set, NULL, &second);

	return signal_number < 0 ? 0 : signal_number;
}

static bool runs(const struct supervisor *s, unsigned stage)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->services[i].stage == stage && s->processes[i].pid)
			return true;
	return false;
}

static void signal_stage(const struct supervisor *s, unsigned stage, int number)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->services[i].stage == stage && s->processes[i].pid)
			kill(s->processes[i].pid, number);
}

static void stop_stage(struct supervisor *s, unsigned stage, const sigset_t *set)
{
	time_t until = now() + SUPERVISE_DRAIN_SECONDS;
	bool killed = false;

	signal_stage(s, stage, SIGTERM);
	for (reap(s, true); runs(s, stage); reap(s, true)) {
		int number = next_signal(set);

		if (!killed && (number == SIGTERM || number == SIGINT || now() >= until)) {
			say(s, "not all ended in time: they are killed");
			signal_stage(s, stage, SIGKILL);
			killed = true;
		}
	}
}

static void stop_all(struct supervisor *s, const sigset_t *set)
{
	unsigned highest = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->services[i].stage > highest)
			highest = s->services[i].stage;
	for (unsigned stage = highest + 1; stage-- > 0;)
		stop_stage(s, stage, set);
}

static int start_all(struct supervisor *s, struct err *err)
{
	for (unsigned stage = 0, left = s->n; left; stage++)
		for (unsigned i = 0; i < s->n; i++) {
			if (s->services[i].stage != stage)
				continue;
			left--;
			if (start(s, i, err))
				return -1;
		}
	return 0;
}

int supervise(const struct service *services, unsigned n,
	      void (*say_line)(void *payload, const char *line), void *payload, struct err *err)
{
	struct supervisor s = { .services = services, .n = n, .say = say_line, .payload = payload };
	sigset_t set, before;
	int number = 0;

	if (n > SUPERVISE_MAX)
		return err_input(err, "more than %d processes", SUPERVISE_MAX);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &before);
	if (start_all(&s, err)) {
		stop_all(&s, &set);
		sigprocmask(SIG_SETMASK, &before, NULL);
		return -1;
	}
	while (number != SIGTERM && number != SIGINT && !s.wrong) {
		number = next_signal(&set);
		reap(&s, false);
		start_again(&s);
	}
	say(&s, "stopping");
	stop_all(&s, &set);
	say(&s, "stopped");
	sigprocmask(SIG_SETMASK, &before, NULL);
	return s.wrong ? err_input(err, "the %s cannot start: what it said stands above", s.wrong) : 0;
}

int supervise_join(pid_t supervisor, struct err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM))
		return err_errno(err, "cannot follow the supervisor");
	/* it may have died just before */
	if (getppid() != supervisor)
		return err_set(err, ERR_TEMP, "the supervisor is gone");
	return 0;
}
