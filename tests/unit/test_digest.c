/* SHA-256 of programs, and when it may be remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/digest.h"

static int temporary(const char *text)
{
	char path[] = "/tmp/outrider-digest-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static struct timespec later(const struct stat *st, long ns)
{
	struct timespec at = st->st_ctim;

	at.tv_nsec += ns;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

static void hashes(void **state)
{
	struct digest digest;
	char hex[2 * DIGEST_BYTES + 1];
	struct err err;
	int fd = temporary("abc");

	(void)state;
	assert_int_equal(digest_fd(&digest, fd, &err), 0);
	digest_hex(hex, &digest);
	/* FIPS 180-4, example of one block */
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	assert_int_equal(digest_fd(&digest, fd, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	close(fd);
}

static bool is_hit(struct digest_cache *cache, int fd, const struct stat *st, struct timespec now)
{
	struct digest digest, real;
	struct err err;
	bool hit;

	assert_int_equal(digest_cached(cache, &digest, fd, st, now, &hit, &err), 0);
	if (!hit) {
		assert_int_equal(digest_fd(&real, fd, &err), 0);
		assert_true(digest_eq(&digest, &real));
	}
	return hit;
}

static void remembers_only_what_is_settled(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	int fd = temporary("abc");
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_false(is_hit(cache, fd, &st, later(&st, 0)));
	assert_false(is_hit(cache, fd, &st, later(&st, DIGEST_SETTLE_NS)));
	/* not settled: neither remembered, nor looked up */
	assert_false(is_hit(cache, fd, &st, later(&st, DIGEST_SETTLE_NS + 1)));
	assert_true(is_hit(cache, fd, &st, later(&st, DIGEST_SETTLE_NS + 1)));
	assert_false(is_hit(cache, fd, &st, later(&st, DIGEST_SETTLE_NS)));
	assert_false(is_hit(cache, fd, &st, later(&st, -1000000000)));
	close(fd);
	digest_cache_free(cache);
}

static void each_part_of_the_key_counts(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	int fd = temporary("abc");
	struct stat st, other;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_false(is_hit(cache, fd, &st, later(&st, 1000000000)));
	assert_true(is_hit(cache, fd, &st, later(&st, 1000000000)));
#define DIFFERS(member) \
	other = st;     \
	other.member++; \
	assert_false(is_hit(cache, fd, &other, later(&st, 2000000000)))
	DIFFERS(st_dev);
	DIFFERS(st_ino);
	DIFFERS(st_size);
	DIFFERS(st_mtim.tv_sec);
	DIFFERS(st_mtim.tv_nsec);
	DIFFERS(st_ctim.tv_sec);
	DIFFERS(st_ctim.tv_nsec);
	close(fd);
	digest_cache_free(cache);
}

/* A file that changed while it was read is given its digest, but that is not kept for it. */
static void forgets_what_was_written(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	int fds[] = { temporary("abc"), temporary("def") };
	struct stat st[2] = { 0 };

	(void)state;
	digest_cache_forget(cache, &st[0]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fstat(fds[i], &st[i]), 0);
		assert_false(is_hit(cache, fds[i], &st[i], later(&st[i], 1000000000)));
		assert_true(is_hit(cache, fds[i], &st[i], later(&st[i], 1000000000)));
	}
	/* this one, and no other */
	digest_cache_forget(cache, &st[0]);
	assert_false(is_hit(cache, fds[0], &st[0], later(&st[0], 1000000000)));
	assert_true(is_hit(cache, fds[0], &st[0], later(&st[0], 1000000000)));
	assert_true(is_hit(cache, fds[1], &st[1], later(&st[1], 1000000000)));
	digest_cache_empty(cache);
	for (int i = 0; i < 2; i++) {
		assert_false(is_hit(cache, fds[i], &st[i], later(&st[i], 1000000000)));
		close(fds[i]);
	}
	digest_cache_free(cache);
}

static void does_not_keep_a_changed_file(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	int fd = temporary("abc");
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	usleep(30000);
	assert_int_equal(pwrite(fd, "abd", 3, 0), 3);
	assert_false(is_hit(cache, fd, &st, later(&st, 1000000000)));
	assert_false(is_hit(cache, fd, &st, later(&st, 1000000000)));
	close(fd);
	digest_cache_free(cache);
}

static void holds_many(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	int fd = temporary("abc");
	struct timespec now;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	now = later(&st, 1000000000);
	for (ino_t i = 1; i <= DIGEST_CACHE_MAX + 10; i++) {
		struct stat one = st;

		one.st_ino = i;
		assert_false(is_hit(cache, fd, &one, now));
	}
	st.st_ino = DIGEST_CACHE_MAX + 10;
	assert_true(is_hit(cache, fd, &st, now));
	close(fd);
	digest_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(remembers_only_what_is_settled),
		cmocka_unit_test(each_part_of_the_key_counts),
		cmocka_unit_test(forgets_what_was_written),
		cmocka_unit_test(does_not_keep_a_changed_file),
		cmocka_unit_test(holds_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
