/*
 * audit.h - what was run, touched, asked for and refused, for good: JSON lines that only grow,
 * each bound to the one
 * before it by SHA-256, their head signed with Ed25519.
 *
 * A line is {"seq":7,"time":"2026-01-31T12:00:00.000Z","kind":"exec",...,"hash":"<64 hex>"}: hash
 * is SHA-256 of
 * the 32 bytes of the previous hash and of the line up to `,"hash"`. LOG.head holds the newest
 * signed head, LOG.1,
 * LOG.2... the rotated files, oldest first. Several processes may write: each takes LOG.lock. A
 * line that a crash tore
 * stays, and the next row (kind "torn") tells its length and digest. docs/audit.md describes the
 * format.
 */
#pragma once
#include "egress/journal.h"
#include "sandbox/receipt.h"

enum {
	AUDIT_LINE_MAX = 16384,  /* bytes of a row; what has no room is cut, and the row says so */
	AUDIT_FIELD_MAX = 4096,  /* bytes of one field: a path */
};
#define AUDIT_FILE_BYTES (UINT64_C(64) << 20) /* then the file is rotated: small enough to open in an editor */

enum audit_kind { AUDIT_RUN, AUDIT_EXEC, AUDIT_NET, AUDIT_FILE, AUDIT_DENY, AUDIT_END, AUDIT_KINDS };

/* Borrowed; empty fields are left out. Who and under which policy stands on every row. */
struct audit_row {
	enum audit_kind kind;
	struct str      run;          /* id of the run */
	struct str      actor;        /* who acts: "outrider/fixer" */
	struct str      on_behalf_of; /* for which person */
	struct str      policy;       /* policy hash, hex */
	struct str      what;         /* what was done: a command, a request "GET https://host/path" */
	struct str      path;         /* the file it is about */
	struct str      digest;       /* SHA-256 of that file, hex */
	struct str      writer;       /* who wrote that file: a path, or a run */
	struct str      verdict;      /* "allowed", "denied", "exit 0", "killed" */
	struct str      rule;         /* what decided */
	struct str      reason;       /* a sentence */
	uint64_t        up, down;     /* bytes; 0 left out */
};

/*
 * The row of one entry of a journal; who, run and policy are the caller's to fill. Borrowed from
 * the entry and `mem`.
 */
struct audit_row audit_net(struct arena *mem, const struct journal_entry *entry);

enum audit_sync {
	AUDIT_SYNC_EACH, /* every append is on disk, under a signed head, when it returns */
	AUDIT_SYNC_END,  /* at audit_sync and audit_close; what came since may be lost by a power cut, not by a crash of ours */
};

struct audit_options {
	const char     *path;
	const char     *key;        /* PEM file of audit_key_make; NULL: <path>.key */
	enum audit_sync sync;
	uint64_t        file_bytes; /* 0: AUDIT_FILE_BYTES */
	uint64_t      (*now_ms)(void); /* NULL: the clock */
};

struct audit;

/* Makes a new key at `path`, mode 0600, and its public half at `path`.pub; never over an old one. */
int audit_key_make(const char *path, struct err *err);
/*
 * Opens or begins a log; heals a torn end. ERR_PERM when its chain is broken at the end: it is not
 * continued.
 */
int audit_open(struct audit **out, const struct audit_options *options, struct err *err);
/* Rows in one go, all or none. May be called by one thread at a time. */
int audit_append(struct audit *audit, const struct audit_row *rows, size_t n, struct err *err);
/*
 * A run from its receipt and its journal (may be NULL): what was started, each program, each request, each refusal, the end. In
 * one go, all or none.
 */
int audit_run(struct audit *audit, struct arena *mem, const struct receipt *receipt,
	      const struct journal *journal, struct err *err);
int audit_sync(struct audit *audit, struct err *err);
/* Syncs, signs, frees. NULL is fine. */
int audit_close(struct audit *audit, struct err *err);

/* What is wrong, and where. */
struct audit_fault {
	struct str file;
	uint64_t   line; /* 1-based; 0: the file as a whole */
	struct str text;
};

struct audit_report {
	bool     sound;
	uint64_t rows, files;
	uint64_t signed_rows;  /* up to the newest signed head; the rest is bound by hash alone */
	uint64_t healed;       /* torn lines that the next row tells of */
	size_t   torn_end;     /* bytes of a last line that a crash tore just now; the next writer tells of it */
	char     head[65];     /* hash of the last row, hex: keep it elsewhere to notice a log put back whole */
	struct { struct audit_fault *items; size_t n, cap; } faults; /* the first 100, in order */
};

/*
 * Reads the log and its rotated files, and checks each hash, number, signature, and that the head
 * was reached.
 * `public_key`: NULL is <path>.key.pub. `known`: a head (hex) from elsewhere that must occur, or
 * empty. -1 only when it cannot be read.
 */
int audit_verify(struct audit_report *out, struct arena *mem, const char *path,
		 const char *public_key, struct str known, struct err *err);
/*
 * Calls back each row about `target`: a path, all below it when it ends with '/', a run, an actor
 * or a digest. `line` is the row as written.
 */
int audit_who(const char *path, struct str target,
	      void (*each)(const struct audit_row *row, struct str time, struct str line, void *payload),
	      void *payload, struct err *err);
