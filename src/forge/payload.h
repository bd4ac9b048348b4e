/* payload.h - JSON of forges, read with tolerance for what is absent and none for what is too much. */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/event.h"

enum {
	PAYLOAD_MAX_DEPTH = 64,        /* GitHub's deepest example has 9 levels */
	PAYLOAD_MAX_VALUES = 1000000,  /* a value takes up to 100 bytes of memory as a tree, 4 as text */
	PAYLOAD_MAX_ID = 200,
};

/* Counted before anything is built. ERR_INPUT. The tree is the caller's to json_decref. */
int payload_load(json_t **out, struct str text, struct err *err);
static inline void auto_json(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON __attribute__((cleanup(auto_json)))

/* `path` is names with dots between, "pull_request.head.sha"; "" is the value itself. NULL when anything on the way is absent. */
json_t *payload_at(const json_t *json, const char *path);
/* The string as it is, borrowed from the tree: for texts that are only searched. */
struct str payload_view(const json_t *json, const char *path);
/* A string, cut to at most `max` bytes between characters, without control characters but line ends and tabs; or empty. */
struct str payload_str(struct arena *mem, const json_t *json, const char *path, size_t max);
/* The same with EVENT_MAX_NAME, as one line. */
struct str payload_name(struct arena *mem, const json_t *json, const char *path);
/* An identifier that may be a number or a string. */
struct str payload_id(struct arena *mem, const json_t *json, const char *path);
/* 0 when absent, negative or no whole number. */
uint64_t payload_number(const json_t *json, const char *path);
bool payload_bool(const json_t *json, const char *path);
/* 40 hex digits in lower case; "" for anything else, and for git's "no commit" of zeros. */
void payload_oid(char out[OID_HEX + 1], const json_t *json, const char *path);
/* "2024-05-01T12:34:56Z", with fraction or offset too, as Unix seconds; 0 when it is none. */
int64_t payload_time(const json_t *json, const char *path);
/* A list of objects' `name` members, or of strings: at most EVENT_MAX_LABELS. */
void payload_labels(struct str **out, size_t *n, struct arena *mem, const json_t *json, const char *path,
		    const char *member);

/* For building: a JSON string of any bytes, malformed UTF-8 replaced; never NULL but without memory. */
json_t *payload_text(struct str s);
/* As JSON in `mem`; gives `root` up. Empty when memory ran out or root is NULL. */
struct str payload_dump(struct arena *mem, json_t *root);
