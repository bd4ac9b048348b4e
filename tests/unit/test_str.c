#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct str nothing = { NULL, 0 };

static void assert_str(struct str got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	if (got.len)
		assert_memory_equal(got.p, want, got.len);
}

static void equality(void **state)
{
	(void)state;
	assert_true(str_eq(nothing, STR("")));
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_true(str_eq_nocase(STR("Content-Type"), STR("cONTENT-tYPE")));
	assert_false(str_eq_nocase(STR("[A"), STR("{a")));
	assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4"))); /* ASCII only */
	assert_true(str_eq(str_of(NULL), nothing));
}

static void order(void **state)
{
	(void)state;
	assert_int_equal(str_cmp(nothing, STR("")), 0);
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("b"), STR("a")) > 0);
	assert_true(str_cmp(STR("a"), STR("aa")) < 0);
	assert_true(str_cmp(STR("aa"), STR("a")) > 0);
	assert_true(str_cmp(STR("\x7f"), STR("\x80")) < 0); /* bytes are unsigned */
}

static void parts(void **state)
{
	(void)state;
	assert_str(str_from(STR("abc"), 1), "bc");
	assert_str(str_from(STR("abc"), 3), "");
	assert_str(str_from(STR("abc"), SIZE_MAX), "");
	assert_str(str_sub(STR("abc"), 1, 2), "b");
	assert_str(str_sub(STR("abc"), 0, SIZE_MAX), "abc");
	assert_str(str_sub(STR("abc"), 2, 1), "");
	assert_str(str_sub(STR("abc"), 9, 12), "");
	assert_str(str_sub(nothing, 0, 4), "");
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(nothing, nothing));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(STR("abc"), nothing));
	assert_false(str_ends(STR("c"), STR("bc")));
}

static void search(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a\0bc"), STR("\0b")), 1);
	assert_int_equal(str_find(STR("abc"), STR("")), 0);
	assert_int_equal(str_find(nothing, nothing), 0);
	assert_int_equal(str_find(nothing, STR("a")), SIZE_MAX);
	assert_int_equal(str_find(STR("abc"), STR("abcd")), SIZE_MAX);
	assert_true(str_has(STR("abc"), STR("c")));
	assert_false(str_has(STR("abc"), STR("d")));
	assert_int_equal(str_find_byte(STR("abc"), 'c'), 2);
	assert_int_equal(str_find_byte(STR("abc"), '\0'), SIZE_MAX);
	assert_int_equal(str_find_byte(nothing, 'a'), SIZE_MAX);
}

static void trim(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\n\v\fa b \n")), "a b");
	assert_str(str_trim(STR(" \n ")), "");
	assert_str(str_trim(nothing), "");
	assert_str(str_trim(STR("\xc2\xa0x")), "\xc2\xa0x"); /* no-break space stays */
}

static void lines(void **state)
{
	struct str rest = STR("one\r\n\ntwo\rthree\nlast"), line;

	(void)state;
	assert_true(str_cut_line(&rest, &line));
	assert_str(line, "one");
	assert_true(str_cut_line(&rest, &line));
	assert_str(line, "");
	assert_true(str_cut_line(&rest, &line));
	assert_str(line, "two\rthree");
	assert_true(str_cut_line(&rest, &line));
	assert_str(line, "last");
	assert_false(str_cut_line(&rest, &line));
	assert_str(line, "last"); /* untouched */

	rest = STR("x\n");
	assert_true(str_cut_line(&rest, &line));
	assert_false(str_cut_line(&rest, &line));
}

static void cut(void **state)
{
	struct str rest = STR("a,,b,"), part;

	(void)state;
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_cut(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_cut(&rest, ',', &part));
	rest = nothing;
	assert_false(str_cut(&rest, ',', &part));
}

static void numbers(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616",
					   "99999999999999999999999" };
	uint64_t n = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(str_to_u64(str_of(bad[i]), &n));
		assert_int_equal(n, 7);
	}
	assert_true(str_to_u64(STR("18446744073709551615"), &n));
	assert_true(n == UINT64_MAX);
	assert_true(str_to_u64(STR("007"), &n));
	assert_int_equal(n, 7);
}

/* Offset basis and the published vectors of FNV-1a. */
static void hash(void **state)
{
	(void)state;
	assert_true(str_hash(nothing) == 0xcbf29ce484222325u);
	assert_true(str_hash(STR("a")) == 0xaf63dc4c8601ec8cu);
	assert_true(str_hash(STR("foobar")) == 0x85944171f73967e8u);
}

static void utf8(void **state)
{
	static const char *const good[] = { "", "ascii that is longer than eight",
					    "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
					    "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf",
					   "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
					   "12345678\xff", "1234567\xc3", "\xe2\x28\xa1" };

	(void)state;
	assert_true(str_is_utf8(nothing));
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(str_is_utf8(str_of(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(str_is_utf8(str_of(bad[i])));
}

static void characters(void **state)
{
	(void)state;
	assert_int_equal(str_utf8_len("\xe2\x82\xac", 3), 3);
	assert_int_equal(str_utf8_len("\xe2\x82\xac", 2), 1);
	assert_int_equal(str_utf8_len("\xff", 1), 1);
	assert_int_equal(str_utf8_count(nothing), 0);
	assert_int_equal(str_utf8_count(STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
	assert_int_equal(str_utf8_count(STR("\xe2\x82x\xff")), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality), cmocka_unit_test(order), cmocka_unit_test(parts),
		cmocka_unit_test(search),   cmocka_unit_test(trim),  cmocka_unit_test(lines),
		cmocka_unit_test(cut),	    cmocka_unit_test(numbers), cmocka_unit_test(hash),
		cmocka_unit_test(utf8),	    cmocka_unit_test(characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
