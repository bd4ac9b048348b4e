#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/scope.h"
#include "http/message.h"
#include "http/url.h"

enum { CAP = 1 << 20 };

static int make(void **state)
{
	static struct arena mem;

	arena_init(&mem, CAP);
	*state = &mem;
	return 0;
}

static int end(void **state)
{
	arena_release(*state);
	return 0;
}

static void assert_text(struct str got, const char *want)
{
	assert_string_equal(want, got.len ? got.p : "");
	assert_int_equal(strlen(want), got.len);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "https://api.github.com", "https://api.github.com/" },
		{ "HTTP://Example.COM:80/A?b=C", "http://example.com/A?b=C" },
		{ "https://example.com:8443?x", "https://example.com:8443/?x" },
		{ "http://[::1]:3000/a/./b/../c", "http://[::1]:3000/a/c" },
		{ "http://h/../../a", "http://h/a" },
		{ "http://h/a/..", "http://h/" },
		{ "http://h/a/b/.", "http://h/a/b/" },
		{ "http://h//a", "http://h//a" },
		{ "http://h/%2e%2e/a", "http://h/%2e%2e/a" },
		{ "http://127.0.0.1/x?a=b?c/../d", "http://127.0.0.1/x?a=b?c/../d" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };
		struct url url;

		assert_int_equal(0, url_parse(&url, *state, str_of(cases[i].text), &err));
		assert_text(url_text(&url, *state), cases[i].want);
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"example.com",
		"ftp://h/",
		"file:///etc/passwd",
		"https:/h",
		"http://",
		"http:///a",
		"http://user@h/",
		"http://user:secret@h/",
		"http://h:0/",
		"http://h:65536/",
		"http://h:x/",
		"http://h:/",
		"http://h/ a",
		"http://h/a\nb",
		"http://h/\x7f",
		"http://h/\xc3\xa9",
		"http://h/a\\b",
		"http://h\\@evil/",
		"http://h/%",
		"http://h/%4",
		"http://h/%zz",
		"http://h/%00",
		"http://h/a#b",
		"http://h%41/",
		"http://[::1/",
		"http://[]/",
		"http://[zz::]/",
		"http://.h/",
		"http://a b/",
		"http://h?@x y",
		"http://h:80:80/",
		"gopher://h",
		"javascript:alert(1)",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };
		struct url url;

		if (url_parse(&url, *state, str_of(cases[i]), &err) == 0)
			fail_msg("taken: %s", cases[i]);
		assert_int_equal(ERR_INPUT, err.kind);
		assert_null(strstr(err.text, "secret"));
	}
}

static void test_resolve(void **state)
{
	/* the base and most of the references are those of RFC 3986, 5.4 */
	static const struct {
		const char *reference, *want;
	} cases[] = {
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g/" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "g#s", "http://a/b/c/g" },
		{ "", "http://a/b/c/d;p?q" },
		{ "..", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../../g", "http://a/g" },
		{ "https://x/y", "https://x/y" },
		{ "g;x=1/../y", "http://a/b/c/y" },
		{ "#s", "http://a/b/c/d;p?q" },
	};
	static const char *const bad[] = { "javascript:x", "file:///x", "//u@h/",
					   "/a b",         "\\\\h",     "http:x" };
	struct err err = { 0 };
	struct url base, url;

	assert_int_equal(0, url_parse(&base, *state, STR("http://a/b/c/d;p?q"), &err));
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			0, url_resolve(&url, *state, &base, str_of(cases[i].reference), &err));
		assert_text(url_text(&url, *state), cases[i].want);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(-1, url_resolve(&url, *state, &base, str_of(bad[i]), &err));
}

static void test_escape(void **state)
{
	AUTO_BUF struct buf buf = { 0 };
	struct str out;

	url_add_escaped(&buf, STR("a/b c\xc3\xa9?&=~"));
	buf_add_byte(&buf, '|');
	url_add_escaped(&buf, STR(".."));
	buf_add_byte(&buf, '|');
	url_add_escaped_path(&buf, STR("a b/../c"));
	buf_add_byte(&buf, '\0');
	assert_string_equal("a%2Fb%20c%C3%A9%3F%26%3D~|%2E%2E|a%20b/%2E%2E/c", buf.bytes);
	assert_true(url_query_get(&out, *state, STR("a=1&k%65y=a+b%2B&key=2"), STR("key")));
	assert_text(out, "a b+");
	assert_true(url_query_get(&out, *state, STR("key"), STR("key")));
	assert_text(out, "");
	assert_false(url_query_get(&out, *state, STR("key=%zz"), STR("key")));
	assert_false(url_query_get(&out, *state, STR("keys=1"), STR("key")));
}

static void test_origin(void **state)
{
	struct url a, b;

	assert_int_equal(0, url_parse(&a, *state, STR("https://H/x"), NULL));
	assert_int_equal(0, url_parse(&b, *state, STR("https://h:443/y"), NULL));
	assert_true(url_same_origin(&a, &b));
	assert_int_equal(0, url_parse(&b, *state, STR("http://h:443/y"), NULL));
	assert_false(url_same_origin(&a, &b));
	assert_int_equal(0, url_parse(&b, *state, STR("https://h:444/"), NULL));
	assert_false(url_same_origin(&a, &b));
}

static void test_retry_after(void **state)
{
	int64_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */

	(void)state;
	assert_int_equal(120, http_retry_after(STR(" 120 "), now));
	assert_int_equal(10, http_retry_after(STR("Sun, 06 Nov 1994 08:49:47 GMT"), now));
	assert_int_equal(10, http_retry_after(STR("Sunday, 06-Nov-94 08:49:47 GMT"), now));
	assert_int_equal(10, http_retry_after(STR("Sun Nov  6 08:49:47 1994"), now));
	assert_int_equal(0, http_retry_after(STR("Sun, 06 Nov 1994 08:00:00 GMT"), now));
	assert_int_equal(86400, http_retry_after(STR("99999999999"), now));
	assert_int_equal(-1, http_retry_after(STR("-5"), now));
	assert_int_equal(-1, http_retry_after(STR("soon"), now));
	assert_int_equal(-1, http_retry_after(STR(""), now));
}

static void test_headers(void **state)
{
	struct http_headers headers = { 0 };
	struct err err;

	assert_int_equal(0, http_header_add(&headers, *state, STR("X-A"), STR(" b "), &err));
	assert_int_equal(-1, http_header_add(&headers, *state, STR("X A"), STR("b"), &err));
	assert_int_equal(-1, http_header_add(&headers, *state, STR(""), STR("b"), &err));
	assert_int_equal(-1, http_header_add(&headers, *state, STR("A"), STR("b\r\nC: d"), &err));
	assert_int_equal(ERR_BUG, err.kind);
	assert_int_equal(1, headers.n);
	assert_text(arena_str(*state, http_header_get(&headers, STR("x-a"))), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parse, make, end),
		cmocka_unit_test_setup_teardown(test_refused, make, end),
		cmocka_unit_test_setup_teardown(test_resolve, make, end),
		cmocka_unit_test_setup_teardown(test_escape, make, end),
		cmocka_unit_test_setup_teardown(test_origin, make, end),
		cmocka_unit_test_setup_teardown(test_retry_after, make, end),
		cmocka_unit_test_setup_teardown(test_headers, make, end),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
