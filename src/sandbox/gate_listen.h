/*
 * gate_listen.h - execs one by one: the kernel's filter of system calls tells of each execve, a trace begins there and ends when the new
 * image was judged. No process of the job is traced otherwise: forks, threads and signals cost nothing. Private to this folder.
 *
 * What is told before is only that there will be an exec, never what is judged: the program's name could be another one by the time
 * the kernel reads it. The verdict is about the image, at the exec-stop.
 */
#pragma once
#include "base/err.h"
#include "gate_judge.h"

/* Zeroed, with `listener` and `stop` set, is ready. */
struct listen {
	struct judge   *judge;
	int             listener;  /* of a filter that says USER_NOTIF to execve and execveat; borrowed */
	int             stop;      /* readable: end; borrowed */
	pthread_mutex_t turn;      /* held by the one thread that waits for the kernel's word */
	pthread_t      *followers; /* owned */
	atomic_size_t   n_followers;
	size_t          max_followers;
};

/*
 * The first exec, that of the command behind `pidfd`: tells by 0 or -1 whether this process may trace it. 0 also when the command died before.
 * The calling thread must be the one of listen_all().
 */
int listen_first(struct listen *listen, int pidfd, struct err *err);
/* After the first: all others, until `stop` is readable. Threads are added while more execs are under way than there are threads, up to the processors. */
void listen_all(struct listen *listen);
/* After listen_all(), or after listen_first() alone. */
void listen_end(struct listen *listen);
