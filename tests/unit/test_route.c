/* test_route.c - what a network policy says, means, refuses to say, and how a repository may tighten it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/file.h"
#include "base/scope.h"
#include "egress/route.h"
#include "egress/secret.h"

enum { MEM = 64 << 20 };

static int load(struct route_table *out, struct arena *mem, const char *text, struct err *err)
{
	struct yaml_docs docs = { 0 };

	assert_int_equal(yaml_load(&docs, mem, "p.yml", str_of(text), err), 0);
	return route_read(out, mem, "p.yml", docs.n ? docs.items[0] : NULL, err);
}

static void must_load(struct route_table *out, struct arena *mem, const char *text)
{
	struct err err;

	if (load(out, mem, text, &err) < 0)
		fail_msg("%s", err.text);
}

struct path {
	const char *text, *canonical; /* NULL: refused */
};

static const struct path paths[] = {
	{ "/", "/" },
	{ "/a/b/", "/a/b/" },
	{ "/%61%2D%7e", "/a-~" },
	{ "/@types%2fnode", "/@types%2Fnode" },
	{ "/%c3%bc", "/%C3%BC" },
	{ "/a%20b", "/a%20b" },
	{ "/a;v=1", "/a;v=1" },
	{ "/100%25", "/100%25" },
	{ "/..a/...", "/..a/..." },
	{ "", NULL },	     { "a", NULL },	   { "/./a", NULL },	   { "/a/..", NULL },
	{ "//a", NULL },     { "/a//b", NULL },	   { "/%2e%2E/a", NULL },  { "/..%2fa", NULL },
	{ "/a%2f..%2fb", NULL }, { "/..%5ca", NULL }, { "/a\\b", NULL },   { "/%00", NULL },
	{ "/%0a", NULL },    { "/%7f", NULL },	   { "/%", NULL },	   { "/%zz", NULL },
	{ "/%252e", NULL },  { "/%25%32%65", NULL }, { "/..;a/b", NULL },  { "/.;/b", NULL },
	{ "/%c0%ae", NULL }, { "/%ff", NULL },	   { "/a b", NULL },	   { "/a%2f%2fb", NULL },
	{ "/a?b", NULL },    { "/a#b", NULL },	   { "/\xc3\xbc", NULL },
};

static void test_paths(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct str out = { 0 };
		struct err err = { 0 };
		int result = route_path_canon(&out, &mem, str_of(paths[i].text), &err);

		if (paths[i].canonical ? result < 0 || !str_eq(out, str_of(paths[i].canonical)) : result == 0)
			fail_msg("'%s' gave '%.*s' %s", paths[i].text, STR_ARG(out), err.text);
	}
}

struct pattern {
	const char *pattern, *path;
	bool        matches;
};

static const struct pattern patterns[] = {
	{ "/a", "/a", true },		   { "/a", "/a/", false },	   { "/a", "/ab", false },	 { "/a", "/a/b", false },
	{ "/a/*", "/a/b", true },	   { "/a/*", "/a/", true },	   { "/a/*", "/a/b/c", false },	 { "/a/*/c", "/a/b/c", true },
	{ "/a/**", "/a/b/c", true },	   { "/a/**", "/a", true },	   { "/a/**", "/ab", false },	 { "/**", "/", true },
	{ "/**/c", "/a/b/c", true },	   { "/**/c", "/c", true },	   { "/**/c", "/a/c/b", false }, { "/a/**/b/**/c", "/a/x/b/y/b/z/c", true },
	{ "/*.tgz", "/x.tgz", true },	   { "/*.tgz", "/x.tgz.sh", false }, { "/*-*.tgz", "/a-b-c.tgz", true }, { "/a*a", "/a", false },
	{ "/*", "/a%2Fb", false },	   { "/@*%2F*", "/@types%2Fnode", true }, { "/**", "/a/b%2Fc", false }, { "/a%2Fb", "/a%2Fb", true },
	{ "/*", "/%5C", false },	   { "/x/**/y", "/x/1%2F2/y", false }, { "/*aab", "/aaaaab", true }, { "/a", "/A", false },
};

