/* type.h - a row of the table of forges, and what the rows share. */
#pragma once
#include <pthread.h>

#include "forge/forge.h"
#include "payload.h"
#include "signature.h"

/* Lowering under way. */
struct lowering {
	struct arena              *mem;
	const struct forge_target *target;
	const struct post_plan    *plan;     /* NULL for single comments and the like */
	struct forge_plan         *out;
	struct buf                 leftover; /* Markdown of what cannot stand inline, for the summary */
};

/* Any function may be NULL: then this forge has no such thing, and the caller says so or does without. */
struct forge_type {
	const char   *name, *label;
	const char   *public_api;      /* when none is configured */
	unsigned      abilities;
	struct limits limits;

	int (*check)(const struct forge_config *config, struct err *err);
	int (*verify)(const struct forge_config *config, const struct forge_delivery *delivery, struct err *err);
	int (*parse)(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		     const json_t *body, struct err *err);

	void (*lower)(struct lowering *lowering);
	void (*lower_started)(struct lowering *lowering);
	void (*lower_comment)(struct lowering *lowering, struct str body, struct str key);
	int  (*lower_reply)(struct lowering *lowering, struct str thread, struct str comment, struct str body,
			    struct str key, struct err *err);
	int  (*lower_reaction)(struct lowering *lowering, struct str comment, enum reaction reaction,
			       struct err *err);
	/* The parts of a refused review [from, from + n) as an effect of its own; n 1 and `plain`: as an ordinary comment. */
	int  (*split)(struct effect *out, struct arena *mem, const struct effect *effect, struct str key,
		      const json_t *body, size_t from, size_t n, bool plain);
	int  (*git)(struct forge_git *out, struct arena *mem, const struct forge_config *config,
		    const struct pull *pull, struct str token, struct err *err);

	int (*authorize)(struct forge *forge, struct arena *mem, const struct forge_place *place,
			 struct http_request *request, struct err *err);
	int (*probe)(struct forge *forge, struct arena *mem, unsigned *abilities, struct err *err);
	int (*token)(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *token,
		     int64_t *expires_ms, struct err *err);
	/* The token for this place was refused: true when another one will be made. */
	bool (*forget)(struct forge *forge, const struct forge_place *place);
	int (*whoami)(struct forge *forge, struct arena *mem, struct actor *out, struct err *err);
	int (*pull)(struct forge *forge, struct arena *mem, const struct forge_place *place, struct pull *out,
		    struct err *err);
	int (*pulls)(struct forge *forge, struct arena *mem, const struct forge_place *place, enum pull_filter state,
		     size_t max, struct pull_list *out, struct err *err);
	int (*threads)(struct forge *forge, struct arena *mem, const struct forge_place *place,
		       struct thread_list *out, struct err *err);
	int (*summary)(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *id,
		       struct err *err);
	int (*permission)(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str login,
			  enum permission *out, struct err *err);
	/* NULL: by HTTP. */
	int (*send)(struct forge *forge, struct arena *mem, const struct effect *effect, struct str needed,
		    struct forge_answer *out, struct err *err);
	/* The member of an answer that is the id of what was made; NULL: "id". */
	const char *answer_id;
	/* Names the member of a list's items that holds the text with the marker; NULL: "body". */
	int (*find)(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		    struct forge_answer *out, struct err *err);
	int (*sweep)(struct forge *forge, struct forge_missed *missed, struct err *err);
};

extern const struct forge_type forge_github, forge_gitlab, forge_gitea, forge_forgejo, forge_bitbucket,
	forge_bitbucket_dc, forge_gerrit, forge_generic, forge_local;

enum {
	FORGE_MAX_TOKENS = 256,          /* kept at once: repositories with a job under way */
	FORGE_MAX_ANSWER = 32 << 20,     /* bytes: 100 threads with all their comments */
	FORGE_ANSWER_MEMORY = 128 << 20, /* an arena that surely holds one and what is made of it */
};

/* An installation token that was made. */
struct minted {
	char   *installation, *repository, *token; /* owned */
	int64_t made_ms, expires_ms;
};

