#include "model/marker.h"

#define HEAD STR("<!-- outrider:v1 finding=")
#define RULE STR(" rule=")
#define TAIL STR(" -->")

/* What may stand in an HTML comment and needs no escaping anywhere. */
static bool is_rule(struct str s)
{
	if (s.len == 0 || s.len > MARKER_MAX_RULE)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("-_./:@+", c))))
			return false;
	}
	return str_find(s, STR("--")) == SIZE_MAX;
}

static bool is_fingerprint(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.len == FINGERPRINT_HEX;
}

static struct str last_line(struct str body)
{
	size_t start;

	body = str_trim(body);
	start = body.len;
	while (start && body.p[start - 1] != '\n')
		start--;
	return str_from(body, start);
}

bool marker_read(struct marker *out, struct str body)
{
	struct str line = last_line(body), print;
	struct marker marker = { 0 };

	if (str_eq(line, MARKER_SUMMARY)) {
		marker.summary = true;
		*out = marker;
		return true;
	}
	if (!str_starts(line, HEAD) || !str_ends(line, TAIL) || line.len < HEAD.len + FINGERPRINT_HEX + TAIL.len)
		return false;
	line = str_sub(line, HEAD.len, line.len - TAIL.len);
	print = str_sub(line, 0, FINGERPRINT_HEX);
	line = str_from(line, FINGERPRINT_HEX);
	if (!is_fingerprint(print))
		return false;
	if (line.len) {
		if (!str_starts(line, RULE) || !is_rule(str_from(line, RULE.len)))
			return false;
		marker.rule = str_from(line, RULE.len);
	}
	memcpy(marker.fingerprint, print.p, FINGERPRINT_HEX);
	*out = marker;
	return true;
}

struct str marker_finding(struct arena *mem, const char *fingerprint, struct str rule)
{
	if (!is_rule(rule))
		return arena_printf(mem, "<!-- outrider:v1 finding=%s -->", fingerprint);
	return arena_printf(mem, "<!-- outrider:v1 finding=%s rule=%.*s -->", fingerprint,
			    STR_ARG(rule));
}
