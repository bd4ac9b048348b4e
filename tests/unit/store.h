/* store.h - for tests of src/store: a database in OUTRIDER_STORE (tests/postgres.sh), or a new SQLite file. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scope.h"
#include "store/store.h"

static char test_dir[] = "/tmp/outrider-store-XXXXXX";
static char test_url[4096];
static struct err err;

#define OK(call)                                                                             \
	do {                                                                                 \
		if ((call) < 0)                                                              \
			fail_msg("%s: %s", #call, err.text);                                 \
	} while (0)
#define REFUSED(call, want, says)                                                            \
	do {                                                                                 \
		assert_int_equal((call), -1);                                                \
		assert_int_equal(err.kind, want);                                            \
		if (!strstr(err.text, says))                                                 \
			fail_msg("'%s' does not say '%s'", err.text, says);                  \
	} while (0)

static inline void same(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("'%.*s' is not '%s'", STR_ARG(got), want);
}

static inline int start_store(void **state)
{
	(void)state;
	if (!mkdtemp(test_dir))
		return -1;
	if (getenv("OUTRIDER_STORE"))
		snprintf(test_url, sizeof test_url, "%s", getenv("OUTRIDER_STORE"));
	else
		snprintf(test_url, sizeof test_url, "sqlite:%s/test.db", test_dir);
	return 0;
}

static inline int end_store(void **state)
{
	static const char *const names[] = { "test.db", "test.db-wal", "test.db-shm" };
	char path[4200];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", test_dir, names[i]);
		unlink(path);
	}
	return rmdir(test_dir);
}
