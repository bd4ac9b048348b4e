/*
 * late.h - a shared library that is loaded when it is first needed, by the folder that wraps it: what a command does not use
 * does not cost its start, nor stand in its memory. cmake/late.cmake makes from a list of calls a table with their types, and names
 * that lead through it; a call that is not in the list does not link.
 */
#pragma once
#include <stddef.h>

#include "base/err.h"

/* One of these pages holds a whole table, so that it can be made read-only: the largest page of any machine. */
#define LATE_PAGE 65536

/* Filled by what cmake/late.cmake makes. */
struct late {
	const char        *library; /* its SONAME, as the linker found it during the build */
	const char *const *names;   /* of its calls, in the order of `calls` */
	void              *calls;   /* n pointers to functions, at the start of pages of its own */
	size_t             n, size; /* size in bytes, whole pages */
};

/*
 * Loads the library, unless it is there, and fills the table; then the table cannot be written any more. Any thread, any number of
 * times. ERR_PERM: it is not installed, or too old for a call; nothing of it may be called then.
 */
int late_load(const struct late *late, struct err *err);
