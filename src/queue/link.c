#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "late_zmq.h"
#include "link_private.h"

#define DOMAIN "outrider"

enum {
	MAX_FDS = 8,
	SOCKETS = 3,
	/* the library has the option, its header names it among the drafts only */
	ZAP_ENFORCE_DOMAIN = 93,
};

int link_zmq_error(struct err *err, const char *what)
{
	int code = zmq_errno();
	bool later = code == EADDRINUSE || code == EMFILE || code == ENOMEM || code == EAGAIN;

	return err_set(err, later ? ERR_TEMP : ERR_PERM, "%s: %s", what, zmq_strerror(code));
}

int64_t link_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void link_retry_later(struct link *link)
{
	int pause = link->retry_pause ? link->retry_pause : LINK_RETRY_MS;

	if (link->retry_at)
		return;
	link->retry_at = link_now() + pause;
	link->retry_pause = pause * 2 > LINK_RETRY_MAX_MS ? LINK_RETRY_MAX_MS : pause * 2;
}

static void retry(struct link *link)
{
	if (!link->retry_at || link_now() < link->retry_at)
		return;
	link->retry_at = 0;
	zmq_disconnect(link->socket, link->endpoint);
	zmq_connect(link->socket, link->endpoint);
}

/* What has to be done besides messages. */
static void serve(struct link *link)
{
	guard_serve(link);
	monitor_serve(link);
	retry(link);
}

struct setting {
	int option, value;
};

static int set_all(struct link *link, const struct setting *settings, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (zmq_setsockopt(link->socket, settings[i].option, &settings[i].value,
				   sizeof settings[i].value) < 0)
			return link_zmq_error(err, "cannot set up the link");
	return 0;
}

/* libzmq's own defaults never end, have no limit, and lose messages in silence. */
static int set_limits(struct link *link, struct err *err)
{
	const struct setting settings[] = {
		{ ZMQ_LINGER, 0 },
		{ ZMQ_SNDHWM, LINK_QUEUE },
		{ ZMQ_RCVHWM, LINK_QUEUE },
		{ ZMQ_HANDSHAKE_IVL, LINK_HANDSHAKE_MS },
		{ ZMQ_HEARTBEAT_IVL, LINK_BEAT_MS },
		{ ZMQ_HEARTBEAT_TIMEOUT, LINK_BEAT_TIMEOUT_MS },
		{ ZMQ_HEARTBEAT_TTL, LINK_BEAT_TIMEOUT_MS },
		{ ZMQ_RECONNECT_IVL, LINK_RETRY_MS },
		{ ZMQ_RECONNECT_IVL_MAX, LINK_RETRY_MAX_MS },
		{ ZMQ_IPV6, 1 },
		{ ZMQ_IMMEDIATE, 1 }, /* no queue for a connection that is not there */
	};
	const int64_t largest = WIRE_MAX;

	if (zmq_setsockopt(link->socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) < 0)
		return link_zmq_error(err, "cannot set up the link");
	return set_all(link, settings, COUNT(settings), err);
}

static int set_text(struct link *link, int option, const char *text, struct err *err)
{
	if (zmq_setsockopt(link->socket, option, text, strlen(text)) < 0)
		return link_zmq_error(err, "cannot set a key");
	return 0;
}

static int set_curve(struct link *link, const struct link_options *o, struct err *err)
{
	const struct setting server[] = { { ZMQ_CURVE_SERVER, 1 }, { ZAP_ENFORCE_DOMAIN, 1 } };

	if (!o->own || !o->own->secret_key[0])
		return err_input(err, "tcp:// needs a key pair: `outrider keys new` makes one");
	if (link->hub) {
		if (guard_open(link, o->allow_path, err) < 0 ||
		    set_text(link, ZMQ_ZAP_DOMAIN, DOMAIN, err) < 0 ||
		    set_all(link, server, COUNT(server), err) < 0)
			return -1;
	} else {
		if (!o->server_key || !key_is_valid(str_of(o->server_key)))
			return err_input(err, "tcp:// needs the broker's public key: "
					 "`outrider keys show` tells it there");
		if (set_text(link, ZMQ_CURVE_SERVERKEY, o->server_key, err) < 0)
			return -1;
	}
	if (set_text(link, ZMQ_CURVE_PUBLICKEY, o->own->public_key, err) < 0)
		return -1;
	return set_text(link, ZMQ_CURVE_SECRETKEY, o->own->secret_key, err);
}

/*
 * On one machine the kernel is asked: the folder lets nobody else in, and the user at the other end must be ours. The hub
 * makes the folder, so that it is the hub's.
 */
