/* peer.h - who asks, and whether the job is his to fence. Private to this folder. */
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct peer {
	pid_t pid;
	uid_t uid;
};

/*
 * The process that connected. ERR_PERM when it is not of our own process and user namespace: a process inside a sandbox has
 * others, and must not speak to us even where it sees the socket.
 */
int peer_read(struct peer *out, int connection, struct err *err);

/* A job: all that live in one process namespace, and the mount namespace of its first process. */
struct ward {
	pid_t pid;   /* of process 1 inside */
	int   pidfd; /* of it: readable when all of the job are dead */
	int   root;  /* O_PATH, the root that it sees */
};

/*
 * ERR_PERM unless the process is a descendant of the peer, runs as its user (root may have others), is process 1 of a namespace,
 * and lives among mounts of its own that belong to that user: nobody fences what is not his.
 */
int ward_open(struct ward *out, const struct peer *peer, uint32_t init, struct err *err);
/* Twice-safe. */
void ward_close(struct ward *ward);
/* All of the job die with its first process. */
void ward_kill(const struct ward *ward);
bool ward_is_dead(const struct ward *ward, int wait_ms);

/* The text of a small file of /proc/PID; "" when it cannot be read. */
void peer_text(char *out, size_t room, pid_t pid, const char *file);
/* The last number of a line of /proc/PID/status, as "\nNSpid:"; 0 when there is none. */
uint32_t peer_number(const char *status, const char *name);
/* True when both processes are in the same namespace of that name, "pid"; false, too, when that cannot be told. */
bool peer_shares(pid_t a, pid_t b, const char *name);
