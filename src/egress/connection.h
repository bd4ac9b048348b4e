/* connection.h - one connection of a client, and what is done on it. Private to this folder. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "dial.h"
#include "egress/broker.h"
#include "head.h"
#include "sift.h"
#include "stream.h"
#include "tls.h"

/* What a route has used of its budget, by all connections of the run. */
struct meter {
	const struct route *route;
	_Atomic uint64_t    up, down;
};

enum slot_state { SLOT_FREE, SLOT_RUNS, SLOT_DONE };

struct slot {
	struct broker  *broker;
	pthread_t       thread;
	_Atomic int     state;  /* enum slot_state */
	int             fd;     /* the client's, handed to the thread */
	uint32_t        number;
};

struct broker {
	struct broker_options  options;
	struct address_ranges  ranges;   /* of the host's table */
	struct tls            *tls;
	struct meter          *meters;   /* of each route of the phase, in each table */
	size_t                 n_meters;
	int                    inside, outside; /* ends of the channel */
	int                    wake;     /* eventfd: the run is over */
	int                    freed;    /* eventfd: a connection ended */
	bool                   started;
	pthread_t              acceptor;
	struct slot           *slots;
	uint32_t               connections; /* so far; the acceptor's */
	pthread_mutex_t        lock;     /* of what follows, and of the record callback */
	struct broker_totals   totals;
	struct host           *wild[BROKER_WILD_NAMES];
	size_t                 n_wild;
};

struct connection {
	struct broker        *broker;
	struct patience       patience;
	struct stream         client, server;
	struct host           host;      /* this connection is for it, and for no other */
	uint16_t              port;
	bool                  tls;
	bool                  pinned;    /* address is what the host resolved to */
	struct address        address;
	struct arena          mem;       /* of the request at hand */
	struct route_verdict  verdict;   /* of it */
	struct broker_record  record;    /* of it */
	struct buf            reason;    /* record.reason's bytes */
	char                  address_text[ADDRESS_TEXT];
};

/* Serves the client until it or the run ends. */
void connection_run(struct broker *broker, int fd, uint32_t number);
/* Tells who listens, and counts. */
void broker_tell(struct broker *broker, const struct broker_record *record);
/* False when the run has used up its requests. */
bool broker_admit(struct broker *broker);
/* May this name under a `*.` route be asked of the resolver: only so many of them. */
bool broker_admit_wild(struct broker *broker, const struct host *host);

/*
 * exchange.c: one request with its head read; `path` is what stands behind the host in its target.
 * True: another may follow.
 */
bool exchange_run(struct connection *connection, const struct head *head, struct str path);
/* tunnel.c: TLS from end to end, when its ClientHello names the host. */
void tunnel_run(struct connection *connection);

/* reply.c */
void reply_begin(struct connection *connection, struct str method, struct str path);
/* Answers with `status` and a sentence, and notes it under `rule`. The connection ends then. */
void reply_refuse(struct connection *connection, unsigned status, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same with the sentence of route_explain. */
void reply_denied(struct connection *connection, const struct route_ask *ask);
/* Notes a reason, without an answer. */
void reply_broken(struct connection *connection, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Notes what was begun, when it ended well or ill. */
void reply_end(struct connection *connection);
/* What was begun was no request. */
void reply_forget(struct connection *connection);

/*
 * upstream.c: the server, connected and (with connection->tls and an inspected route) verified. -1
 * after a refusal.
 */
int upstream_open(struct connection *connection, bool inspect);
/*
 * Takes n bytes from the budgets of the routes that decided; -1, and nothing taken, when one has
 * not so many.
 */
int upstream_spend(struct connection *connection, uint64_t up, uint64_t down);
