/* test_settings.c - the service's file of settings, and the secrets that it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/scope.h"
#include "serve/roles.h"
#include "serve/settings.h"

enum { MEMORY = 1 << 20 };

static int parse(struct settings *out, struct arena *mem, const char *text, struct err *err)
{
	return settings_parse(out, mem, "s.yml", STR("/etc/outrider/"), str_of(text), err);
}

static void test_defaults(void **state)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct settings s;
	struct err err = { 0 };

	(void)state;
	arena_init(&mem, MEMORY);
	if (parse(&s, &mem, "integrations:\n  - {name: a, forge: local, path: repos, secrets: env:A}\n", &err))
		fail_msg("%s", err.text);
	assert_true(str_eq(s.listen, STR("127.0.0.1:8080")));
	assert_true(str_eq(s.database, STR("sqlite:/etc/outrider/data/outrider.db")));
	assert_true(str_eq(s.broker.listen, STR("ipc:///etc/outrider/data/broker.sock")));
	assert_true(str_eq(s.url, STR("http://127.0.0.1:8080")));
	assert_int_equal(s.workers, 2);
	assert_true(str_eq(s.integrations.items[0].path, STR("/etc/outrider/repos")));
	assert_true(str_eq(s.integrations.items[0].tenant, STR("default")));
	assert_int_equal(s.integrations.items[0].fail_on, SEVERITY_ERROR);
	assert_true(s.integrations.items[0].check && s.integrations.items[0].intake.bots);
	assert_null(settings_integration(&s, STR("b")));
	assert_non_null(settings_integration(&s, STR("a")));
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "lisen: a", "s.yml:1:1: unknown key 'lisen'; did you mean 'listen'?" },
		{ "workers: 99", "s.yml:1:10: expected a number from 0 to 64" },
		{ "integrations:\n  - {name: A, forge: github, secrets: env:X}", "needs a name of a-z" },
		{ "integrations:\n  - {name: a, forge: gitbug, secrets: env:X}", "needs `forge`: one of " },
		{ "integrations:\n  - {name: a, forge: github}", "needs `secrets`" },
		{ "integrations:\n  - {name: a, forge: github, secrets: hunter2}", "not the secret" },
		{ "integrations:\n  - {name: a, forge: github, secrets: env:X, token: hunter2}", "env:NAME" },
		{ "integrations:\n  - {name: a, forge: github, secrets: env:X}\n"
		  "  - {name: a, forge: github, secrets: env:X}", "a second integration 'a'" },
		{ "integrations:\n  - {name: a, forge: github, secrets: env:X, url: ftp://x}", "expected a URL" },
		{ "login: {issuer: 'https://id.example'}", "`issuer` needs `client_id`" },
		{ "version: 2", "expected a number from 1 to 1" },
		{ "a: 1\n---\nb: 2", "expected one YAML document" },
	};
	AUTO_ARENA struct arena mem = { 0 };
	struct settings s;

	(void)state;
	arena_init(&mem, MEMORY);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err err = { 0 };

		assert_int_equal(parse(&s, &mem, wrong[i].text, &err), -1);
		if (!strstr(err.text, wrong[i].says))
			fail_msg("'%s' does not say '%s'", err.text, wrong[i].says);
		assert_null(strstr(err.text, "hunter2"));
	}
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_secrets(void **state)
{
	AUTO_ARENA struct arena mem = { 0 };
	char folder[] = "/tmp/outrider-settings-XXXXXX", path[64];
	struct secret_ref env = { STR("env:OUTRIDER_TEST_SECRET"), STR("/") };
	struct secret_ref file = { STR("file:secret"), { 0 } };
	struct err err = { 0 };
	struct str value;

	(void)state;
	arena_init(&mem, MEMORY);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/secret", folder);
	file.base = arena_printf(&mem, "%s/", folder);
	unsetenv("OUTRIDER_TEST_SECRET");
	assert_int_equal(secret_read(&value, &mem, &env, &err), -1);
	setenv("OUTRIDER_TEST_SECRET", "s3cret\n", 1);
	assert_int_equal(secret_read(&value, &mem, &env, &err), 0);
	assert_true(str_eq(value, STR("s3cret")));
	assert_int_equal(secret_read(&value, &mem, &file, &err), -1);
	write_file(path, "key\n", 0600);
	assert_int_equal(secret_read(&value, &mem, &file, &err), 0);
	assert_true(str_eq(value, STR("key")));
	write_file(path, "key\n", 0644);
	assert_int_equal(secret_read(&value, &mem, &file, &err), -1);
	assert_non_null(strstr(err.text, "by everybody"));
	write_file(path, "\n", 0600);
	assert_int_equal(secret_read(&value, &mem, &file, &err), -1);
	assert_int_equal(remove(path) || remove(folder), 0);
}

static bool has(char *const *list, const char *entry)
{
	for (; *list; list++)
		if (strcmp(*list, entry) == 0)
			return true;
	return false;
}

static void test_environment(void **state)
{
	char *const all[] = { (char[]){ "PATH=/bin" }, (char[]){ "HOOK=h" }, (char[]){ "TOKEN=t" },
				     (char[]){ "OTHER=o" }, NULL };
	AUTO_ARENA struct arena mem = { 0 };
	struct settings s;
	struct err err = { 0 };
	char **of;

	(void)state;
	arena_init(&mem, MEMORY);
	if (parse(&s, &mem,
		  "integrations:\n  - {name: a, forge: github, secrets: [env:HOOK], token: env:TOKEN}\n", &err))
		fail_msg("%s", err.text);
	of = role_environment(&mem, ROLE_GATEWAY, &s, all);
	assert_true(has(of, "HOOK=h") && has(of, "PATH=/bin") && !has(of, "TOKEN=t") && !has(of, "OTHER=o"));
	of = role_environment(&mem, ROLE_BROKER, &s, all);
	assert_true(!has(of, "HOOK=h") && has(of, "TOKEN=t") && !has(of, "OTHER=o"));
	of = role_environment(&mem, ROLE_WORKER, &s, all);
	assert_true(!has(of, "HOOK=h") && has(of, "PATH=/bin") && !has(of, "TOKEN=t"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
