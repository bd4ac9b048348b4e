/*
 * receipt.h - what a run did and which walls held it: the proof that goes with every result.
 *
 * All text is in the arena that sandbox_run() was given; what came from inside the job (paths, names) is hostile and escaped
 * by whoever prints it. JSON is stable: keys are added, never renamed (docs/sandbox.md).
 */
#pragma once
#include "base/buf.h"
#include "sandbox/policy.h"

enum run_end {
	END_EXIT,    /* the command ended by itself; exit_code */
	END_SIGNAL,  /* by a signal that was not ours; signal */
	END_LIMIT,   /* we ended it; limit */
	END_DENIED,  /* the exec gate ended it; see denials */
	END_CANCEL,  /* the caller wanted it to end */
	ENDS,
};

/* Which limit ended a run, or held during it. Stable words: "wall", "cpu", "memory", ... */
enum run_limit {
	LIMIT_NONE,
	LIMIT_WALL,
	LIMIT_CPU,
	LIMIT_MEMORY,
	LIMIT_PIDS,
	LIMIT_DISK,
	LIMIT_OUTPUT,
	RUN_LIMITS,
};

enum layer_state {
	STATE_OFF,      /* the policy does not want it */
	STATE_MISSING,  /* preferred, and the host lacks it: `detail` says why, and the mend */
	STATE_WEAK,     /* in force in part: `detail` says what is not covered */
	STATE_IN_FORCE,
	STATES,
};

struct receipt_layer {
	enum layer_state state;
	struct str       detail; /* "ABI 7", "v1: memory, pids", "filter 3f21..."; may be empty */
};

/* One program that started. */
struct receipt_exec {
	uint32_t        pid;        /* inside */
	char            digest[65]; /* SHA-256, hex; "" when it could not be taken: then it was denied */
	struct str      path;       /* as the job named it, or as the kernel shows it inside */
	struct str      script;     /* the script that an interpreter was started for, if so; may be empty */
	enum exec_class class;
	struct str      name;       /* of the rule that allowed it, "toolchain" or "fresh"; empty when denied */
	struct str      writer;     /* fresh: digest of the program that wrote it, as far as known; may be empty */
	bool            denied;
	uint32_t        count;      /* how often the same was started */
};

/* Something that the job was refused. */
struct receipt_denial {
	enum sandbox_layer layer;
	struct str         rule;   /* stable id: "gate.digest", "fs.protect", "net.host", "limits.memory" */
	struct str         what;   /* what was tried: "exec /work/tool" */
	struct str         advice; /* for an agent: what will never be allowed, and what is possible instead */
	uint32_t           count;
};

/* Something that the job asked the network for, and got. */
struct receipt_request {
	struct str what;  /* "GET https://host:443/path", "CONNECT host:443"; as in struct journal_entry */
	struct str route; /* of the policy: struct route.text */
	uint32_t   count;
	uint64_t   up, down; /* bytes */
};

struct receipt_requests {
	struct receipt_request *items;
	size_t                  n, cap;
};

struct receipt_execs {
	struct receipt_exec *items;
	size_t               n, cap;
};

struct receipt_denials {
	struct receipt_denial *items;
	size_t                 n, cap;
};

enum {
	RECEIPT_MAX_EXECS = 20000,  /* different programs of one run; more are counted in execs_dropped */
	RECEIPT_MAX_BYTES = 64 << 20, /* of its JSON: 20,000 programs with names of 1 KiB, twice */
	RECEIPT_MAX_DENIALS = 1000, /* different denials; more are counted in denials_dropped */
};

struct receipt {
	char                 id[33];        /* random, hex: names the run in the audit log */
	struct str           actor;         /* who started it: "worker", "cli" ... */
	struct str           on_behalf_of;  /* the person or pull request; may be empty */
	struct str_list      command;
	struct str           profile;
	struct str           home;          /* what the home directory held at first: a host path; empty for nothing */
	enum sandbox_trust   trust;
	enum exec_mode       exec_mode;
	enum workdir_mode    workdir;       /* as it was: a copy where overlay was not possible */
	int64_t              started_ms;    /* since 1970 */
	enum run_end         end;
	enum run_limit       limit;         /* END_LIMIT: which; otherwise one that held (memory: a process was killed), or LIMIT_NONE */
	int                  exit_code;     /* END_EXIT; else -1 */
	int                  signal;        /* END_SIGNAL; else 0 */
	uint64_t             wall_us;       /* from start to the end of the last process */
	uint64_t             setup_us;      /* of which: before the command started */
	uint64_t             cpu_us;        /* user and system, all processes; 0 when unknown */
	uint64_t             peak_memory;   /* bytes; 0 when unknown */
	uint64_t             peak_pids;     /* 0 when unknown */
	uint64_t             disk_bytes;    /* written below the work dir at the end; bind: grown by */
	uint64_t             disk_inodes;
	uint64_t             output_bytes;  /* both streams, all that came */
	uint64_t             output_lines;
	uint64_t             output_dropped; /* bytes over the cap */
	struct receipt_layer layers[LAYERS];
	bool                 weak;          /* some layer is missing or weak */
	char                 filter_hash[65]; /* SHA-256 of the seccomp program; "" without */
	char                 policy_hash[65];
	struct receipt_execs execs;
	uint64_t             execs_dropped;
	struct receipt_denials denials;
	uint64_t             denials_dropped;
	struct receipt_requests requests; /* as many as the journal holds */
	uint64_t             requests_dropped;
	struct str_list      env;           /* names of the variables that were passed in */
	struct str_list      notices;       /* one line each: what was limited or cleaned up */
};

/* Adds to a list, or counts what is over the cap. Equal denials (rule and what) are one with a count. */
void receipt_exec(struct receipt *receipt, struct arena *mem, const struct receipt_exec *exec);
void receipt_deny(struct receipt *receipt, struct arena *mem, const struct receipt_denial *denial);
void receipt_notice(struct receipt *receipt, struct arena *mem, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One JSON object and a line end. Malformed UTF-8 is replaced. */
int receipt_write(struct buf *out, const struct receipt *receipt, struct err *err);
/* Reads what receipt_write() wrote; unknown keys are skipped, wrong kinds and values ERR_INPUT. All memory in `mem`. */
int receipt_read(struct receipt *out, struct arena *mem, struct str json, struct err *err);
/* A few lines for people. */
void receipt_text(struct buf *out, const struct receipt *receipt);

const char *run_end_name(enum run_end end);
const char *run_limit_name(enum run_limit limit);
const char *layer_state_name(enum layer_state state);
