#include "queue/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/scope.h"

static char dir[] = "/tmp/outrider-keys-XXXXXX";
static char path[100], list[100];
static struct err err;

static void refused(int result, const char *says)
{
	assert_int_equal(result, -1);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
}

static void pair(void **state)
{
	struct key_pair a, b;
	struct stat st;

	(void)state;
	assert_int_equal(key_generate(&a, &err), 0);
	assert_true(key_is_valid(str_of(a.public_key)));
	assert_int_equal(key_write(path, &a, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	refused(key_write(path, &a, &err), "exists");
	assert_int_equal(key_read(&b, path, &err), 0);
	assert_string_equal(a.public_key, b.public_key);
	assert_string_equal(a.secret_key, b.secret_key);
	assert_int_equal(chmod(path, 0640), 0);
	refused(key_read(&b, path, &err), "others may read");
	assert_null(strstr(err.text, a.secret_key));
	unlink(path);
	a.secret_key[0] = 0;
	assert_int_equal(key_write(path, &a, &err), 0);
	assert_int_equal(key_read(&b, path, &err), 0);
	assert_string_equal(b.secret_key, "");
	unlink(path);
}

static void wrong_files(void **state)
{
	struct key_pair a, b, got;
	char text[300];

	(void)state;
	assert_int_equal(key_generate(&a, &err), 0);
	assert_int_equal(key_generate(&b, &err), 0);
	snprintf(text, sizeof text, "public %s\nsecret %s\n", a.public_key, b.secret_key);
	assert_int_equal(file_replace(path, str_of(text), &err), 0);
	assert_int_equal(chmod(path, 0600), 0);
	refused(key_read(&got, path, &err), "no pair");
	assert_int_equal(file_replace(path, STR("secret short\n"), &err), 0);
	refused(key_read(&got, path, &err), "40 characters");
	assert_int_equal(file_replace(path, STR("# empty\n"), &err), 0);
	refused(key_read(&got, path, &err), "no key");
	unlink(path);
	refused(key_read(&got, path, &err), path);
}

static void allowing(void **state)
{
	AUTO_ARENA struct arena mem;
	struct allow_list all;
	struct key_pair a, b;
	bool changed, found;

	(void)state;
	arena_init(&mem, 16 << 20);
	assert_int_equal(key_generate(&a, &err), 0);
	assert_int_equal(key_generate(&b, &err), 0);
	assert_int_equal(allow_read(&all, &mem, list, &err), 0);
	assert_int_equal(all.n, 0);
	assert_int_equal(file_replace(list, STR("# workers\n\n"), &err), 0);
	assert_int_equal(allow_add(list, str_of(a.public_key), STR("w1"), &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(allow_add(list, str_of(a.public_key), STR("w1"), &changed, &err), 0);
	assert_false(changed);
	assert_int_equal(allow_add(list, str_of(a.public_key), STR("w1-new"), &changed, &err), 0);
	assert_int_equal(allow_add(list, str_of(b.public_key), STR("w2"), &changed, &err), 0);
	assert_int_equal(allow_read(&all, &mem, list, &err), 0);
	assert_int_equal(all.n, 2);
	assert_true(str_eq(allow_find(&all, a.public_key)->name, STR("w1-new")));
	assert_int_equal(allow_remove(list, STR("w1-new"), &found, &err), 0);
	assert_true(found);
	assert_int_equal(allow_remove(list, STR("w1-new"), &found, &err), 0);
	assert_false(found);
	assert_int_equal(allow_read(&all, &mem, list, &err), 0);
	assert_null(allow_find(&all, a.public_key));
	assert_non_null(allow_find(&all, b.public_key));
	refused(allow_add(list, STR("short"), STR("x"), &changed, &err), "no public key");
	refused(allow_add(list, str_of(a.public_key), STR("a b"), &changed, &err), "no name");
	assert_int_equal(file_replace(list, STR("# ok\nnonsense\n"), &err), 0);
	refused(allow_read(&all, &mem, list, &err), "line 2");
	unlink(list);
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/k.key", dir);
	snprintf(list, sizeof list, "%s/allowed", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pair),
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(allowing),
	};

	return cmocka_run_group_tests(tests, start, end);
}
