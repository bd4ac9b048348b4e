/*
 * markdown.h - hostile text inside Markdown that we write. No mention, issue reference, HTML,
 * comment, marker or image of theirs comes alive. A zero-width space breaks what a forge would act
 * on even where a backslash does not.
 */
#pragma once
#include "base/buf.h"

/* Plain text as one line: only `code` between backticks keeps its meaning. */
void markdown_add_text(struct buf *out, struct str s);
/* Markdown that keeps its structure; an open fence is closed. Ends with a line end. */
void markdown_add_note(struct buf *out, struct str s);
/* A code span around one line of any text. */
void markdown_add_code(struct buf *out, struct str s);
/*
 * A fenced block; `info` is "suggestion", "diff" or empty. The text is not changed but for "\r"
 * before "\n".
 */
void markdown_add_fence(struct buf *out, const char *info, struct str text);
/* [`text`](url) when the url is a plain http or https one, else `text` alone. */
void markdown_add_link(struct buf *out, struct str text, struct str url);
