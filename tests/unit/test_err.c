#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void kinds(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, ERR_BUG, "%d is no day", 32), -1);
	assert_int_equal(err.kind, ERR_BUG);
	assert_string_equal(err.text, "32 is no day");
	assert_int_equal(err_input(&err, "no '%s'", "key"), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, "no 'key'");
}

/* The functions themselves: the macros of these names would give -1 whatever they do. */
static void nobody_asks(void **state)
{
	(void)state;
	assert_int_equal((err_set)(NULL, ERR_TEMP, "x"), -1);
	assert_int_equal((err_input)(NULL, "x"), -1);
	assert_int_equal((err_errno)(NULL, "x"), -1);
	assert_int_equal((err_wrap)(NULL, "x"), -1);
}

static void one_line(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_input(&err, "open '%s'", "a\nb\r\033[31mc\x7f."), -1);
	assert_string_equal(err.text, "open 'a?b" "?" "?[31mc?.'");
	assert_int_equal(err_wrap(&err, "in '%s'", "d\ne"), -1);
	assert_string_equal(err.text, "in 'd?e': open 'a?b" "?" "?[31mc?.'");
}

static void system_errors(void **state)
{
	static const struct {
		int number;
		enum err_kind kind;
	} rows[] = { { ENOSPC, ERR_TEMP }, { EAGAIN, ERR_TEMP }, { EMFILE, ERR_TEMP },
		     { ENOENT, ERR_PERM }, { EACCES, ERR_PERM } };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		errno = rows[i].number;
		assert_int_equal(err_errno(&err, "open '%s'", "f"), -1);
		assert_int_equal(err.kind, rows[i].kind);
	}
	errno = ENOENT;
	assert_int_equal(err_errno(&err, "open '%s'", "f"), -1);
	assert_string_equal(err.text, "open 'f': No such file or directory");
}

static void wrapping(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, ERR_TEMP, "disk is full"), -1);
	assert_int_equal(err_wrap(&err, "job %d", 7), -1);
	assert_int_equal(err_wrap(&err, "host"), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_string_equal(err.text, "host: job 7: disk is full");
}

/* However long the parts are, the text ends in its buffer, and what was said last stands first. */
static void long_texts(void **state)
{
	struct err err;
	char name[3000];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(err_input(&err, "%s", name), -1);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_int_equal(err_wrap(&err, "top"), -1);
	assert_memory_equal(err.text, "top: nnn", 8);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_int_equal(err_wrap(&err, "%s", name), -1);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	errno = ENOENT;
	assert_int_equal(err_errno(&err, "%s", name), -1);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),	 cmocka_unit_test(nobody_asks),
		cmocka_unit_test(one_line),	 cmocka_unit_test(system_errors),
		cmocka_unit_test(wrapping),	 cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
