/*
 * builtin.h - the rules that are part of the program. Private to this folder.
 *
 * tools/embed_rules.c compiles them all while the program is built and leaves here what is asked before a rule is
 * needed: who it is, and which words a text must have. The rule itself stays text until the first file that has them.
 */
#pragma once
#include "prefilter.h"

struct builtin_file {
	const char *name; /* "python/python-eval.yml"; holds one document */
	size_t      len;
	const char *text;
};

/* One rule for one language. */
struct builtin_rule {
	const char     *id, *category;
	uint32_t        file;
	enum severity   severity;
	enum confidence confidence;
	bool            skip_tests, off_by_default;
	uint32_t        needs;  /* where its words stand in builtin_table.needs; 0: nothing is known */
};

struct builtin_language {
	const struct builtin_rule *rules;
	size_t                     n;
	const struct prefilter    *prefilter; /* may be NULL */
};

struct builtin_table {
	const struct builtin_file     *files;
	size_t                         n_files;
	const uint16_t                *needs;
	const struct builtin_language *languages; /* one for each of language_table */
};

extern const struct builtin_table builtin_table;
