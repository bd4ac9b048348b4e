/* redact.h - credentials never leave in what we write. */
#pragma once
#include "base/arena.h"

/*
 * Returns `text` with what is likely a credential masked by '*': known token shapes, private key
 * blocks, passwords in URLs, and long random values after names such as password, secret or token.
 * A short head of a known token stays ("ghp_****") so that a person sees what it was. The length
 * never changes and line ends stay, so lines, columns and offsets keep their meaning.
 * Returns `text` itself when there is nothing to mask, else a copy in `mem`.
 * A guard against leaks, not a scanner: unknown shapes pass.
 */
struct str redact_text(struct arena *mem, struct str text);
/* True when redact_text would mask something. */
bool redact_needed(struct str text);
