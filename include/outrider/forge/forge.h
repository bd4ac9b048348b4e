/*
 * forge.h - the places where pull requests live: one table, one row per forge.
 *
 *     verify, parse      a delivery -> struct event             pure; no credential needed: the gateway
 *     lower              a post plan -> effects and losses      pure
 *     forge_*            ask and tell the forge, blocking       needs an open forge: broker (mints) and worker (one job's token)
 *
 * Texts of forges and people are hostile: every string in an answer is capped and UTF-8.
 * Arenas that are given must have room for what is asked for: FORGE_MEMORY is enough for any one call.
 * Errors: ERR_TEMP may be repeated later (forge_retry_ms says when), ERR_PERM not. No error text holds a token.
 */
#pragma once
#include "base/scope.h"
#include "forge/effect.h"
#include "forge/limiter.h"
#include "http/client.h"
#include "model/event.h"
#include "model/pull.h"

enum forge_ability {
	FORGE_RANGES = 1 << 0,       /* a comment may span lines */
	FORGE_SUGGESTIONS = 1 << 1,  /* ... and hold a change to click */
	FORGE_RESOLVE = 1 << 2,
	FORGE_CHECKS = 1 << 3,       /* checks with text and annotations, not only a status */
	FORGE_REACTIONS = 1 << 4,
	FORGE_REPLIES = 1 << 5,
	FORGE_REDELIVERY = 1 << 6,   /* the forge keeps deliveries that did not arrive */
	FORGE_SIGNED = 1 << 7,       /* its deliveries carry a signature over the body */
	FORGE_GIT = 1 << 8,          /* repositories can be fetched over HTTP or from disk */
	FORGE_PULL_REFS = 1 << 9,    /* heads of pull requests are refs of the base repository */
	FORGE_FIXES = 1 << 10,       /* a change to click stands beside the words of its comment, not in them */
};

enum { FORGE_MEMORY = 256 << 20 }; /* an arena's cap; used only as far as answers are that large */

struct forge_type; /* a row */

/* NULL for an unknown name; names: github gitlab gitea forgejo bitbucket bitbucket-dc gerrit generic local. */
const struct forge_type *forge_type_find(struct str name);
size_t forge_type_count(void);
const struct forge_type *forge_type_at(size_t i);
const char *forge_type_name(const struct forge_type *type);
const char *forge_type_label(const struct forge_type *type); /* "GitHub" */
unsigned forge_type_abilities(const struct forge_type *type);

/* One integration as configured. Everything is borrowed for the life of whoever uses it; empty where it does not apply. */
struct forge_config {
	struct str               name;         /* of the integration: letters, digits, '-', '_', '.' */
	const struct forge_type *type;
	struct str               api;          /* "https://api.github.com", "https://ghe.example/api/v3", "https://gitlab.example/api/v4"; empty: the public one, if any */
	struct str               web;          /* where people look and git clones; empty: derived from api */
	struct str               login;        /* account of the token, for forges whose git or API wants one */
	struct str               token;        /* personal, project or installation token, or HTTP password */
	struct str               app_id;       /* GitHub: client id or id of the App */
	struct str               private_key;  /* GitHub: PEM, RSA */
	struct str              *secrets;      /* webhook secrets, any of them signs: old and new one during rotation */
	size_t                   n_secrets;
	struct str               folder;       /* local: where the repositories lie */
	struct str               proxy, ca_file;
};

/* ERR_INPUT names what is missing or wrong, and never shows a secret. */
int forge_config_check(const struct forge_config *config, struct err *err);

/* ---- deliveries: pure ---- */

struct forge_delivery {
	const struct http_headers *headers;
	struct str                 query;  /* raw */
	struct str                 body;   /* raw bytes, as they were signed */
	int64_t                    now;    /* Unix seconds: signed timestamps may be 5 minutes off */
};

/*
 * 0 when one of the secrets signed these very bytes. ERR_PERM otherwise, with what was wrong but never what would be right. In
 * constant time. Empty secrets and empty or cut signatures never hold. Gerrit cannot sign: its secret is `key` in the query, or the
 * password of a Basic Authorization.
 */
int forge_verify(const struct forge_config *config, const struct forge_delivery *delivery, struct err *err);
/*
 * To be called after forge_verify. ERR_INPUT: no JSON, too deep, not this forge's envelope. An event of no use is EVENT_OTHER,
 * and absent fields are empty: forges add and drop fields without notice.
 */
