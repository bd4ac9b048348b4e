/*
 * broker.h - the sandbox's only way out. It runs outside, in threads of the supervisor; the job
 * holds one inherited
 * socket, over which the forwarder inside (forward.h) hands it the connections of clients.
 *
 * To a client it is an HTTP proxy that knows CONNECT and http:// requests, HTTP/1.1, nothing else.
 * Each request is
 * read strictly, matched, resolved only then, dialled to the very address that was checked, and
 * recorded.
 * Redirects are handed to the client, which asks again.
 *
 *	broker_open(&broker, &options, &err);        // no thread yet: fork after it, not later
 *	child: keep broker_job_socket(broker), and give the trust files into its view
 *	broker_start(broker, &err);                  // parent, after the fork; closes the job's end here
 *	... the job runs ...
 *	broker_close(broker);                        // ends connections; no record comes after it
 */
#pragma once
#include "egress/route.h"
#include "egress/secret.h"

enum {
	BROKER_CONNECTIONS = 64,      /* at once, more wait; npm uses 15, cargo and pip fewer */
	BROKER_HEADER_BYTES = 32768,  /* of one request or answer head; servers stop at 8 to 16 KiB, cookies need more */
	BROKER_HEADERS = 128,         /* lines of a head */
	BROKER_IDLE_SECONDS = 60,     /* without a byte in either direction */
	BROKER_HEAD_SECONDS = 20,     /* for a whole head: a client that drips is not waited for */
	BROKER_TOTAL_SECONDS = 3600,  /* of one connection */
	BROKER_REQUESTS = 100000,     /* of one run; each is recorded */
	BROKER_WILD_NAMES = 64,       /* names of one run under `*.` routes: each is a question to that domain's server */
	BROKER_ADDRESSES = 16,        /* of one name */
};

/*
 * One request, or one tunnel, when it ended. Texts are borrowed for the call; they are cut at 1024
 * bytes and printable.
 */
struct broker_record {
	uint64_t    time_ms;    /* when it was asked, Unix time */
	uint32_t    connection; /* from 1; requests of one connection share it */
	bool        allowed;
	const char *rule;       /* what decided: a rule of struct route_verdict, or "address", "budget", "syntax", "sni",
				   "upgrade", "reflected", "caps", "upstream" (allowed, but it could not be reached) */
	struct str  route;      /* route.text of the host's, or empty */
	struct str  method;     /* "CONNECT" for a tunnel */
	struct str  host;
	struct str  address;    /* that was dialled, or empty */
	struct str  path;       /* without the query */
	struct str  reason;     /* a sentence for people and agents; empty when all went well */
	uint64_t    up, down;   /* bytes to and from the server, heads and (in a tunnel) TLS included */
	bool        tls;
	uint16_t    port;
	uint16_t    status;     /* what the client got; 0: none, as in a tunnel */
};

/* All addresses of a name, or an error. May block; may be called by many threads. */
typedef int broker_resolve(struct address *out, size_t max, size_t *n, const struct host *host,
			   void *payload, struct err *err);

struct broker_limits {
	uint32_t connections, head_seconds, idle_seconds, total_seconds, requests; /* 0: the default above */
};

/* All borrowed until broker_close. */
struct broker_options {
	const struct route_table *routes;
	enum route_phase          phase;
	const struct secret_list *secrets;      /* may be NULL */
	const char               *ca_file;      /* PEM: whom to trust upstream; NULL: the system's */
	broker_resolve           *resolve;      /* NULL: the system's resolver */
	void                     *resolve_with;
	/* called by one thread at a time, not from the caller's; must not block for long */
	void                    (*record)(const struct broker_record *record, void *payload);
	void                     *record_with;
	struct broker_limits      limits;
};

struct broker;

/* ERR_INPUT when a route's credential is no secret of the list. */
int broker_open(struct broker **out, const struct broker_options *options, struct err *err);
/*
 * The end for the job (SOCK_SEQPACKET, close-on-exec: duplicate it where it shall stay). Owned by
 * the broker.
 */
int broker_job_socket(const struct broker *broker);
int broker_start(struct broker *broker, struct err *err);
/* Ends everything and waits for it, a second at most. NULL is fine. */
void broker_close(struct broker *broker);

/*
 * Files for the job's view, so that its clients trust what they meet: the CAs of `ca_file` and the
 * one of this run, as PEM and as a Java
 * trust store (JKS, password "changeit"). When no route is inspected the run has no CA, and these
 * are the system's.
 * For /etc/ssl/certs/ca-certificates.crt and /etc/ssl/certs/java/cacerts; client.h names other paths.
 */
int broker_trust_pem(const struct broker *broker, struct buf *out, struct err *err);
int broker_trust_jks(const struct broker *broker, struct buf *out, struct err *err);

struct broker_totals {
	uint64_t up, down;
	uint32_t requests, denied;
};
struct broker_totals broker_totals(struct broker *broker);
