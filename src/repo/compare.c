/*
 * libgit2's own comparison reads every folder of both trees, equal or not: ten times the work of the
 * whole review for a large repository. And it has no cap: a tree of ten folders that are all the same
 * tree of ten folders, ten levels deep, is a small download.
 */
#include "compare.h"

#include <sys/stat.h>

enum { MAX_DEPTH = 256 }; /* folders; the system's longest path has 4096 bytes */

struct comparison {
	struct changeset *out;
	struct arena *mem;
	size_t max;
	struct buf path;
	struct err *err;
};

static int compare_trees(struct comparison *c, const git_tree *old, const git_tree *new,
			 unsigned depth);

static bool is_folder(const git_tree_entry *entry)
{
	return entry && git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE;
}

/* As git orders the entries of a tree: a folder's name ends in '/'. */
static int compare_entries(const git_tree_entry *a, const git_tree_entry *b)
{
	struct str x, y;
	size_t common;
	int order;
	unsigned char next_x, next_y;

	if (!a || !b)
		return a ? -1 : b ? 1 : 0;
	x = str_of(git_tree_entry_name(a));
	y = str_of(git_tree_entry_name(b));
	common = x.len < y.len ? x.len : y.len;
	order = memcmp(x.p, y.p, common);
	if (order)
		return order;
	next_x = common < x.len ? (unsigned char)x.p[common] : is_folder(a) ? '/' : 0;
	next_y = common < y.len ? (unsigned char)y.p[common] : is_folder(b) ? '/' : 0;
	return next_x - next_y;
}

static enum change_status status_of(const git_tree_entry *old, const git_tree_entry *new)
{
	if (!old)
		return CHANGE_ADDED;
	if (!new)
		return CHANGE_DELETED;
	if (((unsigned)git_tree_entry_filemode(old) & S_IFMT) !=
	    ((unsigned)git_tree_entry_filemode(new) & S_IFMT))
		return CHANGE_TYPE;
	return CHANGE_MODIFIED;
}

static int add_file(struct comparison *c, const git_tree_entry *old, const git_tree_entry *new)
{
	struct change change = { .status = status_of(old, new) };

	if (c->out->n >= c->max)
		return err_input(c->err, "more than %zu changed files", c->max);
	change.new_path = arena_str(c->mem, buf_str(&c->path));
	if (old) {
		change.old_path = change.new_path;
		change.old_mode = git_tree_entry_filemode(old);
		oid_hex(change.old_oid, git_tree_entry_id(old));
	}
	if (new) {
		change.new_mode = git_tree_entry_filemode(new);
		oid_hex(change.new_oid, git_tree_entry_id(new));
	}
	ARENA_PUSH(c->mem, c->out, change);
	return 0;
}

static int read_tree(git_tree **out, struct comparison *c, git_repository *git,
		     const git_tree_entry *entry)
{
	int code = entry ? git_tree_lookup(out, git, git_tree_entry_id(entry)) : 0;

	if (code < 0)
		return lib_fail(c->err, code, "read the folder '%.*s'", STR_ARG(buf_str(&c->path)));
	return 0;
}

static int enter(struct comparison *c, git_repository *git, const git_tree_entry *old,
		 const git_tree_entry *new, unsigned depth)
{
	AUTO(auto_git_tree) git_tree *below_old = NULL;
	AUTO(auto_git_tree) git_tree *below_new = NULL;

	if (depth > MAX_DEPTH)
		return err_input(c->err, "more than %d folders deep", MAX_DEPTH);
	if (read_tree(&below_old, c, git, old) < 0 || read_tree(&below_new, c, git, new) < 0)
		return -1;
	buf_add_byte(&c->path, '/');
	return compare_trees(c, below_old, below_new, depth);
}

/* One name that stands in either tree, or in both as the same kind. */
static int compare_pair(struct comparison *c, git_repository *git, const git_tree_entry *old,
			const git_tree_entry *new, unsigned depth)
{
	size_t len = c->path.len;
	int result;

	if (old && new &&git_oid_equal(git_tree_entry_id(old), git_tree_entry_id(new)) &&
	    git_tree_entry_filemode(old) == git_tree_entry_filemode(new))
		return 0;
	buf_add(&c->path, str_of(git_tree_entry_name(old ? old : new)));
	if (is_folder(old) || is_folder(new))
		result = enter(c, git, old, new, depth + 1);
	else
		result = add_file(c, old, new);
	c->path.len = len;
	return result;
}

static int compare_trees(struct comparison *c, const git_tree *old, const git_tree *new,
			 unsigned depth)
{
	git_repository *git = git_tree_owner(old ? old : new);
	size_t i = 0, j = 0;

	for (;;) {
		const git_tree_entry *a = old ? git_tree_entry_byindex(old, i) : NULL;
		const git_tree_entry *b = new ? git_tree_entry_byindex(new, j) : NULL;
		int order = compare_entries(a, b);

		if (!a && !b)
			return 0;
		if (compare_pair(c, git, order <= 0 ? a : NULL, order >= 0 ? b : NULL, depth) < 0)
			return -1;
		i += order <= 0;
		j += order >= 0;
	}
}

int trees_compare(struct changeset *out, struct arena *mem, const git_tree *old,
		  const git_tree *new, size_t max, struct err *err)
{
	struct comparison c = { .out = out, .mem = mem, .max = max, .err = err };
	int result = old || new ? compare_trees(&c, old, new, 0) : 0;

	buf_release(&c.path);
	return result;
}