int forge_parse(struct event *out, struct arena *mem, const struct forge_config *config,
		const struct forge_delivery *delivery, struct err *err);

/* ---- what is to be said, as data: pure ---- */

/* What lowering needs to know about where it goes. */
struct forge_target {
	const struct forge_config *config;
	const struct pull         *pull;
	struct str                 installation;
	struct str                 key;       /* of the job, part of every effect's key */
	struct str                 turn;      /* of its lease: effects that may be repeated are, by each */
	struct str                 summary;   /* id of our summary comment; empty: none yet */
	struct str                 check;     /* id of our check on this head; empty: none yet */
	struct str                 check_name; /* "outrider" when empty */
	struct str                 details;   /* address of our page about it; may be empty */
	unsigned                   abilities; /* forge_abilities(): what this server can */
};

struct forge_plan {
	struct effect_list effects;  /* in the order in which they are to be sent */
	struct losses      losses;
};

/* All effects of a post plan: review(s), resolved threads, summary, check. `check` first when it is running. */
int forge_lower(struct forge_plan *out, struct arena *mem, const struct forge_target *target,
		const struct post_plan *plan, struct err *err);
/* "We are at it": a check in progress, where the forge has such; no effects otherwise. */
int forge_lower_started(struct forge_plan *out, struct arena *mem, const struct forge_target *target,
			struct err *err);
/* A comment that answers a command. `key_part` tells two answers of a job apart. */
int forge_lower_comment(struct forge_plan *out, struct arena *mem, const struct forge_target *target,
			struct str body, struct str key_part, struct err *err);
/* A reply in a thread; `thread` as the event or forge_threads gave it. */
int forge_lower_reply(struct forge_plan *out, struct arena *mem, const struct forge_target *target,
		      struct str thread, struct str comment, struct str body, struct str key_part,
		      struct err *err);
enum reaction { REACTION_SEEN, REACTION_DONE, REACTION_REFUSED, REACTIONS }; /* eyes, thumbs up, confused */
int forge_lower_reaction(struct forge_plan *out, struct arena *mem, const struct forge_target *target,
			 struct str comment, enum reaction reaction, struct err *err);
/*
 * A review that was refused as a whole: its halves, or, for one comment, the same text as an ordinary comment. False when
 * there is nothing to split.
 */
bool forge_split(struct effect_list *out, struct arena *mem, const struct forge_config *config,
		 const struct effect *effect, struct losses *losses);

/* ---- git: pure ---- */

struct forge_git {
	struct str  url;         /* of the base repository, without credential; a path for local */
	struct str  user, password; /* both empty: none. Never on a command line or in an address. */
	struct str  head_ref;    /* of the pull request's head on that side: "refs/pull/7/head" */
	struct str *refspecs;    /* what must be fetched for the pull request's head and its base branch */
	size_t      n_refspecs;
};
/* `token` is the job's own; empty: the configured one. pull may lack everything but number and base_ref (and head_oid for Gerrit). */
int forge_git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	      const struct pull *pull, struct str token, struct err *err);

/* ---- an open forge ---- */

struct forge;

/* What the process lends: its clock and the shared limiter. Any may be NULL: the real clock, a limiter of this process alone. */
struct forge_env {
	int64_t (*now_ms)(void *ctx);
	/* As limiter_ask and limiter_tell, on the state that all nodes share for this credential (a hash, not the token). */
	int64_t (*ask)(void *ctx, struct str credential, const struct limits *limits, struct cost cost);
	void    (*tell)(void *ctx, struct str credential, const struct limits *limits,
			const struct http_response *response);
	/* Waits; false ends what is under way with ERR_TEMP. Without it nothing waits: ERR_TEMP at once. */
	bool    (*wait)(void *ctx, int64_t ms);
	int64_t max_wait_ms;      /* longer waits are ERR_TEMP; 0: 10 s */
	/* As in http_client_options. */
	void    (*record)(void *ctx, const struct http_request *request, const struct http_response *response);
	bool    (*cancelled)(void *ctx);
	void    *ctx;
};

/* For one thread at a time, but for forge_token. Nothing is sent. */
int forge_open(struct forge **out, const struct forge_config *config, const struct forge_env *env, struct err *err);
void forge_close(struct forge *forge);
static inline void auto_forge(struct forge **forge)
{
	forge_close(*forge);
}
#define AUTO_FORGE AUTO(auto_forge)

