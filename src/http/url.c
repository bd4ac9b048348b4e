#include "http/url.h"

#include <stdio.h>

/* What never needs an escape besides letters and digits (RFC 3986, 2.3). */
static const char unreserved[] = "-._~";

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_unreserved(char c)
{
	return is_alnum(c) || is_in(c, unreserved);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte of the escape at i, or -1. */
static int escape_value(struct str s, size_t i)
{
	int high, low;

	if (i + 2 >= s.len)
		return -1;
	high = hex_value(s.p[i + 1]);
	low = hex_value(s.p[i + 2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* What servers take beyond the grammar is taken too ([ ] { } | ^ " < > `): links that forges give hold them. */
static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] <= 0x20 || s.p[i] > 0x7e || s.p[i] == '\\')
			return false;
		if (s.p[i] == '%' && escape_value(s, i) <= 0)
			return false;
	}
	return true;
}

static bool is_name(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!is_alnum(host.p[i]) && !is_in(host.p[i], "-._"))
			return false;
	return host.len > 0 && host.len <= 253 && host.p[0] != '.';
}

static bool is_ipv6(struct str host)
{
	if (host.len < 4 || host.len > 47 || host.p[0] != '[' || host.p[host.len - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < host.len; i++)
		if (hex_value(host.p[i]) < 0 && host.p[i] != ':' && host.p[i] != '.')
			return false;
	return true;
}

static struct str lower(struct arena *mem, struct str s)
{
	char *copy = arena_z(mem, s);

	for (size_t i = 0; i < s.len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] += 'a' - 'A';
	return (struct str){ copy, s.len };
}

/* "host", "host:port", "[::1]:port". */
static bool parse_authority(struct url *out, struct arena *mem, struct str text)
{
	size_t end = text.len && text.p[0] == '[' ? str_find_byte(text, ']') : 0, colon;
	struct str host = text;
	uint64_t port = out->https ? 443 : 80;

	if (end == SIZE_MAX)
		return false;
	colon = str_find_byte(str_from(text, end), ':');
	if (colon != SIZE_MAX) {
		colon += end;
		host = str_sub(text, 0, colon);
		if (!str_to_u64(str_from(text, colon + 1), &port) || port == 0 || port > 65535)
			return false;
	}
	if (!is_name(host) && !is_ipv6(host))
		return false;
	out->host = lower(mem, host);
	out->port = (uint16_t)port;
	return true;
}

/* RFC 3986, 5.2.4. */
static struct str without_dots(struct arena *mem, struct str path)
{
	char *out = arena_alloc(mem, path.len + 2);
	size_t len = 0;

	if (path.len == 0)
		return STR("/");
	while (path.len) {
		size_t slash = str_find_byte(str_from(path, 1), '/');
		struct str part = slash == SIZE_MAX ? path : str_sub(path, 0, slash + 1);
		bool last = slash == SIZE_MAX;

		path = str_from(path, part.len);
		if (str_eq(part, STR("/..")))
			while (len && out[--len] != '/')
				;
		if (str_eq(part, STR("/..")) || str_eq(part, STR("/."))) {
			if (last)
				out[len++] = '/';
			continue;
		}
		memcpy(out + len, part.p, part.len);
		len += part.len;
	}
	return (struct str){ out, len };
}

static void split_query(struct url *url, struct arena *mem, struct str rest)
{
	size_t mark = str_find_byte(rest, '?');

	url->query = (struct str){ 0 };
	if (mark != SIZE_MAX) {
		url->query = arena_str(mem, str_from(rest, mark + 1));
		rest = str_sub(rest, 0, mark);
	}
	url->path = without_dots(mem, rest);
}

/* How long "scheme://" is: 0 when it is none of ours. */
static size_t scheme_length(struct str text, bool *https)
{
	*https = str_eq_nocase(str_sub(text, 0, 8), STR("https://"));
	if (*https)
		return 8;
	return str_eq_nocase(str_sub(text, 0, 7), STR("http://")) ? 7 : 0;
}

int url_parse(struct url *out, struct arena *mem, struct str text, struct err *err)
{
	struct url url = { 0 };
	size_t at = scheme_length(text, &url.https), end;

	if (text.len > URL_MAX)
		return err_input(err, "an address is longer than %d bytes", URL_MAX);
	if (!at)
		return err_input(err, "an address must begin with https:// or http://");
	if (!is_text(text))
		return err_input(err, "an address has a byte that may not stand there");
	text = str_from(text, at);
	if (str_find_byte(text, '#') != SIZE_MAX)
		return err_input(err, "an address may have no fragment ('#')");
	for (end = 0; end < text.len && text.p[end] != '/' && text.p[end] != '?'; end++)
		if (text.p[end] == '@')
			return err_input(err, "an address may hold no user or password");
	if (!parse_authority(&url, mem, str_sub(text, 0, end)))
		return err_input(err, "an address has no valid host or port");
	split_query(&url, mem, str_from(text, end));
	*out = url;
	return 0;
}

/* All of the path up to and with its last slash. */
static struct str folder_of(struct str path)
{
	while (path.len && path.p[path.len - 1] != '/')
		path.len--;
	return path;
}

/* "scheme:" as RFC 3986 has it: a reference that begins so is absolute. */
static bool has_scheme(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == ':')
			return i > 0;
		if (!is_alnum(text.p[i]) && !is_in(text.p[i], "+-."))
			return false;
	}
	return false;
}

