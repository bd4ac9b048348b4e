/*
 * bubble.c - a run's plan as a command line of bubblewrap, for hosts where it may make namespaces and we may not. What it cannot do is
 * told in the receipt (bubble_lower() of run.c), and by docs/fence.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/scope.h"
#include "stage_wire.h"
#include "sys.h"

#define STAGE_AT "/.outrider-stage"

enum {
	MAX_FILES = 32,    /* of /etc and the like */
	FDS_MAX = STAGE_FDS + MAX_FILES,
	SPARE_FROM = 256,  /* above all that has a place */
	ERROR_MS = 200,    /* for what bubblewrap said to arrive */
};

struct words {
	const char **items;
	size_t n, cap;
};

/* What the child does: descriptors to their places, then execve. */
struct bubble {
	struct arena *mem;
	const struct plan *plan;
	struct words words;
	const char *program;
	int fds[FDS_MAX]; /* by their number in bubblewrap; -1: none */
	size_t n_fds;
	int owned[MAX_FILES + 2]; /* to be closed by us */
	size_t n_owned;
};

static void add(struct bubble *b, const char *const *list)
{
	for (; *list; list++)
		ARENA_PUSH(b->mem, &b->words, *list);
}
#define ADD(b, ...) add(b, (const char *const[]){ __VA_ARGS__, NULL })

static const char *const no_env[] = { NULL };

/* Beside our program, or where it is installed. */
static int find_stage(char out[PATH_MAX], struct err *err)
{
	static const char *const places[] = { "", "../libexec/outrider/" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	self[n < 0 ? 0 : n] = 0;
	slash = strrchr(self, '/');
	if (slash)
		slash[1] = 0;
	for (size_t i = 0; slash && i < COUNT(places); i++) {
		int length = snprintf(out, PATH_MAX, "%.3000s%soutrider-stage", self, places[i]);

		if (length < PATH_MAX && access(out, X_OK) == 0)
			return 0;
	}
	return err_set(err, ERR_PERM, "sandbox: outrider-stage is not installed beside outrider, nor in ../libexec/outrider");
}

static bool has_setuid(const char *program)
{
	struct stat st;

	return stat(program, &st) == 0 && (st.st_mode & S_ISUID) && st.st_uid == 0;
}

static void add_namespaces(struct bubble *b)
{
	static const struct {
		uint64_t flag;
		const char *option;
	} rows[] = {
		{ CLONE_NEWPID, "--unshare-pid" },   { CLONE_NEWNET, "--unshare-net" },
		{ CLONE_NEWIPC, "--unshare-ipc" },   { CLONE_NEWUTS, "--unshare-uts" },
		{ CLONE_NEWCGROUP, "--unshare-cgroup" }, { CLONE_NEWUSER, "--unshare-user" },
	};
	const struct plan *p = b->plan;

	ADD(b, b->program, "--die-with-parent", "--as-pid-1", "--clearenv");
	for (size_t i = 0; i < COUNT(rows); i++)
		if (p->flags & rows[i].flag)
			ADD(b, rows[i].option);
	if (p->flags & CLONE_NEWUTS)
		ADD(b, "--hostname", "sandbox");
	if (p->flags & CLONE_NEWUSER)
		ADD(b, "--uid", arena_printf(b->mem, "%u", p->uid).p, "--gid", arena_printf(b->mem, "%u", p->gid).p);
}

/* bubblewrap makes /dev whole. */
static bool is_device(const char *at)
{
	return str_starts(str_of(at), STR("/dev/"));
}

/* A file in memory that bubblewrap reads, at the next free number. */
static int add_file(struct bubble *b, const char *at, struct str text, struct err *err)
{
	int fd;

	if (b->n_fds == FDS_MAX)
		return err_set(err, ERR_BUG, "sandbox: more than %d files for bubblewrap", MAX_FILES);
	fd = memfd_create("outrider", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "sandbox: memfd_create");
	b->owned[b->n_owned++] = fd;
	if (file_write_fd(fd, text, err))
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "sandbox: lseek");
	if (at)
		ADD(b, "--perms", "0644", "--file", arena_printf(b->mem, "%zu", b->n_fds).p, at);
	b->fds[at ? b->n_fds++ : (size_t)STAGE_PLAN] = fd;
	return 0;
}

/* A setuid bubblewrap takes no size: then the control group's cap of memory is the only one. */
static void add_memory(struct bubble *b, const char *at, const char *mode, const char *size)
{
	ADD(b, "--perms", mode);
	if (b->plan->flags & CLONE_NEWUSER)
		ADD(b, "--size", size);
	ADD(b, "--tmpfs", at);
}

static int add_root(struct bubble *b, struct err *err)
{
	const struct plan *p = b->plan;

	for (size_t i = 0; i < p->links.n; i++)
		if (!is_device(p->links.items[i].at))
			ADD(b, "--symlink", p->links.items[i].target, p->links.items[i].at);
	for (size_t i = 0; i < p->files.n; i++)
		if (add_file(b, p->files.items[i].at, p->files.items[i].text, err))
			return -1;
	ADD(b, "--proc", "/proc", "--dev", "/dev");
	add_memory(b, "/dev/shm", "1777", p->tmp_size);
	ADD(b, "--remount-ro", "/dev");
	add_memory(b, "/tmp", "1777", p->tmp_size);
	return 0;
}

static void add_places(struct bubble *b, const char *stage)
{
	const struct plan *p = b->plan;

	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.items[i];

		if (!m->device)
			ADD(b, m->write ? "--bind" : "--ro-bind", m->host, m->at);
	}
	add_memory(b, SANDBOX_HOME, "0755", p->scratch_size);
	add_memory(b, SANDBOX_WORK, "0755", p->scratch_size);
	ADD(b, "--ro-bind", stage, STAGE_AT, "--remount-ro", "/", "--chdir", "/", "--", STAGE_AT, "job", NULL);
	ARENA_PUSH(b->mem, &b->words, NULL);
}

