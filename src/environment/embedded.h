/* embedded.h - shell scripts of sandbox/environment that are part of the program. Private to this folder. */
#pragma once
#include <stddef.h>

struct embedded {
	const char *name; /* "services" */
	size_t      len;
	const char *text;
};

extern const struct embedded environment_scripts[];
extern const size_t environment_scripts_count;