int url_resolve(struct url *out, struct arena *mem, const struct url *base, struct str reference,
		struct err *err)
{
	size_t hash = str_find_byte(reference, '#');
	struct url url = *base;

	if (hash != SIZE_MAX)
		reference = str_sub(reference, 0, hash);
	if (has_scheme(reference))
		return url_parse(out, mem, reference, err);
	if (str_starts(reference, STR("//")))
		return url_parse(out, mem,
				 arena_printf(mem, "%s:%.*s", base->https ? "https" : "http",
					      STR_ARG(reference)),
				 err);
	if (reference.len > URL_MAX || !is_text(reference))
		return err_input(err,
				 "an address has a byte that may not stand there, or is too long");
	if (reference.len == 0) {
		*out = url;
		return 0;
	}
	if (reference.p[0] == '?')
		reference = arena_printf(mem, "%.*s%.*s", STR_ARG(base->path), STR_ARG(reference));
	else if (reference.p[0] != '/')
		reference = arena_printf(mem, "%.*s%.*s", STR_ARG(folder_of(base->path)),
					 STR_ARG(reference));
	split_query(&url, mem, reference);
	*out = url;
	return 0;
}

struct str url_text(const struct url *url, struct arena *mem)
{
	char port[8] = "";

	if (url->port != (url->https ? 443 : 80))
		snprintf(port, sizeof port, ":%u", url->port);
	return arena_printf(mem, "%s://%.*s%s%.*s%s%.*s", url->https ? "https" : "http",
			    STR_ARG(url->host), port, STR_ARG(url->path), url->query.len ? "?" : "",
			    STR_ARG(url->query));
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && str_eq(a->host, b->host);
}

static void add_escape(struct buf *buf, char c)
{
	static const char hex[] = "0123456789ABCDEF";

	buf_add_byte(buf, '%');
	buf_add_byte(buf, hex[(unsigned char)c >> 4]);
	buf_add_byte(buf, hex[(unsigned char)c & 15]);
}

void url_add_escaped(struct buf *buf, struct str part)
{
	bool dots = str_eq(part, STR(".")) || str_eq(part, STR(".."));

	for (size_t i = 0; i < part.len; i++) {
		if (is_unreserved(part.p[i]) && !dots)
			buf_add_byte(buf, part.p[i]);
		else
			add_escape(buf, part.p[i]);
	}
}

void url_add_escaped_path(struct buf *buf, struct str path)
{
	size_t slash;

	while ((slash = str_find_byte(path, '/')) != SIZE_MAX) {
		url_add_escaped(buf, str_sub(path, 0, slash));
		buf_add_byte(buf, '/');
		path = str_from(path, slash + 1);
	}
	url_add_escaped(buf, path);
}

struct str url_escaped(struct arena *mem, struct str part)
{
	struct buf buf = { 0 };
	struct str out;

	url_add_escaped(&buf, part);
	out = arena_str(mem, buf_str(&buf));
	buf_release(&buf);
	return out;
}

bool url_unescape(struct str *out, struct arena *mem, struct str part, bool form)
{
	char *text = arena_alloc(mem, part.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < part.len; i++) {
		int value = (unsigned char)part.p[i];

		if (part.p[i] == '%') {
			value = escape_value(part, i);
			if (value < 0)
				return false;
			i += 2;
		} else if (form && part.p[i] == '+') {
			value = ' ';
		}
		text[len++] = (char)value;
	}
	text[len] = '\0';
	*out = (struct str){ text, len };
	return true;
}

bool url_query_get(struct str *out, struct arena *mem, struct str query, struct str key)
{
	struct str pair, name;

	while (str_cut(&query, '&', &pair)) {
		size_t equals = str_find_byte(pair, '=');
		struct str left = equals == SIZE_MAX ? pair : str_sub(pair, 0, equals);

		if (!url_unescape(&name, mem, left, true) || !str_eq(name, key))
			continue;
		return url_unescape(
			out, mem,
			equals == SIZE_MAX ? (struct str){ 0 } : str_from(pair, equals + 1), true);
	}
	return false;
}
