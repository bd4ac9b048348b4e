/* broker.h - the state of a broker, shared by its files. Private to this folder. */
#pragma once
#include "errand.h"
#include "queue/credit.h"
#include "queue/link.h"
#include "serve/broker.h"
#include "store/jobs.h"

enum {
	PEER_MAX_KINDS = 16,
	BROKER_MEMORY = 64 << 20,  /* of one message or one claim: several bodies of 8 MB */
};

/* A connected worker. */
struct peer {
	struct link_peer id;
	char             name[WIRE_MAX_NAME + 1]; /* "" until it said HELLO: nothing is sent to it before */
	struct credit    credit;
	struct str       kinds[PEER_MAX_KINDS];   /* what it can do; in `text` */
	size_t           n_kinds;
	struct buf       text;
	int64_t          noted;                   /* when the database was told of it */
	int64_t          joined;                  /* ms since 1970; 0: not yet. It says HELLO again when something about it changed */
};

struct broker {
	const struct settings *settings;
	struct store          *store;
	struct link           *link;
	struct errands        *errands;
	struct arena           mem;       /* of one turn of the loop */
	struct peer           *peers;     /* owned, BROKER_MAX_WORKERS */
	size_t                 n_peers;
	char                   holder[64]; /* our name as a leader */
	int                    signals;   /* signalfd */
	bool                   stopping;
	int64_t                stop_by;
	int64_t                next_claim, next_rescue, next_prune, next_sweep, next_spool; /* monotonic ms */
	unsigned               sweeping;  /* errands under way */
	bool                   swept;     /* once, at the start */
};

/* Monotonic ms, and ms since 1970 as the database counts them. */
int64_t broker_steady(void);
int broker_clock(struct broker *broker, int64_t *now, struct err *err);

void peer_release(struct peer *peer);
/* NULL when there is none, or no room for another. */
struct peer *broker_peer(struct broker *broker, const struct link_peer *id, bool add);
/* Answers one message. Only a lost database is an error, and it ends nothing. */
int broker_message(struct broker *broker, const struct link_message *message, struct err *err);
/* Leases jobs for whoever has credit, and does the notes itself. */
int broker_dispatch(struct broker *broker, struct err *err);
/* Jobs that only write down what an event says: CI results, repositories that came or went. */
int broker_note(struct broker *broker, const struct job *job, int64_t now, struct err *err);
/* Sends the answer of an errand. */
void broker_reply_errand(struct broker *broker, const struct errand *errand);
void broker_send(struct broker *broker, const struct link_peer *peer, const struct wire *message);

/* What a job is leased for, ms. */
static inline int64_t broker_lease(const struct broker *broker)
{
	return (int64_t)broker->settings->lease_seconds * 1000;
}
