#include "option.h"

#include <stdio.h>

static const struct option *find_name(const struct option *table, struct str name)
{
	for (; table->name; table++)
		if (str_eq(name, str_of(table->name)))
			return table;
	return NULL;
}

static const struct option *find_letter(const struct option *table, char letter)
{
	for (; table->name; table++)
		if (letter && table->letter == letter)
			return table;
	return NULL;
}

static size_t common_head(struct str a, struct str b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.p[n] == b.p[n])
		n++;
	return n;
}

static const char *nearest(const struct option *table, struct str name)
{
	const char *best = NULL;
	size_t most = 4; /* "--" and two letters */

	for (; table->name; table++) {
		size_t n = common_head(name, str_of(table->name));

		if (n >= most) {
			most = n + 1;
			best = table->name;
		}
	}
	return best;
}

static int unknown(const struct option *table, struct str name, struct err *err)
{
	const char *other = nearest(table, name);

	if (other)
		return err_input(err, "unknown option '%.*s'; did you mean %s?", STR_ARG(name),
				 other);
	return err_input(err, "unknown option '%.*s'; see --help", STR_ARG(name));
}

static int set_number(const struct option *option, const char *value, struct err *err)
{
	uint64_t n;

	if (!str_to_u64(str_of(value), &n) || n > UINT32_MAX)
		return err_input(err, "%s takes a whole number, not '%s'", option->name, value);
	*(unsigned *)option->to = (unsigned)n;
	return 0;
}

static int set(const struct option *option, const char *value, struct arena *mem, struct err *err)
{
	if (option->type == OPTION_FLAG)
		*(bool *)option->to = true;
	else if (option->type == OPTION_TEXT)
		*(const char **)option->to = value;
	else if (option->type == OPTION_LIST)
		ARENA_PUSH(mem, (struct text_list *)option->to, value);
	else
		return set_number(option, value, err);
	return 0;
}

/* The option that an argument names; *value is what stands in the same argument: "--jobs=2", "-j2". */
static const struct option *find(const struct option *table, const char *arg, struct str *name,
				 const char **value)
{
	size_t equals = str_find_byte(str_of(arg), '=');

	*name = str_of(arg);
	*value = NULL;
	if (arg[1] != '-') {
		*value = arg[2] ? arg + 2 : NULL;
		return find_letter(table, arg[1]);
	}
	if (equals != SIZE_MAX) {
		*name = str_sub(*name, 0, equals);
		*value = arg + equals + 1;
	}
	return find_name(table, *name);
}

/* The option at argv[*i], which ends at its value. */
static int read_option(const struct option *table, int argc, char **argv, int *i,
		       struct arena *mem, struct err *err)
{
	struct str name;
	const char *value;
	const struct option *option = find(table, argv[*i], &name, &value);

	if (!option)
		return unknown(table, name, err);
	if (option->type == OPTION_FLAG && value)
		return err_input(err, "%s takes no value", option->name);
	if (option->type != OPTION_FLAG && !value) {
		if (++*i == argc)
			return err_input(err, "%s needs a value: %s", option->name, option->value);
		value = argv[*i];
	}
	return set(option, value, mem, err);
}

int options_read(const struct option *table, int argc, char **argv, struct text_list *rest,
		 struct arena *mem, struct err *err)
{
	bool only_rest = false;

	for (int i = 1; i < argc; i++) {
		bool is_option = !only_rest && argv[i][0] == '-' && argv[i][1];

		if (!is_option)
			ARENA_PUSH(mem, rest, argv[i]);
		else if (str_eq(str_of(argv[i]), STR("--")))
			only_rest = true;
		else if (read_option(table, argc, argv, &i, mem, err) < 0)
			return -1;
	}
	return 0;
}

void options_help(const struct option *table)
{
	for (; table->name; table++) {
		char left[64];

		snprintf(left, sizeof left, "%s%c%s%s%s%s", table->letter ? "-" : "",
			 table->letter ? table->letter : ' ', table->letter ? ", " : "   ",
			 table->name, table->value ? " " : "", table->value ? table->value : "");
		printf("  %-30s %s\n", left, table->about);
	}
}
