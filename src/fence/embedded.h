/* embedded.h - the program for the kernel, as bytes in ours. Private to this folder. */
#pragma once
#include <stddef.h>

struct embedded {
	const char *name;
	size_t      len;
	const char *text;
};

extern const struct embedded fence_kernel[]; /* one */
extern const size_t fence_kernel_count;
