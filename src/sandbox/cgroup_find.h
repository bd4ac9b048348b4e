/* cgroup_find.h - where control groups are mounted, and where below them we may make our own. Private to cgroup*.c. */
#pragma once
#include "cgroup.h"

/* Directories in which groups are made: v1 one per controller, v2 one. "" where there is none. */
struct cgroup_bases {
	enum cgroup_kind kind;
	char dirs[CGROUP_DIRS][CGROUP_PATH];
};

int cgroup_find(struct cgroup_bases *out, struct err *err);
/* Small files: false with errno; a final line end is cut. */
bool cgroup_put(const char *dir, const char *file, const char *text);
bool cgroup_get(const char *dir, const char *file, char *out, size_t size);
/* The same below an open directory. */
bool cgroup_put_at(int dir, const char *file, const char *text);
bool cgroup_get_at(int dir, const char *file, char *out, size_t size);
