/*
 * link_guard.c - the ZAP handler (ZeroMQ RFC 27): libzmq asks it for each new connection. Without one CURVE would let in any
 * client that knows the hub's public key.
 */
#include <errno.h>
#include <stdlib.h>

#include "late_zmq.h"
#include "link_private.h"

enum {
	ZAP_FRAMES = 7,       /* version, request, domain, address, routing id, mechanism, key */
	ZAP_FRAME_MAX = 255,
	KEY_BYTES = 32,
	CHECK_MS = 1000,      /* how long a key that was taken off the list may still speak */
	LIST_MEMORY = 16 << 20,
};

struct request {
	char   bytes[ZAP_FRAMES][ZAP_FRAME_MAX + 1];
	size_t len[ZAP_FRAMES];
	size_t n;
};

enum { REQUEST_ID = 1, ADDRESS = 3, MECHANISM = 5, CREDENTIALS = 6 };

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Reads the list again when the file is another one. One that cannot be read lets nobody in. */
static void refresh(struct link *link)
{
	struct guard *guard = &link->guard;
	struct stat st = { 0 };
	struct err err;

	guard->checked = link_now();
	if (stat(guard->path, &st) < 0)
		st = (struct stat){ 0 };
	if (same_file(&st, &guard->file))
		return;
	guard->file = st;
	guard->list = (struct allow_list){ 0 };
	arena_reset(&guard->mem);
	guard->broken = allow_read(&guard->list, &guard->mem, guard->path, &err) < 0;
	if (guard->broken)
		link_say(link, LINK_REFUSED, "nobody may connect: %s", err.text);
}

const struct allowed *guard_find(struct link *link, const char *key)
{
	if (link_now() - link->guard.checked >= CHECK_MS)
		refresh(link);
	return link->guard.broken ? NULL : allow_find(&link->guard.list, key);
}

int guard_open(struct link *link, const char *allow_path, struct err *err)
{
	struct guard *guard = &link->guard;
	const int none = 0;

	if (!allow_path)
		return err_input(err, "a hub on tcp:// needs an allow-list");
	arena_init(&guard->mem, LIST_MEMORY);
	guard->path = strdup(allow_path);
	/* a wrong file is told at the start, not at the first connection */
	if (allow_read(&guard->list, &guard->mem, allow_path, err) < 0)
		return -1;
	if (stat(allow_path, &guard->file) < 0)
		guard->file = (struct stat){ 0 };
	link->zap = zmq_socket(link->context, ZMQ_REP);
	if (!link->zap || zmq_setsockopt(link->zap, ZMQ_LINGER, &none, sizeof none) < 0 ||
	    zmq_bind(link->zap, "inproc://zeromq.zap.01") < 0)
		return link_zmq_error(err, "cannot authenticate peers");
	return 0;
}

void guard_release(struct link *link)
{
	if (!link->guard.path)
		return;
	free((void *)(uintptr_t)link->guard.path);
	arena_release(&link->guard.mem);
}

/* One request with all its frames. False when none waits. */
static bool receive(void *zap, struct request *request)
{
	int more = 1;
	size_t size = sizeof more;

	request->n = 0;
	while (more) {
		char frame[ZAP_FRAME_MAX + 1];
		int len = zmq_recv(zap, frame, ZAP_FRAME_MAX, ZMQ_DONTWAIT);

		if (len < 0)
			return false;
		if (request->n < ZAP_FRAMES) {
			size_t kept = len > ZAP_FRAME_MAX ? ZAP_FRAME_MAX : (size_t)len;

			memcpy(request->bytes[request->n], frame, kept);
			request->bytes[request->n][kept] = 0;
			request->len[request->n] = kept;
		}
		request->n++;
		if (zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size) < 0)
			return false;
	}
	return true;
}

static void reply(void *zap, const struct request *request, bool good, const char *user)
{
	zmq_send(zap, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(zap, request->bytes[REQUEST_ID], request->len[REQUEST_ID], ZMQ_SNDMORE);
	zmq_send(zap, good ? "200" : "400", 3, ZMQ_SNDMORE);
	zmq_send(zap, good ? "OK" : "not allowed", good ? 2 : 11, ZMQ_SNDMORE);
	zmq_send(zap, user, strlen(user), ZMQ_SNDMORE);
	zmq_send(zap, "", 0, 0);
}

/* The user id of the connection is its key: a name may change, and a key may be taken off the list. */
void guard_serve(struct link *link)
{
	struct request r;

	while (link->zap && receive(link->zap, &r)) {
		char key[KEY_TEXT + 1] = "";
		bool good = r.n == ZAP_FRAMES && strcmp(r.bytes[MECHANISM], "CURVE") == 0 &&
			    r.len[CREDENTIALS] == KEY_BYTES;

		if (good)
			zmq_z85_encode(key, (const uint8_t *)r.bytes[CREDENTIALS], KEY_BYTES);
		refresh(link);
		good = good && guard_find(link, key);
		if (!good)
			link_say(link, LINK_REFUSED, "key '%s' from %s is not allowed: "
				 "`outrider keys allow` adds it to '%s'", key, r.bytes[ADDRESS],
				 link->guard.path);
		link->figures.refused += !good;
		reply(link->zap, &r, good, good ? key : "");
	}
}
