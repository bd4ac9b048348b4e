/* asset.h - the files of web/, as they are in the tree. Private to this folder. */
#pragma once
#include <stddef.h>

struct asset {
	const char          *name;  /* "style.css" */
	const unsigned char *bytes;
	size_t               len;
};

extern const struct asset asset_table[]; /* ends with a NULL name */
