/* answer_value.h - JSON of the analyst, checked before and while it is read. For answer_read.c alone. */
#pragma once
#include <jansson.h>

#include "flow/answer.h"

/* Before the JSON library takes memory for it. */
static inline int check_shape(struct str text, struct err *err)
{
	size_t values = 0, depth = 0;
	bool string = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (string) {
			i += c == '\\';
			string = c != '"';
			continue;
		}
		string = c == '"';
		values += c == ',' || c == '[' || c == '{';
		depth += c == '[' || c == '{';
		if (depth > ANSWER_MAX_DEPTH || values > ANSWER_MAX_VALUES)
			return err_input(err, "the analyst's answer is nested too deeply or has too many values");
		depth -= depth && (c == ']' || c == '}');
	}
	return 0;
}

static inline int parse(json_t **out, struct str text, struct err *err)
{
	json_error_t why;

	if (check_shape(text, err) < 0)
		return -1;
	*out = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
	if (!json_is_object(*out) ||
	    json_integer_value(json_object_get(*out, "version")) != 1)
		return err_input(err, "the analyst's answer is no answer: %s",
				 *out ? "no object of version 1" : why.text);
	return 0;
}

static inline bool get_number(uint64_t *out, const json_t *json, uint64_t max)
{
	json_int_t n = json_integer_value(json);

	if (!json_is_integer(json) || n < 0 || (uint64_t)n > max)
		return false;
	*out = (uint64_t)n;
	return true;
}

static inline bool get_u32(uint32_t *out, const json_t *json, uint64_t max)
{
	uint64_t n;

	if (!get_number(&n, json, max))
		return false;
	*out = (uint32_t)n;
	return true;
}

static inline bool get_bool(bool *out, const json_t *json)
{
	*out = json_is_true(json);
	return json_is_boolean(json);
}

static inline bool get_oid(char out[OID_HEX + 1], const json_t *json)
{
	const char *s = json_string_value(json);

	if (!s || strlen(s) != OID_HEX || strspn(s, "0123456789abcdef") != OID_HEX)
		return false;
	memcpy(out, s, OID_HEX + 1);
	return true;
}
