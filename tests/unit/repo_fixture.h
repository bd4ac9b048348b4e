/* repo_fixture.h - a folder for one test with real git in it. Included by test_repo_*.c only. */
#pragma once
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "repo/repo.h"

struct fixture {
	char         dir[64]; /* work tree, the current folder of the process */
	struct arena mem;
	struct repo  repo;
	struct err   err;
};

/* Runs a shell line in the current folder; must succeed. */
__attribute__((format(printf, 1, 2), unused)) static void sh(const char *fmt, ...)
{
	char line[4096], full[4200];
	va_list args;

	va_start(args, fmt);
	assert_true(vsnprintf(line, sizeof line, fmt, args) < (int)sizeof line);
	va_end(args);
	snprintf(full, sizeof full, "set -e; { %s ; } >/dev/null 2>&1", line);
	if (system(full) != 0)
		fail_msg("failed: %s", line);
}

/* First line of what a shell line prints. */
__attribute__((unused)) static const char *sh_line(const char *line)
{
	static char text[256];
	FILE *pipe = popen(line, "r");

	assert_non_null(pipe);
	text[0] = '\0';
	assert_non_null(fgets(text, sizeof text, pipe));
	assert_int_equal(pclose(pipe), 0);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

__attribute__((unused)) static void put(const char *path, struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.len), (ssize_t)text.len);
	close(fd);
}

/* libgit2 looks at HOME once, so it is one for all tests of the program. */
static char git_home[] = "/tmp/outrider-home-XXXXXX";

static void remove_home(void)
{
	sh("rm -rf %s", git_home);
}

static void git_environment(const char *dir)
{
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_AUTHOR_NAME", "Test", 1);
	setenv("GIT_AUTHOR_EMAIL", "test@example.invalid", 1);
	setenv("GIT_COMMITTER_NAME", "Test", 1);
	setenv("GIT_COMMITTER_EMAIL", "test@example.invalid", 1);
	setenv("GIT_AUTHOR_DATE", "2024-01-02T03:04:05Z", 1);
	setenv("GIT_COMMITTER_DATE", "2024-01-02T03:04:05Z", 1);
	setenv("HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
}

/* An empty repository on branch `main`, opened by no one yet. */
static int fixture_start(void **state)
{
	static bool started;
	struct fixture *f = test_calloc(1, sizeof *f);

	if (!f)
		abort();
	strcpy(f->dir, "/tmp/outrider-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	if (!started) {
		started = true;
		assert_non_null(mkdtemp(git_home));
		atexit(remove_home);
		git_environment(git_home);
	}
	assert_int_equal(chdir(f->dir), 0);
	sh("mkdir work && cd work && git init -q -b main");
	assert_int_equal(chdir("work"), 0);
	arena_init(&f->mem, (size_t)1 << 30);
	*state = f;
	return 0;
}

static int fixture_end(void **state)
{
	struct fixture *f = *state;

	repo_close(&f->repo);
	arena_release(&f->mem);
	assert_int_equal(chdir("/tmp"), 0);
	sh("chmod -R u+rwX %s && rm -rf %s", f->dir, f->dir);
	test_free(f);
	return 0;
}

__attribute__((unused)) static void open_here(struct fixture *f)
{
	repo_close(&f->repo);
	if (repo_open(&f->repo, ".", &f->err) < 0)
		fail_msg("%s", f->err.text);
}

#define FIXTURE_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_end)
#define ASSERT_STR(actual, expected)                                                         \
	do {                                                                                 \
		struct str a_ = (actual);                                                    \
		assert_string_equal(a_.p ? a_.p : "", expected);                             \
		assert_int_equal(a_.len, strlen(expected));                                  \
	} while (0)
#define ASSERT_HAS(text, part)                                                               \
	do {                                                                                 \
		if (!strstr(text, part))                                                     \
			fail_msg("'%s' is not in: %s", part, text);                          \
	} while (0)
