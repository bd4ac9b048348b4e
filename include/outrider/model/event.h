/* event.h - what a forge or a CI system told us, in one form for all of them. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/change.h"

enum event_kind {
	EVENT_PULL,     /* a pull or merge request, a Gerrit change */
	EVENT_COMMENT,  /* somebody wrote in one, or to a thread of it */
	EVENT_PUSH,
	EVENT_CI,       /* a check, a pipeline, a job or a workflow run has a result */
	EVENT_QUEUE,    /* a merge queue asks for checks */
	EVENT_INSTALL,  /* we were given or refused repositories */
	EVENT_OTHER,    /* verified, of no use to us: kept as a delivery, no job */
	EVENT_KINDS,
};

enum event_action {
	ACTION_NONE,
	ACTION_OPENED,      /* also reopened, and ready for review */
	ACTION_UPDATED,     /* new commits */
	ACTION_EDITED,      /* title, labels, base, draft state */
	ACTION_CLOSED,
	ACTION_MERGED,
	ACTION_CREATED,     /* a comment */
	ACTION_DELETED,
	ACTION_STARTED,     /* CI */
	ACTION_SUCCEEDED,
	ACTION_FAILED,
	ACTION_CANCELLED,
	ACTIONS,
};

/* An account as the event names it. */
struct actor {
	struct str login;
	struct str id;    /* the forge's own, as text; may be empty */
	bool       bot;   /* the forge says so */
};

/*
 * Strings are borrowed from the arena of whoever parsed it, hostile, and of capped length (EVENT_MAX_*). Everything that an
 * event of that kind does not have is empty or 0.
 */
struct event {
	enum event_kind   kind;
	enum event_action action;
	struct str        integration;  /* the name under which the forge is configured */
	struct str        delivery;     /* the forge's id of this delivery; made from the body's hash where it has none */
	struct str        name;         /* the forge's own words: "pull_request.synchronize" */
	struct str        repository;   /* "owner/name", any depth for GitLab groups */
	struct str        installation; /* GitHub App */
	struct actor      sender;
	uint64_t          number;       /* of the pull request */
	struct {
		struct str   title, url;
		struct actor author;
		struct str   base_ref, head_ref;    /* branch names */
		char         base_oid[OID_HEX + 1]; /* tip of the base branch as the event tells; may be "" */
		char         head_oid[OID_HEX + 1];
		char         before_oid[OID_HEX + 1]; /* head before this push */
		struct str   head_repository;       /* empty when deleted */
		bool         fork, draft, closed, merged;
		struct str  *labels;
		size_t       n_labels;
	} pull;
	struct {
		struct str id, body, thread; /* thread: what to reply to */
		bool       may_write;        /* the forge says that the author has write access */
	} comment;
	struct {
		struct str name, id, status, url, app; /* app: who reports, to leave out our own check runs */
		uint32_t   attempt;
		char       head_oid[OID_HEX + 1];
		struct str branch;
	} ci;
	struct {
		struct str ref;
		char       before[OID_HEX + 1], after[OID_HEX + 1];
	} push;
};

enum {
	EVENT_MAX_BODY = 25 << 20, /* GitHub sends no more */
	EVENT_MAX_NAME = 1024,     /* names, titles, refs: longer ones are cut */
	EVENT_MAX_COMMENT = 65536, /* of a comment: GitHub's own limit */
	EVENT_MAX_LABELS = 100,
};

/* "pull", "comment", ... and "opened", "updated", ...: stable words. */
const char *event_kind_name(enum event_kind kind);
const char *event_action_name(enum event_action action);

/* One JSON object, for the payload of a job. A round trip is exact. */
void event_encode(struct buf *out, const struct event *event);
/* ERR_INPUT for what event_encode does not write. Strings are copied into `mem`. */
int event_decode(struct event *out, struct arena *mem, struct str text, struct err *err);