/* Milliseconds after which the last call that ended with ERR_TEMP is worth repeating; 0: the caller's own back-off. */
int64_t forge_retry_ms(const struct forge *forge);
/* The type's, less what this server turned out not to have (asked once, then kept). */
int forge_abilities(struct forge *forge, unsigned *out, struct err *err);

struct forge_place {
	struct str repository;    /* "owner/name" */
	struct str installation;  /* GitHub App; empty: looked up */
	uint64_t   number;
};

/*
 * A credential for one job: for a GitHub App an installation token narrowed to the repository and to what a review needs, valid
 * for at least 10 minutes, kept until 50 minutes old and made once however many threads ask; elsewhere the configured one. Safe from
 * several threads.
 */
int forge_token(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *token,
		int64_t *expires_ms, struct err *err);

/* Who we are: to know our own comments and leave out our own events. */
int forge_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err);
int forge_pull(struct forge *forge, struct arena *mem, const struct forge_place *place, struct pull *out,
	       struct err *err);
enum pull_filter { PULLS_OPEN, PULLS_MERGED, PULLS_ALL };
enum { FORGE_MAX_PULLS = 3000, FORGE_MAX_THREADS = 3000 };
/* The latest first, at most `max`. Fields that a listing does not have are empty. */
int forge_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place, enum pull_filter state,
		size_t max, struct pull_list *out, struct err *err);
/* Threads that we opened: by our account and with our marker. */
int forge_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		  struct thread_list *out, struct err *err);
/* Our summary comment: its id, empty when there is none. */
int forge_summary(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *id,
		  struct err *err);
enum permission { PERMISSION_NONE, PERMISSION_READ, PERMISSION_WRITE, PERMISSION_ADMIN };
int forge_permission(struct forge *forge, const struct forge_place *place, struct str login,
		     enum permission *out, struct err *err);

/* What became of an effect. */
struct forge_answer {
	enum answer_kind {
		ANSWER_DONE,
		ANSWER_GONE,     /* what it was about no longer exists: thread, comment, pull request */
		ANSWER_REFUSED,  /* these words or lines are not acceptable: forge_split */
	} kind;
	struct str id;       /* of what was made; may be empty */
	struct str reason;   /* the forge's words, capped; only when not done */
};
/* `needed` is the id that the effect `needs` was answered with. Sent at most once: an answer that did not arrive is ERR_TEMP. */
int forge_send(struct forge *forge, struct arena *mem, const struct effect *effect, struct str needed,
	       struct forge_answer *out, struct err *err);
/* After a send without answer: was it done? *found is false for effects that may simply be sent again. */
int forge_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
	       struct forge_answer *out, struct err *err);

/*
 * Where effects are remembered between processes. Each returns -1 to stop the delivery with *err set.
 */
enum effect_state { EFFECT_PLANNED, EFFECT_SENT, EFFECT_DONE };
struct outbox {
	/* The state of an effect by key (PLANNED when unknown) and, when done, the id that answered it. */
	int (*state)(void *ctx, const struct effect *effect, enum effect_state *state, struct str *id,
		     struct err *err);
	int (*sending)(void *ctx, const struct effect *effect, struct err *err); /* durable before it returns */
	int (*done)(void *ctx, const struct effect *effect, const struct forge_answer *answer, struct err *err);
	/* Replaced by its parts, in one transaction. */
	int (*split)(void *ctx, const struct effect *effect, const struct effect_list *parts, struct err *err);
	void *ctx;
};
/* Sends what is not yet done, in order: finds what may have been done, splits what is refused. Stops at the first error; calling it again goes on. */
int forge_deliver(struct forge *forge, struct arena *mem, const struct effect_list *effects,
		  const struct outbox *outbox, struct losses *losses, struct err *err);

/* One delivery that did not reach us, or was left in a spool. */
struct forge_missed {
	/* Takes it as if it had come by HTTP after verification; 0 once it is durable. Not called by forges that send again themselves. */
	int (*take)(void *ctx, const struct forge_delivery *delivery, struct err *err);
	void   *ctx;
	int64_t since_ms;   /* in: nothing older; out: where to go on next time */
	size_t  asked;      /* out: deliveries that the forge was asked to send again */
	size_t  taken;      /* out: those handed to `take` */
};
/* Does nothing for a forge without FORGE_REDELIVERY: there forge_pulls tells what is new. */
int forge_sweep(struct forge *forge, struct forge_missed *missed, struct err *err);
