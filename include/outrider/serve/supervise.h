/*
 * supervise.h - the processes of one machine: started, started again when they die, stopped in order.
 *
 * Each is this same program with another role, executed anew, so that none holds memory, descriptors or secrets of another.
 */
#pragma once
#include <sys/types.h>

#include "base/err.h"

enum {
	SUPERVISE_MAX = 80,             /* processes of one machine: workers, broker, gateway */
	SUPERVISE_DRAIN_SECONDS = 60,   /* that a running job has before it is killed; its lease brings it back */
	SUPERVISE_BACKOFF_MAX = 30,     /* seconds between starts of what dies at once */
	SUPERVISE_STEADY_SECONDS = 60,  /* having lived that long, it starts again without a pause */
	SUPERVISE_EXIT_WRONG = 2,       /* the exit code of wrong settings, as the command line has it */
};

struct service {
	const char  *name;  /* for messages: "gateway" */
	char *const *argv;  /* borrowed; argv[0] is the program's path */
	char *const *envp;  /* borrowed; all that it may know */
	unsigned     stage; /* lower ones start first and stop last */
};

/*
 * Runs until SIGTERM or SIGINT, then stops them all: highest stage first, each stage awaited. A second signal kills. `say`
 * gets one line for each start after the first, each death and the end. Call it before any thread is made.
 * 0: all ended as asked. ERR_INPUT: one ended with SUPERVISE_EXIT_WRONG when it was first started; trying again would not help, and
 * the others were stopped. ERR_PERM: a service could not be started at all, the others were stopped.
 */
int supervise(const struct service *services, unsigned n,
	      void (*say)(void *payload, const char *line), void *payload, struct err *err);

/*
 * For a service itself, first thing: it is told to stop (SIGTERM) when its supervisor dies, however that ends. `supervisor`
 * is the id that it was started with; ERR_TEMP when that is gone already.
 */
int supervise_join(pid_t supervisor, struct err *err);
