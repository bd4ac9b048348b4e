/* builtin.h - the rule files that are part of the program. */
#pragma once
#include <stddef.h>

struct builtin_file {
	const char *name;      /* "python/python-eval.yml" */
	const char *languages; /* names that it holds rules for, a space behind each: "JavaScript TypeScript " */
	size_t      len;
	const char *text;
};

extern const struct builtin_file builtin_rules[];
extern const size_t builtin_rules_count;
