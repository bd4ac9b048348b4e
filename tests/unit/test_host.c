/* test_host.c - hosts in one spelling, and addresses that no job may reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "egress/host.h"

struct spelling {
	const char *text, *canonical; /* NULL: refused */
	const char *why;
};

static const struct spelling spellings[] = {
	{ "Registry.Example.org", "registry.example.org", NULL },
	{ "a", "a", NULL },
	{ "_dmarc.example.com", "_dmarc.example.com", NULL },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example", NULL },
	{ "xn--80ak6aa92e.com", "xn--80ak6aa92e.com", NULL },
	{ "r3---sn-abc.example", "r3---sn-abc.example", NULL },
	{ "127.0.0.1", "127.0.0.1", NULL },
	{ "[::1]", "::1", NULL },
	{ "[2001:DB8::1]", "2001:db8::1", NULL },
	{ "1e100.net", "1e100.net", NULL },
	{ "0xy.example", "0xy.example", NULL },
	{ "", NULL, "no host" },
	{ "a.", NULL, "final dot" },
	{ "a..b", NULL, "empty label" },
	{ ".a", NULL, "empty label" },
	{ "-a.b", NULL, "begins or ends" },
	{ "a-.b", NULL, "begins or ends" },
	{ "a b", NULL, "only letters" },
	{ "a@b", NULL, "user information" },
	{ "a%2eb", NULL, "%-encoding" },
	{ "b\xc3\xbc" "cher.example", NULL, "xn--" },
	{ "\xef\xbc\x91.1.1.1", NULL, "not ASCII" },
	{ "a\xe3\x80\x82" "b", NULL, "not ASCII" },
	{ "xn--.example", NULL, "begins or ends" },
	{ "xn--a.example", NULL, "Punycode" },
	{ "xn--abc-.example", NULL, "begins or ends" },
	{ "xn--99999999.example", NULL, "Punycode" },
	{ "xn--vil-376s.example", NULL, "Punycode" },
	{ "127.1", NULL, "canonical" },
	{ "2130706433", NULL, "canonical" },
	{ "0x7f.0.0.1", NULL, "canonical" },
	{ "0x7f000001", NULL, "canonical" },
	{ "0x", NULL, "canonical" },
	{ "017700000001", NULL, "canonical" },
	{ "127.0.0.01", NULL, "canonical" },
	{ "127.0.0.256", NULL, "canonical" },
	{ "1.2.3.4.5", NULL, "canonical" },
	{ "evil.example.1", NULL, "canonical" },
	{ "[::ffff:127.0.0.1]", NULL, "canonical" },
	{ "[::FFFF:7f00:1]", NULL, "canonical" },
	{ "[0:0:0:0:0:0:0:1]", NULL, "canonical" },
	{ "[fe80::1%eth0]", NULL, "canonical" },
	{ "[::1", NULL, "bracket" },
	{ "[]", NULL, "canonical" },
	{ "[127.0.0.1]", NULL, "canonical" },
	{ "::1", NULL, "brackets" },
	{ "a:80", NULL, "brackets" },
};

static void test_spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		const struct spelling *s = &spellings[i];
		struct host host;
		struct err err = { 0 };
		int result = host_read(&host, str_of(s->text), &err);

		if (s->canonical && (result < 0 || strcmp(host.text, s->canonical) != 0))
			fail_msg("'%s': %s", s->text, result < 0 ? err.text : host.text);
		if (!s->canonical && (result == 0 || !strstr(err.text, s->why)))
			fail_msg("'%s' was read as '%s', or not for '%s': %s", s->text, host.text, s->why, err.text);
	}
}

static void test_nul(void **state)
{
	(void)state;
	struct host host;
	struct err err;

	assert_int_equal(host_read(&host, STR("evil.example\0.allowed.example"), &err), -1);
	assert_non_null(strstr(err.text, "NUL"));
}

static void test_lengths(void **state)
{
	(void)state;
	char text[300];
	struct host host;

	memset(text, 'a', sizeof text);
	assert_int_equal(host_read(&host, (struct str){ text, 63 }, NULL), 0);
	assert_int_equal(host_read(&host, (struct str){ text, 64 }, NULL), -1);
	for (size_t i = 50; i < sizeof text; i += 50)
		text[i] = '.';
	assert_int_equal(host_read(&host, (struct str){ text, 253 }, NULL), 0);
	assert_int_equal(host.len, 253);
	assert_int_equal(host_read(&host, (struct str){ text, 254 }, NULL), -1);
}

