/* option.h - command-line options from a table. Private to this folder. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_NUMBER };

struct text_list {
	const char **items;
	size_t       n, cap;
};

/* `to` points to a bool, a const char *, a struct text_list or an unsigned. */
struct option {
	const char      *name;  /* "--base" */
	char             letter; /* 0: none */
	enum option_type type;
	void            *to;
	const char      *value; /* what to call the value in the help */
	const char      *about;
};

/*
 * Reads argv[1..]; what is no option goes to `rest`. "--" ends the options; "--name=value" and "--name value" are
 * one. ERR_INPUT for what is unknown (with the nearest name) or lacks its value. The table ends with a NULL name.
 */
int options_read(const struct option *table, int argc, char **argv, struct text_list *rest,
		 struct arena *mem, struct err *err);
void options_help(const struct option *table);
