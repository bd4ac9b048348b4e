#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/scope.h"

enum {
	STATUS_ROOM = 4096,
	MAX_ABOVE = 8, /* processes between a supervisor and its job: a launcher or two */
};

void peer_text(char *out, size_t room, pid_t pid, const char *file)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	n = fd < 0 ? -1 : read(fd, out, room - 1);
	out[n < 0 ? 0 : n] = 0;
}

uint32_t peer_number(const char *status, const char *name)
{
	const char *at = strstr(status, name), *last;

	if (!at)
		return 0;
	for (last = at += strlen(name); *at && *at != '\n'; at++)
		if (*at == '\t' || *at == ' ')
			last = at;
	return (uint32_t)strtoul(last, NULL, 10);
}

static bool namespace_of(struct stat *out, pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name);
	return stat(path, out) == 0;
}

bool peer_shares(pid_t a, pid_t b, const char *name)
{
	struct stat one, other;

	return namespace_of(&one, a, name) && namespace_of(&other, b, name) &&
	       one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

int peer_read(struct peer *out, int connection, struct err *err)
{
	struct ucred who;
	socklen_t size = sizeof who;

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &size))
		return err_errno(err, "who connected");
	if (who.pid <= 0 || !peer_shares(who.pid, getpid(), "pid") ||
	    !peer_shares(who.pid, getpid(), "user"))
		return err_set(err, ERR_PERM,
			       "outrider-fence serves processes of its own process and user namespace only, none of "
			       "a container or a sandbox");
	*out = (struct peer){ who.pid, who.uid };
	return 0;
}

/* Whether all four user ids of the process are this one. */
static bool runs_as(const char *status, uid_t uid)
{
	const char *at = strstr(status, "\nUid:");
	char *end;

	if (!at)
		return false;
	at += 5;
	for (int i = 0; i < 4; i++) {
		if (strtoul(at, &end, 10) != uid || end == at)
			return false;
		at = end;
	}
	return true;
}

static bool descends(pid_t pid, pid_t from)
{
	char status[STATUS_ROOM];

	for (int i = 0; i < MAX_ABOVE && pid > 1; i++) {
		peer_text(status, sizeof status, pid, "status");
		pid = (pid_t)peer_number(status, "\nPPid:");
		if (pid == from)
			return true;
	}
	return false;
}

/* Whether the process's mounts belong to a user namespace of this user. */
static bool owns_mounts(pid_t pid, uid_t uid)
{
	char path[64];
	uid_t owner;

	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
	AUTO_FD int mounts = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_FD int users = mounts < 0 ? -1 : ioctl(mounts, NS_GET_USERNS);

	return users >= 0 && ioctl(users, NS_GET_OWNER_UID, &owner) == 0 && owner == uid;
}

static const char *why_not(const struct peer *peer, pid_t pid)
{
	char status[STATUS_ROOM];

	peer_text(status, sizeof status, pid, "status");
	if (!descends(pid, peer->pid))
		return "it is no child of who asks";
	if (peer->uid != 0 && !runs_as(status, peer->uid))
		return "it runs as another user";
	if (peer_number(status, "\nNSpid:") != 1 || peer_shares(pid, getpid(), "pid"))
		return "it is not the first process of a process namespace";
	if (peer_shares(pid, getpid(), "mnt") || peer_shares(pid, peer->pid, "mnt") ||
	    (peer->uid != 0 && !owns_mounts(pid, peer->uid)))
		return "it has no mounts of its own";
	return NULL;
}

int ward_open(struct ward *out, const struct peer *peer, uint32_t init, struct err *err)
{
	struct ward ward = { .pid = (pid_t)init, .pidfd = -1, .root = -1 };
	const char *why;
	char path[64];

	ward.pidfd = (int)syscall(SYS_pidfd_open, ward.pid, 0);
	if (ward.pidfd < 0)
		return err_errno(err, "process %u", init);
	why = why_not(peer, ward.pid);
	snprintf(path, sizeof path, "/proc/%u/root", init);
	ward.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* alive after all this: its number was not another's meanwhile */
	if (!why && (ward.root < 0 || ward_is_dead(&ward, 0)))
		why = "it is gone";
	if (!why) {
		*out = ward;
		return 0;
	}
	ward_close(&ward);
	return err_set(err, ERR_PERM, "process %u is not to be fenced: %s", init, why);
}

void ward_close(struct ward *ward)
{
	auto_fd(&ward->pidfd);
	auto_fd(&ward->root);
	ward->pidfd = ward->root = -1;
}

void ward_kill(const struct ward *ward)
{
	syscall(SYS_pidfd_send_signal, ward->pidfd, SIGKILL, NULL, 0);
}

bool ward_is_dead(const struct ward *ward, int wait_ms)
{
	struct pollfd wait = { ward->pidfd, POLLIN, 0 };

	return poll(&wait, 1, wait_ms) > 0;
}
