/* audit_check.h - the law of an audit log, row by row, without a file. Private to this folder. */
#pragma once
#include "audit_row.h"

/* The reader's state; zeroed but for `mem` and `report` at the start of the oldest file. */
struct audit_check {
	struct arena        *mem;
	struct audit_report *report;
	struct str           file;       /* its name, for faults */
	uint64_t             line;       /* of the file, 1-based */
	uint64_t             files;      /* begun so far */
	struct audit_chain   chain;
	bool                 lost;       /* where the chain stands is not known: take the next row as it is */
	bool                 torn;       /* the line before was no row; the next must tell of it */
	struct audit_hash    torn_digest;
	size_t               torn_bytes;
	struct audit_chain   head;       /* signed; seq 0: none */
	bool                 head_met;
	struct audit_hash    known;      /* that must occur */
	bool                 has_known, known_met;
};

void audit_check_fault(struct audit_check *check, uint64_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* At the start of each file. */
void audit_check_file(struct audit_check *check, struct str name);
/* The next line, without its end. */
void audit_check_line(struct audit_check *check, struct str text);
/* A last line without an end: what a crash left, and no writer has told of yet. */
void audit_check_fragment(struct audit_check *check, struct str text);
/* At the end of the newest file. */
void audit_check_end(struct audit_check *check);
