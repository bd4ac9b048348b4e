/* test_image.c - names of images and what registries say of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scope.h"
#include "image_manifest.h"

#define HASH "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *text, *registry, *repository, *tag, *digest;
	} rows[] = {
		{ "registry.example/debian:12", "registry.example", "debian", "12", "" },
		{ "registry.example/team/app", "registry.example", "team/app", "latest", "" },
		{ "localhost:5000/a", "localhost:5000", "a", "latest", "" },
		{ "localhost/a", "localhost", "a", "latest", "" },
		{ "r.example:1/a-b__c.d/e:T_1.x-2@" HASH, "r.example:1", "a-b__c.d/e", "T_1.x-2", HASH },
		{ "r.example/a@" HASH, "r.example", "a", "latest", HASH },
	};
	struct image_name name;
	struct err err;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (image_name_read(&name, str_of(rows[i].text), &err))
			fail_msg("%s: %s", rows[i].text, err.text);
		assert_true(str_eq(name.registry, str_of(rows[i].registry)));
		assert_true(str_eq(name.repository, str_of(rows[i].repository)));
		assert_true(str_eq(name.tag, str_of(rows[i].tag)));
		assert_true(str_eq(name.digest, str_of(rows[i].digest)));
	}
}

static void test_wrong_names(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"", "/", "debian:12", "library/debian", "r.example/", "r.example/A", "r.example/a/", "r.example//a", "r.example/../a",
		"r.example/a..b", "r.example/a/../b", "r.example/.a", "r.example/-a", "r.example/a-", "r.example/a b", "r.example/a\n",
		"r.example/a:", "r.example/a:-x", "r.example/a:b:c", "r.example/a:b/c", "r.example/a@", "r.example/a@md5:12",
		"r.example/a@" HASH "0", "R.example/a", "r.example:0/a", "r.example:99999/a", "r.example:x/a", "user@r.example/a",
		"--authfile=/etc/shadow/a", "[::1]:5000/a", "r.example/%2e%2e/a", "r.example/a?x=y", "r.example/a#b", "0x7f.1/a",
	};
	struct image_name name;
	struct err err;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (image_name_read(&name, str_of(rows[i]), &err) == 0)
			fail_msg("'%s' is taken", rows[i]);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *name, *target, *filled; /* NULL: does not fit */
	} rows[] = {
		{ "a:1", "a:1", "r.example/b:2", "r.example/b:2" },
		{ "a:1", "a:2", "r.example/b:2", NULL },
		{ "x.example/*", "x.example/a/b:1", "r.example/*", "r.example/a/b:1" },
		{ "x.example/*", "x.example/", "r.example/*", NULL },
		{ "x.example/*", "y.example/a", "r.example/*", NULL },
		{ "node:*", "node:20", "r.example/library/node:*-slim", "r.example/library/node:20-slim" },
		{ "*-x", "a-x", "r.example/*", "r.example/a" },
		{ "a*a", "a", "r.example/*", NULL },
		{ "*", "a@b", "r.example/*", "r.example/a@b" },
	};
	AUTO_ARENA struct arena mem;

	arena_init(&mem, 1 << 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str rest = STR("");

		if (!image_name_match(&rest, str_of(rows[i].pattern), str_of(rows[i].name))) {
			if (rows[i].filled)
				fail_msg("'%s' does not fit '%s'", rows[i].name, rows[i].pattern);
			continue;
		}
		if (!rows[i].filled)
			fail_msg("'%s' fits '%s'", rows[i].name, rows[i].pattern);
		assert_true(str_eq(image_name_fill(&mem, str_of(rows[i].target), rest), str_of(rows[i].filled)));
	}
}

static const struct image_platform here = { "linux", "amd64" };

#define BLOB(size) "{\"digest\":\"" HASH "\",\"size\":" size "}"
#define ENTRY(os, arch) "{\"digest\":\"" HASH "\",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}}"

static void test_manifest(void **state)
{
	(void)state;
	struct image_manifest m;
	struct err err;

	if (image_manifest_read(&m, STR("{\"config\":" BLOB("10") ",\"layers\":[" BLOB("20") "," BLOB("30") "]}"), &here, 60, &err))
		fail_msg("%s", err.text);
	assert_false(m.is_index);
	assert_int_equal(m.layers, 2);
	assert_int_equal(m.bytes, 60);
	if (image_manifest_read(&m, STR("{\"manifests\":[" ENTRY("linux", "arm64") "," ENTRY("linux", "amd64") "]}"), &here, 1, &err))
		fail_msg("%s", err.text);
	assert_true(m.is_index);
	assert_string_equal(m.child, HASH);
}

static void test_wrong_manifests(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "no JSON object" },
		{ "[]", "no JSON object" },
		{ "{}", "neither" },
		{ "{\"layers\":[],\"layers\":[]}", "no JSON object" },
		{ "{\"layers\":[]}", "without a SHA-256" },
		{ "{\"layers\":{},\"config\":" BLOB("1") "}", "neither" },
		{ "{\"config\":" BLOB("1") ",\"layers\":[" BLOB("60") "]}", "larger than the 60 bytes" },
		{ "{\"config\":" BLOB("9223372036854775807") ",\"layers\":[]}", "larger than" },
		{ "{\"config\":" BLOB("-1") ",\"layers\":[]}", "without a size" },
		{ "{\"config\":" BLOB("1.5") ",\"layers\":[]}", "without a size" },
		{ "{\"config\":" BLOB("\"1\"") ",\"layers\":[]}", "without a size" },
		{ "{\"config\":{\"digest\":\"sha512:00\",\"size\":1},\"layers\":[]}", "without a SHA-256" },
		{ "{\"manifests\":[],\"layers\":[]}", "at once" },
		{ "{\"manifests\":[]}", "nothing for linux/amd64" },
		{ "{\"manifests\":[" ENTRY("linux", "arm64") "," ENTRY("win\\u001bdows", "amd64") "]}", "it has: linux/arm64, win?dows/amd64" },
		{ "{\"manifests\":[{\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}", "without a SHA-256" },
	};
	struct image_manifest m;
	struct err err;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (image_manifest_read(&m, str_of(rows[i].text), &here, 60, &err) == 0)
			fail_msg("'%s' is taken", rows[i].text);
		if (!strstr(err.text, rows[i].says))
			fail_msg("'%s': %s", rows[i].text, err.text);
	}
}

static void test_digest(void **state)
{
	(void)state;
	char text[IMAGE_DIGEST + 1];

	image_digest(text, STR(""));
	assert_string_equal(text, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_true(image_digest_ok(str_of(text)));
	assert_false(image_digest_ok(STR("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	 cmocka_unit_test(test_wrong_names),	 cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_manifest), cmocka_unit_test(test_wrong_manifests), cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
