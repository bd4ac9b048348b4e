/* audit_files.h - the names that belong to one log. Private to this folder. */
#pragma once
#include <limits.h>

#include "base/err.h"

struct audit_files {
	char log[PATH_MAX], head[PATH_MAX], lock[PATH_MAX], next[PATH_MAX];
};

/* ERR_INPUT: the path is too long. */
int audit_files_name(struct audit_files *out, const char *path, struct err *err);
/* The file of this number, once it was rotated. */
void audit_files_old(char out[PATH_MAX], const struct audit_files *files, unsigned long long number);
