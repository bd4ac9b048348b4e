#include "resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	ASKER_STACK = 256 << 10, /* getaddrinfo keeps a 64 KiB answer there */
	ASKERS_MAX = 256,        /* threads left behind by dead resolvers, in the whole process */
};

/* Shared by who asks and who waits; the last of them frees it. */
struct question {
	atomic_int owners;
	int done;             /* eventfd: the answer is there */
	atomic_bool answered; /* the same, and what follows may be read */
	char name[HOST_MAX + 1];
	struct address found[BROKER_ADDRESSES];
	size_t n;
	int code; /* of getaddrinfo */
};

static atomic_int askers;

static void leave(struct question *question)
{
	if (atomic_fetch_sub(&question->owners, 1) > 1)
		return;
	close(question->done);
	free(question);
}

static bool take_address(struct address *out, const struct sockaddr *from)
{
	*out = (struct address){ { 0 } };
	if (from->sa_family == AF_INET) {
		out->bytes[10] = out->bytes[11] = 0xff;
		memcpy(out->bytes + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr,
		       4);
		return true;
	}
	if (from->sa_family != AF_INET6)
		return false;
	memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	return true;
}

static void *ask(void *payload)
{
	struct question *question = payload;
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM },
			*list = NULL;
	uint64_t one = 1;

	/*
	 * of this thread alone: what matched is what is asked, without the domains of resolv.conf
	 * behind it
	 */
	if (res_init() == 0)
		_res.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
	question->code = getaddrinfo(question->name, NULL, &hints, &list);
	for (const struct addrinfo *a = list;
	     !question->code && a && question->n < BROKER_ADDRESSES; a = a->ai_next)
		question->n += take_address(&question->found[question->n], a->ai_addr);
	if (list)
		freeaddrinfo(list);
	atomic_store(&question->answered, true);
	while (write(question->done, &one, sizeof one) < 0 && errno == EINTR)
		continue;
	leave(question);
	atomic_fetch_sub(&askers, 1);
	return NULL;
}

static struct question *new_question(const struct host *host)
{
	struct question *question = calloc(1, sizeof *question);

	if (!question)
		return NULL;
	question->done = eventfd(0, EFD_CLOEXEC);
	if (question->done < 0) {
		free(question);
		return NULL;
	}
	atomic_init(&question->owners, 2);
	memcpy(question->name, host->text, sizeof question->name);
	return question;
}

static bool start(struct question *question)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;
	bool fine;

	if (atomic_fetch_add(&askers, 1) >= ASKERS_MAX) {
		atomic_fetch_sub(&askers, 1);
		return false;
	}
	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setsigmask_np(&attributes, &all);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, ASKER_STACK);
	fine = pthread_create(&thread, &attributes, ask, question) == 0;
	pthread_attr_destroy(&attributes);
	if (!fine)
		atomic_fetch_sub(&askers, 1);
	return fine;
}

int resolve_system(struct address *out, size_t max, size_t *n, const struct host *host,
		   const struct patience *patience, struct err *err)
{
	struct question *question = new_question(host);
	const char *why;
	int result = 0;

	if (!question)
		return err_set(err, ERR_TEMP, "out of memory or descriptors");
	if (!start(question)) {
		leave(question);
		leave(question);
		return err_set(err, ERR_TEMP, "too many questions to the resolver are open");
	}
	if (patience_wait(patience, question->done, POLLIN, &why) < 0)
		result = err_set(err, ERR_TEMP, "the address of %s: %s", host->text, why);
	else if (!atomic_load(&question->answered) || question->code)
		result = err_set(err, ERR_TEMP, "the address of %s: %s", host->text,
				 gai_strerror(question->code));
	else
		for (*n = 0; *n < question->n && *n < max; ++*n)
			out[*n] = question->found[*n];
	leave(question);
	return result;
}
