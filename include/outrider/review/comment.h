/*
 * comment.h - what a person reads on the forge: comments, the summary, the check run. Markdown, forge-neutral.
 *
 * Everything that comes from the change or from another tool is neutralised (src/review/markdown.h) and masked (redact.h).
 * The last line of each body is a marker (model/marker.h).
 */
#pragma once
#include "model/marker.h"
#include "model/pull.h"
#include "model/review.h"

enum {
	COMMENT_MAX_BODY = 65536,    /* GitHub's limit in characters; we count bytes, which are never fewer */
	COMMENT_MAX_FIX = 30000,     /* bytes of a suggestion or diff */
	CHECK_MAX_ANNOTATIONS = 200, /* four requests to GitHub; more is not read */
};

/* What a fix does to whole lines, without the file at hand: the sealed child makes it, the worker reads it. */
struct comment_fix {
	bool       clickable; /* `after` replaces exactly the new side's lines line..last; else only a diff to read */
	uint32_t   line, last;
	struct str before;    /* whole lines with their line ends; of the file, unmasked where clickable, else masked */
	struct str after;
	struct str title;     /* may be empty */
	bool       too_long;
};

/*
 * The fix of a finding in the text of its file. False: it has none, or it does not fit. Clickable only where all lines lie in one
 * hunk of `change` together with the finding's anchor, and nothing in it would have to be masked.
 */
bool comment_fix_make(struct comment_fix *out, struct arena *mem, const struct finding *finding,
		      const struct change *change, struct str text);

/*
 * The comment on a finding that is in the diff. `fingerprint` goes into the marker (see thread.h for why it is not the
 * finding's own). `fix` may be NULL; it may come from a process that was taken over: lines that do not lie in `change` make
 * it a diff to read.
 */
void comment_make(struct post_comment *out, struct arena *mem, const struct finding *finding,
		  const char *fingerprint, const struct change *change, const struct comment_fix *fix);

/*
 * The whole body for forges that read a suggestion as a fenced block (GitHub, GitLab with `info` "suggestion:-2+0"): the block stands
 * in front of the marker.
 */
struct str comment_body(struct arena *mem, const struct post_comment *comment, const char *info);
