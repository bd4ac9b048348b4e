#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "corpus.h"
#include "trial.h"

enum { TICK_MS = 5, KEYCTL_JOIN_SESSION_KEYRING = 1, MIN_FDS = 4096 };

static const struct {
	const char *name;
} walls[WALLS] = {
#define X(id, name, about) { name },
	SELFTEST_WALLS(X)
#undef X
};

const char *selftest_wall_name(enum selftest_wall wall)
{
	return walls[wall].name;
}

bool selftest_wall_read(enum selftest_wall *out, struct str word)
{
	for (int i = 0; i < WALLS; i++)
		if (str_eq(word, str_of(walls[i].name))) {
			*out = (enum selftest_wall)i;
			return true;
		}
	return false;
}

/* Ctrl-C must not leave anything behind, either. */
static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = signal;
}

/* The trials that run at the same time. */
struct bench {
	struct trial trials[SELFTEST_MAX_PARALLEL];
	size_t n, room;
};

static void reap(const struct bench *bench)
{
	pid_t spare[2 * SELFTEST_MAX_PARALLEL];
	size_t n = 0;

	for (size_t i = 0; i < bench->n; i++) {
		spare[n++] = bench->trials[i].warden;
		spare[n++] = bench->trials[i].stage.victim;
	}
	/* the children of a warden that was killed come to us */
	reap_strangers(spare, n);
}

/* Takes the time until something may have happened. */
static void wait_a_little(const struct bench *bench)
{
	struct pollfd fds[2 * SELFTEST_MAX_PARALLEL];
	nfds_t n = 0;

	for (size_t i = 0; i < bench->n; i++) {
		const struct trial *t = &bench->trials[i];

		if (!t->eof)
			fds[n++] = (struct pollfd){ t->output, POLLIN, 0 };
		if (!t->ended)
			fds[n++] = (struct pollfd){ t->report, POLLIN, 0 };
	}
	poll(fds, n, TICK_MS);
}

static void step_all(struct bench *bench, struct lab *lab)
{
	listeners_read(&lab->listeners);
	for (size_t i = 0; i < bench->n;) {
		struct trial done;

		if (!trial_step(&bench->trials[i], lab)) {
			i++;
			continue;
		}
		done = bench->trials[i];
		bench->trials[i] = bench->trials[--bench->n];
		trial_finish(&done, lab);
		if (done.warden_hurt)
			reap(bench);
		if (lab->options->on_progress)
			lab->options->on_progress(lab->options->ctx, ++lab->done, lab->all);
	}
}

static bool is_wanted(const struct selftest *test, size_t i, enum selftest_wall wall, bool controls)
{
	return wall != WALL_BARE || !controls || selftest_is_control(test->tricks.items[i].id);
}

/* True when the wall came up for none of the first tricks: it will for no other. */
static bool is_refused(struct selftest *test, enum selftest_wall wall, size_t started)
{
	size_t broken = 0;

	for (size_t i = 0; i < started; i++) {
		if (test->tricks.items[i].verdict[wall] != TRICK_BROKEN)
			continue;
		test->walls[wall].why = test->tricks.items[i].why[wall];
		broken++;
	}
	return started > 0 && broken == started;
}

static void forget(struct selftest *test, enum selftest_wall wall)
{
	test->walls[wall].there = false;
	for (size_t i = 0; i < test->tricks.n; i++)
		test->tricks.items[i].verdict[wall] = TRICK_NOT_RUN;
}

static int try_wall(struct selftest *test, struct lab *lab, enum selftest_wall wall,
		    struct bench *bench, struct err *err)
{
	uint64_t began = now_ms();
	size_t next = 0;

	while (next < test->tricks.n || bench->n > 0) {
		if (interrupted)
			return err_set(err, ERR_TEMP, "the self-test was interrupted");
		if (next < test->tricks.n && !is_wanted(test, next, wall, lab->options->controls)) {
			next++;
			continue;
		}
		/* the first one alone: if it is refused, so are all */
		if (next < test->tricks.n && bench->n < (next == 1 ? 1 : bench->room)) {
			if (trial_start(&bench->trials[bench->n], lab, &test->tricks.items[next],
					wall, err) < 0)
				return -1;
			bench->n++;
			next++;
		} else {
			wait_a_little(bench);
		}
		step_all(bench, lab);
		if (bench->n == 0 && is_refused(test, wall, next)) {
			forget(test, wall);
			break;
		}
	}
	test->walls[wall].ms = now_ms() - began;
	return 0;
}

/* What was seen could be the load of the machine: a late end, a wall for which there was no room; bare, a control that was late. */
static bool is_doubtful(const struct selftest_trick *t, enum selftest_wall wall)
{
	static const char *const timed[] = { "overtime", "survivor", "pipe", "supervisor" };

	if (wall == WALL_BARE)
		return selftest_is_control(t->id) && t->verdict[wall] != TRICK_WORKED;
	if (t->verdict[wall] == TRICK_BROKEN)
		return true;
	for (size_t i = 0; i < COUNT(timed); i++)
		if (str_eq(t->effect, str_of(timed[i])))
			return t->verdict[wall] == TRICK_WORKED && !selftest_baseline(t->id, wall);
	return false;
}

static int try_alone(struct selftest_trick *trick, struct lab *lab, enum selftest_wall wall,
		     struct bench *bench, struct err *err)
{
	if (trial_start(&bench->trials[0], lab, trick, wall, err) < 0)
		return -1;
	lab->all++;
	for (bench->n = 1; bench->n > 0; step_all(bench, lab)) {
		if (interrupted)
			return err_set(err, ERR_TEMP, "the self-test was interrupted");
		wait_a_little(bench);
	}
	return 0;
}

