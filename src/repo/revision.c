#include "repo/revision.h"

#include "git.h"

static bool has_no_commit(git_repository *git)
{
	return git_repository_head_unborn(git) == 1;
}

static int not_found(const struct repo *repo, const char *name, int code, struct err *err)
{
	if (code == GIT_EAMBIGUOUS)
		return err_input(err, "'%s' is ambiguous: give more digits or the full name", name);
	if (has_no_commit(repo->git))
		return err_input(err, "'%s' is no commit: the current branch has no commit yet",
				 name);
	if (git_repository_is_shallow(repo->git))
		return err_input(
			err,
			"unknown revision '%s': the clone is shallow: fetch more history with `git "
			"fetch --unshallow`",
			name);
	return err_input(err, "unknown revision '%s': it is no branch, tag or commit here", name);
}

bool revision_is_unborn(const struct repo *repo)
{
	return has_no_commit(repo->git);
}

int revision_find(struct revision *out, struct arena *mem, const struct repo *repo,
		  const char *name, struct err *err)
{
	AUTO(auto_git_object) git_object *object = NULL;
	AUTO(auto_git_object) git_object *commit = NULL;
	int code = git_revparse_single(&object, repo->git, name);

	if (code < 0)
		return not_found(repo, name, code, err);
	code = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (code < 0)
		return err_input(err, "'%s' is a %s, not a commit", name,
				 git_object_type2string(git_object_type(object)));
	oid_hex(out->oid, git_object_id(commit));
	out->name = arena_str(mem, str_of(name));
	return 0;
}

static int read_commit(struct commit *out, git_repository *git, const git_oid *oid)
{
	AUTO(auto_git_commit) git_commit *commit = NULL;
	int code = git_commit_lookup(&commit, git, oid);

	if (code < 0)
		return code;
	*out = (struct commit){ .merge = git_commit_parentcount(commit) > 1, .parent = EMPTY_TREE };
	oid_hex(out->oid, oid);
	if (git_commit_parentcount(commit))
		oid_hex(out->parent, git_commit_parent_id(commit, 0));
	return 0;
}

/* Where a shallow clone is cut nothing can be compared any more. */
static bool is_cut(const struct repo *repo, const struct commit *commit)
{
	AUTO(auto_git_object) git_object *parent = NULL;
	git_oid oid;

	if (strcmp(commit->parent, EMPTY_TREE) == 0)
		return false;
	return git_oid_fromstr(&oid, commit->parent) < 0 ||
	       git_object_lookup(&parent, repo->git, &oid, GIT_OBJECT_COMMIT) < 0;
}

static int walk(struct commit_list *list, struct arena *mem, git_repository *git,
		const git_oid *start, size_t n, bool no_merges)
{
	AUTO(auto_git_revwalk) git_revwalk *revwalk = NULL;
	struct commit commit;
	git_oid oid;
	int code = git_revwalk_new(&revwalk, git);

	if (code == 0)
		code = git_revwalk_sorting(revwalk, GIT_SORT_TIME);
	if (code == 0)
		code = git_revwalk_push(revwalk, start);
	for (size_t seen = 0; code == 0 && list->n < n && seen < REVISION_MAX_COMMITS; seen++) {
		code = git_revwalk_next(&oid, revwalk);
		if (code == 0)
			code = read_commit(&commit, git, &oid);
		if (code == 0 && (!no_merges || !commit.merge))
			ARENA_PUSH(mem, list, commit);
	}
	return code == GIT_ITEROVER ? 0 : code;
}

/* libgit2's walk fails (and leaks) near the cut, so this goes from first parent to first parent. */
static int walk_shallow(struct commit_list *list, struct arena *mem, const struct repo *repo,
			const git_oid *start, size_t n, bool no_merges)
{
	struct commit commit;
	git_oid oid = *start;

	while (list->n < n) {
		int code = read_commit(&commit, repo->git, &oid);

		if (code < 0)
			return code;
		if (is_cut(repo, &commit))
			break;
		if (!no_merges || !commit.merge)
			ARENA_PUSH(mem, list, commit);
		if (strcmp(commit.parent, EMPTY_TREE) == 0 ||
		    git_oid_fromstr(&oid, commit.parent) < 0)
			break;
	}
	git_error_clear();
	return 0;
}

int revision_commits(struct commit_list *out, struct arena *mem, const struct repo *repo,
		     const char *rev, size_t n, bool no_merges, struct err *err)
{
	struct commit_list list = { 0 };
	struct revision start;
	git_oid oid;
	int code;

	if (revision_find(&start, mem, repo, rev, err) < 0 || oid_parse(&oid, start.oid, err) < 0)
		return -1;
	if (git_repository_is_shallow(repo->git) == 1)
		code = walk_shallow(&list, mem, repo, &oid, n, no_merges);
	else
		code = walk(&list, mem, repo->git, &oid, n, no_merges);
	if (code < 0)
		return lib_fail(err, code, "walk the history of '%s'", rev);
	*out = list;
	return 0;
}
