/* test_sift.c - a secret is found in each of its spellings, wherever a stream is cut; and nothing else is held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/scope.h"
#include "sift.h"

#define SECRET "s3cr3t-Tok/en+42"

/* Does the secret get through, when the text comes in parts of n bytes? What came out goes to `out`. */
static bool passes(struct sift *sift, struct str text, size_t n, struct buf *out)
{
	for (size_t i = 0; i < text.len; i += n) {
		struct str part;

		if (!sift_part(sift, str_sub(text, i, i + n), &part))
			return false;
		buf_add(out, part);
	}
	buf_add(out, sift_rest(sift));
	return true;
}

static const char *const spellings[] = {
	SECRET,
	"x" SECRET "x",
	/* base64 of the secret behind 0, 1 and 2 bytes, and with a colon and more around it */
	"czNjcjN0LVRvay9lbis0Mg==",
	"eHMzY3IzdC1Ub2svZW4rNDI=",
	"eHhzM2NyM3QtVG9rL2VuKzQy",
	"Ym90OnMzY3IzdC1Ub2svZW4rNDI=",
	"7333637233742d546f6b2f656e2b3432",
	"7333637233742D546F6B2F656E2B3432",
	"s3cr3t-Tok%2Fen%2B42",
	"s3cr3t-Tok%2fen%2b42",
	"s3cr3t-Tok\\/en+42",
};

static void test_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++)
		for (size_t n = 1; n < 30; n++) {
			AUTO_ARENA struct arena mem;
			AUTO_BUF struct buf out = { 0 };
			struct sift sift;

			arena_init(&mem, 1 << 20);
			sift_init(&sift, &mem, STR(SECRET));
			if (passes(&sift, str_of(spellings[i]), n, &out))
				fail_msg("'%s' in parts of %zu", spellings[i], n);
			/* of the secret itself, not a letter went before it was known */
			assert_false(str_has(buf_str(&out), STR("s3")) || str_has(buf_str(&out), STR("czN")));
			sift_release(&sift);
		}
}

static const char *const harmless[] = {
	"", "s", "s3cr3t-Tok/en+4", "s3cr3t-Tok/en+4s3cr3t-Tok/en+43", "S3CR3T-TOK/EN+42", "ssssssss3cr3t", "a long text without any secret in it\n",
};

static void test_harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(harmless); i++)
		for (size_t n = 1; n < 20; n++) {
			AUTO_ARENA struct arena mem;
			AUTO_BUF struct buf out = { 0 };
			struct sift sift;

			arena_init(&mem, 1 << 20);
			sift_init(&sift, &mem, STR(SECRET));
			assert_true(passes(&sift, str_of(harmless[i]), n, &out));
			assert_true(str_eq(buf_str(&out), str_of(harmless[i])));
			sift_release(&sift);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_found), cmocka_unit_test(test_harmless) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
