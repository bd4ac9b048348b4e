/* test_shelf.c - finished folders by key: found, replaced, in use, thrown away; and what is half made. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/scope.h"
#include "environment/shelf.h"

static char store[] = "/tmp/outrider-shelf-XXXXXX";
static const char key_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char key_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static void ok(int failed, const struct err *err)
{
	if (failed)
		fail_msg("%s", err->text);
}

static struct shelf_entry put(const char *key, const char *text)
{
	struct shelf_meta meta = { .about = STR("a test"), .digest = STR("d") };
	struct shelf_entry entry;
	struct shelf_work work;
	char path[SHELF_MAX_PATH + 16];
	struct err err;

	ok(shelf_begin(&work, store, SHELF_SNAPSHOT, key, 0, &err), &err);
	snprintf(path, sizeof path, "%s/file", work.path);
	ok(file_replace(path, str_of(text), &err), &err);
	ok(shelf_finish(&entry, &work, &meta, &err), &err);
	assert_int_equal(work.lock, 0);
	return entry;
}

static bool find(struct shelf_entry *out, const char *key, int64_t since)
{
	struct err err;
	bool found;

	ok(shelf_find(out, &found, store, SHELF_SNAPSHOT, key, since, &err), &err);
	return found;
}

static struct shelf_pruned prune(int64_t since, uint64_t bytes)
{
	struct shelf_pruned pruned;
	struct err err;

	ok(shelf_prune(&pruned, store, since, bytes, &err), &err);
	return pruned;
}

static void test_find(void **state)
{
	(void)state;
	AUTO_ARENA struct arena mem;
	struct shelf_entry first, second, found;
	struct shelf_meta meta;
	struct err err;

	arena_init(&mem, 1 << 20);
	assert_false(find(&found, key_a, 0));
	first = put(key_a, "one");
	assert_true(find(&found, key_a, 0));
	assert_string_equal(found.path, first.path);
	ok(shelf_read(&meta, &mem, &found, &err), &err);
	assert_true(str_eq(meta.about, STR("a test")));
	assert_true(meta.bytes > 0);
	shelf_close(&found);
	assert_false(find(&found, key_a, first.made_ms + 1));
	assert_false(find(&found, key_b, 0));
	usleep(2000);
	second = put(key_a, "two");
	assert_true(second.made_ms > first.made_ms);
	assert_true(find(&found, key_a, 0));
	assert_string_equal(found.path, second.path);
	shelf_close(&found);
	shelf_close(&first);
	shelf_close(&second);
	assert_int_equal(prune(0, UINT64_MAX).removed, 1);
	assert_int_equal(prune(INT64_MAX, UINT64_MAX).removed, 1);
	assert_false(find(&found, key_a, 0));
}

static void test_in_use(void **state)
{
	(void)state;
	struct shelf_entry a = put(key_a, "a"), b = put(key_b, "b");
	struct shelf_pruned pruned = prune(INT64_MAX, 0);

	assert_int_equal(pruned.removed, 0);
	assert_int_equal(pruned.kept, 2);
	shelf_close(&a);
	pruned = prune(0, UINT64_MAX);
	assert_int_equal(pruned.removed, 0);
	/* no room: what nobody uses goes */
	pruned = prune(0, 1);
	assert_int_equal(pruned.removed, 1);
	assert_int_equal(access(a.path, F_OK), -1);
	assert_int_equal(access(b.path, F_OK), 0);
	shelf_close(&b);
	assert_int_equal(prune(INT64_MAX, 0).removed, 1);
}

static size_t building(void)
{
	char path[SHELF_MAX_PATH];

	snprintf(path, sizeof path, "ls -A %s/building | wc -l", store);
	FILE *count = popen(path, "r");
	size_t n = 999;

	assert_non_null(count);
	assert_int_equal(fscanf(count, "%zu", &n), 1);
	pclose(count);
	return n;
}

/* A process that is killed while it makes one. */
static void test_killed(void **state)
{
	(void)state;
	struct shelf_entry entry;
	struct shelf_work work;
	struct err err;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (shelf_begin(&work, store, SHELF_SNAPSHOT, key_a, 0, &err) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(building(), 1);
	assert_false(find(&entry, key_a, 0));
	entry = put(key_a, "anew");
	assert_int_equal(building(), 0);
	shelf_close(&entry);
	prune(INT64_MAX, 0);
}

static void test_locked(void **state)
{
	(void)state;
	struct shelf_work mine, other;
	struct err err;

	ok(shelf_begin(&mine, store, SHELF_SNAPSHOT, key_a, 0, &err), &err);
	assert_int_equal(shelf_begin(&other, store, SHELF_SNAPSHOT, key_a, 100, &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	ok(shelf_begin(&other, store, SHELF_SNAPSHOT, key_b, 0, &err), &err);
	/* what is being made is not swept */
	prune(INT64_MAX, 0);
	assert_int_equal(building(), 2);
	shelf_abandon(&other);
	shelf_abandon(&mine);
	shelf_abandon(&mine);
	assert_int_equal(building(), 0);
}

static void test_store(void **state)
{
	(void)state;
	struct err err;

	assert_int_equal(shelf_open("relative", &err), -1);
	chmod(store, 0777);
	assert_int_equal(shelf_open(store, &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	chmod(store, 0700);
	ok(shelf_open(store, &err), &err);
}

static int set_up(void **state)
{
	struct err err;

	(void)state;
	return mkdtemp(store) && shelf_open(store, &err) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", store);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),   cmocka_unit_test(test_in_use), cmocka_unit_test(test_killed),
		cmocka_unit_test(test_locked), cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
