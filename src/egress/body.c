#include "body.h"

#include <stdio.h>

enum { SIZE_DIGITS = 15 }; /* hex digits of a chunk's size: below 2^60 */

void body_init(struct body *body, struct stream *from, const struct head *head)
{
	*body = (struct body){ .from = from, .framing = head->framing };
	body->left = head->framing == FRAMING_LENGTH ? head->length : 0;
	body->ended =
		head->framing == FRAMING_NONE || (head->framing == FRAMING_LENGTH && !body->left);
}

static int fail(struct body *body, const char *why)
{
	body->why = why;
	return -1;
}

/* At least n bytes in the buffer. */
static int need(struct body *body, size_t n)
{
	while (stream_has(body->from).len < n) {
		int got = stream_fill(body->from);

		if (got <= 0)
			return fail(body, got < 0 ? body->from->why : "the body was cut short");
	}
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int expect_line_end(struct body *body)
{
	if (need(body, 2) < 0)
		return -1;
	if (!str_starts(stream_has(body->from), STR("\r\n")))
		return fail(body, "a chunk does not end where it said");
	stream_use(body->from, 2);
	return 0;
}

static int read_size(struct body *body)
{
	size_t digits = 0;
	int value;

	body->left = 0;
	for (;;) {
		if (need(body, digits + 1) < 0)
			return -1;
		value = hex_value(stream_has(body->from).p[digits]);
		if (value < 0)
			break;
		if (++digits > SIZE_DIGITS)
			return fail(body, "the size of a chunk is too large");
		body->left = body->left << 4 | (uint64_t)value;
	}
	if (!digits)
		return fail(body, "a chunk has no size");
	if (need(body, digits + 2) < 0)
		return -1;
	if (!str_starts(str_from(stream_has(body->from), digits), STR("\r\n")))
		return fail(body, "the size of a chunk is not followed by CRLF");
	stream_use(body->from, digits + 2);
	return 0;
}

/*
 * At the start of a chunk: reads how long it is; the last one is empty, with an empty line behind
 * it.
 */
static int next_chunk(struct body *body)
{
	if (body->begun && expect_line_end(body) < 0)
		return -1;
	body->begun = true;
	if (read_size(body) < 0)
		return -1;
	if (body->left)
		return 0;
	body->ended = true;
	return expect_line_end(body);
}

int body_next(struct body *body, struct str *part)
{
	int got;

	stream_use(body->from, body->lent);
	body->lent = 0;
	if (!body->ended && body->framing == FRAMING_CHUNKED && !body->left && next_chunk(body) < 0)
		return -1;
	if (body->ended)
		return 0;
	if (!stream_has(body->from).len) {
		got = stream_fill(body->from);
		if (got < 0)
			return fail(body, body->from->why);
		if (got == 0 && body->framing == FRAMING_CLOSE) {
			body->ended = true;
			return 0;
		}
		if (got == 0)
			return fail(body, "the body was cut short");
	}
	*part = stream_has(body->from);
	if (body->framing != FRAMING_CLOSE) {
		*part = str_sub(*part, 0, body->left < part->len ? (size_t)body->left : part->len);
		body->left -= part->len;
		body->ended = body->framing == FRAMING_LENGTH && !body->left;
	}
	body->lent = part->len;
	return 1;
}

int body_write(struct stream *to, enum framing framing, const struct str *part)
{
	char size[32];
	int n;

	if (framing != FRAMING_CHUNKED)
		return part ? stream_write(to, *part) : 0;
	if (!part)
		return stream_write(to, STR("0\r\n\r\n"));
	if (!part->len)
		return 0;
	n = snprintf(size, sizeof size, "%zx\r\n", part->len);
	if (stream_write(to, (struct str){ size, (size_t)n }) < 0 || stream_write(to, *part) < 0)
		return -1;
	return stream_write(to, STR("\r\n"));
}
