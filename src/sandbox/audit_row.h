/* audit_row.h - one line of the audit log: made, and read back. Private to this folder. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "sandbox/audit.h"

enum { AUDIT_HASH = 32, AUDIT_HEX = 2 * AUDIT_HASH };

struct audit_hash {
	unsigned char bytes[AUDIT_HASH];
};

void audit_hex(char out[AUDIT_HEX + 1], const struct audit_hash *hash);
/* Lower-case hex of exactly that length. */
int audit_hex_read(struct audit_hash *out, struct str text);
/* SHA-256 of `before` (may be NULL) and `text`. */
void audit_digest(struct audit_hash *out, const struct audit_hash *before, struct str text);
/* "2026-01-31T12:00:00.000Z" */
enum { AUDIT_TIME = 25 };
void audit_time(char out[AUDIT_TIME], uint64_t ms);

/* Where a chain stands: what the next row is bound to. A new log: all zero. */
struct audit_chain {
	uint64_t          seq;  /* of the last row */
	struct audit_hash hash; /* of it */
};

/* Each appends one line, and moves the chain on. */
void audit_row_add(struct buf *out, struct audit_chain *chain, const struct audit_row *row, uint64_t now_ms);
/* The first row of each file: which file it is, and what it is bound to. */
void audit_row_start(struct buf *out, struct audit_chain *chain, uint64_t file, uint64_t now_ms);
/* The row behind a line that a crash tore. */
void audit_row_torn(struct buf *out, struct audit_chain *chain, struct str fragment, uint64_t now_ms);

/* A line as it was read. */
struct audit_line {
	json_t           *object; /* owned; audit_line_release */
	struct str        hashed; /* the bytes that its hash covers */
	struct audit_hash hash;   /* as it says */
	uint64_t          seq;
	const char       *kind;   /* of object */
};

/* `text` without its line end. -1 when it is no row, whatever its hash. */
int audit_line_read(struct audit_line *out, struct str text);
void audit_line_release(struct audit_line *line);
/* A field of the row; empty when it is not there or no string. */
struct str audit_line_str(const struct audit_line *line, const char *name);
uint64_t audit_line_number(const struct audit_line *line, const char *name);
/* Borrowed from `line`. */
void audit_line_row(const struct audit_line *line, struct audit_row *row);
