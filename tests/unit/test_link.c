/* test_link.c - real sockets on this machine: who gets in, who does not, and what happens to peers that do not read. */
#include "queue/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/scope.h"

static char dir[] = "/tmp/outrider-link-XXXXXX";
static char allow_path[100];
static struct key_pair hub_key, worker_key, other_key;
static struct err err;

#define OK(call)                                                                             \
	do {                                                                                 \
		if ((call) < 0)                                                              \
			fail_msg("%s: %s", #call, err.text);                                 \
	} while (0)

enum { PATIENCE = 1000 }; /* rounds of 10 ms: a loaded machine is slow, a broken link never answers */

static void end_link(struct link *const *link)
{
	link_close(*link, 0);
}

static struct link *open_hub(const char *endpoint)
{
	struct link_options o = { .endpoint = endpoint, .own = &hub_key, .allow_path = allow_path };
	struct link *link = NULL;

	OK(link_open_hub(&link, &o, &err));
	return link;
}

static struct link *open_spoke(const struct link *hub, const struct key_pair *key, const char *server)
{
	struct link_options o = { .endpoint = link_endpoint(hub), .own = key, .server_key = server };
	struct link *link = NULL;

	OK(link_open_spoke(&link, &o, &err));
	return link;
}

/* One round of both ends: false when nothing came to `to`. */
static bool receive(struct link *to, struct link *other, struct link_message *out, struct arena *mem)
{
	bool got = false;

	OK(link_wait(other, NULL, 0, 0, NULL, &err));
	OK(link_wait(to, NULL, 0, 10, NULL, &err));
	OK(link_receive(to, out, &got, mem, &err));
	return got;
}

static void must_receive(struct link *to, struct link *other, struct link_message *out, struct arena *mem)
{
	for (int i = 0; i < PATIENCE; i++)
		if (receive(to, other, out, mem))
			return;
	fail_msg("nothing came");
}

/* Sends until there is a connection. */
static void must_send(struct link *from, struct link *other, const struct link_peer *peer,
		      const struct wire *wire)
{
	enum link_sent sent;

	for (int i = 0; i < PATIENCE; i++) {
		OK(link_send(from, peer, wire, &sent, &err));
		if (sent == LINK_SENT)
			return;
		OK(link_wait(other, NULL, 0, 5, NULL, &err));
		OK(link_wait(from, NULL, 0, 5, NULL, &err));
	}
	fail_msg("cannot send");
}

static void must_say(struct link *link, struct link *other, enum link_event_kind kind, const char *says)
{
	struct link_event event;

	for (int i = 0; i < PATIENCE; i++) {
		OK(link_wait(other, NULL, 0, 0, NULL, &err));
		OK(link_wait(link, NULL, 0, 10, NULL, &err));
		while (link_event(link, &event))
			if (event.kind == kind && strstr(event.text, says))
				return;
	}
	fail_msg("nobody says '%s'", says);
}

static void there_and_back(struct link *hub, struct link *spoke, const char *user)
{
	AUTO_ARENA struct arena mem;
	struct wire hello = { .kind = WIRE_HELLO, .name = STR("w1"), .body = STR("{}") };
	struct wire job = { .kind = WIRE_JOB, .id = 7, .token = 1, .count = 1, .time = 1000,
			    .name = STR("review"), .body = STR("{\"n\":1}") };
	struct link_message m;

	arena_init(&mem, 64 << 20);
	must_send(spoke, hub, NULL, &hello);
	must_receive(hub, spoke, &m, &mem);
	assert_int_equal(m.wire.kind, WIRE_HELLO);
	assert_true(str_eq(m.user, str_of(user)));
	must_send(hub, spoke, &m.peer, &job);
	must_receive(spoke, hub, &m, &mem);
	assert_int_equal(m.wire.id, 7);
	assert_true(str_eq(m.wire.body, STR("{\"n\":1}")));
}

static void allow(const char *key, const char *name)
{
	bool changed;

	OK(allow_add(allow_path, str_of(key), str_of(name), &changed, &err));
}

static void curve(void **state)
{
	struct link *hub AUTO(end_link) = open_hub("tcp://127.0.0.1:0");
	struct link *spoke AUTO(end_link) = NULL;

	(void)state;
	allow(worker_key.public_key, "worker-1");
	spoke = open_spoke(hub, &worker_key, hub_key.public_key);
	there_and_back(hub, spoke, "worker-1");
	must_say(hub, spoke, LINK_CONNECTED, "connected");
	assert_int_equal(link_figures(hub).refused, 0);
}

static void unknown_key(void **state)
{
	struct link *hub AUTO(end_link) = open_hub("tcp://127.0.0.1:0");
	struct link *spoke AUTO(end_link) = open_spoke(hub, &other_key, hub_key.public_key);
	enum link_sent sent;

	(void)state;
	must_say(hub, spoke, LINK_REFUSED, other_key.public_key);
	must_say(spoke, hub, LINK_REFUSED, "does not know our key");
	OK(link_send(spoke, NULL, &(struct wire){ .kind = WIRE_PING }, &sent, &err));
	assert_int_equal(sent, LINK_GONE);
	/* allowed while it tries: the list is read again */
	allow(other_key.public_key, "late");
	there_and_back(hub, spoke, "late");
}

static void taken_off(void **state)
{
	AUTO_ARENA struct arena mem;
	struct link *hub AUTO(end_link) = open_hub("tcp://127.0.0.1:0");
	struct link *spoke AUTO(end_link) = NULL;
	struct timespec pause = { 1, 100000000 };
	struct link_message m;
	bool found;

	(void)state;
	arena_init(&mem, 64 << 20);
	allow(worker_key.public_key, "worker-1");
	spoke = open_spoke(hub, &worker_key, hub_key.public_key);
	there_and_back(hub, spoke, "worker-1");
	OK(allow_remove(allow_path, STR("worker-1"), &found, &err));
	assert_true(found);
	nanosleep(&pause, NULL);
	must_send(spoke, hub, NULL, &(struct wire){ .kind = WIRE_PING });
	for (int i = 0; i < PATIENCE && link_figures(hub).refused == 0; i++)
		assert_false(receive(hub, spoke, &m, &mem));
	assert_int_equal(link_figures(hub).refused, 1);
}

static void wrong_hub_key(void **state)
{
	struct link *hub AUTO(end_link) = open_hub("tcp://127.0.0.1:0");
	struct link *spoke AUTO(end_link) = open_spoke(hub, &worker_key, other_key.public_key);

	(void)state;
	must_say(spoke, hub, LINK_REFUSED, "handshake failed");
	assert_int_equal(link_figures(hub).received, 0);
}

/* What is no Outrider speaks without encryption. */
static void no_curve(void **state)
{
	AUTO_ARENA struct arena mem;
	struct link *hub AUTO(end_link) = open_hub("tcp://127.0.0.1:0");
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_DEALER);
	struct link_message m;
	const int none = 0;

	(void)state;
	arena_init(&mem, 64 << 20);
	zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
	assert_int_equal(zmq_connect(socket, link_endpoint(hub)), 0);
	zmq_send(socket, "x", 1, ZMQ_DONTWAIT);
	/* which end notices first is a matter of luck */
	must_say(hub, hub, LINK_REFUSED, "");
	assert_false(receive(hub, hub, &m, &mem));
	zmq_close(socket);
	zmq_ctx_term(context);
}