static void test_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++)
		if (route_path_match(str_of(patterns[i].pattern), str_of(patterns[i].path)) != patterns[i].matches)
			fail_msg("'%s' on '%s' is not %d", patterns[i].pattern, patterns[i].path, patterns[i].matches);
}

struct wrong {
	const char *text, *words;
};

static const struct wrong wrongs[] = {
	{ "fetch: [{host: a.example, prot: 1}]", "p.yml:1:27: unknown key 'prot'; known: host, port" },
	{ "fetsh: []", "unknown key 'fetsh'" },
	{ "publish: []", "there is no phase publish" },
	{ "fetch: {}", "a list of routes" },
	{ "fetch: [{port: 443}]", "needs a host" },
	{ "fetch: [{host: '*'}]", "only letters" },
	{ "fetch: [{host: '*.com'}]", "two labels" },
	{ "fetch: [{host: 'a.*.com'}]", "only letters" },
	{ "fetch: [{host: '*.10.0.0.1'}]", "two labels" },
	{ "fetch: [{host: a.example, port: 0}]", "a port" },
	{ "fetch: [{host: a.example, tls: maybe}]", "true or false" },
	{ "fetch: [{host: a.example, methods: []}]", "leave the route out" },
	{ "fetch: [{host: a.example, methods: [get]}]", "upper case" },
	{ "fetch: [{host: a.example, methods: [TRACE]}]", "upper case" },
	{ "fetch: [{host: a.example, methods: [CONNECT]}]", "upper case" },
	{ "fetch: [{host: a.example, paths: [a]}]", "begin with '/'" },
	{ "fetch: [{host: a.example, paths: [/../a]}]", "'..'" },
	{ "fetch: [{host: a.example, up: many}]", "bytes above 0" },
	{ "fetch: [{host: a.example, up: 0}]", "bytes above 0" },
	{ "fetch: [{host: a.example, up: 99999999 GiB}]", "bytes above 0" },
	{ "fetch: [{host: a.example, header: 'A: {secret}'}]", "needs a `credential`" },
	{ "fetch: [{host: a.example, tls: false, credential: x}]", "needs TLS" },
	{ "fetch: [{host: a.example, credential: x, header: 'Host: {secret}'}]", "may not set the header Host" },
	{ "fetch: [{host: a.example, credential: x, header: 'A: b'}]", "one {secret}" },
	{ "fetch: [{host: a.example, credential: x, header: 'A: {secret}{secret}'}]", "one {secret}" },
	{ "fetch: [{host: a.example, credential: x, header: \"A: {secret}\\r\\nB: c\"}]", "one {secret}" },
	{ "addresses: [10.0.0.1/8]", "bits behind its prefix" },
	{ "addresses: [localhost]", "no address" },
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		AUTO_ARENA struct arena mem;
		struct route_table table;
		struct err err = { 0 };

		arena_init(&mem, MEM);
		if (load(&table, &mem, wrongs[i].text, &err) == 0 || !strstr(err.text, wrongs[i].words))
			fail_msg("%s: '%s'", wrongs[i].text, err.text);
	}
}

static const char host_policy[] =
	"addresses: [10.1.0.0/16]\n"
	"fetch:\n"
	"  - {host: registry.example.org, methods: [GET, HEAD], paths: [/a/**, /b]}\n"
	"  - {host: '*.cdn.example.org', port: 8443, up: 1 KiB}\n"
	"  - {host: api.example.org, methods: [GET], credential: tok}\n"
	"  - {host: api.example.org, methods: [POST], paths: [/upload]}\n"
	"  - {host: 10.1.2.3, tls: false, port: 8080}\n"
	"build:\n";

struct question {
	const char *method, *host;
	uint16_t    port;
	bool        tls;
	const char *path, *rule;
};

