/*
 * journal.h - what a run asked the network for, for its receipt and the audit log: equal requests
 * are one with a count.
 */
#pragma once
#include "egress/broker.h"

enum { JOURNAL_MAX = 2000 }; /* different requests; more are counted in `dropped` and their bytes in the broker's totals */

struct journal_entry {
	struct str  what;      /* "GET https://host:443/path", "CONNECT host:443" */
	struct str  address;   /* that was dialled first, or empty */
	struct str  route;     /* of the policy, or empty */
	struct str  reason;    /* a sentence for an agent; empty when all went well */
	const char *rule;      /* static; as in struct broker_record */
	bool        allowed;
	uint16_t    status;
	uint32_t    count;
	uint64_t    first_ms;  /* Unix time */
	uint64_t    up, down;  /* bytes, all together */
};

/*
 * `mem` is the journal's alone until broker_close: broker threads write to it. Give journal_note
 * and the journal to
 * struct broker_options as record and record_with; read after broker_close.
 */
struct journal {
	struct arena         *mem; /* borrowed */
	struct journal_entry *items;
	size_t                n, cap;
	uint64_t              dropped;
};

void journal_note(const struct broker_record *record, void *journal);
