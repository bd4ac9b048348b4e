#include "egress/broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "connection.h"

enum {
	STACK = 512 << 10
}; /* of a connection's thread: address space; OpenSSL's handshake touches 40 KiB */

static uint32_t or_default(uint32_t limit, uint32_t otherwise)
{
	return limit ? limit : otherwise;
}

static void set_limits(struct broker_limits *limits)
{
	limits->connections = or_default(limits->connections, BROKER_CONNECTIONS);
	limits->head_seconds = or_default(limits->head_seconds, BROKER_HEAD_SECONDS);
	limits->idle_seconds = or_default(limits->idle_seconds, BROKER_IDLE_SECONDS);
	limits->total_seconds = or_default(limits->total_seconds, BROKER_TOTAL_SECONDS);
	limits->requests = or_default(limits->requests, BROKER_REQUESTS);
}

static int check_credentials(const struct route_list *routes, const struct secret_list *secrets,
			     struct err *err)
{
	for (size_t i = 0; i < routes->n; i++)
		if (routes->items[i].credential.len &&
		    !secret_find(secrets, routes->items[i].credential))
			return err_input(
				err,
				"the route '%.*s' needs the credential '%.*s', which the host does not have",
				STR_ARG(routes->items[i].text),
				STR_ARG(routes->items[i].credential));
	return 0;
}

static void constrain(struct buf *out, const struct route_list *routes)
{
	for (size_t i = 0; i < routes->n; i++) {
		const struct route *route = &routes->items[i];
		const char *comma = out->len ? "," : "critical,";

		if (!route->inspect || !route->tls)
			continue;
		if (route->host.kind == HOST_NAME)
			buf_printf(out, "%spermitted;DNS:%s", comma, route->host.text);
		else
			buf_printf(out, "%spermitted;IP:%s/%s", comma, route->host.text,
				   route->host.kind == HOST_IP4
					   ? "255.255.255.255"
					   : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	}
}

/* The routes of all tables; their budgets, and for which hosts this run may make certificates. */
static int read_routes(struct broker *broker, struct buf *constraints, struct err *err)
{
	enum route_phase phase = broker->options.phase;
	size_t n = 0;

	for (const struct route_table *t = broker->options.routes; t; t = t->within)
		n += t->phase[phase].n;
	broker->meters = calloc(n + 1, sizeof *broker->meters);
	if (!broker->meters)
		return err_set(err, ERR_TEMP, "out of memory");
	for (const struct route_table *t = broker->options.routes; t; t = t->within) {
		if (check_credentials(&t->phase[phase], broker->options.secrets, err) < 0)
			return -1;
		constrain(constraints, &t->phase[phase]);
		for (size_t i = 0; i < t->phase[phase].n; i++)
			broker->meters[broker->n_meters++].route = &t->phase[phase].items[i];
		broker->ranges = t->addresses;
	}
	return 0;
}

static int open_handles(struct broker *broker, struct err *err)
{
	int ends[2];

	broker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	broker->freed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (broker->wake < 0 || broker->freed < 0)
		return err_errno(err, "eventfd");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, "socketpair");
	broker->outside = ends[0];
	broker->inside = ends[1];
	broker->slots = calloc(broker->options.limits.connections, sizeof *broker->slots);
	return broker->slots ? 0 : err_set(err, ERR_TEMP, "out of memory");
}

int broker_open(struct broker **out, const struct broker_options *options, struct err *err)
{
	AUTO_BUF struct buf constraints = { 0 };
	struct broker *broker = calloc(1, sizeof *broker);

	if (!broker)
		return err_set(err, ERR_TEMP, "out of memory");
	broker->options = *options;
	broker->inside = broker->outside = broker->wake = broker->freed = -1;
	pthread_mutex_init(&broker->lock, NULL);
	set_limits(&broker->options.limits);
	if (read_routes(broker, &constraints, err) < 0 || open_handles(broker, err) < 0) {
		broker_close(broker);
		return -1;
	}
	buf_add_byte(&constraints, '\0');
	if (tls_new(&broker->tls, options->ca_file, constraints.len > 1 ? constraints.bytes : NULL,
		    err) < 0) {
		broker_close(broker);
		return -1;
	}
	*out = broker;
	return 0;
}

int broker_job_socket(const struct broker *broker)
{
	return broker->inside;
}

/* What a job hands over can be anything: only a connected stream socket is served. */
static bool is_connection(int fd)
{
	int type = 0, domain = 0, listens = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	       (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX) &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && !listens;
}

/* The next connection; -1 when what came is none, -2 when no more will come. */
static int receive(int channel)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof control.bytes };
	ssize_t n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *rights = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : -2;
	if (!rights)
		return n == 0 ? -2 : -1;
	if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
	    rights->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(rights), sizeof fd);
	if (is_connection(fd))
		return fd;
	close(fd);
	return -1;
}

static void signal_event(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof one);
}

static void *serve(void *payload)
{
	struct slot *slot = payload;

	connection_run(slot->broker, slot->fd, slot->number);
	atomic_store(&slot->state, SLOT_DONE);
	signal_event(slot->broker->freed);
	return NULL;
}

