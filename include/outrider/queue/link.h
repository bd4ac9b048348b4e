/*
 * link.h - messages between processes and machines, over ZeroMQ. The only place that knows sockets.
 *
 * A hub (ROUTER) is bound by the broker, spokes (DEALER) connect to it, and connect again by themselves, with a back-off. On tcp:// everything is
 * encrypted and both sides are authenticated by CURVE keys: a hub has an allow-list, a spoke knows the hub's public
 * key. On ipc:// (one machine) the kernel tells who connects: only the same user may, and the socket must lie in a folder of its own (0700).
 *
 * Nothing is queued for a peer that does not read: link_send() says LINK_FULL, and the job stays in the database. A link belongs to one thread
 * at a time. Never fork a process that holds one: spawn (posix_spawn, fork + exec at once) is fine, handles are close-on-exec.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "queue/keys.h"
#include "queue/wire.h"

struct link;

enum {
	LINK_QUEUE = 64,            /* messages of a peer that wait in the process: jobs of one worker, with their calls */
	LINK_BEAT_MS = 1000,        /* ZMTP heartbeat: finds a dead TCP peer */
	LINK_BEAT_TIMEOUT_MS = 5000,
	LINK_HANDSHAKE_MS = 5000,   /* half-open connections end */
	LINK_RETRY_MS = 100,        /* reconnect back-off, doubled up to */
	LINK_RETRY_MAX_MS = 10000,
	LINK_PEER = 16,             /* bytes of a peer's routing id; ZeroMQ makes 5 */
	LINK_MAX_PEERS = 4096,      /* file descriptors of a hub */
};

/* Who sent a message, as the hub knows it; a new one after each reconnect. */
struct link_peer {
	unsigned char id[LINK_PEER];
	uint8_t       len;
};

struct link_options {
	const char            *endpoint;   /* "tcp://host:port", "tcp://[::]:5555", "ipc:///run/outrider/hub" */
	const struct key_pair *own;        /* tcp */
	const char            *allow_path; /* hub on tcp: the allow-list file, read again when it changes */
	const char            *server_key; /* spoke on tcp: the hub's public key */
};

/* ERR_INPUT: a wrong endpoint, tcp without keys. ERR_TEMP: the address is in use. */
int link_open_hub(struct link **out, const struct link_options *options, struct err *err);
int link_open_spoke(struct link **out, const struct link_options *options, struct err *err);
/* Sends what is queued for at most `linger` ms, then ends. */
void link_close(struct link *link, int linger);
/* Where a hub really listens: the port that "tcp://127.0.0.1:0" was given. */
const char *link_endpoint(const struct link *link);

enum link_sent {
	LINK_SENT,
	LINK_FULL, /* the peer does not read: try later, or never */
	LINK_GONE, /* a hub does not know this peer (any more); a spoke is not connected */
};

/* `peer` is NULL for a spoke. Never waits. */
int link_send(struct link *link, const struct link_peer *peer, const struct wire *message,
	      enum link_sent *sent, struct err *err);

struct link_message {
	struct link_peer peer;  /* hub */
	struct str       user;  /* hub on tcp: the name in the allow-list; "local" on ipc */
	struct wire      wire;
};

/*
 * The next message, in `mem`. *got is false when none waits. What cannot be decoded is dropped and counted
 * (link_figures()); a peer that sends such things is no reason to end.
 */
int link_receive(struct link *link, struct link_message *out, bool *got, struct arena *mem,
		 struct err *err);

/* Waits until a message may be there, one of `fds` is readable, or `timeout` ms are over (-1: none). ready[i] answers for fds[i]. */
int link_wait(struct link *link, const int *fds, size_t n_fds, int timeout, bool *ready,
	      struct err *err);

enum link_event_kind {
	LINK_CONNECTED,
	LINK_DISCONNECTED,
	LINK_REFUSED,  /* the handshake failed: wrong key, no key, not on the list; `text` says what to do */
};

struct link_event {
	enum link_event_kind kind;
	char                 text[256]; /* one line for the log */
};
/* What happened to connections, oldest first; false when nothing did. Call it after link_wait(). */
bool link_event(struct link *link, struct link_event *out);

struct link_figures {
	uint64_t sent, received, full, gone, garbled, refused;
};
struct link_figures link_figures(const struct link *link);
