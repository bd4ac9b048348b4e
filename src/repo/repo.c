#include "repo/repo.h"

#include <limits.h>
#include <stdlib.h>

#include "git.h"

/*
 * The library is started once and never ended: starting it again reads the system's certificates
 * again (4 ms). Speed: objects were verified when they came in, and hashing each one again costs
 * more than reading it. Extensions: both change where git looks for files that we never read, so
 * they do no harm here.
 */
static int library_init(struct err *err)
{
	static const char *extensions[] = { "partialclone", "worktreeconfig" };
	int starts = git_start(err);

	if (starts < 0)
		return -1;
	if (starts > 1)
		return 0;
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, COUNT(extensions));
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)(64 << 20));
	return 0;
}

int repo_isolate(struct err *err)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
				      GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL };

	if (library_init(err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(levels); i++) {
		int code = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");

		if (code < 0)
			return lib_fail(err, code, "leave out the user's configuration");
	}
	return 0;
}

/*
 * libgit2 1.5 reports a foreign owner as "safe.directory was not found" when that is not set at
 * all.
 */
static bool is_foreign(int code)
{
	const git_error *last = git_error_last();

	return code == GIT_EOWNER ||
	       (code == GIT_ENOTFOUND && last && last->klass == GIT_ERROR_CONFIG);
}

static int note_star(const git_config_entry *entry, void *trusted)
{
	if (strcmp(entry->value, "*") == 0)
		*(bool *)trusted = true;
	else if (*entry->value == '\0')
		*(bool *)trusted = false; /* an empty value forgets those above, as in git */
	return 0;
}

/*
 * "safe.directory = *" in the user's or system's configuration: common in containers, unknown to
 * libgit2 1.5.
 */
static bool trusts_all(void)
{
	AUTO(auto_git_config) git_config *config = NULL;
	bool trusted = false;

	if (git_config_open_default(&config) < 0 ||
	    git_config_get_multivar_foreach(config, "safe.directory", NULL, note_star, &trusted) <
		    0)
		git_error_clear();
	return trusted;
}

static int open_unchecked(git_repository **out, const char *path, unsigned flags)
{
	int before = 1, code;

	git_libgit2_opts(GIT_OPT_GET_OWNER_VALIDATION, &before);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	code = git_repository_open_ext(out, path, flags, NULL);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, before);
	return code;
}

static int open_failed(struct err *err, int code, const char *path)
{
	if (code == GIT_EOWNER)
		return err_input(
			err,
			"dubious ownership: the repository at '%s' belongs to another user, so git "
			"refuses to read it; if you trust it, run `git config --global --add "
			"safe.directory DIRECTORY` with its folder",
			path);
	if (code == GIT_ENOTFOUND)
		return err_input(err,
				 "'%s' is not inside a git repository: run it in a clone, or use "
				 "`outrider scan PATH`",
				 path);
	lib_fail(err, code, "open the repository at '%s'", path);
	if (err)
		err->kind = ERR_INPUT;
	return -1;
}

int repo_open(struct repo *out, const char *path, struct err *err)
{
	git_repository *git = NULL;
	/* GIT_DIR and GIT_INDEX_FILE speak of the current folder: a hook of git sets them */
	unsigned flags = strcmp(path, ".") == 0 ? GIT_REPOSITORY_OPEN_FROM_ENV : 0;
	int code;

	if (library_init(err) < 0)
		return -1;
	code = git_repository_open_ext(&git, path, flags, NULL);
	if (code < 0 && is_foreign(code))
		code = trusts_all() ? open_unchecked(&git, path, flags) : GIT_EOWNER;
	if (code < 0)
		return open_failed(err, code, path);
	*out = (struct repo){ .git = git, .root = git_repository_workdir(git) };
	return 0;
}

void repo_close(struct repo *repo)
{
	if (!repo || !repo->git)
		return;
	git_repository_free(repo->git);
	*repo = (struct repo){ 0 };
}

int repo_folder(const char **out, struct arena *mem, const struct repo *repo, struct err *err)
{
	const char *folder = git_repository_commondir(repo->git);

	if (!folder)
		return lib_fail(err, -1, "find the folder of the repository");
	*out = arena_z(mem, str_of(folder));
	return 0;
}

int repo_root(const char **out, const struct repo *repo, struct err *err)
{
	if (!repo->root)
		return err_input(err,
				 "'%s' is a bare repository: this needs a work tree, so name two "
				 "commits, or run it in a clone",
				 git_repository_path(repo->git));
	*out = repo->root;
	return 0;
}

/*
 * The longest existing head of the path is resolved by the system (symlinks), the rest is taken as
 * text: it does not exist, so it holds no symlinks.
 */
static int resolve(char *out, size_t size, const char *path, struct err *err)
{
	char head[PATH_MAX], real[PATH_MAX];
	size_t len = strlen(path);
	int made;

	if (len >= sizeof head)
		return err_input(err, "path too long: '%.80s...'", path);
	memcpy(head, path, len + 1);
	while (len && !realpath(head, real)) {
		while (len && head[len - 1] == '/')
			head[--len] = '\0';
		while (len && head[len - 1] != '/')
			head[--len] = '\0';
	}
	if (len == 0 && !realpath(*path == '/' ? "/" : ".", real))
		return err_errno(err, "resolve '%s'", path);
	while (path[len] == '/')
		len++;
	made = snprintf(out, size, "%s/%s", real, path + len);
	if (made < 0 || (size_t)made >= size)
		return err_input(err, "path too long: '%.80s...'", path);
	return 0;
}

/*
 * Drops "", "." and applies ".." in a path that is text only; false when it climbs above its start.
 */
static bool normalise(char *path)
{
	char *out = path, *start = path, *rest;

	for (char *part = strtok_r(path, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		size_t len = strlen(part);

		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			if (out == start)
				return false;
			while (out > start && *--out != '/')
				;
			continue;
		}
		if (out != start)
			*out++ = '/';
		memmove(out, part, len);
		out += len;
	}
	*out = '\0';
	return true;
}

int repo_relative(struct str *out, struct arena *mem, const struct repo *repo, const char *path,
		  struct err *err)
{
	char full[2 * PATH_MAX], root[PATH_MAX];
	const char *top = NULL;
	size_t len;

	if (repo_root(&top, repo, err) < 0 || resolve(full, sizeof full, path, err) < 0)
		return -1;
	if (!realpath(top, root))
		return err_errno(err, "resolve '%s'", top);
	len = strlen(root);
	if (len == 1)
		len = 0; /* the root of the file system */
	if (strncmp(full, root, len) != 0 || (full[len] != '/' && full[len] != '\0') ||
	    !normalise(full + len))
		return err_input(err, "'%s' lies outside of the repository '%s'", path, root);
	*out = arena_str(mem, str_of(full + len));
	return 0;
}