static struct slot *find_slot(struct broker *broker)
{
	for (uint32_t i = 0; i < broker->options.limits.connections; i++) {
		struct slot *slot = &broker->slots[i];

		if (atomic_load(&slot->state) == SLOT_DONE) {
			pthread_join(slot->thread, NULL);
			atomic_store(&slot->state, SLOT_FREE);
		}
		if (atomic_load(&slot->state) == SLOT_FREE)
			return slot;
	}
	return NULL;
}

/*
 * Waits for a place: clients beyond the limit wait with us, in the channel and in the forwarder's
 * backlog. NULL: the run is over.
 */
static struct slot *wait_for_slot(struct broker *broker)
{
	struct pollfd wait[2] = { { broker->wake, POLLIN, 0 }, { broker->freed, POLLIN, 0 } };
	struct slot *slot;
	uint64_t count;

	while ((slot = find_slot(broker)) == NULL) {
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (wait[0].revents)
			return NULL;
		(void)!read(broker->freed, &count, sizeof count);
	}
	return slot;
}

static int start_thread(pthread_t *thread, void *(*run)(void *), void *payload)
{
	pthread_attr_t attributes;
	sigset_t all;
	int error;

	/* signals are the supervisor's business */
	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setsigmask_np(&attributes, &all);
	error = pthread_create(thread, &attributes, run, payload);
	pthread_attr_destroy(&attributes);
	return error;
}

static void take_on(struct broker *broker, int fd)
{
	struct slot *slot = wait_for_slot(broker);

	if (!slot) {
		close(fd);
		return;
	}
	slot->broker = broker;
	slot->fd = fd;
	slot->number = ++broker->connections;
	atomic_store(&slot->state, SLOT_RUNS);
	if (start_thread(&slot->thread, serve, slot) != 0) {
		/* the host is out of threads or memory: the client sees a closed connection */
		atomic_store(&slot->state, SLOT_FREE);
		close(fd);
	}
}

static void *accept_all(void *payload)
{
	struct broker *broker = payload;
	struct pollfd wait[2] = { { broker->wake, POLLIN, 0 }, { broker->outside, POLLIN, 0 } };

	for (;;) {
		int fd;

		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (wait[0].revents)
			return NULL;
		fd = receive(broker->outside);
		if (fd == -2)
			return NULL;
		if (fd >= 0)
			take_on(broker, fd);
	}
}

int broker_start(struct broker *broker, struct err *err)
{
	if (start_thread(&broker->acceptor, accept_all, broker) != 0)
		return err_set(err, ERR_TEMP, "no thread for the network broker");
	broker->started = true;
	close(broker->inside);
	broker->inside = -1;
	return 0;
}

static void stop(struct broker *broker)
{
	signal_event(broker->wake);
	pthread_join(broker->acceptor, NULL);
	for (uint32_t i = 0; i < broker->options.limits.connections; i++)
		if (atomic_load(&broker->slots[i].state) != SLOT_FREE)
			pthread_join(broker->slots[i].thread, NULL);
}

void broker_close(struct broker *broker)
{
	if (!broker)
		return;
	if (broker->started)
		stop(broker);
	auto_fd(&broker->inside);
	auto_fd(&broker->outside);
	auto_fd(&broker->wake);
	auto_fd(&broker->freed);
	tls_free(broker->tls);
	for (size_t i = 0; i < broker->n_wild; i++)
		free(broker->wild[i]);
	free(broker->meters);
	free(broker->slots);
	pthread_mutex_destroy(&broker->lock);
	free(broker);
}

void broker_tell(struct broker *broker, const struct broker_record *record)
{
	pthread_mutex_lock(&broker->lock);
	broker->totals.up += record->up;
	broker->totals.down += record->down;
	broker->totals.denied += !record->allowed;
	if (broker->options.record)
		broker->options.record(record, broker->options.record_with);
	pthread_mutex_unlock(&broker->lock);
}

bool broker_admit(struct broker *broker)
{
	bool admitted;

	pthread_mutex_lock(&broker->lock);
	admitted = broker->totals.requests < broker->options.limits.requests;
	broker->totals.requests += admitted;
	pthread_mutex_unlock(&broker->lock);
	return admitted;
}

static bool knows(const struct broker *broker, const struct host *host)
{
	for (size_t i = 0; i < broker->n_wild; i++)
		if (host_eq(broker->wild[i], host))
			return true;
	return false;
}

bool broker_admit_wild(struct broker *broker, const struct host *host)
{
	struct host *copy;
	bool known;

	pthread_mutex_lock(&broker->lock);
	known = knows(broker, host);
	if (!known && broker->n_wild < BROKER_WILD_NAMES && (copy = malloc(sizeof *copy))) {
		*copy = *host;
		broker->wild[broker->n_wild++] = copy;
		known = true;
	}
	pthread_mutex_unlock(&broker->lock);
	return known;
}

struct broker_totals broker_totals(struct broker *broker)
{
	struct broker_totals totals;

	pthread_mutex_lock(&broker->lock);
	totals = broker->totals;
	pthread_mutex_unlock(&broker->lock);
	return totals;
}
