/*
 * jsonout.h - JSON that is built with jansson from hostile bytes: malformed UTF-8 replaced,
 * credentials masked.
 */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "source.h"

/* One output under way. A failed allocation is remembered and told once, by jsonout_write. */
struct jsonout {
	struct arena  mem;    /* scratch */
	struct source source;
	bool          failed;
};

void jsonout_init(struct jsonout *json, const struct review *review,
		  const struct render_options *options);
void jsonout_release(struct jsonout *json);

/* New references, for jsonout_put and jsonout_push, which take them over. */
json_t *jsonout_object(struct jsonout *json);
json_t *jsonout_array(struct jsonout *json);
json_t *jsonout_number(struct jsonout *json, uint64_t n);
/* Masked and well-formed. */
json_t *jsonout_str(struct jsonout *json, struct str s);
/* The same, or null when s is empty. */
json_t *jsonout_str_or_null(struct jsonout *json, struct str s);
/* Well-formed only: for paths, ids and text that is masked already. */
json_t *jsonout_raw(struct jsonout *json, struct str s);

void jsonout_put(struct jsonout *json, json_t *object, const char *key, json_t *value);
void jsonout_push(struct jsonout *json, json_t *array, json_t *value);

/*
 * One object member by member, each written when it is made: a report of a large scan would fill the memory as a tree. `out`
 * is empty before the first; the result is what jsonout_write gives with JSON_INDENT(2).
 */
typedef json_t *jsonout_item(struct jsonout *json, const void *payload, size_t i);
void jsonout_member(struct jsonout *json, struct buf *out, const char *key, json_t *value);
void jsonout_list(struct jsonout *json, struct buf *out, const char *key, size_t n,
		  jsonout_item *item, const void *payload);
int jsonout_end(struct jsonout *json, struct buf *out, struct err *err);

/* Writes `root` and gives it up, also on failure. Flags are those of json_dumps. */
int jsonout_write(struct jsonout *json, struct buf *out, json_t *root, size_t flags,
		  struct err *err);
