#include "payload.h"

#include <stdio.h>
#include <time.h>

/* Nothing is allocated for a text that is too deep or holds too much. */
static const char *count_values(struct str text)
{
	size_t depth = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else
				quoted = c != '"';
			continue;
		}
		quoted = c == '"';
		depth += c == '{' || c == '[';
		depth -= (c == '}' || c == ']') && depth;
		values += c == '{' || c == '[' || c == ',';
		if (depth > PAYLOAD_MAX_DEPTH)
			return "is nested too deeply";
		if (values > PAYLOAD_MAX_VALUES)
			return "holds too many values";
	}
	return NULL;
}

int payload_load(json_t **out, struct str text, struct err *err)
{
	const char *wrong = count_values(text);
	json_error_t error;
	json_t *json;

	if (wrong)
		return err_input(err, "the JSON %s", wrong);
	json = json_loadb(text.p ? text.p : "", text.len, JSON_ALLOW_NUL, &error);
	if (!json)
		return err_input(err, "not JSON: line %d, column %d", error.line, error.column);
	*out = json;
	return 0;
}

json_t *payload_at(const json_t *json, const char *path)
{
	struct str rest = str_of(path), name;
	const void *at = json;

	while (at && str_cut(&rest, '.', &name))
		at = json_object_getn(at, name.p, name.len);
	return json_is_null((const json_t *)at) ? NULL : (json_t *)(uintptr_t)at;
}

static struct str cut(struct str s, size_t max)
{
	if (s.len <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_sub(s, 0, max);
}

static struct str clean(struct arena *mem, struct str s, bool one_line)
{
	char *copy = arena_z(mem, s);

	for (size_t i = 0; i < s.len; i++) {
		bool layout = copy[i] == '\n' || copy[i] == '\t' || copy[i] == '\r';

		if (((unsigned char)copy[i] < 0x20 && (one_line || !layout)) || copy[i] == 0x7f)
			copy[i] = ' ';
	}
	return (struct str){ copy, s.len };
}

struct str payload_view(const json_t *json, const char *path)
{
	const json_t *value = payload_at(json, path);

	if (!json_is_string(value))
		return (struct str){ 0 };
	return (struct str){ json_string_value(value), json_string_length(value) };
}

struct str payload_str(struct arena *mem, const json_t *json, const char *path, size_t max)
{
	struct str s = payload_view(json, path);

	return s.len ? clean(mem, cut(s, max), false) : (struct str){ 0 };
}

struct str payload_name(struct arena *mem, const json_t *json, const char *path)
{
	struct str s = payload_view(json, path);

	return s.len ? clean(mem, cut(s, EVENT_MAX_NAME), true) : (struct str){ 0 };
}

struct str payload_id(struct arena *mem, const json_t *json, const char *path)
{
	const json_t *value = payload_at(json, path);
	struct str s;

	if (json_is_integer(value))
		return arena_printf(mem, "%lld", (long long)json_integer_value(value));
	s = payload_view(json, path);
	return s.len && s.len <= PAYLOAD_MAX_ID ? clean(mem, s, true) : (struct str){ 0 };
}

uint64_t payload_number(const json_t *json, const char *path)
{
	const json_t *value = payload_at(json, path);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return 0;
	return (uint64_t)json_integer_value(value);
}

bool payload_bool(const json_t *json, const char *path)
{
	return json_is_true(payload_at(json, path));
}

void payload_oid(char out[OID_HEX + 1], const json_t *json, const char *path)
{
	struct str s = payload_view(json, path);
	bool zero = true;

	out[0] = '\0';
	if (s.len != OID_HEX)
		return;
	for (size_t i = 0; i < OID_HEX; i++) {
		char c = s.p[i];

		if (c >= 'A' && c <= 'F')
			c += 'a' - 'A';
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
			out[0] = '\0';
			return;
		}
		zero = zero && c == '0';
		out[i] = c;
	}
	out[zero ? 0 : OID_HEX] = '\0';
}

int64_t payload_time(const json_t *json, const char *path)
{
	struct str s = payload_view(json, path);
	char text[40], sign = '+';
	unsigned hours = 0, minutes = 0;
	struct tm tm = { 0 };
	const char *at;
	int64_t offset;

	if (s.len == 0 || s.len >= sizeof text)
		return 0;
	snprintf(text, sizeof text, "%.*s", STR_ARG(s));
	at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!at) /* Gerrit: "2024-05-01 12:34:56.000000000", in UTC */
		at = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	if (!at)
		return 0;
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	if (*at && *at != 'Z' && sscanf(at, "%c%2u:%2u", &sign, &hours, &minutes) != 3)
		return 0;
	offset = (int64_t)(hours * 3600 + minutes * 60);
	return timegm(&tm) - (sign == '-' ? -offset : offset);
}

void payload_labels(struct str **out, size_t *n, struct arena *mem, const json_t *json,
		    const char *path, const char *member)
{
	const json_t *list = payload_at(json, path);
	size_t i, count = 0;
	json_t *item;

	if (!json_is_array(list) || !json_array_size(list))
		return;
	*out = ARENA_ARRAY(mem, EVENT_MAX_LABELS, struct str);
	json_array_foreach(list, i, item)
	{
		struct str name = payload_name(mem, item, json_is_string(item) ? "" : member);

		if (name.len && count < EVENT_MAX_LABELS)
			(*out)[count++] = name;
	}
	*n = count;
}

json_t *payload_text(struct str s)
{
	struct buf buf = { 0 };
	json_t *json;

	if (str_is_utf8(s))
		return json_stringn(s.p ? s.p : "", s.len);
	for (size_t i = 0; i < s.len;) {
		size_t n = str_utf8_len(s.p + i, s.len - i);

		if (n == 1 && (unsigned char)s.p[i] >= 0x80)
			buf_add(&buf, STR("\xef\xbf\xbd"));
		else
			buf_add(&buf, str_sub(s, i, i + n));
		i += n;
	}
	json = json_stringn(buf.bytes ? buf.bytes : "", buf.len);
	buf_release(&buf);
	return json;
}

struct str payload_dump(struct arena *mem, json_t *root)
{
	struct str out = { 0 };
	char *text = root ? json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (text)
		out = arena_str(mem, str_of(text));
	free(text);
	json_decref(root);
	return out;
}
