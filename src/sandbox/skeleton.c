/* skeleton.c - of what the plan puts into the job's root: what can be made in it while it is empty, where no name leads elsewhere. */
#include <string.h>

#include "launch.h"

/* Of each job, whatever its policy; view_enter() mounts on all but the parents. */
static const char *const always[] = { "/proc", "/dev", "/dev/pts", "/dev/shm", "/tmp", SANDBOX_WORK, "/home", SANDBOX_HOME };

static bool is_at_or_below(const char *path, const char *top, bool at)
{
	const size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '/' || (at && path[n] == '\0'));
}

/* Something else than the link `self` stands on the way to the path, at the latest when it is needed: a mount or a link. */
static bool is_covered(const struct plan *p, const char *path, const struct plan_link *self)
{
	static const char *const mounts[] = { "/proc", "/dev/pts", "/dev/shm", "/tmp", SANDBOX_WORK, SANDBOX_HOME };

	for (size_t i = 0; i < COUNT(mounts); i++)
		if (is_at_or_below(path, mounts[i], true))
			return true;
	for (size_t i = 0; i < p->mounts.n; i++)
		if (is_at_or_below(path, p->mounts.items[i].at, false))
			return true;
	for (size_t i = 0; i < p->links.n; i++)
		if (is_at_or_below(path, p->links.items[i].at, &p->links.items[i] != self))
			return true;
	return false;
}

static void add_dir(struct plan *p, struct arena *mem, struct str path)
{
	for (size_t i = 0; i < p->dirs.n; i++)
		if (str_eq(str_of(p->dirs.items[i]), path))
			return;
	ARENA_PUSH(mem, &p->dirs, arena_z(mem, path));
}

static void add_parents(struct plan *p, struct arena *mem, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/'))
		add_dir(p, mem, (struct str){ path + 1, (size_t)(slash - path - 1) });
}

static void plan_mount(struct plan *p, struct arena *mem, struct plan_mount *m)
{
	m->ready = !is_covered(p, m->at, NULL);
	if (!m->ready)
		return;
	add_parents(p, mem, m->at);
	if (m->file)
		ARENA_PUSH(mem, &p->empty, m->at + 1);
	else
		add_dir(p, mem, str_of(m->at + 1));
}

void skeleton_plan(struct plan *p, struct arena *mem)
{
	for (size_t i = 0; i < COUNT(always); i++)
		add_dir(p, mem, str_of(always[i] + 1));
	for (size_t i = 0; i < p->mounts.n; i++)
		plan_mount(p, mem, &p->mounts.items[i]);
	for (size_t i = 0; i < p->links.n; i++) {
		struct plan_link *link = &p->links.items[i];

		link->ready = !is_covered(p, link->at, link);
		if (link->ready)
			add_parents(p, mem, link->at);
	}
	for (size_t i = 0; i < p->files.n; i++)
		add_parents(p, mem, p->files.items[i].at);
}
