#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"

/* Waits for a child or for the harness's word to end it. */
static void wait_or_cancel(pid_t pid, int cancel)
{
	AUTO_FD int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[2] = { { pidfd, POLLIN, 0 }, { cancel, POLLIN | POLLHUP, 0 } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (!(fds[0].revents & POLLIN))
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int start(char **argv, const char *dir, const struct trial *trial, int output, int cancel,
		 struct err *err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return err_errno(err, "fork");
	if (pid == 0) {
		/* who kills the warden, even with us, leaves no trick behind */
		die_with(parent);
		/* the terminal as standard input, as a tool that an agent starts has it */
		int in = trial->stage.slave >= 0 ? trial->stage.slave : open("/dev/null", O_RDONLY);

		dup2(in, 0);
		dup2(output, 1);
		dup2(output, 2);
		if (!dir || chdir(dir) == 0)
			execv(argv[0], argv);
		_exit(127);
	}
	wait_or_cancel(pid, cancel);
	return 0;
}

static size_t count(char **list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static void append(char **to, size_t *n, char **from)
{
	for (; *from; from++)
		to[(*n)++] = *from;
}

static int run_bare(const struct trial *t, char **arguments, const char *tricks, int output,
		    int cancel, struct err *err)
{
	AUTO_ARENA struct arena mem;
	char **argv;
	size_t n = 2;

	arena_init(&mem, 1 << 20);
	argv = ARENA_ARRAY(&mem, count(arguments) + 3, char *);
	argv[0] = arena_z(&mem, str_of(tricks));
	argv[1] = arena_z(&mem, t->trick->id);
	append(argv, &n, arguments);
	return start(argv, t->stage.work, t, output, cancel, err);
}

static const char *const bwrap_places[] = { "/usr/bin/bwrap", "/usr/local/bin/bwrap",
					    "/bin/bwrap" };

static const char *bwrap(void)
{
	for (size_t i = 0; i < COUNT(bwrap_places); i++)
		if (access(bwrap_places[i], X_OK) == 0)
			return bwrap_places[i];
	return NULL;
}

struct words {
	char **items;
	size_t n, cap;
};

static void add(struct words *words, struct arena *mem, const char *const *list)
{
	for (; *list; list++)
		ARENA_PUSH(mem, words, arena_z(mem, str_of(*list)));
}

/* /bin and relatives as they are on this host: links on a merged one, directories elsewhere. */
static void add_root_dirs(struct words *words, struct arena *mem)
{
	static const char *const dirs[] = { "/bin", "/sbin", "/lib", "/lib64" };

	for (size_t i = 0; i < COUNT(dirs); i++) {
		char target[PATH_MAX];
		ssize_t n = readlink(dirs[i], target, sizeof target - 1);

		if (n > 0) {
			target[n] = 0;
			add(words, mem,
			    (const char *const[]){ "--symlink", target, dirs[i], NULL });
		} else if (access(dirs[i], F_OK) == 0) {
			add(words, mem,
			    (const char *const[]){ "--ro-bind", dirs[i], dirs[i], NULL });
		}
	}
}

/*
 * All that it offers: every namespace and no further ones, no capabilities, an empty environment, a new session, a root of
 * its own.
 */
static void add_tight(struct words *out, struct arena *mem)
{
	struct words words = { 0 };

	add(&words, mem,
	    (const char *const[]){ bwrap(), "--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent",
				   "--new-session", "--clearenv", "--hostname", "job", "--cap-drop", "ALL", "--ro-bind",
				   "/usr", "/usr", "--ro-bind", "/etc", "/etc", NULL });
	add_root_dirs(&words, mem);
	add(&words, mem,
	    (const char *const[]){ "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run", NULL });
	*out = words;
}

/* Starts it once with nothing in it: where it cannot start it stops nothing. */
static int start_empty(char *said, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct words words;
	int ends[2], status = -1;
	size_t got = 0;
	pid_t pid;
	ssize_t n;

	arena_init(&mem, 1 << 20);
	add_tight(&words, &mem);
	add(&words, &mem, (const char *const[]){ "--", "/usr/bin/env", "true", NULL });
	ARENA_PUSH(&mem, &words, NULL);
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 2);
		execv(words.items[0], words.items);
		_exit(127);
	}
	close(ends[1]);
	while (got < size - 1 && (n = read(ends[0], said + got, size - 1 - got)) > 0)
		got += (size_t)n;
	said[got] = 0;
	said[strcspn(said, "\n")] = 0;
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static const char *bwrap_missing(void)
{
	static char why[256];
	char said[200];

	if (!bwrap())
		return "bubblewrap is not installed";
	if (start_empty(said, sizeof said) == 0)
		return NULL;
	snprintf(why, sizeof why, "it does not start here: %s", said);
	return why;
}

/* And git's hooks and configuration read-only, as agents' tools do it. */
static int run_bwrap(const struct trial *t, char **arguments, const char *tricks, int output,
		     int cancel, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct words words;
	const char *hooks, *config, *dir;

	arena_init(&mem, 1 << 20);
	hooks = arena_printf(&mem, "%s/.git/hooks", t->stage.work).p;
	config = arena_printf(&mem, "%s/.git/config", t->stage.work).p;
	dir = arena_z(&mem, (struct str){ tricks, (size_t)(strrchr(tricks, '/') - tricks) });
	add_tight(&words, &mem);
	add(&words, &mem,
	    (const char *const[]){ "--bind", t->stage.work, "/work", "--ro-bind", hooks, "/work/.git/hooks", "--ro-bind",
				   config, "/work/.git/config", "--ro-bind", dir, "/opt/outrider", "--chdir", "/work",
				   "--", "/opt/outrider/outrider-tricks", NULL });
	ARENA_PUSH(&mem, &words, arena_z(&mem, t->trick->id));
	for (; *arguments; arguments++)
		ARENA_PUSH(&mem, &words, *arguments);
	ARENA_PUSH(&mem, &words, NULL);
	return start(words.items, NULL, t, output, cancel, err);
}

static const char *nothing_missing(void)
{
	return NULL;
}

static const char *ourselves(void)
{
	return "/proc/self/exe";
}

const struct wall wall_table[WALLS] = {
	[WALL_BARE] = { nothing_missing, run_bare, ourselves },
	[WALL_BUBBLEWRAP] = { bwrap_missing, run_bwrap, bwrap },
	[WALL_BUILD] = { nothing_missing, run_build, ourselves },
	[WALL_SEALED] = { nothing_missing, run_sealed, ourselves },
};