struct forge {
	struct forge_config  config;
	struct forge_env     env;
	struct arena         mem;        /* what is known for the life of the forge */
	struct http_client  *client;
	struct limiter       limiter;    /* when env has none */
	char                 credential[33]; /* a hash: names the limiter, tells nothing */
	int64_t              retry_ms;
	bool                 probed;
	unsigned             abilities;
	struct actor         self;       /* login empty: not yet asked */
	/* One at a time makes tokens; the others wait for it and find what it made. */
	pthread_mutex_t      token_lock;
	struct http_client  *token_client; /* of the holder of token_lock */
	struct minted        minted[FORGE_MAX_TOKENS];
	size_t               n_minted;
};

int64_t forge_now_ms(const struct forge *forge);

/* ---- asking (call.c) ---- */

struct call {
	const char                *method;
	struct str                 path;     /* below the API's base, escaped; or an absolute address of a next page */
	struct str                 body;     /* JSON, or empty */
	const char                *accept;   /* NULL: application/json */
	struct cost                cost;
	const struct forge_place  *place;    /* for the credential; may be NULL */
	struct str                 bearer;   /* instead of the forge's own credential, when not empty */
	bool                       with_token_client; /* the caller holds token_lock */
};

/* Any status but 401, limits and 5xx comes back as a success. Waits for the limiter; renews a token that was refused, once. */
int forge_call(struct forge *forge, struct arena *mem, const struct call *call, struct http_response *out,
	       struct err *err);
/* GET of one JSON value. *out is NULL for a 404 or 410 when `may_lack`. Other statuses are errors. */
int forge_get(struct forge *forge, const struct forge_place *place, struct str path,
	      bool may_lack, json_t **out, struct err *err);
/* The forge's words about a refusal, capped, without credential. */
struct str forge_reason(const struct forge *forge, struct arena *mem, const struct http_response *response);
/* The answer of a call as an error. */
int forge_refused(const struct forge *forge, struct arena *mem, const struct http_response *response, struct err *err);
/*
 * All items of a paged list: `take` returns 1 to stop early, -1 with *err set. Pages by `page` and the size that the path names
 * as per_page or limit; `where` is the member that holds the list, NULL when the answer is it.
 */
typedef int take_fn(void *ctx, struct arena *mem, json_t *item, struct err *err);
int forge_list(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str path,
	       const char *where, size_t page_size, take_fn *take, void *ctx, struct err *err);
/* The address of rel="next" in a Link header; empty when there is none. */
struct str forge_next_link(const struct http_response *response);
/* Our own account, asked once. */
int forge_self(struct forge *forge, struct arena *mem, const struct actor **out, struct err *err);
/* "name" and "name[bot]" are one. */
bool forge_same_login(struct str a, struct str b);
/* Adds an Authorization: "SCHEME token"; of nothing when there is no token. */
int forge_add_token(struct arena *mem, struct http_request *request, const char *scheme, struct str token,
		    struct err *err);
/* "Basic" of a login and a password. */
int forge_add_basic(struct arena *mem, struct http_request *request, struct str login, struct str password,
		    struct err *err);
/* The common find: an item of the list at effect->find whose text at `text` holds the effect's key marker. */
int forge_find_in_list(struct forge *forge, struct arena *mem, const struct effect *effect, const char *where,
		       size_t page_size, const char *text, bool *found, struct forge_answer *out, struct err *err);
/* As forge_whoami does for most: GET path, login and id by their names. */
int forge_whoami_at(struct forge *forge, struct arena *mem, struct str path, const char *login, const char *id,
		    struct actor *out, struct err *err);

/* ---- lowering (lower.c) ---- */

enum { KEY_HASH_HEX = 32 }; /* half of a SHA-256: nobody finds two texts with the same */
/* Of a text about a head ("" for none), in hex. */
struct str key_hash(struct arena *mem, struct str head, struct str text);
/*
 * Keys of effects. A second try of a job may have another plan than the first, so a key never counts: it says what is said.
 *   "JOB:part"            what a job does once, whatever the head: an answer to its command
 *   once:  hash of head and text   what must not be done twice: another text or head is another effect
 *   again: ... and the lease       what may be done twice, and is by each try: a later try has the last word
 */
