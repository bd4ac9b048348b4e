#include "html.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "http/url.h"

static void add_char(struct buf *out, struct str one)
{
	static const struct {
		char        c;
		const char *text;
	} table[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };
	unsigned char c = (unsigned char)one.p[0];

	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].c == one.p[0]) {
			buf_add(out, str_of(table[i].text));
			return;
		}
	if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || !str_is_utf8(one))
		buf_add(out, STR("\xef\xbf\xbd"));
	else
		buf_add(out, one);
}

void html_text(struct buf *out, struct str text)
{
	while (text.len) {
		size_t n = str_utf8_len(text.p, text.len);

		add_char(out, str_sub(text, 0, n));
		text = str_from(text, n);
	}
}

static void add_time(struct buf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char machine[40], person[40];

	if (ms == 0) {
		buf_add(out, STR("–"));
		return;
	}
	gmtime_r(&seconds, &tm);
	strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%SZ", &tm);
	strftime(person, sizeof(person), "%Y-%m-%d %H:%M:%S", &tm);
	buf_printf(out, "<time datetime=\"%s\" title=\"UTC\">%s</time>", machine, person);
}

void html_span(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t     of;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" } };

	for (size_t i = 0; i < COUNT(units); i++)
		if (ms >= 2 * units[i].of || units[i].of == 1000) {
			buf_printf(out, "%lld %s", (long long)(ms / units[i].of), units[i].unit);
			return;
		}
}

void html_add(struct buf *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			buf_add_byte(out, *fmt);
			continue;
		}
		switch (*++fmt) {
		case 's':
			html_text(out, str_of(va_arg(args, const char *)));
			break;
		case 'S':
			html_text(out, va_arg(args, struct str));
			break;
		case 'R':
			buf_add(out, str_of(va_arg(args, const char *)));
			break;
		case 'u':
			url_add_escaped_path(out, va_arg(args, struct str));
			break;
		case 'd':
			buf_printf(out, "%lld", (long long)va_arg(args, int64_t));
			break;
		case 'T':
			add_time(out, va_arg(args, int64_t));
			break;
		default:
			buf_add_byte(out, *fmt);
			break;
		}
	}
	va_end(args);
}
