#include "egress/journal.h"

#include <stdio.h>

enum { WHAT_MAX = 1500 }; /* bytes: a method, a host and a path as records have them */

/* A tunnel, and what was refused before it, has no path. */
static struct str describe(char out[WHAT_MAX], const struct broker_record *record)
{
	int n;

	if (!record->host.len)
		n = snprintf(out, WHAT_MAX, "what is no request");
	else if (!record->path.len)
		n = snprintf(out, WHAT_MAX, "%.*s %.*s:%u", STR_ARG(record->method),
			     STR_ARG(record->host), (unsigned)record->port);
	else
		n = snprintf(out, WHAT_MAX, "%.*s %s://%.*s:%u%.*s", STR_ARG(record->method),
			     record->tls ? "https" : "http", STR_ARG(record->host),
			     (unsigned)record->port, STR_ARG(record->path));
	return (struct str){ out, n < WHAT_MAX ? (size_t)n : WHAT_MAX - 1 };
}

static struct journal_entry *find(struct journal *journal, const struct broker_record *record,
				  struct str what)
{
	for (size_t i = 0; i < journal->n; i++) {
		struct journal_entry *entry = &journal->items[i];

		if (entry->status == record->status && strcmp(entry->rule, record->rule) == 0 &&
		    str_eq(entry->what, what))
			return entry;
	}
	return NULL;
}

void journal_note(const struct broker_record *record, void *payload)
{
	struct journal *journal = payload;
	char text[WHAT_MAX];
	struct str what = describe(text, record);
	struct journal_entry *entry = find(journal, record, what);

	if (!entry && journal->n == JOURNAL_MAX) {
		journal->dropped++;
		return;
	}
	if (!entry) {
		struct journal_entry fresh = { .what = arena_str(journal->mem, what),
					       .address = arena_str(journal->mem, record->address),
					       .route = arena_str(journal->mem, record->route),
					       .reason = arena_str(journal->mem, record->reason),
					       .rule = record->rule,
					       .allowed = record->allowed,
					       .status = record->status,
					       .first_ms = record->time_ms };

		ARENA_PUSH(journal->mem, journal, fresh);
		entry = &journal->items[journal->n - 1];
	}
	entry->count++;
	entry->up += record->up;
	entry->down += record->down;
}
