/* keeper.c - sleeps until the supervisor is dead, then clears up. System calls only: it shares the supervisor's memory. */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/scope.h"
#include "sys.h"

/* The sanitizers know no process that shares memory and is no thread: there it is a copy. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SHARED = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SHARED = 0 };
#else
enum { SHARED = CLONE_VM };
#endif
#else
enum { SHARED = CLONE_VM };
#endif

enum {
	INIT_MS = 10000,      /* for the kernel to bury a job's processes: they were killed with their supervisor */
	STACK_SIZE = 1 << 18, /* a list of processes is 64 KiB */
};

/* What to take away, decided before any of it exists. */
struct keeper_room {
	struct cgroup       cgroup;
	struct placeholders placeholders;
	int                 supervisor; /* pidfd */
	_Atomic pid_t       init;
	_Alignas(16) char   stack[STACK_SIZE];
};

/* Until the process is dead. */
static void wait_for(int pidfd, int ms)
{
	struct pollfd fd = { pidfd, POLLIN, 0 };

	while (poll(&fd, 1, ms) < 0 && errno == EINTR)
		;
}

static void wait_for_init(pid_t init)
{
	AUTO_FD int pidfd = init > 0 ? (int)syscall(SYS_pidfd_open, init, 0) : -1;

	if (pidfd >= 0)
		wait_for(pidfd, INIT_MS);
}

/* Until the supervisor's end nothing here may fail: errno is its own. */
static int keep(void *arg)
{
	struct keeper_room *room = arg;

	prctl(PR_SET_NAME, "outrider-keeper", 0, 0, 0);
	/* nothing that somebody waits for stays open here */
	dup3(room->supervisor, 0, O_CLOEXEC);
	sys_close_range(1, ~0U);
	wait_for(0, -1);
	(void)!chdir("/");
	wait_for_init(atomic_load(&room->init));
	cgroup_close(&room->cgroup);
	placeholder_remove(&room->placeholders);
	return 0;
}

static void keeper_free(struct keeper_room *room)
{
	munmap(room, sizeof *room);
}

int keeper_open(struct keeper *out, const struct cgroup *cgroup, const struct placeholders *placeholders, struct err *err)
{
	AUTO_FD int supervisor = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct keeper keeper = { .pidfd = -1 };
	sigset_t all, before;

	if (supervisor < 0)
		return err_errno(err, "sandbox: pidfd_open");
	keeper.room = mmap(NULL, sizeof *keeper.room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (keeper.room == MAP_FAILED)
		return err_errno(err, "sandbox: mmap");
	keeper.room->cgroup = *cgroup;
	keeper.room->placeholders = *placeholders;
	keeper.room->supervisor = supervisor;
	/* no handler of ours ever runs in it */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	keeper.pid = clone(keep, keeper.room->stack + STACK_SIZE, SHARED | CLONE_PIDFD, keeper.room, &keeper.pidfd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (keeper.pid < 0) {
		(void)err_errno(err, "sandbox: cannot start the keeper (clone)");
		keeper_free(keeper.room);
		return -1;
	}
	/* not with the supervisor's group of processes: from here on, whether it has run yet or not */
	setpgid(keeper.pid, keeper.pid);
	*out = keeper;
	return 0;
}

void keeper_tell(const struct keeper *keeper, pid_t init)
{
	if (keeper->room)
		atomic_store(&keeper->room->init, init);
}

void keeper_end(const struct keeper *keeper)
{
	if (keeper->pid > 0)
		syscall(SYS_pidfd_send_signal, keeper->pidfd, SIGKILL, NULL, 0);
}

void keeper_close(struct keeper *keeper)
{
	keeper_end(keeper);
	if (keeper->pid > 0) {
		while (waitpid(keeper->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		close(keeper->pidfd);
		keeper_free(keeper->room);
	}
	*keeper = (struct keeper){ .pidfd = -1 };
}