static int set_local(struct link *link, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const struct setting same_user[] = { { ZMQ_IPC_FILTER_UID, (int)geteuid() } };
	char dir[256];
	struct stat st;

	if (*path != '/' || !slash || slash == path || (size_t)(slash - path) >= sizeof dir)
		return err_input(err, "'ipc://%s': write an absolute path in a folder of its own", path);
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = 0;
	if (link->hub && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make the folder '%s'", dir);
	if (lstat(dir, &st) < 0)
		return err_errno(err, "cannot look at the folder '%s'", dir);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return err_set(err, ERR_PERM, "the folder '%s' must be ours and closed to others "
			       "(mode 0700)", dir);
	return link->hub ? set_all(link, same_user, COUNT(same_user), err) : 0;
}

static int set_peers(struct link *link, const struct link_options *o, struct err *err)
{
	struct str endpoint = str_of(o->endpoint);

	if (endpoint.len >= sizeof link->endpoint)
		return err_input(err, "the address of the broker is too long");
	if (str_starts(endpoint, STR("tcp://"))) {
		link->tcp = true;
		return set_curve(link, o, err);
	}
	if (str_starts(endpoint, STR("ipc://")))
		return set_local(link, o->endpoint + strlen("ipc://"), err);
	return err_input(err, "'%s': the address of the broker begins with tcp:// or ipc://", o->endpoint);
}

static int attach(struct link *link, const char *endpoint, struct err *err)
{
	size_t size = sizeof link->endpoint;

	if (!link->hub) {
		memcpy(link->endpoint, endpoint, strlen(endpoint) + 1);
		if (zmq_connect(link->socket, endpoint) < 0)
			return link_zmq_error(err, endpoint);
		return 0;
	}
	if (zmq_bind(link->socket, endpoint) < 0)
		return link_zmq_error(err, endpoint);
	if (zmq_getsockopt(link->socket, ZMQ_LAST_ENDPOINT, link->endpoint, &size) < 0)
		return link_zmq_error(err, endpoint);
	return 0;
}

static int set_up(struct link *link, const struct link_options *o, struct err *err)
{
	const struct setting mandatory[] = { { ZMQ_ROUTER_MANDATORY, 1 } };

	link->context = zmq_ctx_new();
	if (!link->context || zmq_ctx_set(link->context, ZMQ_MAX_SOCKETS, LINK_MAX_PEERS) < 0)
		return link_zmq_error(err, "cannot start ZeroMQ");
	link->socket = zmq_socket(link->context, link->hub ? ZMQ_ROUTER : ZMQ_DEALER);
	if (!link->socket)
		return link_zmq_error(err, "cannot start ZeroMQ");
	if (link->hub && set_all(link, mandatory, COUNT(mandatory), err) < 0)
		return -1;
	if (set_limits(link, err) < 0 || set_peers(link, o, err) < 0 || monitor_open(link, err) < 0)
		return -1;
	return attach(link, o->endpoint, err);
}

static int open_link(struct link **out, bool hub, const struct link_options *o, struct err *err)
{
	struct link *link;

	if (late_zmq(err))
		return -1;
	link = calloc(1, sizeof *link);
	if (!link)
		return err_set(err, ERR_TEMP, "out of memory");
	link->hub = hub;
	if (set_up(link, o, err) < 0) {
		link_close(link, 0);
		return -1;
	}
	*out = link;
	return 0;
}

int link_open_hub(struct link **out, const struct link_options *options, struct err *err)
{
	return open_link(out, true, options, err);
}

int link_open_spoke(struct link **out, const struct link_options *options, struct err *err)
{
	return open_link(out, false, options, err);
}

void link_close(struct link *link, int linger)
{
	if (!link)
		return;
	if (link->socket) {
		zmq_setsockopt(link->socket, ZMQ_LINGER, &linger, sizeof linger);
		zmq_socket_monitor(link->socket, NULL, 0);
		zmq_close(link->socket);
	}
	if (link->monitor)
		zmq_close(link->monitor);
	if (link->zap)
		zmq_close(link->zap);
	if (link->context)
		zmq_ctx_term(link->context);
	/* libzmq leaves it behind */
	if (link->hub && str_starts(str_of(link->endpoint), STR("ipc://")))
		unlink(link->endpoint + strlen("ipc://"));
	guard_release(link);
	free(link);
}

const char *link_endpoint(const struct link *link)
{
	return link->endpoint;
}

struct link_figures link_figures(const struct link *link)
{
	return link->figures;
}

/* What became of a frame that could not be sent. */
static int unsent(struct link *link, enum link_sent *sent, struct err *err)
{
	bool gone = zmq_errno() == EHOSTUNREACH || (!link->hub && !link->connected);

	if (zmq_errno() != EHOSTUNREACH && zmq_errno() != EAGAIN)
		return link_zmq_error(err, "cannot send");
	link->figures.gone += gone;
	link->figures.full += !gone;
	*sent = gone ? LINK_GONE : LINK_FULL;
	return 0;
}

int link_send(struct link *link, const struct link_peer *peer, const struct wire *message,
	      enum link_sent *sent, struct err *err)
{
	AUTO_BUF struct buf bytes = { 0 };

	if (wire_encode(&bytes, message, err) < 0)
		return -1;
	serve(link);
	if (link->hub && zmq_send(link->socket, peer->id, peer->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return unsent(link, sent, err);
	if (zmq_send(link->socket, bytes.bytes, bytes.len, ZMQ_DONTWAIT) < 0)
		return unsent(link, sent, err);
	link->figures.sent++;
	*sent = LINK_SENT;
	return 0;
}

struct frames {
	zmq_msg_t peer, body;
	bool      whole; /* exactly the frames that we send */
};

static void drop_frames(struct frames *frames)
{
	zmq_msg_close(&frames->peer);
	zmq_msg_close(&frames->body);
}

/* All frames of the next message; false when there is none. The last one stays in `body`. */
static bool next_frames(struct link *link, struct frames *f)
{
	size_t n = 0, want = link->hub ? 2 : 1;

	zmq_msg_init(&f->peer);
	zmq_msg_init(&f->body);
	do {
		zmq_msg_t *to = link->hub && n == 0 ? &f->peer : &f->body;

		if (zmq_msg_recv(to, link->socket, ZMQ_DONTWAIT) < 0)
			return false;
		n++;
		f->whole = n == want && !zmq_msg_more(to);
	} while (zmq_msg_more(n == 1 && link->hub ? &f->peer : &f->body));
	return true;
}

/* Who it is from, and whether that one may (still) speak. */
static bool read_sender(struct link *link, struct frames *f, struct link_message *m, struct arena *mem)
{
	const struct allowed *allowed;
	const char *key;

	m->user = STR("local");
	if (!link->hub)
		return true;
	if (zmq_msg_size(&f->peer) > LINK_PEER)
		return false;
	m->peer.len = (uint8_t)zmq_msg_size(&f->peer);
	memcpy(m->peer.id, zmq_msg_data(&f->peer), m->peer.len);
	if (!link->tcp)
		return true;
	key = zmq_msg_gets(&f->body, "User-Id");
	allowed = key && strlen(key) == KEY_TEXT ? guard_find(link, key) : NULL;
	if (!allowed) {
		link->figures.refused++;
		return false;
	}
	m->user = arena_str(mem, allowed->name);
	return true;
}

static bool read_message(struct link *link, struct frames *f, struct link_message *m,
			 struct arena *mem)
{
	struct str bytes = { zmq_msg_data(&f->body), zmq_msg_size(&f->body) };
	struct wire checked;
	struct err err;

	/* looked at before it is copied: garbage costs no memory */
	if (!f->whole || wire_decode(&checked, bytes, &err) < 0) {
		link->figures.garbled++;
		return false;
	}
	return read_sender(link, f, m, mem) &&
	       wire_decode(&m->wire, arena_str(mem, bytes), &err) == 0;
}

int link_receive(struct link *link, struct link_message *out, bool *got, struct arena *mem,
		 struct err *err)
{
	serve(link);
	for (;;) {
		struct link_message m = { .user = { NULL, 0 } };
		struct frames frames;
		bool any = next_frames(link, &frames);
		bool good = any && read_message(link, &frames, &m, mem);

		drop_frames(&frames);
		if (!any) {
			*got = false;
			return zmq_errno() == EAGAIN || zmq_errno() == EINTR
				       ? 0 : link_zmq_error(err, "cannot receive");
		}
		if (good) {
			link->figures.received++;
			*out = m;
			*got = true;
			return 0;
		}
	}
}

int link_wait(struct link *link, const int *fds, size_t n_fds, int timeout, bool *ready,
	      struct err *err)
{
	zmq_pollitem_t items[SOCKETS + MAX_FDS] = {
		{ link->socket, 0, ZMQ_POLLIN, 0 },
		{ link->monitor, 0, ZMQ_POLLIN, 0 },
		{ link->zap, 0, ZMQ_POLLIN, 0 },
	};
	/* a link without a guard has no third socket */
	int own = link->zap ? SOCKETS : SOCKETS - 1;

	if (n_fds > MAX_FDS)
		return err_set(err, ERR_BUG, "at most %d descriptors", MAX_FDS);
	for (size_t i = 0; i < n_fds; i++)
		items[(size_t)own + i] = (zmq_pollitem_t){ NULL, fds[i], ZMQ_POLLIN, 0 };
	if (link->retry_at && (timeout < 0 || timeout > link->retry_pause))
		timeout = link->retry_pause;
	if (zmq_poll(items, own + (int)n_fds, timeout) < 0 && zmq_errno() != EINTR)
		return link_zmq_error(err, "cannot wait for messages");
	for (size_t i = 0; i < n_fds; i++)
		ready[i] = items[(size_t)own + i].revents != 0;
	serve(link);
	return 0;
}
