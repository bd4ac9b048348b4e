#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/scope.h"

enum { CAP = 1 << 20 };

static void aligned_and_apart(void **state)
{
	AUTO_ARENA struct arena arena;
	char *last = NULL;

	(void)state;
	arena_init(&arena, CAP);
	for (size_t size = 0; size < 200; size++) {
		char *p = arena_alloc(&arena, size);

		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		memset(p, 0x5a, size);
		/* what was given out before is not overwritten */
		if (last)
			assert_int_equal(*last, 0x5a);
		last = size ? p : NULL;
	}
}

static void many_blocks(void **state)
{
	AUTO_ARENA struct arena arena;
	int *first;

	(void)state;
	arena_init(&arena, CAP);
	first = arena_alloc(&arena, sizeof *first);
	*first = 42;
	for (size_t i = 0; i < 900; i++)
		memset(arena_alloc(&arena, 1000), 0xff, 1000);
	assert_int_equal(*first, 42);
	assert_true(arena.used <= arena.cap);
}

static void zeroed(void **state)
{
	AUTO_ARENA struct arena arena;

	(void)state;
	arena_init(&arena, CAP);
	memset(arena_alloc(&arena, 4000), 0xff, 4000);
	arena_reset(&arena);
	char *p = arena_zalloc(&arena, 40, 100);
	for (size_t i = 0; i < 4000; i++)
		assert_int_equal(p[i], 0);
}

static void copies(void **state)
{
	AUTO_ARENA struct arena arena;

	(void)state;
	arena_init(&arena, CAP);
	struct str copy = arena_str(&arena, STR("a\0b"));
	assert_true(str_eq(copy, STR("a\0b")));
	assert_int_equal(copy.p[copy.len], '\0');
	copy = arena_str(&arena, (struct str){ NULL, 0 });
	assert_int_equal(copy.len, 0);
	assert_string_equal(copy.p, "");
	assert_string_equal(arena_z(&arena, STR("text")), "text");
	copy = arena_printf(&arena, "%d:%s", 7, "x");
	assert_true(str_eq(copy, STR("7:x")));
	assert_int_equal(copy.p[3], '\0');
}

static void lists_grow(void **state)
{
	AUTO_ARENA struct arena arena;
	struct {
		size_t *items;
		size_t n, cap;
	} list = { 0 };

	(void)state;
	arena_init(&arena, CAP);
	for (size_t i = 0; i < 5000; i++)
		ARENA_PUSH(&arena, &list, i);
	assert_int_equal(list.n, 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(list.items[i], i);
}

static void reset_reuses(void **state)
{
	AUTO_ARENA struct arena arena;

	(void)state;
	arena_init(&arena, CAP);
	arena_reset(&arena); /* nothing there yet */
	/* far more than the cap in all, never at once */
	for (size_t i = 0; i < 100; i++) {
		memset(arena_alloc(&arena, CAP / 2), 1, CAP / 2);
		arena_reset(&arena);
	}
	assert_true(arena.used <= CAP);
}

static void release_twice(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, CAP);
	arena_alloc(&arena, 10);
	arena_release(&arena);
	assert_int_equal(arena.used, 0);
	assert_int_equal(arena.cap, CAP);
	arena_release(&arena);
	arena_release(NULL);
	arena_alloc(&arena, 10); /* it may be used again */
	arena_release(&arena);
}

/* The cap is reached: control comes back by the long jump, and the arena is still whole. */
static bool gives_up(size_t n, size_t size, size_t cap)
{
	struct arena arena;
	jmp_buf full;
	volatile bool gave_up = true;

	arena_init(&arena, cap);
	arena.full = &full;
	if (setjmp(full) == 0) {
		arena_zalloc(&arena, n, size);
		gave_up = false;
	}
	assert_true(arena.used <= cap);
	arena_release(&arena);
	return gave_up;
}

static void capped(void **state)
{
	(void)state;
	assert_false(gives_up(1, CAP, CAP));
	assert_true(gives_up(1, CAP + 1, CAP));
	assert_true(gives_up(SIZE_MAX / 2, 3, CAP));
	assert_true(gives_up(1, SIZE_MAX, SIZE_MAX));
	assert_true(gives_up(1, SIZE_MAX - 32, SIZE_MAX - 64));
	assert_true(gives_up(1, 1, 0));
}

static void capped_over_blocks(void **state)
{
	struct arena arena;
	jmp_buf full;
	volatile size_t given = 0;

	(void)state;
	arena_init(&arena, CAP);
	arena.full = &full;
	if (setjmp(full) == 0)
		for (;;) {
			arena_alloc(&arena, 1024);
			given += 1024;
		}
	/* nearly all of the cap was of use */
	assert_in_range(given, CAP - 8192, CAP);
	arena_release(&arena);
}

/* With no jump set, the process ends with a line that says why. */
static void ends_the_process(void **state)
{
	int ends[2];
	char text[200] = "";
	int status;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		struct arena arena;

		dup2(ends[1], STDERR_FILENO);
		arena_init(&arena, 100);
		arena_alloc(&arena, 101);
		_exit(0);
	}
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof text - 1) > 0);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
	assert_true(str_starts(str_of(text), STR("outrider: out of memory: ")));
	assert_true(str_ends(str_of(text), STR(" above the cap of 100\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligned_and_apart),  cmocka_unit_test(many_blocks),
		cmocka_unit_test(zeroed),	      cmocka_unit_test(copies),
		cmocka_unit_test(lists_grow),	      cmocka_unit_test(reset_reuses),
		cmocka_unit_test(release_twice),      cmocka_unit_test(capped),
		cmocka_unit_test(capped_over_blocks), cmocka_unit_test(ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