static int look_again(struct selftest *test, struct lab *lab, enum selftest_wall wall,
		      struct bench *bench, struct err *err)
{
	bool ours = wall >= WALL_BUILD || (wall == WALL_BARE && lab->options->controls);

	if (!ours || !test->walls[wall].there)
		return 0;
	for (size_t i = 0; i < test->tricks.n; i++)
		for (int look = 1; look < SELFTEST_LOOKS && is_doubtful(&test->tricks.items[i], wall); look++)
			if (try_alone(&test->tricks.items[i], lab, wall, bench, err) < 0)
				return -1;
	return 0;
}

static size_t count_all(const struct selftest *test, const struct selftest_options *options)
{
	size_t n = 0;

	for (int wall = 0; wall < WALLS; wall++)
		for (size_t i = 0; i < test->tricks.n; i++)
			n += (wall == WALL_BARE || options->walls[wall]) &&
			     is_wanted(test, i, (enum selftest_wall)wall, options->controls);
	return n;
}

static int try_walls(struct selftest *test, struct lab *lab, const struct selftest_options *options,
		     struct bench *bench, struct err *err)
{
	for (int wall = 0; wall < WALLS; wall++) {
		const char *missing;

		test->walls[wall].wanted = wall == WALL_BARE || options->walls[wall];
		if (!test->walls[wall].wanted)
			continue;
		missing = wall_table[wall].missing();
		test->walls[wall].there = !missing;
		test->walls[wall].why = str_of(missing);
		if (!missing && (try_wall(test, lab, (enum selftest_wall)wall, bench, err) < 0 ||
				 look_again(test, lab, (enum selftest_wall)wall, bench, err) < 0))
			return -1;
	}
	return 0;
}

/* git writes it once; a copy is enough for each repository. Without git its tricks are n/a. */
static struct str make_index(const struct lab *lab, struct arena *mem)
{
	char script[512], shell[] = "sh", option[] = "-c",
			  *argv[] = { shell, option, script, NULL };
	char *env[] = { (char[]){ "PATH=/usr/local/bin:/usr/bin:/bin" }, (char[]){ "HOME=/" },
			(char[]){ "GIT_CONFIG_NOSYSTEM=1" }, NULL };
	struct str index = { 0 };
	char path[128];
	pid_t pid = fork();

	snprintf(
		script, sizeof script,
		"exec >/dev/null 2>&1 && mkdir %s/git && cd %s/git && git init -q && echo text >tracked && git add tracked",
		lab->dir, lab->dir);
	if (pid == 0) {
		execve("/bin/sh", argv, env);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	snprintf(path, sizeof path, "%s/git/.git/index", lab->dir);
	if (file_read(&index, mem, path, 1 << 20, NULL) < 0)
		index = STR("");
	snprintf(path, sizeof path, "%s/git", lab->dir);
	remove_tree(path);
	return index;
}

static void prepare_process(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = interrupt };
	struct rlimit fds;

	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &action, NULL);
	/* what outlives its warden comes to us */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* keys of the tricks go away with us, and the user's are not theirs to find */
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (getrlimit(RLIMIT_NOFILE, &fds) == 0 && fds.rlim_cur < MIN_FDS) {
		fds.rlim_cur = fds.rlim_max < MIN_FDS ? fds.rlim_max : MIN_FDS;
		setrlimit(RLIMIT_NOFILE, &fds);
	}
}

static size_t parallel(const struct selftest_options *options)
{
	long wanted =
		options->parallel ? (long)options->parallel : 4 * sysconf(_SC_NPROCESSORS_ONLN);

	return wanted < 1                       ? 1
	       : wanted > SELFTEST_MAX_PARALLEL ? SELFTEST_MAX_PARALLEL
						: (size_t)wanted;
}

static void end_all(struct bench *bench, struct lab *lab)
{
	for (size_t i = 0; i < bench->n; i++) {
		kill(bench->trials[i].warden, SIGKILL);
		waitpid(bench->trials[i].warden, NULL, 0);
		trial_finish(&bench->trials[i], lab);
	}
	bench->n = 0;
	reap(bench);
}

int selftest_run(struct selftest *out, struct arena *mem, const struct selftest_options *options,
		 struct err *err)
{
	struct lab *lab = ARENA_NEW(mem, struct lab);
	struct bench *bench = ARENA_NEW(mem, struct bench);
	struct selftest test = { 0 };
	int result;

	lab->mem = mem;
	lab->options = options;
	bench->room = parallel(options);
	if (corpus_program(lab->tricks, options->tricks, err) < 0 ||
	    corpus_list(&test.tricks, mem, lab->tricks, options->only, err) < 0)
		return -1;
	lab->all = count_all(&test, options);
	if (lab_open(lab, err) < 0)
		return -1;
	prepare_process();
	lab->git_index = make_index(lab, mem);
	result = listeners_open(&lab->listeners, lab->dir, err);
	if (result == 0) {
		result = try_walls(&test, lab, options, bench, err);
		end_all(bench, lab);
		listeners_close(&lab->listeners);
	}
	unlink(lab->listeners.unix_path);
	unlink(lab->listeners.dgram_path);
	lab_close(lab);
	if (result == 0)
		*out = test;
	return result;
}
