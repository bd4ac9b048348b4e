/* embedded.h - files of sandbox/ that are part of the program. Private to this folder. */
#pragma once
#include <stddef.h>

struct embedded {
	const char *name; /* "untrusted" */
	size_t      len;
	const char *text;
};

extern const struct embedded sandbox_policies[];
extern const size_t sandbox_policies_count;
extern const struct embedded sandbox_profiles[];
extern const size_t sandbox_profiles_count;
