/* test_environment.c - what a repository may wish, how it complains, and what the administrator grants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/scope.h"
#include "environment/host.h"
#include "flow/config.h"

enum { MEM = 64 << 20 };

static int load(struct environment *out, struct arena *mem, const char *text, struct err *err)
{
	struct config config;

	if (config_load(&config, mem, ".outrider.yml", str_of(text), err))
		return -1;
	assert_non_null(config.environment);
	*out = *config.environment;
	return 0;
}

static const char whole[] = "version: 1\n"
			    "environment:\n"
			    "  packages: [redis-server, git, git, g++]\n"
			    "  profile: python\n"
			    "  setup:\n"
			    "    - pip install -r requirements.txt\n"
			    "    - |\n"
			    "      first\n"
			    "      second\n"
			    "  env: { PORT: 5432, EMPTY: '' }\n"
			    "  files: [requirements.txt, a/lock]\n"
			    "  refresh: 12h\n"
			    "  services:\n"
			    "    - { name: db, command: run db, ready: is up, data: /home/job/db, within: 1m }\n"
			    "    - { name: web-2, command: run web, port: 8080 }\n";

static void test_whole(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	struct environment e;
	struct err err;

	arena_init(&mem, MEM);
	if (load(&e, &mem, whole, &err))
		fail_msg("%s", err.text);
	assert_int_equal(e.packages.n, 3);
	assert_string_equal(e.packages.items[0].p, "g++");
	assert_string_equal(e.packages.items[2].p, "redis-server");
	assert_true(str_eq(e.profile, STR("python")));
	assert_int_equal(e.setup.n, 2);
	assert_true(str_eq(e.setup.items[1], STR("first\nsecond\n")));
	assert_true(str_eq(e.env.items[0], STR("PORT=5432")));
	assert_true(str_eq(e.env.items[1], STR("EMPTY=")));
	assert_int_equal(e.refresh_ms, 12 * 3600 * 1000);
	assert_int_equal(e.services.n, 2);
	assert_int_equal(e.services.items[0].within_ms, 60000);
	assert_int_equal(e.services.items[1].port, 8080);
	assert_int_equal(e.services.items[1].within_ms, 30000);
}

static void test_mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "{ image: '' }", "1:23: an empty name" },
		{ "{ image: a, packages: [b] }", "exclude each other" },
		{ "{ packages: [Redis] }", "name of a Debian package" },
		{ "{ packages: ['-o=x'] }", "name of a Debian package" },
		{ "{ packages: [a/b] }", "name of a Debian package" },
		{ "{ packages: ['a b'] }", "name of a Debian package" },
		{ "{ packages: ['a,b'] }", "name of a Debian package" },
		{ "{ packages: [a=1.0] }", "name of a Debian package" },
		{ "{ packages: [a-] }", "name of a Debian package" },
		{ "{ setup: make }", "a list of commands" },
		{ "{ setup: [' '] }", "an empty command" },
		{ "{ setup: [\"a\\0b\"] }", "a control character" },
		{ "{ setup: [\"a\\eb\"] }", "a control character" },
		{ "{ env: { 1A: b } }", "name of a variable" },
		{ "{ env: { 'A=B': c } }", "name of a variable" },
		{ "{ env: { A: [b] } }", "a string" },
		{ "{ files: [/etc/passwd] }", "a file in the repository" },
		{ "{ files: [a/../b] }", "a file in the repository" },
		{ "{ refresh: 1s }", "out of bounds" },
		{ "{ services: [{ name: a }] }", "'command' is missing" },
		{ "{ services: [{ command: a }] }", "'name' is missing" },
		{ "{ services: [{ name: ../a, command: b }] }", "expected a name" },
		{ "{ services: [{ name: a, command: b, ready: c, port: 1 }] }", "exclude each other" },
		{ "{ services: [{ name: a, command: b, port: 0 }] }", "from 1 to 65535" },
		{ "{ services: [{ name: a, command: b }, { name: a, command: b }] }", "a second service 'a'" },
		{ "{ services: [{ name: a, command: b, data: /etc }] }", "below /home/job or /work" },
		{ "{ services: [{ name: a, command: b, data: /home/job/../x }] }", "below /home/job or /work" },
		{ "{ service: [] }", "did you mean 'services'" },
		{ "[]", "a mapping" },
	};
	AUTO_ARENA struct arena mem;
	struct environment e;
	struct err err;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = arena_printf(&mem, "environment: %s", rows[i].text).p;

		if (load(&e, &mem, text, &err) == 0)
			fail_msg("'%s' is taken", text);
		if (!strstr(err.text, rows[i].says) || strncmp(err.text, ".outrider.yml:1:", 16) != 0)
			fail_msg("'%s': %s", text, err.text);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

static void canon(struct buf *out, const char *text)
{
	AUTO_ARENA struct arena mem;
	struct environment e;
	struct err err;

	arena_init(&mem, MEM);
	if (load(&e, &mem, text, &err))
		fail_msg("%s", err.text);
	environment_canon(out, &e);
}

static void test_canon(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool        same;
	} rows[] = {
		{ "environment: {packages: [a, b]}", "environment: {packages: [b, a, b]}", true },
		{ "environment: {setup: [a, b]}", "environment: {setup: [b, a]}", false },
		{ "environment: {setup: [ab]}", "environment: {setup: [a, b]}", false },
		{ "environment: {setup: [a], env: {A: b}}", "environment: {setup: [a], env: {A: c}}", false },
		/* services are started for each job: set-up knows only their folders */
		{ "environment: {setup: [a]}", "environment: {setup: [a], services: [{name: a, command: b}]}", false },
		{ "environment: {services: [{name: a, command: b}]}", "environment: {services: [{name: c, command: d, port: 1}]}", true },
		{ "environment: {services: [{name: a, command: b, data: /work/x}]}",
		  "environment: {services: [{name: a, command: b, data: /work/y}]}", false },
		{ "environment: {refresh: 1h}", "environment: {refresh: 2h}", true },
		{ "environment: {image: a}", "environment: {profile: a}", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf a = { 0 };
		AUTO_BUF struct buf b = { 0 };

		canon(&a, rows[i].a);
		canon(&b, rows[i].b);
		if (str_eq(buf_str(&a), buf_str(&b)) != rows[i].same)
			fail_msg("'%s' and '%s'", rows[i].a, rows[i].b);
	}
}

