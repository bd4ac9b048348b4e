/*
 * route.h - what a job may ask the network for. Plain data, read from the `net` part of a sandbox
 * policy:
 *
 *	net:
 *	  addresses: [127.0.0.0/8, 10.1.0.0/16]   # special ranges that names may resolve to; host admin only
 *	  fetch:                                  # phase: fetch or build. There is no publish.
 *	    - host: registry.example.org            # exact, "*.suffix" (never the suffix itself), or an address
 *	      port: 443                           # default 443, or 80 with `tls: false`
 *	      tls: true                           # default true
 *	      methods: [GET, HEAD]                # default: any but CONNECT and TRACE
 *	      paths: [/left-pad, '/@types%2F*']   # default: any; see route_path_match
 *	      up: 1 MiB                           # bytes of requests in this run, headers too; default 16 MiB
 *	      down: 200 MiB                       # bytes of answers; default 2 GiB
 *	      credential: npm                     # id in the host's secrets
 *	      header: 'Authorization: Bearer {secret}'
 *
 * No `net` means no network. A TLS route with none of methods, paths and credential is a tunnel:
 * the broker sees only
 * sizes, and the server name of the handshake, which must be the host. Otherwise the broker ends
 * the TLS of
 * the job with a certificate of this run and reads each request.
 */
#pragma once
#include "base/buf.h"
#include "base/yaml.h"
#include "egress/host.h"

enum {
	ROUTE_MAX = 256,          /* per phase; they are searched one by one */
	ROUTE_METHODS_MAX = 16,   /* HTTP's registry of methods has 40, a client uses 5 */
	ROUTE_PATHS_MAX = 256,    /* per route */
	ROUTE_PATH_BYTES = 1024,  /* of a pattern */
	ROUTE_TARGET_BYTES = 4096, /* of a path that is asked for: matching costs its bytes times those of the patterns */
	ROUTE_WILD_BYTES = 64,    /* what a `*.` may stand for: longer labels are a channel through DNS */
	ROUTE_UP_DEFAULT = 16 << 20,
};
#define ROUTE_DOWN_DEFAULT (UINT64_C(2) << 30)

enum route_phase { ROUTE_FETCH, ROUTE_BUILD, ROUTE_PHASES };

struct route_words {
	struct str *items;
	size_t      n, cap;
};

struct route {
	struct host     host;        /* of "*.suffix": the suffix */
	bool            wild;
	bool            tls;
	bool            inspect;     /* the broker reads requests; always so without TLS */
	uint16_t        port;
	struct route_words methods;     /* none: any */
	struct route_words paths;       /* none: any; in canonical form */
	uint64_t        up, down;    /* bytes per run */
	struct str      credential;  /* empty: none */
	struct str      header_name; /* "Authorization" */
	struct str      header_value; /* with {secret}, or {basic:USER}: base64 of USER:secret */
	uint32_t        line, column; /* where it stood */
	struct str      text;        /* "fetch: GET,HEAD https://registry.example.org:443/left-pad": for people and records */
};

struct route_list {
	struct route *items;
	size_t        n, cap;
};

/*
 * What a request must pass: a route of this table, and of `within`, and so on. The outermost is
 * the host admin's:
 * its addresses and credentials count, and the smaller budget of all.
 */
struct route_table {
	struct route_list         phase[ROUTE_PHASES];
	struct address_ranges         addresses;
	const struct route_table *within; /* borrowed; NULL: this is the host's */
	bool                      given[ROUTE_PHASES]; /* false: the phase is as in `within` */
};

const char *route_phase_name(enum route_phase phase);
/*
 * Reads the value of `net`; a NULL node is an empty table. Unknown keys, loose hosts ("*", "*.com"
 * without a second
 * label) and contradictions are ERR_INPUT "name:line:column: what". All memory in `mem`.
 */
int route_read(struct route_table *out, struct arena *mem, const char *name,
	       const struct yaml *net, struct err *err);
/*
 * Puts a repository's table within the host's: sets repo->within. ERR_INPUT with the position of
 * the first route that
 * would allow what the host does not, names a credential or an address. `repo` with no phase given
 * stays the host's.
 */
int route_tighten(struct route_table *repo, const char *name, const struct route_table *host,
		  struct err *err);
/*
 * Appends the canonical form of the whole chain, for the policy hash: one line per route, in
 * order, each field.
 */
void route_canon(struct buf *out, const struct route_table *table);

/* What the broker knows of a request. For CONNECT, and for a tunnel, method and path are empty. */
struct route_ask {
	enum route_phase   phase;
	const struct host *host;
	uint16_t           port;
	bool               tls;
	struct str         method;
	struct str         path;  /* canonical: route_path_canon */
};

enum { ROUTE_CHAIN = 4 }; /* tables in a chain: host, repository, command; one to spare */

struct route_verdict {
	bool                allowed;
	bool                inspect;   /* allowed: read the requests of this connection */
	const char         *rule;      /* which rule decided: "route", "host", "port", "tls", "method", "path", "phase" */
	const struct route *route;     /* of the outermost table, when allowed: its credential */
	const struct route *chain[ROUTE_CHAIN]; /* one of each table, outermost first: their budgets */
	size_t              n_chain;
};

/* Pure. A connection (no method) is allowed when some request on it may be. */
struct route_verdict route_match(const struct route_table *table, const struct route_ask *ask);
/*
 * One sentence for an agent: what was asked, that it will never be allowed by this policy, which
 * rule says so, and what is allowed
 * instead. It names no way around. At most 1000 bytes.
 */
void route_explain(struct buf *out, const struct route_table *table, const struct route_ask *ask,
		   const struct route_verdict *verdict);
/* Can this phase reach anything at all: without, no broker is needed. */
bool route_any(const struct route_table *table, enum route_phase phase);

/*
 * The canonical path of a request target, without its query: unreserved bytes are never %-encoded,
 * %XX in upper case.
 * ERR_INPUT for what servers read in two ways: `.` and `..` as segments in any encoding, `//`,
 * `\`, control bytes,
 * NUL, a bad or a double %-encoding, `..;x`, what is no UTF-8 when decoded, and more than
 * ROUTE_TARGET_BYTES.
 */
int route_path_canon(struct str *out, struct arena *mem, struct str path, struct err *err);
/*
 * The whole path: `*` is any run within a segment, `**` as a segment any number of them. No
 * wildcard matches %2F or
 * %5C: who needs them writes them. Time: path bytes times pattern bytes.
 */
bool route_path_match(struct str pattern, struct str path);
