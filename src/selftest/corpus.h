/* corpus.h - the list of tricks, as their program tells it. Private to this folder. */
#pragma once
#include "selftest/selftest.h"

/* Absolute path of the program; next to ours or in ../libexec/outrider when `given` is NULL. */
int corpus_program(char out[4096], const char *given, struct err *err);
/* `only`: ids or families, NULL at the end, or NULL for all. ERR_INPUT for a word that is neither. */
int corpus_list(struct selftest_tricks *out, struct arena *mem, const char *program, const char *const *only,
		struct err *err);
