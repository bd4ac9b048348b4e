/* test_hello.c - the server name of a ClientHello, however it is cut, doubled or hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/scope.h"
#include "hello.h"

/* Puts a length of n bytes before what f has; the message is built from its inside out. */
static void wrap(struct buf *text, size_t bytes, size_t start)
{
	size_t n = text->len - start;
	char length[4];

	for (size_t i = 0; i < bytes; i++)
		length[i] = (char)(n >> (8 * (bytes - 1 - i)) & 255);
	for (size_t i = 0; i < bytes; i++)
		buf_add_byte(text, 0);
	memmove(text->bytes + start + bytes, text->bytes + start, n);
	memcpy(text->bytes + start, length, bytes);
}

static void add_name(struct buf *text, const char *name)
{
	size_t extension, list, entry;

	buf_add(text, (struct str){ "\0\0", 2 });
	extension = list = text->len;
	buf_add_byte(text, 0);
	entry = text->len;
	buf_add(text, str_of(name));
	wrap(text, 2, entry);
	wrap(text, 2, list);
	wrap(text, 2, extension);
}

static void add_extension(struct buf *text, unsigned kind, struct str body)
{
	size_t start;

	buf_add_byte(text, (char)(kind >> 8));
	buf_add_byte(text, (char)(kind & 255));
	start = text->len;
	buf_add(text, body);
	wrap(text, 2, start);
}

/* A handshake message around the extensions. */
static void make_message(struct buf *out, const struct buf *extensions)
{
	size_t start;

	buf_add_byte(out, 1);
	start = out->len;
	buf_add(out, (struct str){ "\3\3", 2 });
	for (int i = 0; i < 32; i++)
		buf_add_byte(out, 'r');
	buf_add(out, (struct str){ "\0\0\2\x13\1\1\0", 7 });
	if (extensions) {
		size_t at = out->len;

		buf_add(out, buf_str(extensions));
		wrap(out, 2, at);
	}
	wrap(out, 3, start);
}

/* Records of at most `part` bytes. */
static void make_records(struct buf *out, const struct buf *message, size_t part)
{
	for (size_t i = 0; i < message->len; i += part) {
		size_t start;

		buf_add(out, (struct str){ "\x16\3\1", 3 });
		start = out->len;
		buf_add(out, str_sub(buf_str(message), i, i + part));
		wrap(out, 2, start);
	}
}

static struct hello read_with(void (*fill)(struct buf *), size_t part, size_t cut)
{
	AUTO_BUF struct buf extensions = { 0 }, message = { 0 }, records = { 0 };
	struct hello hello;

	if (fill)
		fill(&extensions);
	make_message(&message, fill ? &extensions : NULL);
	make_records(&records, &message, part);
	buf_add(&records, STR("more"));
	hello_read(&hello, str_sub(buf_str(&records), 0, cut ? cut : records.len));
	if (hello.state == HELLO_NAME || hello.state == HELLO_BARE)
		assert_int_equal(hello.size, records.len - 4);
	return hello;
}

static void plain(struct buf *e)
{
	add_extension(e, 43, STR("\2\3\4"));
	add_name(e, "A.Example.org");
}
static void two_names(struct buf *e)
{
	add_name(e, "a.example.org");
	add_name(e, "b.example.org");
}
static void list_of_two(struct buf *e)
{
	add_extension(e, 0, (struct str){ "\0\x08\0\0\1a\0\0\1b", 10 });
}
static void other_kind(struct buf *e)
{
	add_extension(e, 0, (struct str){ "\0\x04\1\0\1a", 6 });
}
static void empty_name(struct buf *e)
{
	add_name(e, "");
}
static void nul(struct buf *e)
{
	add_extension(e, 0, (struct str){ "\0\x08\0\0\5a\0b.c", 10 });
}
static void address(struct buf *e)
{
	add_name(e, "127.0.0.1");
}
static void dot(struct buf *e)
{
	add_name(e, "a.example.org.");
}
static void hidden(struct buf *e)
{
	add_name(e, "a.example.org");
	add_extension(e, 0xfe0d, STR("\0secret"));
}
static void twice(struct buf *e)
{
	add_extension(e, 43, STR("a"));
	add_extension(e, 43, STR("a"));
}
static void nothing(struct buf *e)
{
	add_extension(e, 43, STR("a"));
}
static void short_length(struct buf *e)
{
	buf_add(e, (struct str){ "\0\0\0\x40" "abc", 7 });
}

