/* reviews.h - each review that was made, its figures and the reason of each decision: for pages and people. */
#pragma once
#include "model/pull.h"
#include "store/store.h"

struct review_row {
	int64_t         id;
	int64_t         job;
	struct str      tenant, integration, repository;
	uint64_t        number;
	char            head_oid[OID_HEX + 1], base_oid[OID_HEX + 1];
	enum conclusion conclusion;
	struct str      figures;   /* JSON: counts, times */
	struct str      decisions; /* JSON: each finding and why it was said or not; not in listings */
	int64_t         created;
};

struct review_list {
	struct review_row *items;
	size_t             n, cap;
};

/* One per job: a second one replaces the first. */
int reviews_put(struct store *store, const struct review_row *row, int64_t now, int64_t *id,
		struct err *err);
int reviews_get(struct store *store, struct view view, int64_t id, struct review_row *out,
		bool *found, struct arena *mem, struct err *err);
/* Newest first; integration, repository may be empty, number 0, for all. Without decisions. */
int reviews_list(struct store *store, struct view view, struct str integration,
		 struct str repository, uint64_t number, struct page *page, struct review_list *out,
		 struct arena *mem, struct err *err);
const char *conclusion_name(enum conclusion conclusion);
