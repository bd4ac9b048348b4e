/* plan_base.c - what a job starts from: a root file system in the place of the host's, and trees below those that it may write. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "launch.h"

enum { ROOT_MAX_ENTRIES = 2000 }; /* of its top, /etc and /var: each is a mount; large images have 300 */

/* What each job has of its own, and what nobody needs: the homes of others, boot loaders, places for mounts. */
static const char *const own_top[] = { "proc", "sys",   "dev",  "tmp", "run", "home", "root",
				       "work", "boot", "media", "mnt", "lost+found" };
static const char *const own_etc[] = { "passwd", "passwd-", "group",  "group-",   "shadow",   "shadow-",
				       "gshadow", "gshadow-", "hosts", "hostname", "nsswitch.conf", "resolv.conf",
				       "shells", "mtab", "outrider" };
static const char *const own_var[] = { "tmp", "run" };

struct root_plan {
	struct plan  *plan;
	struct arena *mem;
	const char   *root;
	struct err   *err;
	size_t        n;
};

static bool is_own(const char *name, const char *const *own, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return false;
}

static int plan_entry(struct root_plan *r, int dir, const char *folder, const char *name)
{
	const char *at = arena_printf(r->mem, "%s/%s", folder, name).p;
	char target[POLICY_MAX_PATH];
	struct stat st;

	if (++r->n > ROOT_MAX_ENTRIES || strlen(at) > POLICY_MAX_PATH)
		return err_input(r->err, "sandbox: the root '%s' has more than %d entries in /, /etc and /var", r->root,
				 ROOT_MAX_ENTRIES);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_errno(r->err, "sandbox: '%s%s'", r->root, at);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(dir, name, target, sizeof target);
		struct plan_link link = { .at = at };

		/* no program looks for what is behind a longer one */
		if (n <= 0 || n == sizeof target)
			return 0;
		link.target = arena_z(r->mem, (struct str){ target, (size_t)n });
		ARENA_PUSH(r->mem, &r->plan->links, link);
		return 0;
	}
	if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) {
		const struct plan_mount mount = { .host = arena_printf(r->mem, "%s%s", r->root, at).p, .at = at,
						  .exec = true, .file = S_ISREG(st.st_mode) };

		ARENA_PUSH(r->mem, &r->plan->mounts, mount);
	}
	return 0;
}

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* A folder that the root has not is fine; a link in its place is no folder. */
static int plan_folder(struct root_plan *r, const char *folder, const char *const *own, size_t n_own)
{
	const char *path = arena_printf(r->mem, "%s%s", r->root, folder).p;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO(auto_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir && *folder && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (!dir)
		return err_errno(r->err, "sandbox: the root '%s'", path);
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_own(name, own, n_own) ||
		    (!*folder && (strcmp(name, "etc") == 0 || strcmp(name, "var") == 0)))
			continue;
		if (plan_entry(r, fd, folder, name))
			return -1;
	}
	return 0;
}

int plan_root(struct plan *plan, struct arena *mem, const char *root, struct err *err)
{
	struct root_plan r = { plan, mem, root, err, 0 };

	if (root[0] != '/')
		return err_set(err, ERR_BUG, "sandbox: the root '%s' is no absolute path", root);
	/* /etc and /var one by one: some of what is in them is made for each job */
	return plan_folder(&r, "", own_top, COUNT(own_top)) || plan_folder(&r, "/etc", own_etc, COUNT(own_etc)) ||
	       plan_folder(&r, "/var", own_var, COUNT(own_var)) ? -1 : 0;
}

static int plan_one(struct plan_below *below, struct arena *mem, const char *path, struct err *err)
{
	struct stat st;

	if (!path)
		return 0;
	if (path[0] != '/' || lstat(path, &st) || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_PERM, "sandbox: '%s' is no prepared folder", path);
	*below = (struct plan_below){ arena_z(mem, str_of(path)), st.st_uid, st.st_gid, -1 };
	return 0;
}

int plan_below(struct plan *plan, struct arena *mem, const struct sandbox_base *base, struct err *err)
{
	if (plan_one(&plan->below_work, mem, base->work, err) || plan_one(&plan->below_home, mem, base->home, err))
		return -1;
	if (base->work && plan->work_host && plan->workdir == WORKDIR_BIND)
		return err_input(err, "sandbox: nothing can lie below a work directory that is used itself: "
				      "the policy needs `workdir: overlay` or `copy`");
	return 0;
}
