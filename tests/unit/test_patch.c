/* What holds for every text and every fix: the patch does what the fix does, in whole lines. */
#include "review_sample.h"

#include "base/scope.h"

#include "../../src/review/patch.h"

enum { ROUNDS = 40000, MAX_LINES = 64 };

struct trial {
	char bytes[12], insert[4];
	struct str text;
	struct fix fix;
};

/* A generator of our own: the same texts everywhere. */
static uint32_t next_number(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % below;
}

static void fill(uint32_t *seed, char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = "ab\n\n"[next_number(seed, 4)];
}

static void trial_init(struct trial *trial, uint32_t *seed)
{
	uint32_t len = next_number(seed, sizeof trial->bytes + 1);
	uint32_t start = next_number(seed, len + 1);

	fill(seed, trial->bytes, sizeof trial->bytes);
	fill(seed, trial->insert, sizeof trial->insert);
	trial->text = (struct str){ trial->bytes, len };
	trial->fix =
		(struct fix){ .start = start, .end = start + next_number(seed, len - start + 1) };
	trial->fix.text =
		(struct str){ trial->insert, next_number(seed, sizeof trial->insert + 1) };
}

static void add_spliced(struct buf *out, struct str text, size_t start, size_t end, struct str by)
{
	buf_add(out, str_sub(text, 0, start));
	buf_add(out, by);
	buf_add(out, str_from(text, end));
}

static void assert_patch(const struct trial *trial, const struct patch *patch)
{
	AUTO_BUF struct buf got = { 0 }, want = { 0 };
	size_t start = (size_t)(patch->before.p - trial->text.p);
	uint32_t line = 1;

	add_spliced(&want, trial->text, trial->fix.start, trial->fix.end, trial->fix.text);
	add_spliced(&got, trial->text, start, start + patch->before.len, patch->after);
	assert_true(str_eq(buf_str(&got), buf_str(&want)));
	for (size_t i = 0; i < start; i++)
		line += trial->text.p[i] == '\n';
	assert_int_equal(patch->line, line);
	assert_true(start == 0 || trial->text.p[start - 1] == '\n');
}

static void add_lines(struct str *lines, size_t *n, struct str text)
{
	struct str line;

	while (str_cut(&text, '\n', &line))
		lines[(*n)++] = line;
}

/* As a forge does: lines are replaced by lines. Only line ends at the end of the file may differ. */
static void assert_lines(const struct trial *trial, const struct patch *patch)
{
	AUTO_BUF struct buf got = { 0 }, want = { 0 };
	struct str rest = trial->text, line, lines[MAX_LINES];
	size_t n = 0;

	for (uint32_t k = 1; str_cut(&rest, '\n', &line); k++) {
		if (k == patch->line)
			add_lines(lines, &n, patch->after);
		if (k < patch->line || k >= patch->line + patch->n_before)
			lines[n++] = line;
	}
	for (size_t i = 0; i < n; i++) {
		buf_add(&got, lines[i]);
		buf_add_byte(&got, '\n');
	}
	add_spliced(&want, trial->text, trial->fix.start, trial->fix.end, trial->fix.text);
	assert_true(str_eq(str_trim(buf_str(&got)), str_trim(buf_str(&want))));
}

static void test_every_fix(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++) {
		struct arena mem;
		struct trial trial;
		struct patch patch;

		arena_init(&mem, 1 << 20);
		trial_init(&trial, &seed);
		if (patch_make(&patch, &mem, trial.text, &trial.fix)) {
			uint32_t first = 1 + next_number(&seed, 3);

			assert_patch(&trial, &patch);
			if (patch.n_before)
				assert_lines(&trial, &patch);
			patch_widen(&patch, &mem, trial.text, first, first + next_number(&seed, 4));
			assert_patch(&trial, &patch);
			patch_trim(&patch);
			assert_patch(&trial, &patch);
		} else {
			assert_true(str_eq(trial.fix.text,
					   str_sub(trial.text, trial.fix.start, trial.fix.end)));
		}
		arena_release(&mem);
	}
}

static void test_outside(void **state)
{
	struct arena mem;
	struct patch patch;
	struct fix fix = { .start = 2, .end = 9, .text = STR("x") };

	(void)state;
	arena_init(&mem, 1 << 20);
	assert_false(patch_make(&patch, &mem, STR("abc"), &fix));
	fix.end = 1;
	assert_false(patch_make(&patch, &mem, STR("abc"), &fix));
	arena_release(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_fix),
		cmocka_unit_test(test_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
