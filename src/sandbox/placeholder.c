/* placeholder.c - protected paths that a work directory lacks: made while the job runs in it, taken away afterwards. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "launch.h"
#include "sys.h"

/* What had to be made in the host's own directory so that it could be protected. */
void placeholder_remove(const struct plan *plan, struct arena *mem, const struct plan_protect *missing, size_t n)
{
	AUTO_FD int work = n ? open(plan->work_host, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	for (size_t i = 0; i < n; i++) {
		struct str path = str_of(missing[i].path);
		size_t slash = path.len;
		struct stat st;

		while (slash > 0 && path.p[slash - 1] != '/')
			slash--;
		AUTO_FD int dir = slash ? sys_openat2(work, arena_z(mem, str_sub(path, 0, slash - 1)),
						      O_PATH | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH)
					: dup(work);

		/* empty, as it was made: anything else is not ours */
		if (dir < 0 || fstatat(dir, path.p + slash, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode))
			unlinkat(dir, path.p + slash, AT_REMOVEDIR);
		else if (S_ISREG(st.st_mode) && st.st_size == 0)
			unlinkat(dir, path.p + slash, 0);
	}
}

/* The first part of each protected path that is missing now: there the child makes a placeholder. */
size_t placeholder_find(const struct plan *plan, struct arena *mem, struct plan_protect **out)
{
	const size_t max = plan->protect.n;
	struct plan_protect *rows = ARENA_ARRAY(mem, max, struct plan_protect);
	size_t n = 0;

	if (plan->workdir != WORKDIR_BIND || !plan->work_host)
		return 0;
	for (size_t i = 0; i < max; i++) {
		struct str path = str_of(plan->protect.items[i].path);

		for (size_t at = 0; at <= path.len; at++) {
			struct stat st;
			struct str part = str_sub(path, 0, at);
			const char *full;

			if (at < path.len && path.p[at] != '/')
				continue;
			full = arena_printf(mem, "%s/%.*s", plan->work_host, STR_ARG(part)).p;
			if (lstat(full, &st) == 0)
				continue;
			rows[n++].path = arena_z(mem, part);
			break;
		}
	}
	*out = rows;
	return n;
}
