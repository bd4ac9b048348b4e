/* What a job left, taken over into a real directory: nothing odd comes along, nothing is followed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/scope.h"
#include "sandbox/harvest.h"

struct places {
	char dir[64];
	int  top, from, to;
	struct arena mem;
};

static int set_up(void **state)
{
	struct places *p = calloc(1, sizeof *p);

	assert_non_null(p);
	strcpy(p->dir, "/tmp/outrider-harvest-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->top = open(p->dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(p->top, "from", 0755) | mkdirat(p->top, "to", 0755), 0);
	p->from = openat(p->top, "from", O_RDONLY | O_DIRECTORY);
	p->to = openat(p->top, "to", O_RDONLY | O_DIRECTORY);
	arena_init(&p->mem, 64 << 20);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct places *p = *state;
	char command[96];

	close(p->from);
	close(p->to);
	close(p->top);
	arena_release(&p->mem);
	snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

static void put(int dir, const char *path, const char *text, mode_t mode)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_fd(fd, str_of(text), NULL), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static bool holds(int dir, const char *path, const char *text)
{
	char got[64] = "";
	int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof got - 1);

	if (fd >= 0)
		close(fd);
	return n >= 0 && strcmp(got, text) == 0;
}

static bool is_there(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct harvest list(struct places *p, bool overlay)
{
	static struct str items[] = { { "ci/", 3 }, { "Makefile", 8 } };
	static const struct str_list protect = { items, 2, 2 };
	const struct harvest_options options = {
		.overlay = overlay, .max_bytes = 1000, .max_file = 600, .max_items = 50, .protect = &protect,
	};
	struct harvest harvest;
	struct err err;

	if (harvest_list(&harvest, &p->mem, p->from, &options, &err))
		fail_msg("%s", err.text);
	return harvest;
}

static bool refuses(const struct harvest *harvest, const char *words)
{
	for (size_t i = 0; i < harvest->refused.n; i++)
		if (str_has(harvest->refused.items[i], str_of(words)))
			return true;
	return false;
}

static void apply(struct places *p, const struct harvest *harvest)
{
	struct err err;

	if (harvest_apply(harvest, p->from, p->to, &err))
		fail_msg("%s", err.text);
}

static void test_plain(void **state)
{
	struct places *p = *state;
	struct harvest h;
	struct stat st;
	struct str text;
	struct err err;

	put(p->to, "old", "before", 0644);
	put(p->from, "old", "after", 0644);
	assert_int_equal(mkdirat(p->from, "sub", 0700), 0);
	put(p->from, "sub/tool", "#!", 06777);
	assert_int_equal(symlinkat("../old", p->from, "sub/link"), 0);
	h = list(p, false);
	assert_int_equal(h.items.n, 4);
	assert_int_equal(h.refused.n, 0);
	assert_int_equal(h.bytes, 7);
	assert_true(str_eq(h.items.items[1].path, STR("sub")));
	assert_int_equal(harvest_read(&text, &p->mem, p->from, &h.items.items[0], &err), 0);
	assert_true(str_eq(text, STR("after")));
	apply(p, &h);
	assert_true(holds(p->to, "old", "after"));
	assert_int_equal(fstatat(p->to, "sub/tool", &st, 0), 0);
	/* no setuid, not writable for all */
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(fstatat(p->to, "sub/link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void test_refused(void **state)
{
	struct places *p = *state;
	struct harvest h;
	char large[700] = { 0 };

	memset(large, 'x', sizeof large - 1);
	assert_int_equal(mkdirat(p->from, ".GIT", 0755) | mkdirat(p->from, "ci", 0755) | mkdirat(p->from, "sub", 0755), 0);
	put(p->from, ".GIT/config", "evil", 0644);
	put(p->from, "ci/run.yml", "evil", 0644);
	put(p->from, "makefile", "evil", 0644);
	put(p->from, "large", large, 0644);
	put(p->from, "bad\x01name", "", 0644);
	put(p->from, "bad\xff", "", 0644);
	assert_int_equal(mkfifoat(p->from, "fifo", 0644), 0);
	assert_int_equal(symlinkat("/etc/passwd", p->from, "absolute"), 0);
	assert_int_equal(symlinkat("../x", p->from, "up"), 0);
	assert_int_equal(symlinkat("../../x", p->from, "sub/up"), 0);
	/* the first part may itself be a link that leads elsewhere */
	assert_int_equal(symlinkat("a/../../x", p->from, "sub/through"), 0);
	h = list(p, false);
	apply(p, &h);
	assert_true(refuses(&h, ".GIT: git's own files"));
	assert_true(refuses(&h, "ci: a protected path"));
	assert_true(refuses(&h, "makefile: a protected path"));
	assert_true(refuses(&h, "large: larger"));
	assert_true(refuses(&h, "bad\\x01name: a control character"));
	assert_true(refuses(&h, "bad\\xff: the name is not UTF-8"));
	assert_true(refuses(&h, "fifo: a device, a FIFO or a socket"));
	assert_true(refuses(&h, "absolute: the link leads out"));
	assert_true(refuses(&h, "sub/up: the link leads out"));
	assert_true(refuses(&h, "sub/through: the link leads out"));
	assert_int_equal(h.refused.n, 11);
	assert_int_equal(h.items.n, 1);
	assert_false(is_there(p->to, ".GIT") || is_there(p->to, "ci") || is_there(p->to, "makefile") || is_there(p->to, "up"));
}

static void test_caps(void **state)
{
	struct places *p = *state;
	struct harvest h;
	char name[16], text[501] = { 0 };

	memset(text, 'x', sizeof text - 1);
	put(p->from, "a", text, 0644);
	put(p->from, "b", text, 0644);
	put(p->from, "c", text, 0644);
	h = list(p, false);
	assert_true(refuses(&h, "more bytes than all files may have"));
	assert_int_equal(h.items.n, 2);
	assert_int_equal(h.bytes, 1000);
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "n%d", i);
		put(p->from, name, "", 0644);
	}
	h = list(p, false);
	assert_true(refuses(&h, "more entries than allowed"));
	assert_int_equal(h.items.n, 50);
	assert_int_equal(h.items.n + h.refused.n, 63);
}

