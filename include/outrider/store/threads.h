/* threads.h - our inline threads and their life from push to push, by fingerprint. */
#pragma once
#include "model/change.h"
#include "model/finding.h"
#include "store/store.h"

struct thread_row {
	char              fingerprint[FINGERPRINT_HEX + 1];
	struct str        path, rule;
	uint32_t          line;
	struct str        thread, comment;          /* the forge's ids; may be empty until posted */
	struct str        status;                   /* a word of thread_status_name() (review/thread.h) */
	char              first_oid[OID_HEX + 1], last_oid[OID_HEX + 1]; /* heads */
	int64_t           created, changed;
};

struct thread_rows {
	struct thread_row *items;
	size_t             n, cap;
};

enum { THREADS_MAX = 2000 }; /* of one pull request: a hundred posts of the highest cap */

/* Writes `n` threads of a pull request, by fingerprint. Empty ids and first_oid leave what is there. Durable. */
int threads_put(struct store *store, struct str integration, struct str repository, uint64_t number,
		const struct thread_row *rows, size_t n, int64_t now, struct err *err);
/* All of a pull request, in the order of their making. */
int threads_of_pull(struct store *store, struct str integration, struct str repository,
		    uint64_t number, struct thread_rows *out, struct arena *mem, struct err *err);
