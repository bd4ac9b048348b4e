/* placeholder.c - protected paths that a work directory lacks: made while the job runs in it, taken away afterwards. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "launch.h"
#include "sys.h"

static void remove_one(int work, const struct placeholder *p)
{
	AUTO_FD int dir = p->dir[0] ? sys_openat2(work, p->dir, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, SYS_BENEATH) : dup(work);
	struct stat st;

	if (dir < 0 || fstatat(dir, p->name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	/* empty, as it was made: anything else is not ours */
	if (S_ISDIR(st.st_mode))
		unlinkat(dir, p->name, AT_REMOVEDIR);
	else if (S_ISREG(st.st_mode) && st.st_size == 0)
		unlinkat(dir, p->name, 0);
}

void placeholder_remove(const struct placeholders *missing)
{
	AUTO_FD int work = missing->n ? open(missing->work, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	for (size_t i = 0; work >= 0 && i < missing->n; i++)
		remove_one(work, &missing->items[i]);
}

/* The first part of the path that is missing: there the child makes a placeholder. */
static void find_one(struct placeholders *out, struct str path, struct arena *mem)
{
	size_t name = 0;

	for (size_t at = 0; at <= path.len; at++) {
		struct str part = str_sub(path, 0, at);
		struct stat st;

		if (at < path.len && path.p[at] != '/')
			continue;
		if (lstat(arena_printf(mem, "%s/%.*s", out->work, STR_ARG(part)).p, &st)) {
			const struct placeholder row = { arena_z(mem, str_sub(path, 0, name ? name - 1 : 0)),
							 arena_z(mem, str_from(part, name)) };

			ARENA_PUSH(mem, out, row);
			return;
		}
		name = at + 1;
	}
}

void placeholder_find(struct placeholders *out, const struct plan *plan, struct arena *mem)
{
	*out = (struct placeholders){ .work = plan->work_host };
	for (size_t i = 0; plan->workdir == WORKDIR_BIND && plan->work_host && i < plan->protect.n; i++)
		find_one(out, str_of(plan->protect.items[i].path), mem);
}
