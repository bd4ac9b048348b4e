/* repositories.h - the repositories that we serve and their pull requests, as far as we must remember them. */
#pragma once
#include "model/change.h"
#include "store/store.h"

struct repository_row {
	struct str integration, name; /* "owner/name" */
	struct str tenant;
	struct str installation;      /* GitHub App; may be empty */
	struct str settings;          /* JSON: what people set on the dashboard */
	bool       paused;            /* nothing is reviewed */
	bool       muted;             /* reviewed, nothing is posted (shadow) */
	bool       gone;              /* access was withdrawn */
	int64_t    seen;              /* the last event */
	int64_t    created;
};

struct repository_list {
	struct repository_row *items;
	size_t                 n, cap;
};

/*
 * Makes it known, or notes that it was seen: sets tenant, seen, and installation when not empty. Settings, paused and muted of a known one stay;
 * one that was gone is back.
 */
int repositories_see(struct store *store, const struct repository_row *row, int64_t now,
		     struct err *err);
int repositories_gone(struct store *store, struct str integration, struct str name, int64_t now,
		      struct err *err);
/* Sets settings, paused and muted. *found is false when there is none for `view`. */
int repositories_set(struct store *store, struct view view, const struct repository_row *row,
		     bool *found, struct err *err);
int repositories_get(struct store *store, struct view view, struct str integration, struct str name,
		     struct repository_row *out, bool *found, struct arena *mem, struct err *err);
/* By integration and name. */
int repositories_list(struct store *store, struct view view, struct page *page,
		      struct repository_list *out, struct arena *mem, struct err *err);

enum pull_state { PULL_OPEN, PULL_CLOSED, PULL_MERGED, PULL_STATES };

struct pull_row {
	struct str      integration, repository, tenant;
	uint64_t        number;
	struct str      title, url, author, base_ref;
	enum pull_state state;
	bool            paused;                      /* by a command in a comment */
	char            head_oid[OID_HEX + 1];       /* as last seen */
	char            reviewed_oid[OID_HEX + 1];   /* head of the last review that was posted; "" for none */
	char            reviewed_base[OID_HEX + 1];  /* its merge base */
	struct str      summary, check;              /* the forge's ids of our summary comment and check */
	struct str      states;                      /* JSON: what a review must know of the last one (review/thread.h) */
	int64_t         created, changed;
};

struct pull_rows {
	struct pull_row *items;
	size_t           n, cap;
};

/* Makes it known or notes what an event said: title to base_ref, state, head_oid when not empty. The rest stays. */
int pulls_see(struct store *store, const struct pull_row *row, int64_t now, struct err *err);
/* After posting: sets reviewed_oid, reviewed_base, and summary, check and states when not empty. */
int pulls_reviewed(struct store *store, const struct pull_row *row, int64_t now, struct err *err);
int pulls_pause(struct store *store, struct str integration, struct str repository, uint64_t number,
		bool paused, int64_t now, struct err *err);
int pulls_get(struct store *store, struct view view, struct str integration, struct str repository,
	      uint64_t number, struct pull_row *out, bool *found, struct arena *mem,
	      struct err *err);
/* Last changed first; integration and repository may be empty for all; `open_only`. */
int pulls_list(struct store *store, struct view view, struct str integration, struct str repository,
	       bool open_only, struct page *page, struct pull_rows *out, struct arena *mem,
	       struct err *err);
const char *pull_state_name(enum pull_state state);
