/*
 * The warden stands around one run. It is what a trick may kill: the harness stays. What escapes from the job
 * becomes its child, since it is a subreaper, and is counted and killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/scope.h"
#include "lab.h"

/* above all that the harness has open itself */
enum { LEAK_FIRST = 977, REAP_ROUNDS = 2000 };

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

size_t read_small(const char *path, char *out, size_t room)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t got = 0;
	ssize_t n;

	while (fd >= 0 && got + 1 < room && (n = read(fd, out + got, room - 1 - got)) > 0)
		got += (size_t)n;
	out[got] = 0;
	return got;
}

/* Children of this process, by the list that the kernel keeps. */
static size_t children(pid_t *out, size_t room)
{
	char path[64], text[8192];
	const char *at = text;
	size_t n = 0;
	int used, pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	read_small(path, text, sizeof text);
	while (n < room && sscanf(at, "%d%n", &pid, &used) == 1) {
		out[n++] = pid;
		at += used;
	}
	return n;
}

static bool is_spared(pid_t pid, const pid_t *spare, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (spare[i] == pid)
			return true;
	return false;
}

void reap_strangers(const pid_t *spare, size_t n)
{
	/* a killed process hands us its children: until nobody is left */
	for (int round = 0; round < REAP_ROUNDS; round++) {
		pid_t found[512];
		size_t count = children(found, COUNT(found)), strangers = 0;

		for (size_t i = 0; i < count; i++) {
			if (is_spared(found[i], spare, n))
				continue;
			strangers++;
			kill(found[i], SIGKILL);
			waitpid(found[i], NULL, 0);
		}
		if (strangers == 0)
			return;
	}
}

void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

static void tell(int report, char word, const char *text)
{
	char line[512];
	int n = snprintf(line, sizeof line, "%c%s\n", word, text);

	(void)!write(report, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* The descriptors that a careless service leaves open, at numbers that the tricks know. */
static void leak_descriptors(const struct stage *s)
{
	const int fds[] = { s->dir_fd, s->secret_fd, s->outside_fd, s->socket_fd };

	for (int i = 0; i < (int)COUNT(fds); i++)
		if (fds[i] >= 0)
			dup2(fds[i], LEAK_FIRST + i);
}

static void take_terminal(const struct stage *s)
{
	setsid();
	if (s->slave >= 0)
		ioctl(s->slave, TIOCSCTTY, 0);
}

static int alive(void)
{
	pid_t found[512];

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return (int)children(found, COUNT(found));
}

static bool is_about_survivors(const struct trial *t)
{
	return str_eq(t->trick->effect, STR("survivor")) || str_eq(t->trick->effect, STR("pipe"));
}

static _Noreturn void be_warden(const struct trial *t, char **arguments, const char *tricks,
				int output, int report, int cancel)
{
	char text[512];
	struct err err;
	int result;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 1; i < SIGRTMIN; i++)
		signal(i, SIG_DFL);
	take_terminal(&t->stage);
	leak_descriptors(&t->stage);
	result = wall_table[t->wall].run(t, arguments, tricks, output, cancel, &err);
	if (result < 0)
		tell(report, WORD_BROKEN, err.text);
	tell(report, WORD_ENDED, "");
	close(output);
	if (is_about_survivors(t))
		poll(NULL, 0, SETTLE_MS);
	snprintf(text, sizeof text, "%d", alive());
	tell(report, WORD_SURVIVORS, text);
	/* the harness looks whether they hold the output */
	if (*text != '0' && is_about_survivors(t))
		poll(NULL, 0, SETTLE_MS);
	reap_strangers(NULL, 0);
	_exit(0);
}

int warden_start(struct trial *t, char **arguments, const char *tricks, struct err *err)
{
	int output[2], report[2], cancel[2];
	pid_t parent = getpid();

	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0 ||
	    pipe2(cancel, O_CLOEXEC) < 0)
		return err_errno(err, "make pipes");
	t->warden = fork();
	if (t->warden < 0)
		return err_errno(err, "fork");
	if (t->warden == 0) {
		die_with(parent);
		/* ours would keep the job's output open */
		close(output[0]);
		close(report[0]);
		close(cancel[1]);
		t->report = report[1];
		be_warden(t, arguments, tricks, output[1], report[1], cancel[0]);
	}
	close(output[1]);
	close(report[1]);
	close(cancel[0]);
	t->output = output[0];
	t->report = report[0];
	t->cancel = cancel[1];
	fcntl(t->output, F_SETFL, O_NONBLOCK);
	fcntl(t->report, F_SETFL, O_NONBLOCK);
	t->began_ms = now_ms();
	return 0;
}