static int container(struct environment *out, struct arena *mem, const char *text, struct err *err)
{
	return environment_devcontainer(out, mem, "d.json", str_of(text), err);
}

static bool ignores(const struct environment *e, const char *what)
{
	for (size_t i = 0; i < e->ignored.n; i++)
		if (str_has(e->ignored.items[i], str_of(what)))
			return true;
	return false;
}

static void test_container(void **state)
{
	(void)state;
	static const char text[] = "// first\n"
				   "{\n"
				   "\t\"name\": \"n\", /* a\n comment \" */ \"image\": \"a:1\",\n"
				   "\t\"containerEnv\": { \"A\": \"x // y /* z */\", \"B\": \"${localEnv:HOME}\" },\n"
				   "\t\"remoteEnv\": { \"A\": \"${containerWorkspaceFolder}/z\" },\n"
				   "\t\"postCreateCommand\": { \"a\": \"one\", \"b\": [\"two\", \"it's\"] },\n"
				   "\t\"onCreateCommand\": \"zero\",\n"
				   "\t\"features\": {},\n"
				   "\t\"forwardPorts\": [80],\n"
				   "\t\"unheard\\u001bof\": 1,\n"
				   "}\n";
	AUTO_ARENA struct arena mem;
	struct environment e;
	struct err err;

	arena_init(&mem, MEM);
	if (container(&e, &mem, text, &err))
		fail_msg("%s", err.text);
	assert_true(str_eq(e.image, STR("a:1")));
	assert_int_equal(e.env.n, 1);
	assert_true(str_eq(e.env.items[0], STR("A=/work/z")));
	assert_int_equal(e.setup.n, 3);
	assert_true(str_eq(e.setup.items[0], STR("zero")));
	assert_true(str_eq(e.setup.items[1], STR("one")));
	assert_true(str_eq(e.setup.items[2], STR("'two' 'it'\\''s'")));
	assert_true(ignores(&e, "3:2: name"));
	assert_true(ignores(&e, "B: a variable of the developer's machine"));
	assert_true(ignores(&e, "10:2: forwardPorts: a job is reached by nobody"));
	assert_true(ignores(&e, "features"));
	assert_true(ignores(&e, "unheard?of"));
	assert_int_equal(e.ignored.n, 5);
}

static void test_container_mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "{\n \"features\": { \"x\": {} } }", "d.json:2:2: features are not installed" },
		{ "{ \"build\": { \"dockerfile\": \"D\" } }", "d.json:1:3: images are not built" },
		{ "{ \"dockerComposeFile\": \"c\" }", "Compose is not supported" },
		{ "{ \"privileged\": true }", "no privileges" },
		{ "{ \"mounts\": [\"x\"] }", "nothing of the host is mounted" },
		{ "{ \"image\": 1, \"image\": 2 }", "d.json:1:" },
		{ "{ \"image\": [] }", "a string" },
		{ "{ \"postCreateCommand\": { \"a\": { \"b\": \"c\" } } }", "expected a command" },
		{ "{ \"image\": \"a\" /* open", "d.json:2:1: did not find expected" },
		{ "[]", "a JSON object" },
		{ "", "one JSON object" },
	};
	AUTO_ARENA struct arena mem;
	struct environment e;
	struct err err;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (container(&e, &mem, rows[i].text, &err) == 0)
			fail_msg("'%s' is taken", rows[i].text);
		if (!strstr(err.text, rows[i].says))
			fail_msg("'%s': %s", rows[i].text, err.text);
	}
	if (container(&e, &mem, "{ \"privileged\": false, \"mounts\": [], \"build\": null }", &err))
		fail_msg("%s", err.text);
}