static int open_work(struct bubble *b, struct err *err)
{
	int fd;

	if (!b->plan->work_host)
		return 0;
	fd = open(b->plan->work_host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "sandbox: work directory '%s'", b->plan->work_host);
	b->owned[b->n_owned++] = fd;
	b->fds[STAGE_WORK] = fd;
	return 0;
}

static int prepare(struct bubble *b, struct err *err)
{
	const struct plan *p = b->plan;
	char stage[PATH_MAX];
	AUTO_BUF struct buf bytes = { 0 };

	for (size_t i = 0; i < FDS_MAX; i++)
		b->fds[i] = -1;
	b->fds[0] = p->in;
	b->fds[1] = p->out;
	b->fds[2] = p->err;
	b->fds[STAGE_NET] = p->serve ? p->net : -1;
	b->n_fds = STAGE_FDS;
	stage_encode(&bytes, p);
	if (find_stage(stage, err) || open_work(b, err) || add_file(b, NULL, buf_str(&bytes), err))
		return -1;
	add_namespaces(b);
	if (add_root(b, err))
		return -1;
	add_places(b, arena_z(b->mem, str_of(stage)));
	return 0;
}

/* System calls only: the supervisor may have threads. */
static _Noreturn void become_bubblewrap(struct bubble *b, const int *doors, int n_doors)
{
	sigset_t none;

	for (int i = 0; i < n_doors; i++)
		if (write(doors[i], "0", 1) != 1)
			_exit(1);
	for (size_t i = 0; i < b->n_fds; i++)
		if (b->fds[i] >= 0 && (b->fds[i] = fcntl(b->fds[i], F_DUPFD_CLOEXEC, SPARE_FROM)) < 0)
			_exit(1);
	for (size_t i = 0; i < b->n_fds; i++)
		if (b->fds[i] < 0)
			close((int)i);
		else if (dup2(b->fds[i], (int)i) < 0)
			_exit(1);
	sys_close_range((unsigned)b->n_fds, ~0U);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	syscall(SYS_execve, b->program, b->words.items, no_env);
	_exit(127);
}

int bubble_start(struct launched *out, struct plan *plan, struct arena *mem, const struct sandbox_policy *policy,
		 int cgroup, const int *doors, int n_doors, struct err *err)
{
	struct launched launched = { .pidfd = -1, .control = -1, .outer_pidfd = -1 };
	struct bubble b = { .mem = mem, .plan = plan, .program = arena_z(mem, policy->bubblewrap) };
	int ends[2] = { -1, -1 }, on = 1, failed = prepare(&b, err);

	if (!failed && (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ||
			setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on)))
		failed = err_errno(err, "sandbox: socketpair");
	if (!failed) {
		b.fds[STAGE_CONTROL] = ends[1];
		launched.control = ends[0];
		launched.outer = launch_clone(&launched.outer_pidfd, 0, cgroup);
		if (launched.outer == 0)
			become_bubblewrap(&b, doors, n_doors);
		if (launched.outer < 0)
			failed = err_errno(err, "sandbox: fork");
	}
	for (size_t i = 0; i < b.n_owned; i++)
		close(b.owned[i]);
	auto_fd(&ends[1]);
	if (failed)
		auto_fd(&ends[0]);
	else
		*out = launched;
	return failed;
}

int bubble_meet(struct launched *launched, pid_t init, struct err *err)
{
	launched->pidfd = (int)syscall(SYS_pidfd_open, init, 0);
	if (launched->pidfd < 0)
		return err_errno(err, "sandbox: the job's first process");
	launched->pid = init;
	return 0;
}

void bubble_explain(int fd, struct err *err)
{
	struct pollfd wait = { fd, POLLIN, 0 };
	char text[400];
	ssize_t n = fd >= 0 && poll(&wait, 1, ERROR_MS) > 0 ? read(fd, text, sizeof text) : 0;
	struct str rest = { text, n > 0 ? (size_t)n : 0 }, line;

	if (str_cut_line(&rest, &line) && line.len)
		(void)err_set(err, ERR_PERM, "sandbox: bubblewrap: %.*s", STR_ARG(line));
}

static int run_probe(const char *const *argv, struct err *err)
{
	int said[2], status = -1, pidfd;
	pid_t pid;

	if (pipe2(said, O_CLOEXEC))
		return err_errno(err, "pipe");
	pid = launch_clone(&pidfd, 0, -1);
	if (pid == 0) {
		dup2(said[1], STDERR_FILENO);
		dup2(said[1], STDOUT_FILENO);
		syscall(SYS_execve, argv[0], argv, no_env);
		_exit(127);
	}
	close(said[1]);
	while (pid > 0 && waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (pid > 0)
		close(pidfd);
	if (status != 0) {
		(void)err_set(err, ERR_PERM, "%s cannot start a job (status %d)", argv[0], status);
		bubble_explain(said[0], err);
	}
	close(said[0]);
	return status == 0 ? 0 : -1;
}

int bubble_probe(const char *program, bool *is_setuid, struct err *err)
{
	const bool setuid = has_setuid(program);
	char stage[PATH_MAX];

	if (access(program, X_OK))
		return err_errno(err, "%s", program);
	if (setuid && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return err_set(err, ERR_PERM, "%s is setuid, which no_new_privs (NoNewPrivileges= of a unit) makes useless", program);
	if (find_stage(stage, err))
		return -1;
	const char *const argv[] = { program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--ro-bind", "/", "/",
				     "--proc", "/proc", "--", stage, "probe", NULL };

	*is_setuid = setuid;
	return run_probe(argv, err);
}
