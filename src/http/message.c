#include "http/message.h"

#include <stdio.h>
#include <time.h>

enum { DAY = 24 * 60 * 60 };

struct str http_header_get(const struct http_headers *headers, struct str name)
{
	for (size_t i = 0; i < headers->n; i++)
		if (str_eq_nocase(headers->items[i].name, name))
			return str_trim(headers->items[i].value);
	return (struct str){ 0 };
}

size_t http_header_count(const struct http_headers *headers, struct str name)
{
	size_t n = 0;

	for (size_t i = 0; i < headers->n; i++)
		n += str_eq_nocase(headers->items[i].name, name);
	return n;
}

static bool is_token(struct str name)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') &&
		    (!c || !strchr(marks, c)))
			return false;
	}
	return name.len > 0;
}

static bool is_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
			return false;
	return true;
}

int http_header_add(struct http_headers *headers, struct arena *mem, struct str name,
		    struct str value, struct err *err)
{
	if (!is_token(name))
		return err_set(err, ERR_BUG, "a header has a name that is none");
	if (!is_value(value))
		return err_set(err, ERR_BUG, "the header %.*s has a control character",
			       STR_ARG(name));
	ARENA_PUSH(mem, headers, ((struct http_header){ name, value }));
	return 0;
}

const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} words[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (words[i].status == status)
			return words[i].text;
	return "Unknown";
}

/* The preferred form, and the two that must still be understood (RFC 9110, 5.6.7). */
static bool parse_date(const char *text, int64_t *out)
{
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT",
					     "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y" };

	for (size_t i = 0; i < COUNT(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (!end || *end)
			continue;
		*out = timegm(&tm);
		return true;
	}
	return false;
}

int64_t http_retry_after(struct str value, int64_t now)
{
	char text[64];
	uint64_t seconds;
	int64_t date;

	value = str_trim(value);
	if (value.len == 0 || value.len >= sizeof text)
		return -1;
	if (str_to_u64(value, &seconds))
		return seconds > DAY ? DAY : (int64_t)seconds;
	snprintf(text, sizeof text, "%.*s", STR_ARG(value));
	if (strlen(text) != value.len || !parse_date(text, &date))
		return -1;
	if (date <= now)
		return 0;
	return date - now > DAY ? DAY : date - now;
}