static const struct question questions[] = {
	{ "GET", "registry.example.org", 443, true, "/a/x", "route" },
	{ "HEAD", "registry.example.org", 443, true, "/b", "route" },
	{ "", "registry.example.org", 443, true, "", "route" },
	{ "POST", "registry.example.org", 443, true, "/a/x", "method" },
	{ "GET", "registry.example.org", 443, true, "/c", "path" },
	{ "GET", "registry.example.org", 443, false, "/a/x", "tls" },
	{ "GET", "registry.example.org", 80, false, "/a/x", "port" },
	{ "GET", "registry.example.org.evil.example", 443, true, "/a/x", "host" },
	{ "GET", "xregistry.example.org", 443, true, "/a/x", "host" },
	{ "", "x.cdn.example.org", 8443, true, "", "route" },
	{ "", "x.y.cdn.example.org", 8443, true, "", "route" },
	{ "", "cdn.example.org", 8443, true, "", "host" },
	{ "", "xcdn.example.org", 8443, true, "", "host" },
	{ "POST", "api.example.org", 443, true, "/upload", "route" },
	{ "POST", "api.example.org", 443, true, "/other", "path" },
	{ "TRACE", "10.1.2.3", 8080, false, "/", "method" },
	{ "DELETE", "10.1.2.3", 8080, false, "/", "route" },
	{ "GET", "10.1.2.4", 8080, false, "/", "host" },
};

static struct route_verdict ask(const struct route_table *table, const struct question *q, struct buf *why)
{
	struct host host;
	struct route_ask ask = { ROUTE_FETCH, &host, q->port, q->tls, str_of(q->method), str_of(q->path) };
	struct route_verdict verdict;

	assert_int_equal(host_read(&host, str_of(q->host), NULL), 0);
	verdict = route_match(table, &ask);
	buf_clear(why);
	route_explain(why, table, &ask, &verdict);
	return verdict;
}

static void test_match(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf why = { 0 };
	struct route_table table;
	struct route_verdict verdict;

	arena_init(&mem, MEM);
	must_load(&table, &mem, host_policy);
	for (size_t i = 0; i < COUNT(questions); i++) {
		const struct question *q = &questions[i];

		verdict = ask(&table, q, &why);
		if (strcmp(verdict.rule, q->rule) != 0 || verdict.allowed != (strcmp(q->rule, "route") == 0))
			fail_msg("%s %s:%u%s: '%s', not '%s'", q->method, q->host, (unsigned)q->port, q->path, verdict.rule, q->rule);
		assert_true(why.len <= 1000 && str_has(buf_str(&why), str_of(q->host)));
		if (!verdict.allowed)
			assert_true(str_has(buf_str(&why), STR("will never be allowed")));
	}
	/* requests on the wildcard's connections are not read, on the others they are */
	assert_false(ask(&table, &questions[9], &why).inspect);
	assert_true(ask(&table, &questions[2], &why).inspect);
	verdict = ask(&table, &(struct question){ "GET", "api.example.org", 443, true, "/x", "" }, &why);
	assert_true(str_eq(verdict.route->credential, STR("tok")));
	assert_true(str_eq(verdict.route->header_value, STR("Bearer {secret}")));
	assert_false(route_any(&table, ROUTE_BUILD));
	assert_true(route_any(&table, ROUTE_FETCH));
}

static const struct wrong loosenings[] = {
	{ "fetch: [{host: evil.example, methods: [GET]}]", "does not name this host" },
	{ "fetch: [{host: registry.example.org}]", "these methods are more" },
	{ "fetch: [{host: registry.example.org, methods: [GET]}]", "these paths are more" },
	{ "fetch: [{host: registry.example.org, methods: [GET, PUT], paths: [/b]}]", "these methods are more" },
	{ "fetch: [{host: registry.example.org, methods: [GET], paths: [/a/*]}]", "these paths are more" },
	{ "fetch: [{host: registry.example.org, methods: [GET], paths: [/c]}]", "these paths are more" },
	{ "fetch: [{host: registry.example.org, port: 80, methods: [GET], paths: [/b]}]", "this port" },
	{ "fetch: [{host: '*.example.org', port: 8443}]", "does not name this host" },
	{ "fetch: [{host: a.cdn.example.org, port: 8443, up: 2 KiB}]", "`up` or `down`" },
	{ "fetch: [{host: a.cdn.example.org, port: 8443, tls: false}]", "`tls` is not" },
	{ "fetch: [{host: api.example.org, methods: [GET], credential: tok}]", "only the host's policy may name a credential" },
	{ "addresses: [127.0.0.0/8]", "`addresses` belongs to the host's" },
	{ "build: [{host: registry.example.org, methods: [GET], paths: [/b]}]", "does not name this host" },
};

