/* test_broker.c - what passes the sandbox's way out, and more than thirty ways around it that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scope.h"
#include "broker_bench.h"

static const char policy[] =
	"addresses: [127.0.0.0/8]\n"
	"fetch:\n"
	"  - {host: allowed.out.test, port: {tls}, methods: [GET, HEAD, POST], paths: [/pub/**, /echo-chunks, /until-close]}\n"
	"  - {host: plain.out.test, port: {plain}, tls: false, methods: [GET, POST], paths: [/pub/**, /redirect, /both, /upgrade, /until-close]}\n"
	"  - {host: tunnel.out.test, port: {tls}}\n"
	"  - {host: '*.wild.test', port: {tls}}\n"
	"  - {host: secret.out.test, port: {tls}, methods: [GET], credential: tok}\n"
	"  - {host: basic.out.test, port: {tls}, credential: tok, header: 'Authorization: Basic {basic:bot}'}\n"
	"  - {host: wrong.test, port: {tls}, methods: [GET]}\n"
	"  - {host: meta.test, port: {plain}, tls: false}\n"
	"  - {host: private.test, port: {plain}, tls: false}\n"
	"  - {host: nat64.test, port: {plain}, tls: false}\n"
	"  - {host: sixtofour.test, port: {plain}, tls: false}\n"
	"  - {host: cgnat.test, port: {plain}, tls: false}\n"
	"  - {host: rebind.test, port: {plain}, tls: false}\n"
	"  - {host: small.out.test, port: {plain}, tls: false, up: 2 KiB, down: 64 KiB}\n";

static struct bench *open_bench(void)
{
	struct bench *bench = calloc(1, sizeof *bench);

	assert_non_null(bench);
	bench_open(bench, policy);
	return bench;
}

static int setup(void **state)
{
	*state = open_bench();
	return 0;
}

static int teardown(void **state)
{
	bench_close(*state);
	free(*state);
	return 0;
}

#define SECRET "s3cr3t-Tok/en+42"
#define PLAIN(method, url) method " http://" url " HTTP/1.1\r\nHost: plain.out.test:{plain}\r\n\r\n"

/* ---- what is meant to work ---- */

static void test_plain(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf answer = { 0 };
	const struct bench_record *record;

	bench_say(bench, &answer, "GET http://plain.out.test:{plain}/pub/a%41?q=1 HTTP/1.1\r\nHost: plain.out.test:{plain}\r\n"
		  "Accept: */*\r\nConnection: X-Gone\r\nX-Gone: 1\r\nProxy-Authorization: Basic eA==\r\n\r\n", 0);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 200 ")));
	assert_true(bench_saw(&bench->plain, "GET /pub/aA?q=1 HTTP/1.1\r\nHost: plain.out.test:"));
	assert_true(bench_saw(&bench->plain, "Accept: */*\r\n"));
	assert_false(bench_saw(&bench->plain, "X-Gone"));
	assert_false(bench_saw(&bench->plain, "Proxy-"));
	record = bench_record(bench, 1);
	assert_true(record->allowed);
	assert_int_equal(record->status, 200);
	assert_string_equal(record->method, "GET");
	assert_string_equal(record->host, "plain.out.test");
	assert_string_equal(record->path, "/pub/a%41");
	assert_true(record->up > 60 && record->down > 60);
	assert_string_equal(record->reason, "");
}

static void test_bodies(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf answer = { 0 };

	bench_say(bench, &answer, "POST http://plain.out.test:{plain}/pub/x HTTP/1.1\r\nHost: plain.out.test\r\n"
		  "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", 0);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")));
	assert_true(bench_saw(&bench->plain, "\r\n\r\nhello"));
	buf_clear(&answer);
	bench_say(bench, &answer, "GET http://plain.out.test:{plain}/until-close HTTP/1.1\r\nHost: plain.out.test\r\n\r\n", 0);
	assert_true(str_has(buf_str(&answer), STR("Transfer-Encoding: chunked\r\n")));
	assert_true(str_ends(buf_str(&answer), STR("a\r\nto the end\r\n0\r\n\r\n")));
}

static void test_inspected(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf answer = { 0 };

	/* two requests on one connection, the first with a body in chunks */
	bench_say_tls(bench, &answer, "allowed.out.test:{tls}", "allowed.out.test",
		      "POST /pub/one HTTP/1.1\r\nHost: allowed.out.test:{tls}\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "3\r\nabc\r\n0\r\n\r\n"
		      "HEAD /pub/two HTTP/1.1\r\nHost: allowed.out.test:{tls}\r\nConnection: close\r\n\r\n");
	assert_true(bench_saw(&bench->tls, "POST /pub/one HTTP/1.1\r\n"));
	assert_true(bench_saw(&bench->tls, "3\r\nabc\r\n"));
	assert_true(bench_saw(&bench->tls, "HEAD /pub/two HTTP/1.1\r\n"));
	bench_record(bench, 2);
	assert_int_equal(bench->tls.connections, 1);
	assert_true(bench->records[0].allowed && bench->records[1].allowed);
}

