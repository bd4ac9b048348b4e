/* link_private.h - a link from inside: its sockets, its guard and its monitor. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

#include "queue/link.h"

enum { LINK_EVENTS = 64 }; /* that wait for link_event(); older ones are dropped */

/* Who may connect to a hub on tcp. */
struct guard {
	const char       *path;     /* owned */
	struct arena      mem;      /* of the list */
	struct allow_list list;
	struct stat       file;     /* as it was read; st_ino 0: not there */
	int64_t           checked;  /* ms */
	bool              broken;   /* it could not be read: nobody may */
};

struct link {
	void               *context, *socket;
	void               *zap;      /* NULL but for a hub on tcp */
	void               *monitor;
	bool                hub, tcp, connected;
	char                endpoint[256];
	int64_t             retry_at;    /* a refused spoke connects again then; 0: no need */
	int                 retry_pause; /* ms */
	struct guard        guard;
	struct link_event   events[LINK_EVENTS];
	size_t              first, n_events;
	struct link_figures figures;
};

int64_t link_now(void); /* monotonic ms */
/* libzmq connects again after a lost connection, but never after a refusal: the list may change, so we do. */
void link_retry_later(struct link *link);
int link_zmq_error(struct err *err, const char *what);
void link_say(struct link *link, enum link_event_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The guard: a ZAP handler, which the link's own thread serves. */
int guard_open(struct link *link, const char *allow_path, struct err *err);
void guard_release(struct link *link);
void guard_serve(struct link *link);
/* The name that belongs to a key now, or NULL. */
const struct allowed *guard_find(struct link *link, const char *key);

int monitor_open(struct link *link, struct err *err);
void monitor_serve(struct link *link);
