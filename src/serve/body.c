#include "body.h"

#include <stdlib.h>

#include "model/change.h"

json_t *body_read(struct str text, struct err *err)
{
	json_error_t error;
	json_t *object;

	if (text.len == 0)
		return json_object();
	object = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &error);
	if (object && json_is_object(object))
		return object;
	(void)err_input(err, "expected a JSON object: %s", object ? "it is another value" : error.text);
	json_decref(object);
	return NULL;
}

struct str body_text(struct arena *mem, const json_t *object)
{
	char *dump = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	struct str text = arena_str(mem, str_of(dump ? dump : "{}"));

	free(dump);
	return text;
}

struct str body_str(struct arena *mem, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return arena_str(mem, (struct str){ json_string_value(value), json_string_length(value) });
}

int64_t body_int(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool body_bool(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

json_t *body_json(struct str text)
{
	AUTO_BUF struct buf clean = { 0 };
	json_t *value = json_stringn(text.p ? text.p : "", text.len);

	if (value)
		return value;
	while (text.len) {
		size_t n = str_utf8_len(text.p, text.len);
		struct str one = str_sub(text, 0, n);

		buf_add(&clean, str_is_utf8(one) ? one : STR("\xef\xbf\xbd"));
		text = str_from(text, n);
	}
	return json_stringn(clean.bytes ? clean.bytes : "", clean.len);
}

void body_set(json_t *object, const char *name, struct str text)
{
	if (text.len)
		json_object_set_new(object, name, body_json(text));
}

void body_oid(char *out, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	out[0] = '\0';
	if (text && strlen(text) == OID_HEX && strspn(text, "0123456789abcdef") == OID_HEX)
		memcpy(out, text, OID_HEX + 1);
}
