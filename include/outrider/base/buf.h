/* buf.h - bytes that grow while text is made. */
#pragma once
#include "base/str.h"

/*
 * Zeroed means empty. The memory is the buffer's own; bytes is NULL only when
 * nothing was ever added. At BUF_MAX bytes nothing more is added and `full` is
 * set: the caller says so to the user.
 */
struct buf {
	char  *bytes; /* owned */
	size_t len;
	size_t room;
	bool   full;
};

enum { BUF_MAX = 1 << 30 }; /* a report larger than this helps nobody */

void buf_release(struct buf *buf);
void buf_add(struct buf *buf, struct str s);
void buf_add_byte(struct buf *buf, char c);
/* RFC 4648, section 4, with padding. */
void buf_add_base64(struct buf *buf, struct str s);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){ buf->bytes, buf->len };
}
static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
}
