#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_release(struct buf *buf)
{
	if (!buf)
		return;
	free(buf->bytes);
	*buf = (struct buf){ 0 };
}

static bool reserve(struct buf *buf, size_t more)
{
	size_t room = buf->room ? buf->room : 256;
	char *bytes;

	if (buf->full || more > BUF_MAX - buf->len) {
		buf->full = true;
		return false;
	}
	if (buf->room - buf->len >= more)
		return true;
	while (room - buf->len < more)
		room *= 2;
	bytes = realloc(buf->bytes, room);
	if (!bytes) {
		buf->full = true;
		return false;
	}
	buf->bytes = bytes;
	buf->room = room;
	return true;
}

void buf_add(struct buf *buf, struct str s)
{
	if (s.len == 0 || !reserve(buf, s.len))
		return;
	memcpy(buf->bytes + buf->len, s.p, s.len);
	buf->len += s.len;
}

void buf_add_byte(struct buf *buf, char c)
{
	buf_add(buf, (struct str){ &c, 1 });
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args, again;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len > 0 && reserve(buf, (size_t)len + 1)) {
		vsnprintf(buf->bytes + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void buf_add_base64(struct buf *out, struct str s)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < s.len; i += 3) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t left = s.len - i;
		uint32_t bits = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0) |
				(left > 2 ? p[2] : 0);

		buf_add_byte(out, alphabet[bits >> 18]);
		buf_add_byte(out, alphabet[bits >> 12 & 63]);
		buf_add_byte(out, left > 1 ? alphabet[bits >> 6 & 63] : '=');
		buf_add_byte(out, left > 2 ? alphabet[bits & 63] : '=');
	}
}