static void test_tighten(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf why = { 0 }, before = { 0 }, after = { 0 };
	struct route_table host, repo;
	struct route_verdict verdict;
	struct err err;

	arena_init(&mem, MEM);
	must_load(&host, &mem, host_policy);
	for (size_t i = 0; i < COUNT(loosenings); i++) {
		must_load(&repo, &mem, loosenings[i].text);
		if (route_tighten(&repo, "repo.yml", &host, &err) == 0 || !strstr(err.text, loosenings[i].words))
			fail_msg("%s: %s", loosenings[i].text, err.text);
		assert_null(repo.within);
	}
	must_load(&repo, &mem, "fetch: [{host: registry.example.org, methods: [GET], paths: [/a/x, /b]},\n"
			       "  {host: a.cdn.example.org, port: 8443}, {host: api.example.org, methods: [GET]}]");
	assert_int_equal(route_tighten(&repo, "repo.yml", &host, &err), 0);
	assert_true(ask(&repo, &(struct question){ "GET", "registry.example.org", 443, true, "/a/x", "" }, &why).allowed);
	assert_false(ask(&repo, &questions[1], &why).allowed);
	assert_false(ask(&repo, &(struct question){ "GET", "registry.example.org", 443, true, "/a/y", "" }, &why).allowed);
	assert_false(ask(&repo, &(struct question){ "", "b.cdn.example.org", 8443, true, "", "" }, &why).allowed);
	/* budgets of both, the credential of the host */
	verdict = ask(&repo, &(struct question){ "GET", "api.example.org", 443, true, "/x", "" }, &why);
	assert_int_equal(verdict.n_chain, 2);
	assert_true(str_eq(verdict.route->credential, STR("tok")));
	route_canon(&before, &host);
	route_canon(&after, &repo);
	assert_false(str_eq(buf_str(&before), buf_str(&after)));
	/* a repository that says nothing leaves all as it is; one that says `fetch:` alone has no network */
	must_load(&repo, &mem, "");
	assert_int_equal(route_tighten(&repo, "repo.yml", &host, &err), 0);
	assert_true(ask(&repo, &questions[0], &why).allowed);
	assert_true(route_any(&repo, ROUTE_FETCH));
	must_load(&repo, &mem, "fetch:\n");
	assert_int_equal(route_tighten(&repo, "repo.yml", &host, &err), 0);
	assert_false(ask(&repo, &questions[0], &why).allowed);
	assert_false(route_any(&repo, ROUTE_FETCH));
}

static void test_canon(void **state)
{
	(void)state;
	static const char *const others[] = {
		"fetch: [{host: a.example, port: 444}]", "fetch: [{host: b.example}]", "fetch: [{host: '*.a.example'}]",
		"fetch: [{host: a.example, tls: false}]", "fetch: [{host: a.example, methods: [GET]}]", "build: [{host: a.example}]",
		"fetch: [{host: a.example, paths: [/a]}]", "fetch: [{host: a.example, up: 1}]", "fetch: [{host: a.example, down: 1}]",
		"fetch: [{host: a.example, credential: x}]", "fetch: [{host: a.example, credential: y}]",
		"fetch: [{host: a.example, credential: y, header: 'X: {secret}'}]", "addresses: [10.0.0.0/8]", "addresses: [10.0.0.0/9]", "",
	};
	AUTO_ARENA struct arena mem;
	struct str seen[COUNT(others) + 1];
	struct route_table table;

	arena_init(&mem, MEM);
	for (size_t i = 0; i <= COUNT(others); i++) {
		AUTO_BUF struct buf text = { 0 };

		must_load(&table, &mem, i ? others[i - 1] : "fetch: [{host: a.example}]");
		route_canon(&text, &table);
		seen[i] = arena_str(&mem, buf_str(&text));
		for (size_t j = 0; j < i; j++)
			assert_false(str_eq(seen[i], seen[j]));
	}
	/* spellings of the same are the same */
	{
		AUTO_BUF struct buf text = { 0 };

		must_load(&table, &mem, "fetch:\n- tls: true\n  down: 2 GiB\n  host: A.EXAMPLE\n  port: 443\n");
		route_canon(&text, &table);
		assert_true(str_eq(buf_str(&text), seen[0]));
	}
}

