/* How a directory looks, as text: two texts differ exactly when something was changed. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>

#include "base/scope.h"
#include "lab.h"

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void describe_one(struct buf *out, const char *dir, const char *name)
{
	char path[PATH_MAX], attributes[256];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (lstat(path, &st) < 0)
		return;
	n = llistxattr(path, attributes, sizeof attributes);
	buf_printf(out, "%s %o %u:%u %lld %lld.%09ld %ld\n", name, st.st_mode, st.st_uid, st.st_gid,
		   (long long)(S_ISDIR(st.st_mode) ? 0 : st.st_size), (long long)st.st_mtim.tv_sec,
		   st.st_mtim.tv_nsec, n < 0 ? 0 : (long)n);
}

void stage_describe(struct buf *out, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, by_bytes);

	for (int i = 0; i < n; i++) {
		/* the time of the directory itself is told by what is in it */
		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
			describe_one(out, dir, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}
