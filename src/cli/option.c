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

int options_read(const struct option *table, int argc, char **argv, struct text_list *rest,
		 struct arena *mem, struct err *err)
{
	bool only_rest = false;

	for (int i = 1; i < argc; i++) {
		struct str arg = str_of(argv[i]), name = arg;
		const char *value = NULL;
		const struct option *option;
		size_t equals;

		if (only_rest || arg.len < 2 || arg.p[0] != '-') {
			ARENA_PUSH(mem, rest, argv[i]);
			continue;
		}
		if (str_eq(arg, STR("--"))) {
			only_rest = true;
			continue;
		}
		equals = str_starts(arg, STR("--")) ? str_find_byte(arg, '=') : SIZE_MAX;
		if (equals != SIZE_MAX) {
			name = str_sub(arg, 0, equals);
			value = argv[i] + equals + 1;
		}
		option = arg.p[1] == '-' ? find_name(table, name) : find_letter(table, arg.p[1]);
		/* "-j2" is "-j 2" */
		if (arg.p[1] != '-' && arg.len > 2)
			value = argv[i] + 2;
		if (!option)
			return unknown(table, name, err);
		if (option->type == OPTION_FLAG && value)
			return err_input(err, "%s takes no value", option->name);
		if (option->type != OPTION_FLAG && !value) {
			if (++i == argc)
				return err_input(err, "%s needs a value: %s", option->name,
						 option->value);
			value = argv[i];
		}
		if (set(option, value, mem, err) < 0)
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