struct str lower_key(struct lowering *lowering, const char *part);
struct str lower_key_once(struct lowering *lowering, const char *part, struct str text);
struct str lower_key_again(struct lowering *lowering, const char *part, struct str text);
/* lower_key_once() of JSON, and of a comment. */
struct str lower_key_json(struct lowering *lowering, const char *part, const json_t *content);
struct str lower_key_comment(struct lowering *lowering, const struct post_comment *comment);
/* Of the summary: made once by a job, changed by each try. */
struct str lower_key_summary(struct lowering *lowering);
/* Appends an effect with place and head filled in. The body is given up. */
struct effect *lower_add(struct lowering *lowering, enum effect_kind kind, struct str key, const char *method,
			 struct str path, json_t *body);
void lower_lose(struct lowering *lowering, enum loss_kind kind, size_t n);
/* The comment's Markdown; with the suggestion in a fence of that info line ("suggestion", "suggestion:-2+0") in front of the marker. */
struct str lower_body(struct lowering *lowering, const struct post_comment *comment, const char *info,
		      struct str key, size_t max);
/* The same with the suggestion as a diff to read. Counts the loss. */
struct str lower_body_diff(struct lowering *lowering, const struct post_comment *comment, struct str key,
			   size_t max);
/* `body` with the key's marker in front of its own; cut to `max` before the markers. */
struct str lower_marked(struct lowering *lowering, struct str body, struct str key, size_t max);
/* At most `max` bytes of a text, with a word that it was cut. Counts the loss. */
struct str lower_cut(struct lowering *lowering, struct str text, size_t max);
/* Puts a comment that has no place inline into the leftover, and counts it. */
void lower_leftover(struct lowering *lowering, const struct post_comment *comment);
/* The summary of the plan with the leftover in it; empty when there is neither. */
struct str lower_summary(struct lowering *lowering, struct str key, size_t max);
/* Posts it with `add`, or changes the one that is there, below `folder`, by a body of {"body": text}. */
void lower_post_summary(struct lowering *lowering, size_t max, const char *method, struct str folder,
			void (*add)(struct lowering *lowering, struct str text, struct str key));
/* Reviews of at most `most` inline comments each; a comment without a line, or of a file that JSON cannot name, is left over. */
void lower_reviews(struct lowering *lowering, size_t most,
		   json_t *(*comment)(struct lowering *lowering, const struct post_comment *comment),
		   void (*add)(struct lowering *lowering, json_t *comments));
/* One letter of a conclusion for forges with few: what a status is called there. */
enum status_word { STATUS_OK, STATUS_BAD, STATUS_UNKNOWN, STATUS_RUNNING };
enum status_word lower_status(const struct post_plan *plan);
/* One line about the check, for statuses. */
struct str lower_description(struct lowering *lowering, size_t max);
struct str lower_check_name(const struct lowering *lowering);
/* "<!-- outrider:v1 key=KEY -->" in this text? */
bool text_has_key(struct str text, struct str key);
/* Fingerprint and rule from the marker in the last line of a body; false when there is none. */
bool text_finding(struct str text, struct arena *mem, char fingerprint[FINGERPRINT_HEX + 1], struct str *rule);
bool text_is_summary(struct str text);
/* A header of a delivery as one clean line of at most PAYLOAD_MAX_ID bytes; empty when it is absent or no UTF-8. */
struct str delivery_header(struct arena *mem, const struct forge_delivery *delivery, const char *name);
/* Path of parts, each escaped: STR literals go as they are. */
struct str path_printf(struct arena *mem, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "owner/name" escaped with its slashes, or as one component. */
struct str repository_path(struct arena *mem, struct str repository);
/* URL WEB/repository.git, base branch and one ref of the head, both under their own names. */
int git_of(struct forge_git *out, struct arena *mem, const struct pull *pull, struct str url, struct str user,
	   struct str password, struct str head_ref, struct err *err);
/* True for "a/b" of ordinary names: no empty part, no dots alone; `deep` takes more than two. */
bool repository_is_valid(struct str repository, bool deep);
