/* run_end.c - how a sandboxed command ends, seen from a shell. */
#include "run_end.h"

#include <signal.h>
#include <sys/signalfd.h>

int run_end_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	fd = sigprocmask(SIG_BLOCK, &set, NULL) ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_errno(err, "signalfd") : fd;
}

int run_end_code(const struct receipt *receipt)
{
	switch (receipt->end) {
	case END_EXIT:
		return receipt->exit_code;
	case END_SIGNAL:
		return EXIT_SIGNALLED + receipt->signal;
	case END_LIMIT:
		return EXIT_LIMIT;
	case END_DENIED:
		return EXIT_DENIED;
	case END_CANCEL:
	case ENDS:
		break;
	}
	return EXIT_SIGNALLED + SIGTERM;
}