static void local(void **state)
{
	struct link *hub AUTO(end_link) = NULL, *spoke AUTO(end_link) = NULL, *none = NULL;
	struct link_options o = { 0 };
	char endpoint[120];

	(void)state;
	snprintf(endpoint, sizeof endpoint, "ipc://%s/run/hub", dir);
	hub = open_hub(endpoint);
	spoke = open_spoke(hub, NULL, NULL);
	there_and_back(hub, spoke, "local");
	/* a folder that others may enter is no place for it */
	snprintf(endpoint, sizeof endpoint, "%s/run", dir);
	assert_int_equal(chmod(endpoint, 0755), 0);
	o.endpoint = link_endpoint(hub);
	assert_int_equal(link_open_spoke(&none, &o, &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	assert_non_null(strstr(err.text, "closed to others"));
	assert_int_equal(chmod(endpoint, 0700), 0);
}

static void full_and_gone(void **state)
{
	AUTO_ARENA struct arena mem;
	struct link *hub AUTO(end_link) = NULL, *spoke = NULL;
	char endpoint[120], *large = malloc(1 << 20);
	struct wire job = { .kind = WIRE_JOB, .id = 1, .token = 1, .count = 1, .time = 1 };
	enum link_sent sent = LINK_SENT;
	struct link_peer stranger = { .id = { 0, 1, 2, 3, 4 }, .len = 5 };
	struct link_message m;
	int n = 0;

	(void)state;
	arena_init(&mem, 64 << 20);
	assert_non_null(large);
	memset(large, 'x', 1 << 20);
	job.body = (struct str){ large, 1 << 20 };
	snprintf(endpoint, sizeof endpoint, "ipc://%s/full/hub", dir);
	hub = open_hub(endpoint);
	spoke = open_spoke(hub, NULL, NULL);
	OK(link_send(hub, &stranger, &job, &sent, &err));
	assert_int_equal(sent, LINK_GONE);
	must_send(spoke, hub, NULL, &(struct wire){ .kind = WIRE_PING });
	must_receive(hub, spoke, &m, &mem);
	/* the spoke does not read: its buffers fill, and we are told */
	for (sent = LINK_SENT; sent == LINK_SENT && n < 1000; n++)
		OK(link_send(hub, &m.peer, &job, &sent, &err));
	assert_int_equal(sent, LINK_FULL);
	link_close(spoke, 0);
	for (int i = 0; i < PATIENCE && sent != LINK_GONE; i++) {
		OK(link_wait(hub, NULL, 0, 10, NULL, &err));
		OK(link_send(hub, &m.peer, &job, &sent, &err));
	}
	assert_int_equal(sent, LINK_GONE);
	free(large);
}

static void garbage(void **state)
{
	AUTO_ARENA struct arena mem;
	struct link *hub AUTO(end_link) = NULL;
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_DEALER);
	char endpoint[120];
	struct link_message m;
	const int none = 0;

	(void)state;
	arena_init(&mem, 64 << 20);
	snprintf(endpoint, sizeof endpoint, "ipc://%s/garbage/hub", dir);
	hub = open_hub(endpoint);
	zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
	assert_int_equal(zmq_connect(socket, endpoint), 0);
	assert_int_equal(zmq_send(socket, "garbage", 7, 0), 7);
	zmq_send(socket, "many", 4, ZMQ_SNDMORE);
	zmq_send(socket, "frames", 6, ZMQ_SNDMORE);
	zmq_send(socket, "", 0, 0);
	for (int i = 0; i < PATIENCE && link_figures(hub).garbled < 2; i++)
		assert_false(receive(hub, hub, &m, &mem));
	assert_int_equal(link_figures(hub).garbled, 2);
	zmq_close(socket);
	zmq_ctx_term(context);
}

static void restarted_hub(void **state)
{
	struct link *hub = NULL, *spoke AUTO(end_link) = NULL;
	char endpoint[120];

	(void)state;
	allow(worker_key.public_key, "worker-1");
	hub = open_hub("tcp://127.0.0.1:0");
	snprintf(endpoint, sizeof endpoint, "%s", link_endpoint(hub));
	spoke = open_spoke(hub, &worker_key, hub_key.public_key);
	there_and_back(hub, spoke, "worker-1");
	link_close(hub, 0);
	must_say(spoke, spoke, LINK_DISCONNECTED, "lost");
	hub = open_hub(endpoint);
	/* what is said while it connects may be lost: everything is said again by those above */
	must_say(spoke, hub, LINK_CONNECTED, "");
	there_and_back(hub, spoke, "worker-1");
	link_close(hub, 0);
}

static void wrong_options(void **state)
{
	struct link *none = NULL;
	struct link_options o = { .endpoint = "tcp://127.0.0.1:0" };

	(void)state;
	assert_int_equal(link_open_hub(&none, &o, &err), -1);
	assert_non_null(strstr(err.text, "needs a key pair"));
	o.own = &hub_key;
	assert_int_equal(link_open_hub(&none, &o, &err), -1);
	assert_non_null(strstr(err.text, "allow-list"));
	assert_int_equal(link_open_spoke(&none, &o, &err), -1);
	assert_non_null(strstr(err.text, "public key"));
	o.endpoint = "udp://x";
	assert_int_equal(link_open_hub(&none, &o, &err), -1);
	o.endpoint = "ipc://relative";
	assert_int_equal(link_open_hub(&none, &o, &err), -1);
	assert_non_null(strstr(err.text, "absolute"));
	assert_null(none);
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || key_generate(&hub_key, &err) < 0 || key_generate(&worker_key, &err) < 0 ||
	    key_generate(&other_key, &err) < 0)
		return -1;
	snprintf(allow_path, sizeof allow_path, "%s/allowed", dir);
	return 0;
}

static int end(void **state)
{
	static const char *const folders[] = { "run", "full", "garbage" };
	char path[120];

	(void)state;
	unlink(allow_path);
	for (size_t i = 0; i < COUNT(folders); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, folders[i]);
		rmdir(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(curve),
		cmocka_unit_test(unknown_key),
		cmocka_unit_test(taken_off),
		cmocka_unit_test(wrong_hub_key),
		cmocka_unit_test(no_curve),
		cmocka_unit_test(local),
		cmocka_unit_test(full_and_gone),
		cmocka_unit_test(garbage),
		cmocka_unit_test(restarted_hub),
	};

	return cmocka_run_group_tests(tests, start, end);
}
