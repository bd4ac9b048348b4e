/* What became of the host process that the tricks attack, of the terminal, and of the keyrings. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/scope.h"
#include "lab.h"

enum { KEYCTL_SEARCH = 10, KEYCTL_UNLINK = 9, SESSION_KEYRING = -3, USER_KEYRING = -4 };

static bool signalled(struct trial *t, struct listeners *l, const char *argument)
{
	siginfo_t info = { .si_pid = 0 };

	(void)l, (void)argument;
	return waitid(P_PID, (id_t)t->stage.victim, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0 && info.si_status == SIGUSR1 &&
	       saw(t, "a host process was killed by its signal");
}

static bool limits(struct trial *t, struct listeners *l, const char *argument)
{
	struct rlimit now;

	(void)l, (void)argument;
	return prlimit(t->stage.victim, RLIMIT_NOFILE, NULL, &now) == 0 && now.rlim_cur == 321 &&
	       saw(t, "a host process has other limits");
}

static bool nice_changed(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return getpriority(PRIO_PROCESS, (id_t)t->stage.victim) == 7 &&
	       saw(t, "a host process has another priority");
}

static bool affinity(struct trial *t, struct listeners *l, const char *argument)
{
	cpu_set_t now, ours;

	(void)l, (void)argument;
	return sched_getaffinity(t->stage.victim, sizeof now, &now) == 0 &&
	       sched_getaffinity(0, sizeof ours, &ours) == 0 && !CPU_EQUAL(&now, &ours) &&
	       saw(t, "a host process is bound to one processor");
}

static bool score(struct trial *t, struct listeners *l, const char *argument)
{
	char path[64], text[32];

	(void)l, (void)argument;
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)t->stage.victim);
	return read_small(path, text, sizeof text) && atoi(text) == 777 &&
	       saw(t, "a host process dies first when memory is short");
}

static bool typed(struct trial *t, struct listeners *l, const char *argument)
{
	char text[64];
	ssize_t n = t->stage.slave < 0 ? -1 : read(t->stage.slave, text, sizeof text);

	(void)l, (void)argument;
	return n > 0 && str_has((struct str){ text, (size_t)n }, STR("outrider")) &&
	       saw(t, "the user's terminal got keys");
}

static bool key(struct trial *t, struct listeners *l, const char *argument)
{
	int ring = strcmp(argument, "user") == 0 ? USER_KEYRING : SESSION_KEYRING;
	long found = syscall(SYS_keyctl, KEYCTL_SEARCH, ring, "user", t->stage.token, 0);

	(void)l;
	if (found < 0)
		return false;
	syscall(SYS_keyctl, KEYCTL_UNLINK, found, ring);
	return saw(t, "the host's %s keyring has its key", argument);
}

const struct effect victim_effects[] = {
	{ "signal", false, signalled },  { "limits", false, limits },
	{ "nice", false, nice_changed }, { "affinity", false, affinity },
	{ "score", false, score },       { "typed", false, typed },
	{ "key", false, key },           { NULL, false, NULL },
};
