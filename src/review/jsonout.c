#include "jsonout.h"

#include "base/scope.h"
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

/* A value as jansson lays it out, deeper by some columns: its strings hold no line ends. Gives the value up. */
static void add_value(struct jsonout *json, struct buf *out, json_t *value, unsigned columns)
{
	AUTO_BUF struct buf text = { 0 };
	struct str rest, line;

	if (!value || json_dump_callback(value, add_part, &text, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0)
		json->failed = true;
	json_decref(value);
	arena_reset(&json->mem);
	rest = buf_str(&text);
	for (bool first = true; str_cut(&rest, '\n', &line); first = false) {
		if (!first)
			buf_printf(out, "\n%*s", (int)columns, "");
		buf_add(out, line);
	}
}

static void add_key(struct buf *out, const char *key)
{
	buf_printf(out, "%s\n  \"%s\": ", out->len ? "," : "{", key);
}

void jsonout_member(struct jsonout *json, struct buf *out, const char *key, json_t *value)
{
	add_key(out, key);
	add_value(json, out, value, 2);
}

void jsonout_list(struct jsonout *json, struct buf *out, const char *key, size_t n,
		  jsonout_item *item, const void *payload)
{
	add_key(out, key);
	buf_add_byte(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_add(out, i ? STR(",\n    ") : STR("\n    "));
		add_value(json, out, item(json, payload, i), 4);
	}
	buf_add(out, n ? STR("\n  ]") : STR("]"));
}

int jsonout_end(struct jsonout *json, struct buf *out, struct err *err)
{
	buf_add(out, STR("\n}\n"));
	if (out->full)
		return err_set(err, ERR_PERM, "the output is larger than %d bytes", BUF_MAX);
	return json->failed ? err_set(err, ERR_TEMP, "out of memory") : 0;
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
