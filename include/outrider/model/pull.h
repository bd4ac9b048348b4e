/*
 * pull.h - a pull request, what stands in its threads, and what we want to say there: forge-neutral, plain data.
 *
 * Read from the forge by src/forge, decided on by src/review (threads), written by src/forge again.
 */
#pragma once
#include "model/event.h"
#include "model/finding.h"

struct pull {
	struct str   repository;  /* "owner/name" */
	uint64_t     number;
	struct str   title, url;
	struct actor author;
	struct str   base_ref, head_ref;
	char         base_oid[OID_HEX + 1];  /* tip of the base branch */
	char         start_oid[OID_HEX + 1]; /* merge base, as the forge sees it; may be "" */
	char         head_oid[OID_HEX + 1];
	struct str   head_repository;        /* empty when deleted */
	bool         fork, draft, closed, merged;
	bool         can_push;               /* the author lets maintainers push to the head */
	char         merge_oid[OID_HEX + 1]; /* the commit that a merge made; "" when unknown or not merged */
	int64_t      updated;                /* Unix seconds; 0 when unknown */
	uint32_t     version;                /* patch set of a Gerrit change, else 0 */
	struct str  *labels;
	size_t       n_labels;
};

struct pull_list {
	struct pull *items;
	size_t       n, cap;
};

enum side { SIDE_NEW, SIDE_OLD };

/* One inline thread that we opened, as the forge shows it now. */
struct thread {
	struct str id;          /* what resolve takes */
	struct str comment;     /* id of our first comment: what a reply or an edit takes */
	struct str path;
	enum side  side;
	uint32_t   start_line, line; /* 0 when the forge calls it outdated */
	char       fingerprint[FINGERPRINT_HEX + 1]; /* from our marker */
	struct str rule;        /* from our marker */
	bool       resolved;
	bool       by_person;   /* resolved by a person */
	bool       replied;     /* a person wrote in it */
	uint32_t   up, down;    /* reactions of people */
};

struct thread_list {
	struct thread *items;
	size_t         n, cap;
};

/* An inline comment that we want. Lines are 1-based and lie in the diff; each forge lowers it to what it can express. */
struct post_comment {
	struct str path, old_path;      /* old_path differs in a rename, and is empty for a new file */
	enum side  side;
	uint32_t   start_line, line;    /* on `side`; start_line <= line */
	uint32_t   old_line, new_line;  /* of `line` in both sides; 0 where it does not exist: context lines have both */
	uint32_t   old_start_line, new_start_line;
	uint32_t   old_next, old_start_next; /* first line of the old side that is not above `line`, `start_line` (old_line where that is not 0); 0: not known */
	struct str body;                /* Markdown with its marker as last line, without the suggestion */
	bool       has_suggestion;
	struct str suggestion;          /* replaces the lines start_line..line of the new side whole; no final line end; .p NULL: they are taken away */
	struct str original;            /* those lines as they are, credentials masked: for forges that can only show a diff */
	uint32_t   end_column;          /* where the real `line` ends, in UTF-16 units; known with a suggestion alone */
	bool       ends;                /* ... and with a line end: only the last line of a file may have none */
	struct str rule;
	enum severity severity;
	char       fingerprint[FINGERPRINT_HEX + 1];
};

enum conclusion { CONCLUSION_CLEAN, CONCLUSION_FINDINGS, CONCLUSION_LIMITED, CONCLUSION_FAILED };

struct annotation {
	struct str    path, message, title;
	enum severity severity;
	uint32_t      start_line, line;
	char          fingerprint[FINGERPRINT_HEX + 1];
};

/* Everything to be said about one head, decided before anything is sent. */
struct post_plan {
	char                 head_oid[OID_HEX + 1];
	char                 base_oid[OID_HEX + 1]; /* merge base of the diff that the lines refer to */
	struct post_comment *comments;
	size_t               n_comments;
	struct str           summary;     /* Markdown of the one summary comment, with marker; empty: none, and an old one stays */
	struct thread       *resolve;     /* threads whose finding is fixed and in which no person wrote */
	size_t               n_resolve;
	struct thread       *reopen;      /* threads that we had resolved and whose finding is there again; skipped by forges that cannot */
	size_t               n_reopen;
	struct {
		enum conclusion    conclusion;
		struct str         title, summary, text;
		struct annotation *annotations;
		size_t             n_annotations;
		bool               fails; /* findings at or above fail_on: the check is red */
	} check;
};
