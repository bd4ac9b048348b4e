/* people.h - sessions and tokens of the dashboard and API, and what operators did. */
#pragma once
#include "store/store.h"

enum role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN, ROLES };
enum { SECRET_HASH_HEX = 64 };

/* The secret itself is never here: only SHA-256 of it, in lower-case hex. */
struct session {
	char       hash[SECRET_HASH_HEX + 1];
	bool       token;     /* an API token; otherwise a login */
	struct str subject;   /* who */
	struct str tenant;    /* what they see */
	bool       all;       /* ... or everything */
	enum role  role;
	struct str label;     /* of a token: what for */
	int64_t    created, expires, used; /* expires 0: never */
};

struct session_list {
	struct session *items;
	size_t          n, cap;
};
int sessions_put(struct store *store, const struct session *session, int64_t now, struct err *err);
/* Not found when expired. Notes the use, at most once a minute. */
int sessions_get(struct store *store, const char *hash, int64_t now, struct session *out,
		 bool *found, struct arena *mem, struct err *err);
int sessions_delete(struct store *store, struct view view, const char *hash, bool *found,
		    struct err *err);
/* Tokens, or logins, that are valid now; newest first. */
int sessions_list(struct store *store, struct view view, bool tokens, int64_t now,
		  struct page *page, struct session_list *out, struct arena *mem, struct err *err);

struct audit_row {
	int64_t    id, at;
	struct str tenant, actor;
	struct str action;    /* "job.retry", "rule.mute", ... */
	struct str subject;   /* what it was done to */
	struct str detail;    /* JSON, may be empty */
};

struct audit_list {
	struct audit_row *items;
	size_t            n, cap;
};
/* Durable. Rows are never changed, and deleted by age only. */
int audit_add(struct store *store, const struct audit_row *row, int64_t now, struct err *err);
int audit_list(struct store *store, struct view view, struct page *page, struct audit_list *out,
	       struct arena *mem, struct err *err);
const char *role_name(enum role role);
bool role_parse(struct str word, enum role *out);
