/* What of a job's root may be made while it is empty: nothing on whose way something of the host will stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "launch.h"

static struct arena mem;

static int set_up(void **state)
{
	(void)state;
	arena_init(&mem, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&mem);
	return 0;
}

static void add_mount(struct plan *plan, const char *at, bool file)
{
	const struct plan_mount mount = { .host = at, .at = at, .file = file };

	ARENA_PUSH(&mem, &plan->mounts, mount);
}

static void add_link(struct plan *plan, const char *at, const char *target)
{
	const struct plan_link link = { .at = at, .target = target };

	ARENA_PUSH(&mem, &plan->links, link);
}

/* Its place in the list of directories, or -1. */
static int dir_at(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->dirs.n; i++)
		if (strcmp(plan->dirs.items[i], path) == 0)
			return (int)i;
	return -1;
}

static void parents_come_first_and_once(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	add_mount(&plan, "/opt/a/b", false);
	add_mount(&plan, "/opt/a/c", true);
	skeleton_plan(&plan, &mem);
	assert_true(plan.mounts.items[0].ready && plan.mounts.items[1].ready);
	assert_in_range(dir_at(&plan, "opt"), 0, 100);
	assert_true(dir_at(&plan, "opt") < dir_at(&plan, "opt/a") && dir_at(&plan, "opt/a") < dir_at(&plan, "opt/a/b"));
	assert_int_equal(dir_at(&plan, "opt/a/c"), -1);
	assert_int_equal(plan.empty.n, 1);
	assert_string_equal(plan.empty.items[0], "opt/a/c");
	for (size_t i = 0; i < plan.dirs.n; i++)
		assert_int_equal(dir_at(&plan, plan.dirs.items[i]), i);
}

static void what_lies_on_another_mount_waits(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	add_mount(&plan, "/usr", false);
	add_mount(&plan, "/usr/local/x", false);
	add_mount(&plan, "/tmp/x", false);
	add_mount(&plan, "/usrx", false);
	add_mount(&plan, "/work/y", false);
	skeleton_plan(&plan, &mem);
	assert_true(plan.mounts.items[0].ready);
	assert_false(plan.mounts.items[1].ready);
	assert_false(plan.mounts.items[2].ready);
	assert_true(plan.mounts.items[3].ready);
	assert_false(plan.mounts.items[4].ready);
	assert_int_equal(dir_at(&plan, "usr/local"), -1);
	assert_int_equal(dir_at(&plan, "tmp/x"), -1);
}

static void what_lies_behind_a_link_waits(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	add_link(&plan, "/bin", "usr/bin");
	add_link(&plan, "/etc/alias", "/etc/x");
	add_link(&plan, "/bin/deep", "x");
	add_mount(&plan, "/bin/tool", true);
	add_mount(&plan, "/bin", false);
	skeleton_plan(&plan, &mem);
	assert_true(plan.links.items[0].ready && plan.links.items[1].ready);
	assert_false(plan.links.items[2].ready);
	assert_false(plan.mounts.items[0].ready);
	assert_false(plan.mounts.items[1].ready);
	assert_int_equal(dir_at(&plan, "bin"), -1);
	assert_true(dir_at(&plan, "etc") >= 0);
}

static void each_job_has_its_own_places(void **state)
{
	static const char *const places[] = { "proc", "dev/pts", "dev/shm", "tmp", "work", "home/job" };
	struct plan plan = { 0 };

	(void)state;
	skeleton_plan(&plan, &mem);
	for (size_t i = 0; i < COUNT(places); i++)
		assert_true(dir_at(&plan, places[i]) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parents_come_first_and_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_lies_on_another_mount_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_lies_behind_a_link_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_job_has_its_own_places, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
