/* body.h - JSON bodies of messages and jobs: built and read with jansson, strictly. Private to this folder. */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scope.h"

static inline void auto_json(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON __attribute__((cleanup(auto_json)))

/* A new reference, NULL with *err set for anything but one JSON object. An empty text is an empty object. */
json_t *body_read(struct str text, struct err *err);
/* Into `mem`, NUL behind. */
struct str body_text(struct arena *mem, const json_t *object);
/* A member as text, copied; empty when absent or not a string. */
struct str body_str(struct arena *mem, const json_t *object, const char *name);
/* 0 when absent or not a whole number. */
int64_t body_int(const json_t *object, const char *name);
bool body_bool(const json_t *object, const char *name);
/* A text of ours; bytes that are not UTF-8 become U+FFFD. */
json_t *body_json(struct str text);
/* Sets a member; empty texts are left out. */
void body_set(json_t *object, const char *name, struct str text);
/* A commit id: 40 hex digits, or "" when it is none. `out` has OID_HEX + 1 bytes. */
void body_oid(char *out, const json_t *object, const char *name);
