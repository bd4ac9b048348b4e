#include "jsonout.h"

#include "glyph.h"
#include "review/redact.h"

enum { SCRATCH_MAX = 1 << 30 }; /* as much as an output may have */

void jsonout_init(struct jsonout *json, const struct review *review,
		  const struct render_options *options)
{
	*json = (struct jsonout){ 0 };
	arena_init(&json->mem, SCRATCH_MAX);
	source_init(&json->source, review, options);
}

void jsonout_release(struct jsonout *json)
{
	source_release(&json->source);
	arena_release(&json->mem);
}

static json_t *made(struct jsonout *json, json_t *value)
{
	if (!value)
		json->failed = true;
	return value;
}

json_t *jsonout_object(struct jsonout *json)
{
	return made(json, json_object());
}

json_t *jsonout_array(struct jsonout *json)
{
	return made(json, json_array());
}

json_t *jsonout_number(struct jsonout *json, uint64_t n)
{
	return made(json, json_integer((json_int_t)n));
}

json_t *jsonout_raw(struct jsonout *json, struct str s)
{
	struct str clean = glyph_utf8(&json->mem, s);

	return made(json, json_stringn_nocheck(clean.p ? clean.p : "", clean.len));
}

json_t *jsonout_str(struct jsonout *json, struct str s)
{
	return jsonout_raw(json, redact_text(&json->mem, s));
}

json_t *jsonout_str_or_null(struct jsonout *json, struct str s)
{
	return s.len ? jsonout_str(json, s) : json_null();
}

void jsonout_put(struct jsonout *json, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, value) < 0)
		json->failed = true;
}

void jsonout_push(struct jsonout *json, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		json->failed = true;
}

static int add_part(const char *bytes, size_t n, void *payload)
{
	struct buf *out = payload;

	buf_add(out, (struct str){ bytes, n });
	return out->full ? -1 : 0;
}

int jsonout_write(struct jsonout *json, struct buf *out, json_t *root, size_t flags,
		  struct err *err)
{
	int rc = json->failed ? -1 : json_dump_callback(root, add_part, out, flags);

	json_decref(root);
	if (out->full)
		return err_set(err, ERR_PERM, "the output is larger than %d bytes", BUF_MAX);
	if (rc < 0)
		return err_set(err, ERR_TEMP, "out of memory");
	buf_add_byte(out, '\n');
	return 0;
}