static void test_ports(void **state)
{
	(void)state;
	static const char *const wrong[] = { "a", "a:", "a:0", "a:65536", "a:080", "a:+1", "a: 1", "a:1 ", "a:1:2", "[::1]", "[::1]x:1",
					     "a:99999999999999999999", ":80", "a:80/x" };
	struct host host;
	uint16_t port;

	assert_int_equal(host_read_port(&host, &port, STR("A.example:65535"), NULL), 0);
	assert_int_equal(port, 65535);
	assert_string_equal(host.text, "a.example");
	assert_int_equal(host_read_port(&host, &port, STR("[::1]:443"), NULL), 0);
	assert_string_equal(host.text, "::1");
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (host_read_port(&host, &port, str_of(wrong[i]), NULL) == 0)
			fail_msg("'%s' was read as %s port %u", wrong[i], host.text, (unsigned)port);
}

struct ip {
	const char *text;
	bool        special;
};

static const struct ip ips[] = {
	{ "8.8.8.8", false },		{ "1.1.1.1", false },	     { "9.255.255.255", false },  { "11.0.0.0", false },
	{ "172.15.255.255", false },	{ "172.32.0.0", false },     { "100.63.255.255", false }, { "100.128.0.0", false },
	{ "169.253.255.255", false },	{ "223.255.255.255", false }, { "2606:4700::1111", false }, { "2a00:1450::1", false },
	{ "0.0.0.0", true },		{ "10.1.2.3", true },	     { "100.64.0.1", true },	  { "100.100.100.200", true },
	{ "127.0.0.1", true },		{ "127.255.255.255", true }, { "168.63.129.16", true },   { "169.254.169.254", true },
	{ "169.254.170.2", true },	{ "172.16.0.1", true },	     { "172.31.255.255", true },  { "192.0.0.192", true },
	{ "192.168.1.1", true },	{ "198.18.0.1", true },	     { "224.0.0.1", true },	  { "240.0.0.1", true },
	{ "255.255.255.255", true },	{ "::", true },		     { "::1", true },		  { "::127.0.0.1", true },
	{ "64:ff9b::a9fe:a9fe", true }, { "64:ff9b:1::1", true },    { "2001::1", true },	  { "2001:db8::1", true },
	{ "2002:7f00:1::", true },	{ "fd00:ec2::254", true },   { "fc00::1", true },	  { "fe80::1", true },
	{ "fec0::1", true },		{ "ff02::1", true },	     { "4000::1", true },	  { "2606:4700::5efe:7f00:1", true },
	{ "2606:4700::200:5efe:a00:1", true }, { "::ffff:0:7f00:1", true },
};

static void test_special(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ips); i++) {
		struct address_range range;
		struct err err;

		if (range_read(&range, str_of(ips[i].text), &err) < 0)
			fail_msg("%s", err.text);
		if ((address_special(&range.first) != NULL) != ips[i].special)
			fail_msg("%s: %s", ips[i].text, ips[i].special ? "may be reached" : address_special(&range.first));
	}
}

static void test_ranges(void **state)
{
	(void)state;
	static const char *const wrong[] = { "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10/8", "fd00::/129", "::1/127", "a.example/8",
					     "010.0.0.0/8", "10.0.0.0/-1", "" };
	struct address_range range, one;

	assert_int_equal(range_read(&range, STR("10.0.0.0/8"), NULL), 0);
	assert_int_equal(range_read(&one, STR("10.255.0.1"), NULL), 0);
	assert_true(range_has(&range, &one.first));
	assert_int_equal(range_read(&one, STR("11.0.0.0"), NULL), 0);
	assert_false(range_has(&range, &one.first));
	assert_int_equal(range_read(&range, STR("fd00::/7"), NULL), -1);
	assert_int_equal(range_read(&range, STR("fc00::/7"), NULL), 0);
	assert_int_equal(range_read(&one, STR("fdff::1"), NULL), 0);
	assert_true(range_has(&range, &one.first));
	/* an IPv4 range holds no address of IPv6 */
	assert_int_equal(range_read(&range, STR("0.0.0.0/0"), NULL), 0);
	assert_false(range_has(&range, &one.first));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (range_read(&range, str_of(wrong[i]), NULL) == 0)
			fail_msg("'%s' was read", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings), cmocka_unit_test(test_nul), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_ports), cmocka_unit_test(test_special), cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
