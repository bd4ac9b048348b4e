/* ci.h - results of CI runs as the forges told them: kept and shown. */
#pragma once
#include "model/event.h"
#include "store/store.h"

struct ci_row {
	int64_t           id;
	struct str        tenant, integration, repository;
	uint64_t          number;          /* of the pull request; 0 when unknown */
	char              head_oid[OID_HEX + 1];
	struct str        run;             /* the forge's id */
	uint32_t          attempt;
	struct str        name, app, branch, url;
	enum event_action action;          /* started, succeeded, failed, cancelled */
	struct str        status;          /* the forge's word */
	int64_t           created, changed;
};

struct ci_list {
	struct ci_row *items;
	size_t         n, cap;
};

/*
 * By (integration, repository, run, attempt). Events come in any order: a result is never replaced by "started".
 * *changed_row is false when nothing new was said; may be NULL.
 */
int ci_put(struct store *store, const struct ci_row *row, int64_t now, bool *changed_row,
	   struct err *err);
/* Newest first; integration and repository may be empty, head "" or NULL, for all. */
int ci_list(struct store *store, struct view view, struct str integration, struct str repository,
	    const char *head_oid, struct page *page, struct ci_list *out, struct arena *mem,
	    struct err *err);
