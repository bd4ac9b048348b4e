/* change.h - what a change did to each file, as plain data: no git, no I/O. */
#pragma once
#include "base/arena.h"

enum change_status {
	CHANGE_ADDED,
	CHANGE_MODIFIED,
	CHANGE_DELETED,
	CHANGE_RENAMED, /* content may differ too */
	CHANGE_COPIED,
	CHANGE_TYPE,    /* file <-> symlink <-> submodule */
	CHANGE_MODE,    /* mode bits only */
};

/* Why a changed file is not analysed. Order is that of change_skip_text(). */
enum change_skip {
	SKIP_NONE,
	SKIP_DELETED,    /* nothing stands there to comment on */
	SKIP_SUBMODULE,
	SKIP_SYMLINK,
	SKIP_BINARY,
	SKIP_MODE_ONLY,
	SKIP_LFS,        /* a Git LFS pointer, the content is elsewhere */
	SKIP_GENERATED,
	SKIP_VENDORED,
	SKIP_TOO_LARGE,
	SKIP_ENCODING,   /* not UTF-8 */
	SKIP_UNREADABLE,
	SKIP_FILTERED,   /* by the user's path filters */
	SKIP_TIME,       /* parsing or matching ran into its time cap */
	SKIP_MEMORY,     /* ... its memory cap */
	SKIP_LIMIT,      /* more changed files than the cap */
	SKIP_COUNT,
};

/* One line of a hunk. Line numbers are 1-based; 0 where the side has none. */
struct diff_line {
	uint32_t old_line;
	uint32_t new_line;
	char     kind;       /* ' ' context, '+' added, '-' removed */
};

/* As in "@@ -old_start,old_lines +new_start,new_lines @@". */
struct hunk {
	uint32_t          old_start, old_lines;
	uint32_t          new_start, new_lines;
	struct diff_line *lines; /* borrowed from the arena of the changeset */
	size_t            n;
};

enum { OID_HEX = 40 };

struct change {
	enum change_status status;
	enum change_skip   skip;
	struct str         skip_detail;  /* e.g. which marker; may be empty */
	struct str         old_path;     /* empty when added */
	struct str         new_path;     /* the old path when deleted */
	uint32_t           old_mode, new_mode; /* git's file modes, 0 for none */
	char               old_oid[OID_HEX + 1]; /* "" when there is none or it is not stored */
	char               new_oid[OID_HEX + 1];
	struct str         old_text;     /* bytes of both sides when skip is SKIP_NONE */
	struct str         new_text;
	struct hunk       *hunks;        /* 3 lines of context, as forges show them */
	size_t             n_hunks;
	uint32_t           added, removed; /* lines */
};

struct changeset {
	struct change *items;
	size_t         n, cap;
	char           base_oid[OID_HEX + 1]; /* "" when the side is no commit */
	char           head_oid[OID_HEX + 1];
};

/* A short phrase for people: "binary file", "generated file", ... */
const char *change_skip_text(enum change_skip skip);
/* What makes a plural of that phrase: "s" or nothing. */
struct str change_skip_plural(enum change_skip skip);
/* A stable word for machines: "binary", "generated", ... */
const char *change_skip_name(enum change_skip skip);
/* "added", "modified", ... */
const char *change_status_name(enum change_status status);

/*
 * Where a comment on new-side lines [start, end] (1-based, inclusive) may stand: the lines must
 * lie in the diff, and all in one hunk. Lines outside the hunk are cut off; a range that begins in one
 * hunk and ends in another keeps the part in the first. False when no line of the range is in the diff.
 */
struct anchor {
	uint32_t start_line; /* new side, 1-based, <= line */
	uint32_t line;
	size_t   hunk;       /* index into change.hunks */
	bool     exact;      /* false when the range was cut */
};
bool change_anchor(const struct change *change, uint32_t start, uint32_t end, struct anchor *out);
/* True when a new-side line in [start, end] was added or changed by this change. */
bool change_touches(const struct change *change, uint32_t start, uint32_t end);
