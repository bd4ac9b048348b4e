#include "repo/tree.h"

#include <stdlib.h>

#include "git.h"

static bool is_file(const git_tree_entry *entry)
{
	git_filemode_t mode = git_tree_entry_filemode(entry);

	return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

static int read_blob(struct str *out, struct arena *mem, const struct repo *repo,
		     const git_tree_entry *entry, const char *path, size_t max, struct err *err)
{
	AUTO(auto_git_odb) git_odb *odb = NULL;
	AUTO(auto_git_odb_object) git_odb_object *object = NULL;
	const git_oid *oid = git_tree_entry_id(entry);
	git_object_t type;
	size_t size = 0;
	int code = git_repository_odb(&odb, repo->git);

	if (code == 0)
		code = git_odb_read_header(&size, &type, odb, oid);
	if (code < 0)
		return lib_fail(err, code, "read '%s'", path);
	if (size > max)
		return err_input(err, "'%s' has %zu bytes, more than the limit of %zu", path, size,
				 max);
	code = git_odb_read(&object, odb, oid);
	if (code < 0)
		return lib_fail(err, code, "read '%s'", path);
	*out = arena_str(mem, (struct str){ git_odb_object_data(object), size });
	return 0;
}

int repo_blob(struct str *out, bool *found, struct arena *mem, const struct repo *repo,
	      const char *oid, const char *path, size_t max, struct err *err)
{
	AUTO(auto_git_tree) git_tree *tree = NULL;
	AUTO(auto_git_entry) git_tree_entry *entry = NULL;
	struct str text = { 0 };
	int code;

	if (tree_of(&tree, NULL, repo->git, oid, err) < 0)
		return -1;
	code = git_tree_entry_bypath(&entry, tree, path);
	if (code < 0 && code != GIT_ENOTFOUND)
		return lib_fail(err, code, "look up '%s'", path);
	if (code == 0 && is_file(entry) && read_blob(&text, mem, repo, entry, path, max, err) < 0)
		return -1;
	*found = code == 0 && is_file(entry);
	*out = text;
	return 0;
}

struct listing {
	struct tree_files files;
	struct arena *mem;
	struct str prefix; /* the folder with its final '/' */
	const char *why;   /* set when a cap stopped the walk */
};

static int add_entry(const char *root, const git_tree_entry *entry, void *payload)
{
	struct listing *list = payload;
	size_t depth = 0;

	for (const char *c = root; *c; c++)
		depth += *c == '/';
	if (depth > TREE_MAX_DEPTH)
		list->why = "folders too deep";
	else if (list->files.n >= TREE_MAX_FILES)
		list->why = "too many files";
	if (list->why)
		return -1;
	if (is_file(entry))
		ARENA_PUSH(list->mem, &list->files,
			   arena_printf(list->mem, "%s%s%s", list->prefix.p, root,
					git_tree_entry_name(entry)));
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int list_tree(struct tree_files *out, struct listing *list, const git_tree *tree,
		     const char *folder, struct err *err)
{
	int code = git_tree_walk(tree, GIT_TREEWALK_PRE, add_entry, list);

	if (list->why)
		return err_input(err, "'%s': %s (limits: %d files, %d levels)", folder, list->why,
				 TREE_MAX_FILES, TREE_MAX_DEPTH);
	if (code < 0)
		return lib_fail(err, code, "list '%s'", folder);
	if (list->files.n)
		qsort(list->files.items, list->files.n, sizeof *list->files.items, compare_paths);
	*out = list->files;
	return 0;
}

int repo_tree_files(struct tree_files *out, struct arena *mem, const struct repo *repo,
		    const char *oid, const char *folder, struct err *err)
{
	AUTO(auto_git_tree) git_tree *tree = NULL;
	AUTO(auto_git_tree) git_tree *below = NULL;
	AUTO(auto_git_entry) git_tree_entry *entry = NULL;
	struct str name = str_of(folder);
	struct listing list = { .mem = mem, .prefix = STR("") };
	int code;

	if (tree_of(&tree, NULL, repo->git, oid, err) < 0)
		return -1;
	while (str_ends(name, STR("/")))
		name.len--;
	if (name.len == 0)
		return list_tree(out, &list, tree, folder, err);
	list.prefix = arena_printf(mem, "%.*s/", STR_ARG(name));
	code = git_tree_entry_bypath(&entry, tree, arena_z(mem, name));
	if (code < 0 && code != GIT_ENOTFOUND)
		return lib_fail(err, code, "look up '%s'", folder);
	if (code < 0 || git_tree_entry_type(entry) != GIT_OBJECT_TREE) {
		*out = list.files;
		return 0;
	}
	code = git_tree_lookup(&below, repo->git, git_tree_entry_id(entry));
	if (code < 0)
		return lib_fail(err, code, "read '%s'", folder);
	return list_tree(out, &list, below, folder, err);
}
