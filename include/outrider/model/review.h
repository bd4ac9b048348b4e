/* review.h - the outcome of one review or scan: what is rendered and, later, posted. */
#pragma once
#include "model/change.h"
#include "model/finding.h"

/* A file that was not analysed, and why. */
struct skipped {
	struct str       path;
	enum change_skip reason;
	struct str       detail; /* may be empty */
};

/* Something that did not work but did not stop the review: a broken rule, a regex over its limit. */
struct notice {
	struct str text; /* one line */
};

struct review {
	struct arena       *mem;       /* borrowed: everything below lives there */
	struct finding_list findings;  /* what is shown, best rank first (review) or by place (scan) */
	struct finding_list suppressed; /* suppressed in source or by configuration */
	struct finding_list held_back; /* over a cap, best rank first: counted, never silently lost */
	struct {
		struct skipped *items;
		size_t          n, cap;
	} skipped;
	struct {
		struct notice *items;
		size_t         n, cap;
	} notices;
	size_t     files;          /* analysed */
	size_t     changed_files;  /* all, 0 for a scan */
	uint32_t   added_lines;    /* of all changed files */
	bool       is_change;      /* review (true) or scan */
	bool       limited;        /* something was not looked at that should have been */
	char       base_oid[OID_HEX + 1], head_oid[OID_HEX + 1];
	struct str compared;       /* what with, for people: "2ac8989 (main)"; may be empty */
	/* Borrowed; NULL for a scan. Renderers read source lines and hunks from here. */
	const struct changeset *changes;
};

void review_skip(struct review *review, struct str path, enum change_skip reason,
		 struct str detail);
void review_notice(struct review *review, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
