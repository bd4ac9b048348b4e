/* A program that was started before is known again by its file alone: any difference makes it unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "gate_known.h"

static struct gate_known known;

/* This very program, as if it lay on a read-only mount and had not changed for long. */
static void read_self(struct gate_image *out)
{
	struct statx info;

	memset(out, 0, sizeof *out);
	assert_int_equal(stat("/proc/self/exe", &out->stat), 0);
	assert_int_equal(statx(AT_FDCWD, "/proc/self/exe", 0, STATX_MNT_ID, &info), 0);
	out->mount = info.stx_mnt_id;
	gate_image_path(out->path, getpid());
	out->facts.digested = true;
	out->facts.origin = GATE_TOOLCHAIN;
}

static int tear_down(void **state)
{
	(void)state;
	gate_known_release(&known);
	return 0;
}

static void knows_what_it_kept(void **state)
{
	struct gate_image self;

	(void)state;
	read_self(&self);
	/* just linked: its ctime does not tell yet */
	self.stat.st_ctim.tv_sec -= 100;
	assert_null(gate_known_find(&known, getpid()));
	gate_known_keep(&known, &self);
	assert_null(gate_known_find(&known, getpid()));
	self.stat.st_ctim.tv_sec += 100;
	usleep(50000);
	gate_known_keep(&known, &self);
	assert_non_null(gate_known_find(&known, getpid()));
	assert_string_equal(gate_known_find(&known, getpid())->path, self.path);
}

static void any_difference_counts(void **state)
{
	struct gate_image self, other[6];

	(void)state;
	read_self(&self);
	usleep(50000);
	for (size_t i = 0; i < COUNT(other); i++)
		other[i] = self;
	other[0].stat.st_size++;
	other[1].stat.st_mtim.tv_nsec ^= 1;
	other[2].stat.st_dev++;
	other[3].mount++;
	other[4].stat.st_nlink++;
	other[5].stat.st_mode ^= 0200;
	for (size_t i = 0; i < COUNT(other); i++) {
		gate_known_keep(&known, &other[i]);
		assert_null(gate_known_find(&known, getpid()));
	}
	gate_known_keep(&known, &self);
	assert_non_null(gate_known_find(&known, getpid()));
}

static void keeps_nothing_that_the_job_can_write(void **state)
{
	struct gate_image self;

	(void)state;
	read_self(&self);
	usleep(50000);
	self.facts.origin = GATE_FRESH;
	gate_known_keep(&known, &self);
	self.facts.origin = GATE_BROUGHT;
	gate_known_keep(&known, &self);
	self.facts.origin = GATE_TOOLCHAIN;
	self.facts.digested = false;
	gate_known_keep(&known, &self);
	assert_null(gate_known_find(&known, getpid()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(knows_what_it_kept, tear_down),
		cmocka_unit_test_teardown(any_difference_counts, tear_down),
		cmocka_unit_test_teardown(keeps_nothing_that_the_job_can_write, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
