/*
 * outrider-fence: judges which programs the jobs of outrider's sandbox may start, from outside of them, as root. Nothing needs it:
 * without it the sandbox's own engine (ptrace) does the same. docs/fence.md.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/scope.h"
#include "keeper.h"
#include "lsm.h"
#include "sandbox/fence.h"
#include "serve.h"

enum {
	FDS = 8192,   /* a job takes three, and one for each file under judgement */
	BACKLOG = 64, /* clients that begin at the same moment */
};

/* What it needs: to watch mounts, to look at processes of all users and their files, to end a job. */
static const unsigned kept[] = { CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_KILL };

static bool is_kept(unsigned cap)
{
	for (size_t i = 0; i < COUNT(kept); i++)
		if (kept[i] == cap)
			return true;
	return false;
}

static int drop_privileges(struct err *err)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { 0 } };

	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!is_kept(cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EPERM)
			return err_errno(err, "drop capability %u", cap);
	for (size_t i = 0; i < COUNT(kept); i++)
		caps[kept[i] / 32].permitted |= 1U << kept[i] % 32;
	caps[0].effective = caps[0].permitted;
	caps[1].effective = caps[1].permitted;
	if (syscall(SYS_capset, &head, caps))
		return err_errno(err, "it needs to be root with CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and "
				      "CAP_KILL");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_errno(err, "prctl");
	return 0;
}

/* The socket takes our group; nobody else may connect, from the moment that it is there. */
static int take_group(const char *name, struct err *err)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	if (name && !group)
		return err_input(err, "there is no group '%s'", name);
	if (group && setegid(group->gr_gid))
		return err_errno(err, "take group '%s'", name);
	umask(0117);
	return 0;
}

static int listen_at(const char *path, struct err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return err_input(err, "'%s' is longer than a socket's path may be", path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return err_input(err, "'%s' is there, and no socket", path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) || listen(fd, BACKLOG))
		return err_errno(err, "listen at '%s'", path);
	return fd;
}

static int work(int listener, int pair, struct lsm *lsm, const struct err *no_lsm)
{
	struct err err;

	prctl(PR_SET_NAME, "fence-worker", 0, 0, 0);
	if (serve_run(listener, pair, lsm, no_lsm, &err) == 0)
		return 0;
	fprintf(stderr, "outrider-fence: %s\n", err.text);
	return 1;
}

static int run(const char *path, const char *group, struct err *err)
{
	const struct rlimit fds = { FDS, FDS };
	struct lsm *lsm = NULL;
	struct err no_lsm = { 0 };
	int listener, pair[2];
	pid_t worker;

	setrlimit(RLIMIT_NOFILE, &fds);
	if (take_group(group, err) || drop_privileges(err))
		return -1;
	listener = listen_at(path, err);
	if (listener < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_errno(err, "socketpair");
	/* the keeper has it, too: the kernel goes on judging when the worker is gone */
	(void)lsm_open(&lsm, &no_lsm);
	worker = fork();
	if (worker < 0)
		return err_errno(err, "fork");
	if (worker == 0) {
		close(pair[0]);
		_exit(work(listener, pair[1], lsm, &no_lsm));
	}
	close(listener);
	close(pair[1]);
	if (keeper_run(pair[0], worker))
		return err_set(err, ERR_TEMP, "the worker ended; its jobs were ended with it");
	unlink(path);
	return 0;
}

static int usage(FILE *to)
{
	fprintf(to, "usage: outrider-fence [--socket PATH] [--group NAME]\n\n"
		    "Judges, as root, which programs the jobs of `outrider sandbox` may start.\n\n"
		    "  --socket PATH  where clients connect; default: " FENCE_SOCKET "\n"
		    "  --group NAME   who may connect beside root; default: our own group\n"
		    "  --help         this text\n\n"
		    "It judges by %s.\n", lsm_built ? "BPF LSM, or fanotify where the kernel has none"
						     : "fanotify; it was built without clang or libbpf, so not by BPF LSM");
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	const char *path = FENCE_SOCKET, *group = NULL;
	struct err err;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout);
		if (i + 1 < argc && strcmp(argv[i], "--socket") == 0)
			path = argv[++i];
		else if (i + 1 < argc && strcmp(argv[i], "--group") == 0)
			group = argv[++i];
		else
			return usage(stderr);
	}
	if (run(path, group, &err) == 0)
		return 0;
	fprintf(stderr, "outrider-fence: %s\n", err.text);
	return 1;
}
