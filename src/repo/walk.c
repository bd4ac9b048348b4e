#include "repo/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "git.h"

struct walker {
	struct walk files;
	struct arena *mem;
	struct repo repo;  /* closed when the path lies in none */
	struct buf path;   /* as shown; "" for the current folder */
	struct buf inside; /* the same, from the root of the repository */
};

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void push(struct walker *walker, uint64_t size, enum change_skip skip, struct str detail)
{
	struct walk_file file = { arena_str(walker->mem, buf_str(&walker->path)), size, skip,
				  detail };

	ARENA_PUSH(walker->mem, &walker->files, file);
}

static void push_errno(struct walker *walker, int code)
{
	char text[128];

	push(walker, 0, SKIP_UNREADABLE,
	     arena_str(walker->mem, str_of(strerror_r(code, text, sizeof text))));
}

static void add_name(struct buf *path, struct str name)
{
	if (path->len && path->bytes[path->len - 1] != '/')
		buf_add_byte(path, '/');
	buf_add(path, name);
}

/* A folder is asked with a '/' behind, as patterns may want one. */
static bool is_ignored(struct walker *walker, bool folder)
{
	size_t len = walker->inside.len;
	int ignored = 0;

	if (!walker->repo.git)
		return false;
	if (folder)
		buf_add_byte(&walker->inside, '/');
	buf_add_byte(&walker->inside, '\0');
	if (git_ignore_path_is_ignored(&ignored, walker->repo.git, walker->inside.bytes) < 0)
		git_error_clear();
	walker->inside.len = len;
	return ignored == 1;
}

static int walk_folder(struct walker *walker, int parent, const char *name, int depth,
		       struct err *err);

static int walk_entry(struct walker *walker, int folder, const char *name, int depth,
		      struct err *err)
{
	struct stat st;

	if (walker->files.n >= WALK_MAX_FILES)
		return err_input(err, "more than %d files", WALK_MAX_FILES);
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT) /* it went away meanwhile */
			push_errno(walker, errno);
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	if (is_ignored(walker, S_ISDIR(st.st_mode)))
		return 0;
	if (S_ISDIR(st.st_mode))
		return walk_folder(walker, folder, name, depth + 1, err);
	push(walker, (uint64_t)st.st_size, SKIP_NONE, STR(""));
	return 0;
}

/* What a repository tracks counts whatever its name: workflows, .env. Elsewhere dots hide caches and tools. */
static bool is_hidden(const struct walker *walker, const char *name)
{
	return name[0] == '.' && (!walker->repo.git || strcmp(name, ".git") == 0 ||
				  strcmp(name, ".") == 0 || strcmp(name, "..") == 0);
}

static int walk_names(struct walker *walker, DIR *dir, int depth, struct err *err)
{
	size_t path = walker->path.len, inside = walker->inside.len;
	const struct dirent *entry;
	int result = 0;

	while (result == 0 && (entry = readdir(dir))) {
		if (is_hidden(walker, entry->d_name))
			continue;
		add_name(&walker->path, str_of(entry->d_name));
		add_name(&walker->inside, str_of(entry->d_name));
		result = walk_entry(walker, dirfd(dir), entry->d_name, depth, err);
		walker->path.len = path;
		walker->inside.len = inside;
	}
	return result;
}

static int walk_folder(struct walker *walker, int parent, const char *name, int depth,
		       struct err *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO(auto_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		push_errno(walker, errno);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (depth > WALK_MAX_DEPTH)
		return err_input(err, "'%.200s...': more than %d folders deep", walker->path.bytes,
				 WALK_MAX_DEPTH);
	return walk_names(walker, dir, depth, err);
}

/*
 * No repository, or one that cannot be read: then nothing is ignored. git's ownership check
 * protects from what a foreign configuration may start; this reads ignore rules only, and has to
 * work where all files belong to another user.
 */
static int open_ignores(struct walker *walker, const char *path, struct err *err)
{
	struct str inside = { 0 };
	int before = 1;

	/* a host without libgit2 has no say in what is ignored */
	if (git_start(err) < 0)
		return -1;
	git_libgit2_opts(GIT_OPT_GET_OWNER_VALIDATION, &before);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (repo_open(&walker->repo, path, NULL) == 0 &&
	    repo_relative(&inside, walker->mem, &walker->repo, path, NULL) < 0)
		repo_close(&walker->repo);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, before);
	buf_clear(&walker->inside);
	buf_add(&walker->inside, inside);
	return 0;
}

/* "./src/" is shown as "src", "." as nothing. */
static struct str shown(const char *path)
{
	struct str s = str_of(path);

	while (str_starts(s, STR("./"))) {
		s = str_from(s, 2);
		while (str_starts(s, STR("/")))
			s = str_from(s, 1);
	}
	while (s.len > 1 && str_ends(s, STR("/")))
		s.len--;
	return str_eq(s, STR(".")) ? STR("") : s;
}

/* What a person named is always taken, or it is said why not. */
static int walk_path(struct walker *walker, const char *path, struct err *err)
{
	struct stat st;
	int result;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? err_input(err, "'%s' does not exist", path)
			       : err_errno(err, "look at '%s'", path);
	buf_clear(&walker->path);
	buf_add(&walker->path, shown(path));
	if (S_ISREG(st.st_mode))
		push(walker, (uint64_t)st.st_size, SKIP_NONE, STR(""));
	else if (S_ISLNK(st.st_mode))
		push(walker, 0, SKIP_SYMLINK, STR(""));
	else if (!S_ISDIR(st.st_mode))
		push(walker, 0, SKIP_UNREADABLE, STR("not a regular file"));
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (open_ignores(walker, path, err))
		return -1;
	result = walk_folder(walker, AT_FDCWD, path, 0, err);
	repo_close(&walker->repo);
	return result;
}

static int compare_files(const void *a, const void *b)
{
	return str_cmp(((const struct walk_file *)a)->path, ((const struct walk_file *)b)->path);
}

static void sort(struct walk *files)
{
	size_t kept = 0;

	if (files->n)
		qsort(files->items, files->n, sizeof *files->items, compare_files);
	for (size_t i = 0; i < files->n; i++)
		if (kept == 0 || !str_eq(files->items[kept - 1].path, files->items[i].path))
			files->items[kept++] = files->items[i];
	files->n = kept;
}

int repo_walk(struct walk *out, struct arena *mem, const char *const *paths, size_t n,
	      struct err *err)
{
	struct walker walker = { .mem = mem };
	int result = n ? 0 : walk_path(&walker, ".", err);

	for (size_t i = 0; i < n && result == 0; i++)
		result = walk_path(&walker, paths[i], err);
	buf_release(&walker.path);
	buf_release(&walker.inside);
	if (result < 0)
		return -1;
	sort(&walker.files);
	*out = walker.files;
	return 0;
}