/* Reads a file of the administrator that holds this text. */
static int host_of(struct environment_host *out, struct arena *mem, const char *text, struct err *err)
{
	char path[] = "/tmp/outrider-host-XXXXXX";
	int fd = mkstemp(path), failed;

	assert_true(fd >= 0);
	assert_int_equal(file_write_fd(fd, str_of(text), err), 0);
	close(fd);
	environment_host_init(out, mem, "/tmp/none");
	failed = environment_host_load(out, mem, arena_z(mem, str_of(path)), err);
	unlink(path);
	return failed;
}

static void test_permit(void **state)
{
	(void)state;
	static const struct {
		const char *host, *wish, *says; /* NULL: granted */
	} rows[] = {
		{ "", "environment: {setup: [make]}", NULL },
		{ "setup: no", "environment: {setup: [make]}", "1:23: set-up commands are not allowed" },
		{ "", "environment: {packages: [git]}", "1:25: the package 'git' is not allowed" },
		{ "packages: [git, 'lib*-dev']", "environment: {packages: [git, libpq-dev]}", NULL },
		{ "packages: [git, 'lib*-dev']", "environment: {packages: [git, libpq5]}", "the package 'libpq5'" },
		{ "images: {'a:1': /srv/a}", "environment: {image: 'a:1'}", NULL },
		{ "images: {'a:1': /srv/a}", "environment: {image: 'a:2'}", "the image 'a:2' is not allowed" },
		{ "images: {'a:1': /srv/a}", "environment: {image: /srv/a}", "is not allowed" },
		{ "images: {'a/*': 'docker://r.example/*'}", "environment: {image: 'a/b:1'}", NULL },
		{ "images: {'a/*': 'docker://r.example/*'}", "environment: {image: 'b/a/b:1'}", "is not allowed" },
		{ "images: {'a/*': 'docker://r.example/*'}", "environment: {image: a/}", "is not allowed" },
		{ "images: {'a*': /srv/a}", "environment: {image: ab}", "is not allowed" },
	};
	AUTO_ARENA struct arena mem;
	struct environment_host host;
	struct environment e;
	struct err err;

	arena_init(&mem, MEM);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (host_of(&host, &mem, rows[i].host, &err) || load(&e, &mem, rows[i].wish, &err))
			fail_msg("%s", err.text);
		if (environment_permit(&host, &e, &err) == 0)
			assert_null(rows[i].says);
		else if (!rows[i].says || !strstr(err.text, rows[i].says) || err.kind != ERR_PERM)
			fail_msg("%s: %s", rows[i].wish, err.text);
	}
}

static void test_host(void **state)
{
	(void)state;
	static const char *const wrong[] = { "store: here", "images: {a: b}", "images: {a: '/b:c:d'}", "suite: --x", "pool: 65",
					     "max_bytes: 1", "build: 0s", "policy: /none", "packages: git", "sources: [x]",
					     "images: {a: 'docker://r.example'}", "images: {a: 'docker://*/a'}", "images: {'*': 'docker://r.example/**'}",
					     "images: {a: 'docker://r.example/*'}", "images: {a: 'docker://127.0.0.1:5/a'}", "max_image: 1",
					     "registries: {r.example: {}}", "registries: {r.example: {fetch: [{host: r.example, tls: false}]}}",
					     "registries: {r.example: {fetch: [{host: r.example}], build: []}}",
					     "registries: {'r.example/x': {fetch: [{host: r.example}]}}",
					     "registries: {'localhost:5': {fetch: [{host: localhost, tls: false, credential: a}]}}" };
	AUTO_ARENA struct arena mem;
	struct environment_host host;
	struct err err;

	arena_init(&mem, MEM);
	if (host_of(&host, &mem, "store: /srv/x/\nimages: {a: '/b:c'}\npool: 3\nroot_refresh: 24h\n", &err))
		fail_msg("%s", err.text);
	assert_string_equal(host.store, "/srv/x");
	assert_true(str_eq(environment_host_image(&host, STR("a"))->tag, STR("c")));
	assert_string_equal(environment_host_image(&host, STR("a"))->path.p, "/b");
	assert_int_equal(host.root_refresh_ms, 86400000);
	assert_int_equal(host.policy.trust, TRUST_UNTRUSTED);
	assert_null(environment_host_image(&host, STR("b")));
	if (host_of(&host, &mem, "images: {'n:*': 'docker://r.example/n:*', 'n:1': /b}\nregistries: {'localhost:5': {addresses: [127.0.0.0/8], fetch: "
				 "[{host: localhost, port: 5, tls: false}]}}\n", &err))
		fail_msg("%s", err.text);
	assert_true(str_eq(environment_host_image(&host, STR("n:1"))->remote, STR("r.example/n:*")));
	assert_true(host.registries.items[0].plain);
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (host_of(&host, &mem, wrong[i], &err) == 0)
			fail_msg("'%s' is taken", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_canon),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_container_mistakes),
		cmocka_unit_test(test_permit),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