/* What the target holds is never followed either. */
static void test_target_links(void **state)
{
	struct places *p = *state;
	struct harvest h;
	struct err err;

	assert_int_equal(mkdirat(p->top, "outside", 0755), 0);
	put(p->top, "outside/f", "host", 0644);
	assert_int_equal(symlinkat("../outside", p->to, "d"), 0);
	assert_int_equal(symlinkat("../outside/f", p->to, "f"), 0);
	assert_int_equal(mkdirat(p->from, "d", 0755), 0);
	put(p->from, "d/f", "job", 0644);
	put(p->from, "f", "job", 0644);
	h = list(p, false);
	apply(p, &h);
	assert_true(holds(p->top, "outside/f", "host"));
	assert_true(holds(p->to, "d/f", "job"));
	assert_true(holds(p->to, "f", "job"));
	/* and what changed between the list and the reading is refused */
	put(p->from, "f", "more", 0644);
	assert_int_equal(harvest_apply(&h, p->from, p->to, &err), -1);
}

static void test_overlay(void **state)
{
	struct places *p = *state;
	struct harvest h;

	if (mknodat(p->from, "gone", S_IFCHR, 0))
		skip();
	assert_int_equal(mkdirat(p->to, "gone", 0755) | mkdirat(p->to, "new", 0755) | mkdirat(p->from, "new", 0755), 0);
	assert_int_equal(mknodat(p->from, "ci", S_IFCHR, 0), 0);
	put(p->to, "gone/f", "x", 0644);
	put(p->to, "new/old", "x", 0644);
	put(p->from, "new/f", "y", 0644);
	AUTO_FD int new = openat(p->from, "new", O_RDONLY);

	if (fsetxattr(new, "user.overlay.opaque", "y", 1, 0))
		skip();
	h = list(p, true);
	apply(p, &h);
	assert_true(refuses(&h, "ci: a protected path"));
	assert_false(is_there(p->to, "gone"));
	assert_false(is_there(p->to, "new/old"));
	assert_true(holds(p->to, "new/f", "y"));
	/* no overlay: a device */
	h = list(p, false);
	assert_true(refuses(&h, "gone: a device"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_caps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_target_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overlay, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