/* The example of docs/network.md is a policy. */
static void test_documented(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf why = { 0 };
	struct yaml_docs docs = { 0 };
	struct route_table table;
	struct str text;
	struct err err;

	arena_init(&mem, MEM);
	assert_int_equal(file_read(&text, &mem, SOURCE_DIR "/docs/network.md", 1 << 20, &err), 0);
	text = str_from(text, str_find(text, STR("```yaml\n")) + 8);
	text = str_sub(text, 0, str_find(text, STR("```")));
	if (yaml_load(&docs, &mem, "network.md", text, &err) < 0 ||
	    route_read(&table, &mem, "network.md", yaml_get(docs.items[0], "net"), &err) < 0)
		fail_msg("%s", err.text);
	assert_true(ask(&table, &(struct question){ "GET", "registry.example.org", 443, true, "/@types%2Fnode", "" }, &why).allowed);
	assert_true(ask(&table, &(struct question){ "GET", "registry.example.org", 443, true, "/left-pad/-/left-pad-1.3.0.tgz", "" }, &why).allowed);
	assert_true(ask(&table, &(struct question){ "", "index.packages.example", 443, true, "", "" }, &why).allowed);
	assert_false(ask(&table, &(struct question){ "POST", "git.example.org", 443, true, "/team/lib.git/git-receive-pack", "" }, &why).allowed);
}

static const char *environment(const char *name)
{
	return strcmp(name, "TOKEN") == 0 ? "0123456789abcdef" : strcmp(name, "SHORT") == 0 ? "abc" : NULL;
}

static void test_secrets(void **state)
{
	(void)state;
	static const struct wrong bad[] = { { "a: {env: NONE}", "no variable 'NONE'" }, { "a: {env: SHORT}", "8 to 8192" },
					    { "a: value", "expected {env" }, { "a: {file: /etc/passwd}", "chmod 600" },
					    { "a: {file: /nonexistent}", "open" }, { "[a]", "a mapping" } };
	AUTO_ARENA struct arena mem;
	struct secret_list list;
	struct yaml_docs docs = { 0 };
	struct err err;

	arena_init(&mem, MEM);
	assert_int_equal(yaml_load(&docs, &mem, "s", STR("tok: {env: TOKEN}"), &err), 0);
	assert_int_equal(secret_list_read(&list, &mem, "s", docs.items[0], environment, &err), 0);
	assert_true(str_eq(secret_find(&list, STR("tok"))->value, STR("0123456789abcdef")));
	assert_null(secret_find(&list, STR("other")));
	secret_wipe(&list);
	assert_null(secret_find(&list, STR("tok")));
	for (size_t i = 0; i < COUNT(bad); i++) {
		docs = (struct yaml_docs){ 0 };
		assert_int_equal(yaml_load(&docs, &mem, "s", str_of(bad[i].text), &err), 0);
		if (secret_list_read(&list, &mem, "s", docs.items[0], environment, &err) == 0 || !strstr(err.text, bad[i].words))
			fail_msg("%s: %s", bad[i].text, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),	cmocka_unit_test(test_patterns), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_match),	cmocka_unit_test(test_tighten),	 cmocka_unit_test(test_canon),
		cmocka_unit_test(test_secrets), cmocka_unit_test(test_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
