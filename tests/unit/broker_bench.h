/*
 * broker_bench.h - a policy, servers that note all that reaches them, and a client behind forwarder and broker: for
 * tests of the broker. What counts is what the servers saw and what the client got, not what the broker says.
 */
#pragma once
#include <openssl/ssl.h>
#include <pthread.h>

#include "base/buf.h"
#include "egress/broker.h"
#include "egress/forward.h"

enum { BENCH_RECORDS = 256 };

struct bench_server {
	int             listener;
	uint16_t        port;
	SSL_CTX        *tls;       /* NULL: plain */
	pthread_t       thread;
	pthread_mutex_t lock;      /* of what follows */
	struct buf      seen;      /* all bytes of all clients, within TLS */
	unsigned        connections;
};

struct bench_record {
	char     rule[16], method[24], host[300], path[1100], reason[1100];
	bool     allowed;
	uint16_t status;
	uint64_t up, down;
};

struct bench {
	struct bench_server plain, tls, evil; /* nobody may ever reach evil */
	char                ca_file[64];      /* whom the broker trusts */
	struct arena        mem;
	struct route_table  routes;
	struct secret_list  secrets;
	struct broker      *broker;
	struct forward      forward;
	int                 job_socket;
	pthread_t           forwarder;
	pthread_mutex_t     lock;             /* of the records */
	struct bench_record records[BENCH_RECORDS];
	size_t              n_records;
	unsigned            rebinds;          /* how often rebind.test was asked */
	pthread_mutex_t     names_lock;
	struct buf          names;            /* asked of the resolver, one per line */
	struct broker_limits limits;
	bool                system_resolver;  /* set before bench_open: names are asked of the system */
	bool                distrust;         /* set before bench_open: ca_file has another CA than the server's */
	const char         *groups;           /* of bench_say_tls's key exchange; NULL: OpenSSL's choice, for which the server asks again */
};

/* All names end at 127.0.0.1, but those that stand for traps. {plain}, {tls}, {evil} in `policy` are ports. */
void bench_open(struct bench *bench, const char *policy);
void bench_close(struct bench *bench);
/* A client's connection to the proxy. */
int bench_client(struct bench *bench);
/* Sends and reads until the other end closes. {plain}, {tls}, {evil} are ports. `size` 0: up to the NUL. */
void bench_say(struct bench *bench, struct buf *answer, const char *text, size_t size);
/*
 * CONNECT to `authority`, TLS with the name `sni` (NULL: none) trusting only the broker's files, then `text` and the
 * answer up to its end. What CONNECT got, or why TLS failed, stands in `answer` too.
 */
void bench_say_tls(struct bench *bench, struct buf *answer, const char *authority, const char *sni, const char *text);
/* The text with its ports filled in. */
struct str bench_fill(struct bench *bench, struct arena *mem, const char *text);
/* Waits until as many records are there; the last one. */
const struct bench_record *bench_record(struct bench *bench, size_t n);
bool bench_saw(struct bench_server *server, const char *text);
