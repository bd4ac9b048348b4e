/* html.h - HTML that is built from hostile text: everything that is not ours goes through html_text. Private to this folder. */
#pragma once
#include "base/buf.h"

/* Escaped for text and for quoted attributes; malformed UTF-8 and control characters become U+FFFD. */
void html_text(struct buf *out, struct str text);
/*
 * printf for HTML with its own few directives: %s const char *, escaped; %S struct str, escaped; %d int64_t; %R const char *, raw, for
 * markup of ours; %u struct str, as part of an address; %T int64_t milliseconds since 1970, as a <time>; %% itself.
 */
void html_add(struct buf *out, const char *fmt, ...);
/* A duration of `ms` in words: "3 s", "5 min", "2 h", "4 d". */
void html_span(struct buf *out, int64_t ms);