struct hidden_name {
	void (*fill)(struct buf *);
	const char *why;
};

static const struct hidden_name wrong[] = {
	{ two_names, "twice" },	   { list_of_two, "exactly one" }, { other_kind, "exactly one" }, { empty_name, "no host name" },
	{ nul, "no host name" },   { address, "no host name" },	   { dot, "no host name" },	  { hidden, "Encrypted Client Hello" },
	{ twice, "twice" },	   { short_length, "cut short" },
};

static void test_names(void **state)
{
	(void)state;
	struct hello hello = read_with(plain, 16384, 0);

	assert_int_equal(hello.state, HELLO_NAME);
	assert_string_equal(hello.name.text, "a.example.org");
	assert_int_equal(read_with(nothing, 16384, 0).state, HELLO_BARE);
	assert_int_equal(read_with(NULL, 16384, 0).state, HELLO_BARE);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		hello = read_with(wrong[i].fill, 16384, 0);
		if (hello.state != HELLO_WRONG || !strstr(hello.why, wrong[i].why))
			fail_msg("%zu: '%s', not '%s'", i, hello.why ? hello.why : "no fault", wrong[i].why);
	}
}

/* The same in records of one byte each, and cut at every byte. */
static void test_parts(void **state)
{
	(void)state;
	for (size_t part = 1; part < 40; part++)
		assert_int_equal(read_with(plain, part, 0).state, HELLO_NAME);
	for (size_t cut = 1; cut < 70; cut++)
		assert_int_equal(read_with(plain, 16384, cut).state, HELLO_MORE);
	for (size_t cut = 1; cut < 300; cut++)
		assert_int_equal(read_with(plain, 1, cut).state, HELLO_MORE);
}

static void test_no_tls(void **state)
{
	(void)state;
	static const struct str texts[] = { { "SSH-2.0-x", 9 }, { "GET / HTTP/1.1\r\n", 16 }, { "\x80\x2e\1\3\1", 5 }, { "\x16\2\0", 3 },
					    { "\x16\3\1\0\0", 5 }, { "\x17\3\3\0\1a", 6 }, { "\x16\3\3\0\4\2\0\0\0", 9 },
					    { "\x16\3\3\0\4\1\xff\xff\xff", 9 }, { "\x16\3\3\xff\xff", 5 } };
	char many[HELLO_MAX + 10] = { 0 };
	struct hello hello;

	for (size_t i = 0; i + 1 < COUNT(texts); i++) {
		hello_read(&hello, texts[i]);
		if (hello.state != HELLO_WRONG)
			fail_msg("text %zu: state %d", i, (int)hello.state);
	}
	/* a record that is longer than any may be is not waited for until the end of time */
	memcpy(many, "\x16\3\3\xff\xff", 5);
	hello_read(&hello, (struct str){ many, sizeof many });
	assert_int_equal(hello.state, HELLO_WRONG);
	/* two messages in one record: what follows would go unread */
	{
		AUTO_BUF struct buf message = { 0 }, records = { 0 };

		make_message(&message, NULL);
		buf_add(&message, (struct str){ "\1\0\0\0", 4 });
		make_records(&records, &message, 16384);
		hello_read(&hello, buf_str(&records));
		assert_int_equal(hello.state, HELLO_WRONG);
	}
}

static void test_retry(void **state)
{
	(void)state;
	char text[64] = "\x16\3\3\0\x40\2\0\0\x3c\3\3"
			"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
			"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";

	assert_int_equal(hello_is_retry((struct str){ text, 43 }), 1);
	assert_int_equal(hello_is_retry((struct str){ text, 42 }), -1);
	text[20] ^= 1;
	assert_int_equal(hello_is_retry((struct str){ text, 43 }), 0);
	/* an alert is no retry, and no reason to wait */
	assert_int_equal(hello_is_retry((struct str){ "\x15\3\3\0\2\2\x28", 7 }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_parts), cmocka_unit_test(test_no_tls), cmocka_unit_test(test_retry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
