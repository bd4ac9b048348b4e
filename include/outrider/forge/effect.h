/*
 * effect.h - one thing to be done at a forge, as data: decided and stored first, sent later, perhaps by another process.
 *
 * An effect is one request without host and credential. Its key is unique for what it says (job, head, a hash of the
 * words): it stands in a hidden marker, or in the forge's own field for such keys, of what is posted, so that after a crash
 * forge_find (forge.h) can tell whether it was done.
 */
#pragma once
#include "base/buf.h"
#include "http/message.h"
#include "model/pull.h"

enum effect_kind {
	EFFECT_REVIEW,      /* inline comments, one or many */
	EFFECT_COMMENT,     /* the summary, or an answer to a command */
	EFFECT_REPLY,       /* in a thread */
	EFFECT_RESOLVE,
	EFFECT_REACTION,
	EFFECT_CHECK,       /* check run, commit status, report */
	EFFECT_ANNOTATIONS, /* more of them for a check that exists */
	EFFECT_KINDS,
};

enum {
	EFFECT_MAX_BYTES = 8 << 20, /* encoded: the largest review of 30 comments of 64 KB with room */
	EFFECT_MAX_KEY = 120,
};

struct effect {
	enum effect_kind kind;
	struct str       key;       /* letters, digits, '-', '_', '.', ':' */
	struct str       method;
	struct str       path;      /* below the API's base, escaped, with query; "{id}": the answer of `needs` */
	struct str       body;      /* JSON; "{id}" is not replaced here; empty: none */
	struct str       repository, installation;
	uint64_t         number;    /* of the pull request; 0: none */
	char             head_oid[OID_HEX + 1]; /* "" when it is not about a head */
	struct str       needs;     /* key of the effect that must be done before and whose answer gives {id}; may be empty */
	struct str       find;      /* where effect_find looks, as `path`; empty: doing it twice does no harm */
	size_t           parts;     /* comments in a review that can be split, else 0 */
};

struct effect_list {
	struct effect *items;
	size_t         n, cap;
};

/* What a forge could not express, for the job's log and the page. */
struct loss {
	enum loss_kind {
		LOSS_RANGE,       /* a range was cut to its last line */
		LOSS_SUGGESTION,  /* a suggestion is shown as a diff */
		LOSS_INLINE,      /* an inline comment went to the summary */
		LOSS_RESOLVE,     /* a thread stays open: this forge cannot resolve it by its API */
		LOSS_CHECK,       /* a check became a commit status: no text, no annotations */
		LOSS_TEXT,        /* a text was cut at the forge's limit */
		LOSS_ANNOTATIONS, /* more annotations than the forge takes */
		LOSSES,
	} kind;
	size_t n;
};
struct losses {
	size_t n[LOSSES];
};
const char *loss_text(enum loss_kind kind); /* "suggestion shown as a diff" */

const char *effect_kind_name(enum effect_kind kind);

/* One JSON object, for an outbox. Round trip is exact. */
void effect_encode(struct buf *out, const struct effect *effect);
/* Strict: ERR_INPUT on anything that effect_encode does not write, so that a changed row cannot send elsewhere. */
int effect_decode(struct effect *out, struct arena *mem, struct str text, struct err *err);