static void test_tunnel(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf answer = { 0 };
	const struct bench_record *record;

	bench_say_tls(bench, &answer, "tunnel.out.test:{tls}", "tunnel.out.test",
		      "GET /until-close HTTP/1.1\r\nHost: tunnel.out.test\r\n\r\n");
	assert_true(str_has(buf_str(&answer), STR("to the end")));
	record = bench_record(bench, 1);
	assert_true(record->allowed);
	assert_string_equal(record->method, "CONNECT");
	assert_true(record->up > 300 && record->down > 500);
	/* the same without a HelloRetryRequest, and with TLS 1.2's first words */
	buf_clear(&answer);
	bench->groups = "P-384";
	bench_say_tls(bench, &answer, "tunnel.out.test:{tls}", "tunnel.out.test",
		      "GET /until-close HTTP/1.1\r\nHost: tunnel.out.test\r\n\r\n");
	assert_true(str_has(buf_str(&answer), STR("to the end")));
	buf_clear(&answer);
	bench_say_tls(bench, &answer, "a.b.wild.test:{tls}", "a.b.wild.test", "");
	/* the server's certificate is for one label: what matters is that it was reached */
	assert_int_equal(bench->tls.connections, 3);
}

static void test_credential(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf answer = { 0 };

	bench_say_tls(bench, &answer, "secret.out.test:{tls}", "secret.out.test",
		      "GET /until-close HTTP/1.1\r\nHost: secret.out.test:{tls}\r\nAuthorization: Bearer mine\r\n"
		      "authorization: mine too\r\nCookie: a=b\r\nRange: bytes=0-3\r\nAccept-Encoding: gzip\r\n\r\n");
	assert_true(str_has(buf_str(&answer), STR("to the end")));
	assert_true(bench_saw(&bench->tls, "\r\nAuthorization: Bearer " SECRET "\r\n"));
	assert_true(bench_saw(&bench->tls, "Accept-Encoding: identity\r\n"));
	assert_false(bench_saw(&bench->tls, "mine"));
	assert_false(bench_saw(&bench->tls, "Cookie"));
	assert_false(bench_saw(&bench->tls, "Range"));
	buf_clear(&answer);
	bench_say_tls(bench, &answer, "basic.out.test:{tls}", "basic.out.test",
		      "GET /until-close HTTP/1.1\r\nHost: basic.out.test:{tls}\r\n\r\n");
	/* printf 'bot:s3cr3t-Tok/en+42' | base64 */
	assert_true(bench_saw(&bench->tls, "Authorization: Basic Ym90OnMzY3IzdC1Ub2svZW4rNDI=\r\n"));
}

static void test_denial_teaches(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf answer = { 0 };

	bench_say(bench, &answer, "CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n", 0);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 403 ")));
	assert_true(str_has(buf_str(&answer), STR("evil.test:443 is refused, and will never be allowed")));
	assert_true(str_has(buf_str(&answer), STR("rule: host")));
	assert_true(str_has(buf_str(&answer), STR("https://allowed.out.test")));
	assert_string_equal(bench_record(bench, 1)->rule, "host");
}

/* ---- the ways around ---- */

enum way { RAW, TUNNEL, INSIDE };

/*
 * An attempt: what is said, and how. It got through when the server that nobody may reach was reached, when an
 * allowed one saw `never_seen`, or when the client got `never_got`. `rule`: what the record must name.
 */
struct attempt {
	const char *what;
	enum way    way;
	const char *authority, *sni; /* TUNNEL, INSIDE */
	const char *text;
	size_t      size;            /* of text with a NUL in it; 0: up to the NUL */
	const char *rule;
	const char *never_seen, *never_got;
};

#define BYTES(text) text, sizeof(text) - 1
#define TEXT(text) text, 0
#define CONNECT(authority) "CONNECT " authority " HTTP/1.1\r\nHost: " authority "\r\n\r\n"
#define INNER(method, path) method " " path " HTTP/1.1\r\nHost: allowed.out.test:{tls}\r\nConnection: close\r\n\r\n"
#define SECRETLY(path) "GET " path " HTTP/1.1\r\nHost: secret.out.test:{tls}\r\nConnection: close\r\n\r\n"

