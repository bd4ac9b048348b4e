/* request.h - one page, form or API answer under way. Private to this folder. */
#pragma once
#include "html.h"
#include "pages.h"
#include "store/people.h"
#include "store/store.h"

/* Who asks. */
struct visitor {
	bool        known;
	enum role   role;
	struct view view;      /* what they see */
	struct str  subject;
	char        csrf[SECRET_HASH_HEX + 1]; /* of their session: forms carry it */
	bool        token;     /* an API token: no forms */
};

struct request {
	struct pages           *pages;
	const struct http_call *call;
	struct visitor          visitor;
	struct store           *store;
	struct arena           *mem;
	int64_t                 now;
	struct page             page;      /* of a listing: from the query */
	const char             *title;
	struct buf              out;       /* the body of the page, or the JSON */
	int                     status;    /* 200 */
	struct http_headers     headers;   /* further ones */
};

/* Fills out. -1 with *err: shown as an error page or as JSON {"error"}. */
typedef int answer_fn(struct request *request, struct err *err);

struct page_type {
	answer_fn *answer;
	enum role  role;     /* at least */
	bool       open;     /* for anybody */
	bool       json;
	bool       changes;  /* a POST that changes something: needs the csrf text of a form, or an API token */
};

/* Takes a store, the time, and finds out who asks; afterwards, in any case, request_end(). */
int request_who(struct request *request, struct err *err);
void request_end(struct request *request);
void request_serve(void *ctx, struct http_exchange *exchange, const struct http_call *call,
		   const struct page_type *type);

/* A field of a posted form, unescaped; empty when it is not there. */
struct str request_field(struct request *request, const char *name);
/* A value of the query, unescaped; empty when it is not there. */
struct str request_query(struct request *request, const char *name);
void request_header(struct request *request, const char *name, struct str value);
/* "303 See Other" to a path of ours. */
int request_go(struct request *request, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* 404. Gives -1. */
int request_missing(struct request *request, struct err *err);
/* Begins a form that posts to `action`, with its csrf field; end it with </form>. */
void request_form(struct request *request, const char *action);
/* A button in a form of its own. */
void request_button(struct request *request, const char *action, const char *words);
/* A link to the next page of a listing, when there is one. */
void request_more(struct request *request);
/* Writes down what an operator did. */
int request_audit(struct request *request, const char *action, struct str subject, struct err *err);
/* Workers and rates belong to no tenant: -1 for who sees one tenant of several. */
int request_machines(struct request *request, struct err *err);
/* Asked by a program: no redirect to a page. */
bool request_is_api(const struct request *request);
/* A parameter of the path as a number; 0 when it is none. */
int64_t request_id(const struct request *request, size_t param);

/* ---- who (auth.c) ---- */

enum {
	SESSION_HOURS = 12,
	LOGIN_FAILURES = 10,      /* a minute, from anywhere: then nobody may try for the rest of it */
	SESSION_SECRET_BYTES = 32,
};

/* From the cookie or the bearer token. An unknown one is nobody, not an error. */
int visitor_find(struct visitor *out, struct request *request, struct err *err);
/* Makes a session and its cookie. */
int visitor_enter(struct request *request, const struct session *who, struct err *err);
/* The value of a cookie; empty when it is not there. */
struct str request_cookie(const struct request *request, const char *name);
/* Counts a login that failed; true when LOGIN_FAILURES are reached: nobody may try for now. */
bool login_too_many(struct request *request, bool failed);
answer_fn login_page, login_post, logout_post;

/* 64 hex digits of SHA-256 over `text` and of random bytes. */
void hash_hex(char out[SECRET_HASH_HEX + 1], struct str text);
int session_secret(char out[2 * SESSION_SECRET_BYTES + 1], struct err *err);