static const struct attempt attempts[] = {
	{ "a host that no route names", RAW, NULL, NULL, TEXT(CONNECT("evil.test:{evil}")), "host", NULL, NULL },
	{ "a NUL in the host", RAW, NULL, NULL, BYTES("CONNECT evil.test\0.out.test:443 HTTP/1.1\r\n\r\n"), "syntax", NULL, NULL },
	{ "suffix confusion behind", RAW, NULL, NULL, TEXT(CONNECT("allowed.out.test.evil.test:{evil}")), "host", NULL, NULL },
	{ "suffix confusion before", RAW, NULL, NULL, TEXT(CONNECT("evilwild.test:{tls}")), "host", NULL, NULL },
	{ "the bare suffix of a wildcard", RAW, NULL, NULL, TEXT(CONNECT("wild.test:{tls}")), "host", NULL, NULL },
	{ "a trailing dot", RAW, NULL, NULL, TEXT(CONNECT("allowed.out.test.:{tls}")), "syntax", NULL, NULL },
	{ "an address instead of the name", RAW, NULL, NULL, TEXT(CONNECT("127.0.0.1:{evil}")), "host", NULL, NULL },
	{ "a decimal address", RAW, NULL, NULL, TEXT(CONNECT("2130706433:{evil}")), "syntax", NULL, NULL },
	{ "a hex address", RAW, NULL, NULL, TEXT(CONNECT("0x7f000001:{evil}")), "syntax", NULL, NULL },
	{ "an octal address", RAW, NULL, NULL, TEXT(CONNECT("0177.0.0.1:{evil}")), "syntax", NULL, NULL },
	{ "a short address", RAW, NULL, NULL, TEXT(CONNECT("127.1:{evil}")), "syntax", NULL, NULL },
	{ "a mapped address", RAW, NULL, NULL, TEXT(CONNECT("[::ffff:127.0.0.1]:{evil}")), "syntax", NULL, NULL },
	{ "a mapped address in hex", RAW, NULL, NULL, TEXT(CONNECT("[::ffff:7f00:1]:{evil}")), "syntax", NULL, NULL },
	{ "loopback of IPv6", RAW, NULL, NULL, TEXT(CONNECT("[::1]:{evil}")), "host", NULL, NULL },
	{ "a zone id", RAW, NULL, NULL, TEXT(CONNECT("[fe80::1%25lo]:{evil}")), "syntax", NULL, NULL },
	{ "full-width letters", RAW, NULL, NULL, TEXT(CONNECT("\xef\xbd\x85vil.test:{evil}")), "syntax", NULL, NULL },
	{ "a name that resolves to metadata", RAW, NULL, NULL,
	  TEXT("GET http://meta.test:{plain}/ HTTP/1.1\r\nHost: meta.test:{plain}\r\n\r\n"), "address", NULL, NULL },
	{ "a name that resolves to a private address", RAW, NULL, NULL,
	  TEXT("GET http://private.test:{plain}/ HTTP/1.1\r\nHost: private.test:{plain}\r\n\r\n"), "address", NULL, NULL },
	{ "NAT64 around loopback", RAW, NULL, NULL,
	  TEXT("GET http://nat64.test:{plain}/ HTTP/1.1\r\nHost: nat64.test:{plain}\r\n\r\n"), "address", NULL, NULL },
	{ "6to4 around loopback", RAW, NULL, NULL,
	  TEXT("GET http://sixtofour.test:{plain}/ HTTP/1.1\r\nHost: sixtofour.test:{plain}\r\n\r\n"), "address", NULL, NULL },
	{ "metadata in the carriers' range", RAW, NULL, NULL,
	  TEXT("GET http://cgnat.test:{plain}/ HTTP/1.1\r\nHost: cgnat.test:{plain}\r\n\r\n"), "address", NULL, NULL },
	{ "long labels as a channel through DNS", RAW, NULL, NULL,
	  TEXT(CONNECT("0123456789012345678901234567890123456789.0123456789012345678901234567890123456789.wild.test:{tls}")),
	  "host", NULL, NULL },
	{ "ssh", RAW, NULL, NULL, TEXT(CONNECT("allowed.out.test:22")), "port", NULL, NULL },
	{ "another port of an allowed host", RAW, NULL, NULL, TEXT(CONNECT("allowed.out.test:{evil}")), "port", NULL, NULL },
	{ "the port of another, as 0-padded", RAW, NULL, NULL, TEXT(CONNECT("allowed.out.test:0443")), "syntax", NULL, NULL },
	{ "a port beyond 65535", RAW, NULL, NULL, TEXT(CONNECT("allowed.out.test:65979")), "syntax", NULL, NULL },
	{ "CONNECT to where TLS is not allowed", RAW, NULL, NULL, TEXT(CONNECT("plain.out.test:{plain}")), "tls", NULL, NULL },
	{ "user information before the host", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}@evil.test:{evil}/ HTTP/1.1\r\nHost: evil.test\r\n\r\n"), "syntax", NULL, NULL },
	{ "user information in CONNECT", RAW, NULL, NULL, TEXT(CONNECT("allowed.out.test@evil.test:{evil}")), "syntax", NULL, NULL },
	{ "a fragment", RAW, NULL, NULL, TEXT(PLAIN("GET", "evil.test:{evil}#plain.out.test:{plain}/pub/")), "syntax", NULL, NULL },
	{ "a backslash as a slash", RAW, NULL, NULL, TEXT(PLAIN("GET", "evil.test:{evil}\\.plain.out.test:{plain}/pub/")), "syntax", NULL, NULL },
	{ "another Host than the target", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: evil.test\r\n\r\n"), "syntax", "GET /pub/", NULL },
	{ "two Hosts", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nHost: evil.test\r\n\r\n"), "syntax", "GET /pub/", NULL },
	{ "no Host", RAW, NULL, NULL, TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\n\r\n"), "syntax", "GET /pub/", NULL },
	{ "a folded header", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n\r\n"),
	  "syntax", "GET /pub/", NULL },
	{ "a bare LF between headers", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nX-A: b\nX-Evil: c\r\n\r\n"), "syntax", "X-Evil", NULL },
	{ "a bare CR in a header", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nX-A: b\rX-Evil: c\r\n\r\n"), "syntax", "X-Evil", NULL },
	{ "a space before the colon", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nTransfer-Encoding : chunked\r\n\r\n"), "syntax", "POST", NULL },
	{ "length and chunks", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nContent-Length: 4\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"), "syntax", "POST", NULL },
	{ "two lengths", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nContent-Length: 4\r\n"
	       "Content-Length: 40\r\n\r\nabcdGET /evil HTTP/1.1\r\n\r\n"), "syntax", "POST", NULL },
	{ "a list of lengths", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nContent-Length: 4, 4\r\n\r\nabcd"), "syntax", "POST", NULL },
	{ "a length with a sign", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nContent-Length: +4\r\n\r\nabcd"), "syntax", "POST", NULL },
	{ "an unknown coding", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), "syntax", "POST", NULL },
	{ "chunked and one more coding", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), "syntax", "POST", NULL },
	{ "a chunk extension", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "3;a=\nb\r\nabc\r\n0\r\n\r\n"), "syntax", "=\nb", NULL },
	{ "a trailer", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "3\r\nabc\r\n0\r\nX-Evil: 1\r\n\r\n"), "syntax", "X-Evil", NULL },
	{ "a second request for another host on a kept connection", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\n\r\n"
	       "GET http://evil.test:{evil}/evil HTTP/1.1\r\nHost: evil.test\r\n\r\n"), "route", "/evil", NULL },
	{ "a second request hidden in a length", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\n\r\n"
	       "GET http://plain.out.test:{plain}/evil HTTP/1.1\r\nHost: plain.out.test\r\n\r\n"), "route", "GET /evil", NULL },
	{ "TRACE, to see what was added", RAW, NULL, NULL, TEXT(PLAIN("TRACE", "plain.out.test:{plain}/pub/")), "method", "TRACE", NULL },
	{ "a method that is not listed", RAW, NULL, NULL, TEXT(PLAIN("DELETE", "plain.out.test:{plain}/pub/")), "method", "DELETE", NULL },
	{ "a method in small letters", RAW, NULL, NULL, TEXT(PLAIN("get", "plain.out.test:{plain}/pub/")), "syntax", "get", NULL },
	{ "another method by header", RAW, NULL, NULL,
	  TEXT("POST http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nContent-Length: 0\r\n"
	       "X-HTTP-Method-Override: DELETE\r\nX_HTTP_Method_Override: DELETE\r\n\r\n"), "route", "DELETE", NULL },
	{ "another path by header", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\n\r\n"),
	  "route", "/evil", NULL },
	{ "another host by header", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nX-Forwarded-Host: evil.test\r\nForwarded: host=evil.test\r\n\r\n"),
	  "route", "evil", NULL },
	{ "a path that is not listed", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/evil")), "path", "evil", NULL },
	{ "dots in the path", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/../evil")), "path", "evil", NULL },
	{ "encoded dots", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/%2e%2e/evil")), "path", "evil", NULL },
	{ "dots and an encoded slash", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/..%2fevil")), "path", "evil", NULL },
	{ "an encoded slash under a wildcard", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/a%2fevil")), "path", "evil", NULL },
	{ "a path encoded twice", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/%252e%252e/evil")), "path", "evil", NULL },
	{ "dots with a parameter", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/..;x/evil")), "path", "evil", NULL },
	{ "an encoded backslash", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/..%5cevil")), "path", "evil", NULL },
	{ "an overlong slash", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/..%c0%afevil")), "path", "evil", NULL },
	{ "double slashes", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}//evil.test/pub/")), "path", "evil", NULL },
	{ "an encoded NUL", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/%00/evil")), "path", "evil", NULL },
	{ "an encoded line end", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/%0d%0aX-Evil:1")), "path", "Evil", NULL },
	{ "a space in the target", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/pub/ Evil")), "syntax", "Evil", NULL },
	{ "WebSocket", RAW, NULL, NULL,
	  TEXT("GET http://plain.out.test:{plain}/pub/ws HTTP/1.1\r\nHost: plain.out.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
	  "upgrade", "/pub/ws", NULL },
	{ "a server that upgrades unasked", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/upgrade")), "upgrade", NULL, "RAW" },
	{ "an answer with length and chunks", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/both")), "upstream", NULL, "HTTP/1.1 200" },
	{ "a redirect is not followed", RAW, NULL, NULL, TEXT(PLAIN("GET", "plain.out.test:{plain}/redirect")), "route", NULL, "HTTP/1.1 200" },
	{ "the preface of HTTP/2", RAW, NULL, NULL, TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "syntax", NULL, NULL },
	{ "HTTP/0.9", RAW, NULL, NULL, TEXT("GET http://plain.out.test:{plain}/pub/\r\n\r\n"), "syntax", "GET", NULL },
	{ "HTTP/1.0", RAW, NULL, NULL, TEXT("GET http://plain.out.test:{plain}/pub/ HTTP/1.0\r\n\r\n"), "syntax", "GET", NULL },
	{ "SOCKS5", RAW, NULL, NULL, BYTES("\x05\x01\x00\x05\x01\x00\x03\x09" "evil.test\x01\xbb"), "syntax", NULL, NULL },
	{ "SOCKS4", RAW, NULL, NULL, BYTES("\x04\x01\x01\xbb\x7f\x00\x00\x01\x00"), "syntax", NULL, NULL },
	{ "TLS towards the proxy", RAW, NULL, NULL, BYTES("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), "syntax", NULL, NULL },
	{ "https in absolute form", RAW, NULL, NULL, TEXT("GET https://allowed.out.test:{tls}/pub/ HTTP/1.1\r\nHost: allowed.out.test:{tls}\r\n\r\n"), "syntax", NULL, NULL },
	{ "another scheme", RAW, NULL, NULL, TEXT("GET ftp://plain.out.test:{plain}/pub/ HTTP/1.1\r\nHost: plain.out.test\r\n\r\n"), "syntax", "GET", NULL },
	{ "origin form to the proxy itself", RAW, NULL, NULL, TEXT("GET /pub/ HTTP/1.1\r\nHost: plain.out.test:{plain}\r\n\r\n"), "syntax", "GET", NULL },
	{ "bytes behind CONNECT before its answer", RAW, NULL, NULL,
	  TEXT("CONNECT tunnel.out.test:{tls} HTTP/1.1\r\nHost: tunnel.out.test:{tls}\r\n\r\nGET / HTTP/1.1\r\n\r\n"), "syntax", NULL, NULL },
	{ "CONNECT with a body", RAW, NULL, NULL,
	  TEXT("CONNECT tunnel.out.test:{tls} HTTP/1.1\r\nHost: tunnel.out.test:{tls}\r\nContent-Length: 3\r\n\r\nabc"), "syntax", NULL, NULL },
	{ "CONNECT with another Host", RAW, NULL, NULL,
	  TEXT("CONNECT tunnel.out.test:{tls} HTTP/1.1\r\nHost: evil.test:{tls}\r\n\r\n"), "syntax", NULL, NULL },
	{ "another server name in a tunnel", TUNNEL, "tunnel.out.test:{tls}", "allowed.out.test", TEXT("GET / HTTP/1.1\r\n\r\n"), "sni", "GET", NULL },
	{ "no server name in a tunnel", TUNNEL, "tunnel.out.test:{tls}", NULL, TEXT("GET / HTTP/1.1\r\n\r\n"), "sni", "GET", NULL },
	{ "another server name where requests are read", TUNNEL, "allowed.out.test:{tls}", "evil.test", TEXT(INNER("GET", "/pub/")), "sni", "GET", NULL },
	{ "another Host within TLS", INSIDE, "allowed.out.test:{tls}", "allowed.out.test",
	  TEXT("GET /pub/ HTTP/1.1\r\nHost: evil.test\r\n\r\n"), "syntax", "GET", NULL },
	{ "an absolute target within TLS", INSIDE, "allowed.out.test:{tls}", "allowed.out.test",
	  TEXT("GET http://evil.test/pub/ HTTP/1.1\r\nHost: allowed.out.test\r\n\r\n"), "syntax", "GET", NULL },
	{ "CONNECT within TLS", INSIDE, "allowed.out.test:{tls}", "allowed.out.test", TEXT(CONNECT("evil.test:{evil}")), "syntax", NULL, NULL },
	{ "a method within TLS", INSIDE, "allowed.out.test:{tls}", "allowed.out.test", TEXT(INNER("PUT", "/pub/")), "method", "PUT", NULL },
	{ "git push where fetch is allowed", INSIDE, "allowed.out.test:{tls}", "allowed.out.test",
	  TEXT("POST /attacker/repo.git/git-receive-pack HTTP/1.1\r\nHost: allowed.out.test:{tls}\r\nContent-Length: 4\r\n\r\n0000"), "path", "receive-pack", NULL },
	{ "the second request on a kept connection", INSIDE, "allowed.out.test:{tls}", "allowed.out.test",
	  TEXT("GET /pub/ HTTP/1.1\r\nHost: allowed.out.test:{tls}\r\n\r\n" INNER("GET", "/evil")), "path", "/evil", NULL },
	{ "the second request to another host", INSIDE, "allowed.out.test:{tls}", "allowed.out.test",
	  TEXT("GET /pub/ HTTP/1.1\r\nHost: allowed.out.test:{tls}\r\n\r\nGET /pub/evil HTTP/1.1\r\nHost: evil.test\r\n\r\n"), "syntax", "evil", NULL },
	{ "the secret in an answer", INSIDE, "secret.out.test:{tls}", "secret.out.test", TEXT(SECRETLY("/echo")), "reflected", NULL, SECRET },
	{ "the secret in an answer of one-byte chunks", INSIDE, "secret.out.test:{tls}", "secret.out.test", TEXT(SECRETLY("/echo-chunks")), "reflected", NULL, "Tok/en+42" },
	{ "the secret in a header of an answer", INSIDE, "secret.out.test:{tls}", "secret.out.test", TEXT(SECRETLY("/echo-head")), "reflected", NULL, SECRET },
	{ "the secret in base64", INSIDE, "basic.out.test:{tls}", "basic.out.test",
	  TEXT("GET /echo HTTP/1.1\r\nHost: basic.out.test:{tls}\r\nConnection: close\r\n\r\n"), "reflected", NULL, "Y3IzdC1Ub2svZW4rNDI" },
	{ "an answer that cannot be searched", INSIDE, "secret.out.test:{tls}", "secret.out.test", TEXT(SECRETLY("/gzip")), "reflected", NULL, "ZZZZ" },
	{ "a server with the certificate of another", INSIDE, "wrong.test:{tls}", "wrong.test",
	  TEXT("GET /forged HTTP/1.1\r\nHost: wrong.test:{tls}\r\nConnection: close\r\n\r\n"), "upstream", "GET /forged", "HTTP/1.1 200 \r" },
	{ "Connection names the credential's header", INSIDE, "secret.out.test:{tls}", "secret.out.test",
	  TEXT("GET /until-close HTTP/1.1\r\nHost: secret.out.test:{tls}\r\nConnection: Authorization, close\r\n\r\n"), "route", "GET /none", SECRET },
};

/* ---- the runner ---- */

static void run(struct bench *bench, const struct attempt *a)
{
	AUTO_BUF struct buf answer = { 0 };
	size_t before = bench->n_records, wanted = before + 1;
	const struct bench_record *record;

	if (a->way == RAW)
		bench_say(bench, &answer, a->text, a->size);
	else
		bench_say_tls(bench, &answer, a->authority, a->sni, a->text);
	/* the second of two requests on one connection is the one in question */
	if (a->way == INSIDE && strncmp(a->what, "the second", 10) == 0)
		wanted++;
	record = bench_record(bench, wanted);
	if (strcmp(record->rule, a->rule) != 0)
		fail_msg("%s: rule '%s' (%s), not '%s'", a->what, record->rule, record->reason, a->rule);
	if (record->allowed != (strcmp(a->rule, "route") == 0 || strcmp(a->rule, "upstream") == 0))
		fail_msg("%s: allowed is %d", a->what, record->allowed);
	if (a->never_seen && (bench_saw(&bench->plain, a->never_seen) || bench_saw(&bench->tls, a->never_seen)))
		fail_msg("%s: a server saw '%s'", a->what, a->never_seen);
	if (a->never_got && str_has(buf_str(&answer), str_of(a->never_got)))
		fail_msg("%s: the client got '%s'", a->what, a->never_got);
	if (bench->evil.connections)
		fail_msg("%s: reached whom nobody may reach", a->what);
	if (str_has(buf_str(&bench->names), STR("evil")) || str_has(buf_str(&bench->names), STR("0123456789012345")))
		fail_msg("%s: asked the resolver", a->what);
}

static void test_attempts(void **state)
{
	(void)state;
	assert_true(COUNT(attempts) >= 30);
	for (size_t i = 0; i < COUNT(attempts); i++) {
		struct bench *bench = open_bench();

		run(bench, &attempts[i]);
		bench_close(bench);
		free(bench);
	}
	print_message("%zu ways around, 0 passed\n", COUNT(attempts));
}

/* What a client of its own would say first, or after `heard`. */
static size_t first_words(char *out, size_t room, const char *name, struct str heard)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	BIO *in = BIO_new(BIO_s_mem()), *from = BIO_new(BIO_s_mem());
	int n;

	SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	ssl = SSL_new(context);
	SSL_set_bio(ssl, in, from);
	SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)name);
	SSL_set_connect_state(ssl);
	SSL_do_handshake(ssl);
	n = BIO_read(from, out, (int)room);
	if (heard.len) {
		BIO_write(in, heard.p, (int)heard.len);
		SSL_do_handshake(ssl);
		n = BIO_read(from, out, (int)room);
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
	assert_true(n > 0);
	return (size_t)n;
}

/* The server asks for a second ClientHello: it too must name the host. */
static void test_second_hello(void **state)
{
	struct bench *bench = *state;
	AUTO_ARENA struct arena mem;
	AUTO_FD int fd = bench_client(bench);
	char hello[4096], retry[4096];
	struct str text;
	size_t n;
	ssize_t got;

	arena_init(&mem, 1 << 20);
	text = bench_fill(bench, &mem, CONNECT("tunnel.out.test:{tls}"));
	assert_int_equal(send(fd, text.p, text.len, 0), text.len);
	assert_true(recv(fd, retry, sizeof retry, 0) > 0);
	n = first_words(hello, sizeof hello, "tunnel.out.test", STR(""));
	assert_int_equal(send(fd, hello, n, 0), n);
	got = recv(fd, retry, sizeof retry, 0);
	assert_true(got > 43 && retry[0] == 22);
	n = first_words(hello, sizeof hello, "evil.test", (struct str){ retry, (size_t)got });
	assert_int_equal(hello[0], 22);
	assert_int_equal(send(fd, hello, n, 0), n);
	assert_string_equal(bench_record(bench, 1)->rule, "sni");
	assert_non_null(strstr(bench->records[0].reason, "names another server"));
	/* of the second one, nothing went out */
	assert_true(bench->records[0].up < 400);
}

/* A server whose certificate nobody vouches for gets no request, and no credential. */
static void test_untrusted(void **state)
{
	(void)state;
	struct bench *bench = calloc(1, sizeof *bench);
	AUTO_BUF struct buf answer = { 0 };

	bench->distrust = true;
	bench_open(bench, policy);
	bench_say_tls(bench, &answer, "secret.out.test:{tls}", "secret.out.test", SECRETLY("/until-close"));
	assert_true(str_has(buf_str(&answer), STR("HTTP/1.1 502 ")));
	assert_string_equal(bench_record(bench, 1)->rule, "upstream");
	assert_false(bench_saw(&bench->tls, "GET"));
	bench_close(bench);
	free(bench);
}

static void test_system_resolver(void **state)
{
	(void)state;
	struct bench *bench = calloc(1, sizeof *bench);
	AUTO_BUF struct buf answer = { 0 };

	bench->system_resolver = true;
	bench_open(bench, "addresses: [127.0.0.0/8, '::1']\n"
			  "fetch:\n"
			  "  - {host: localhost, port: {plain}, tls: false}\n");
	bench_say(bench, &answer, "GET http://localhost:{plain}/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 0);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 200 ")));
	bench_close(bench);
	free(bench);
}

static void test_rebinding(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	const char *request = "GET http://rebind.test:{plain}/x HTTP/1.1\r\nHost: rebind.test:{plain}\r\n\r\n";

	bench_say(bench, &first, request, 0);
	assert_true(str_starts(buf_str(&first), STR("HTTP/1.1 200")));
	bench_say(bench, &second, request, 0);
	assert_true(str_starts(buf_str(&second), STR("HTTP/1.1 403")));
	assert_string_equal(bench_record(bench, 2)->rule, "address");
	assert_int_equal(bench->plain.connections, 1);
}

static void test_budgets(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf answer = { 0 }, request = { 0 };

	bench_say(bench, &answer, "GET http://small.out.test:{plain}/big HTTP/1.1\r\nHost: small.out.test\r\n\r\n", 0);
	assert_string_equal(bench_record(bench, 1)->rule, "budget");
	assert_true(answer.len < 70000);
	buf_printf(&request, "POST http://small.out.test:{plain}/x HTTP/1.1\r\nHost: small.out.test\r\nContent-Length: 4096\r\n\r\n%4096d", 1);
	buf_clear(&answer);
	bench_say(bench, &answer, request.bytes, 0);
	assert_string_equal(bench_record(bench, 2)->rule, "budget");
	assert_true(bench->records[1].up <= 2048);
	/* a budget is the run's, not a connection's */
	for (int i = 0; i < 40; i++)
		bench_say(bench, &answer, "GET http://small.out.test:{plain}/x HTTP/1.1\r\nHost: small.out.test\r\n\r\n", 0);
	assert_string_equal(bench_record(bench, 42)->rule, "budget");
}

static void test_slow(void **state)
{
	(void)state;
	struct bench *bench = calloc(1, sizeof *bench);
	AUTO_BUF struct buf answer = { 0 };
	char part[256];
	ssize_t n;

	bench->limits = (struct broker_limits){ .connections = 2, .head_seconds = 1, .idle_seconds = 2 };
	bench_open(bench, policy);
	{
		AUTO_FD int drip = bench_client(bench);
		AUTO_FD int silent = bench_client(bench);

		/* a byte now and then does not help: the head as a whole has its time */
		for (int i = 0; i < 100 && send(drip, "G", 1, MSG_NOSIGNAL) == 1; i++) {
			usleep(50000);
			if (recv(drip, part, sizeof part, MSG_DONTWAIT) >= 0)
				break;
		}
		n = recv(silent, part, sizeof part, 0);
		assert_true(n >= 0);
	}
	/* the two places are free again */
	bench_say(bench, &answer, PLAIN("GET", "plain.out.test:{plain}/pub/"), 0);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 200")));
	bench_close(bench);
	free(bench);
}

static void test_giant_head(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf text = { 0 }, answer = { 0 };

	buf_printf(&text, "GET http://plain.out.test:1/pub/ HTTP/1.1\r\nHost: plain.out.test\r\nX-A: %40000d\r\n\r\n", 1);
	bench_say(bench, &answer, text.bytes, text.len);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 400")));
	buf_clear(&text);
	buf_clear(&answer);
	buf_printf(&text, "GET http://plain.out.test:1/pub/ HTTP/1.1\r\n");
	for (int i = 0; i < 200; i++)
		buf_printf(&text, "X-%d: 1\r\n", i);
	buf_printf(&text, "\r\n");
	bench_say(bench, &answer, text.bytes, text.len);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 400")));
	assert_int_equal(bench->plain.connections, 0);
}

/* The job holds the channel itself: what it hands over need be no connection of the forwarder. */
static void test_channel(void **state)
{
	struct bench *bench = *state;
	struct forward other = { -1, bench->job_socket, -1 };
	AUTO_BUF struct buf answer = { 0 };
	int pipes[2], datagrams[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
	assert_int_equal(send(bench->job_socket, "c", 1, 0), 1);
	other.pending = dup(pipes[0]);
	forward_step(&other);
	other.pending = dup(datagrams[0]);
	forward_step(&other);
	other.pending = dup(bench->plain.listener);
	forward_step(&other);
	bench_say(bench, &answer, PLAIN("GET", "plain.out.test:{plain}/pub/"), 0);
	assert_true(str_starts(buf_str(&answer), STR("HTTP/1.1 200")));
	for (int i = 0; i < 2; i++) {
		close(pipes[i]);
		close(datagrams[i]);
	}
}

/* The run ends while a client is being served: it ends too. */
static void test_end(void **state)
{
	(void)state;
	struct bench *bench = open_bench();
	AUTO_FD int idle = bench_client(bench);
	struct timeval patience = { .tv_sec = 20 };
	char bytes[4096];
	ssize_t n;

	assert_int_equal(setsockopt(idle, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(send(idle, "G", 1, 0), 1);
	bench_close(bench);
	/* it may be told why before that */
	while ((n = recv(idle, bytes, sizeof bytes, 0)) > 0)
		;
	assert_true(n == 0 || errno == ECONNRESET);
	free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inspected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tunnel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_credential, setup, teardown),
		cmocka_unit_test_setup_teardown(test_denial_teaches, setup, teardown),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test_setup_teardown(test_second_hello, setup, teardown),
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_system_resolver),
		cmocka_unit_test_setup_teardown(test_rebinding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_budgets, setup, teardown),
		cmocka_unit_test(test_slow),
		cmocka_unit_test_setup_teardown(test_giant_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_channel, setup, teardown),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
