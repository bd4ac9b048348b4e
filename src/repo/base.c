/* What a change is compared with when nobody says: the place where its branch left the main one. */
#include <stdlib.h>

#include "git.h"
#include "repo/revision.h"

enum { MAX_SHALLOW = 200000 }; /* commits walked by hand; a shallow clone is far smaller */

struct branch {
	git_oid oid;
	struct str name;
};

static bool branch_at(struct branch *out, struct arena *mem, git_repository *git, const char *ref)
{
	AUTO(auto_git_reference) git_reference *link = NULL;
	AUTO(auto_git_reference) git_reference *direct = NULL;
	AUTO(auto_git_object) git_object *commit = NULL;

	if (git_reference_lookup(&link, git, ref) < 0 || git_reference_resolve(&direct, link) < 0 ||
	    git_reference_peel(&commit, direct, GIT_OBJECT_COMMIT) < 0) {
		git_error_clear();
		return false;
	}
	git_oid_cpy(&out->oid, git_object_id(commit));
	out->name = arena_str(mem, str_of(git_reference_shorthand(direct)));
	return true;
}

/* The remote HEAD of what the current branch tracks. */
static bool upstream_head(struct branch *out, struct arena *mem, git_repository *git)
{
	AUTO(auto_git_reference) git_reference *head = NULL;
	git_buf remote = GIT_BUF_INIT;
	struct str ref = { 0 };

	if (git_repository_head(&head, git) == 0 && git_reference_is_branch(head) &&
	    git_branch_upstream_remote(&remote, git, git_reference_name(head)) == 0)
		ref = arena_printf(mem, "refs/remotes/%s/HEAD", remote.ptr);
	git_buf_dispose(&remote);
	git_error_clear();
	return ref.len && branch_at(out, mem, git, ref.p);
}

static bool configured_default(struct branch *out, struct arena *mem, git_repository *git)
{
	AUTO(auto_git_config) git_config *config = NULL;
	git_buf name = GIT_BUF_INIT;
	struct str ref = { 0 };

	if (git_repository_config(&config, git) == 0 &&
	    git_config_get_string_buf(&name, config, "init.defaultBranch") == 0)
		ref = arena_printf(mem, "refs/heads/%s", name.ptr);
	git_buf_dispose(&name);
	git_error_clear();
	return ref.len && branch_at(out, mem, git, ref.p);
}

static bool default_branch(struct branch *out, struct arena *mem, git_repository *git)
{
	static const char *const refs[] = { "refs/remotes/origin/HEAD", "refs/remotes/origin/main",
					    "refs/remotes/origin/master", "refs/heads/main",
					    "refs/heads/master" };

	if (upstream_head(out, mem, git))
		return true;
	for (size_t i = 0; i < COUNT(refs); i++)
		if (branch_at(out, mem, git, refs[i]))
			return true;
	return configured_default(out, mem, git);
}

/* Ids in a table with open addressing; never more than half full. */
struct oids {
	git_oid *slots;
	size_t n, size;
};

static git_oid *oid_slot(const struct oids *set, const git_oid *oid)
{
	size_t at;

	memcpy(&at, oid->id, sizeof at);
	for (at &= set->size - 1; !git_oid_is_zero(&set->slots[at]);
	     at = (at + 1) & (set->size - 1))
		if (git_oid_equal(&set->slots[at], oid))
			break;
	return &set->slots[at];
}

/* True when it was not there before. */
static bool oid_add(struct oids *set, const git_oid *oid)
{
	git_oid *slot = oid_slot(set, oid);

	if (!git_oid_is_zero(slot))
		return false;
	*slot = *oid;
	set->n++;
	return true;
}

struct queue {
	git_oid *items;
	size_t n, cap;
};

/*
 * Visits what is reachable from `from`, nearest first, as far as the clone has it, and stops at the
 * first commit that is in `stop` (may be NULL). All visited go into `seen`.
 */
static bool walk_shallow(git_oid *found, struct arena *mem, git_repository *git,
			 const git_oid *from, struct oids *seen, const struct oids *stop)
{
	struct queue queue = { 0 };

	ARENA_PUSH(mem, &queue, *from);
	for (size_t i = 0; i < queue.n && seen->n < MAX_SHALLOW; i++) {
		AUTO(auto_git_commit) git_commit *commit = NULL;
		git_oid oid = queue.items[i];

		if (!oid_add(seen, &oid) || git_commit_lookup(&commit, git, &oid) < 0)
			continue;
		if (stop && !git_oid_is_zero(oid_slot(stop, &oid))) {
			*found = oid;
			return true;
		}
		for (unsigned p = 0; p < git_commit_parentcount(commit); p++)
			ARENA_PUSH(mem, &queue, *git_commit_parent_id(commit, p));
	}
	git_error_clear();
	return false;
}

/*
 * libgit2 gives up where a shallow history is cut (and leaks), even when the merge base is above
 * the cut. The nearest common commit is not always git's choice in criss-cross histories, but is a
 * common one.
 */
static bool shallow_merge_base(git_oid *out, git_repository *git, const git_oid *one,
			       const git_oid *two)
{
	enum { SLOTS = 1 << 19 }; /* a power of two over twice MAX_SHALLOW */
	AUTO_ARENA struct arena mem;
	struct oids of_one, of_two;

	arena_init(&mem, (size_t)256 << 20);
	of_one = (struct oids){ .slots = ARENA_ARRAY(&mem, SLOTS, git_oid), .size = SLOTS };
	of_two = (struct oids){ .slots = ARENA_ARRAY(&mem, SLOTS, git_oid), .size = SLOTS };
	walk_shallow(out, &mem, git, one, &of_one, NULL);
	return walk_shallow(out, &mem, git, two, &of_two, &of_one);
}

static int merge_base(git_oid *out, const struct repo *repo, const git_oid *head,
		      const struct branch *branch, const struct revision *from, struct err *err)
{
	bool shallow = git_repository_is_shallow(repo->git) == 1;
	int code = 0;

	if (!shallow)
		code = git_merge_base(out, repo->git, head, &branch->oid);
	else if (!shallow_merge_base(out, repo->git, &branch->oid, head))
		return err_input(
			err,
			"no common commit of '%.*s' and '%.*s' here: the clone is shallow: fetch more "
			"history with `git fetch --unshallow` or name --base",
			STR_ARG(from->name), STR_ARG(branch->name));
	if (code == 0)
		return 0;
	if (code == GIT_ENOTFOUND)
		return err_input(err, "'%.*s' and '%.*s' have no common commit: name --base",
				 STR_ARG(from->name), STR_ARG(branch->name));
	return lib_fail(err, code, "merge base of '%.*s' and '%.*s'", STR_ARG(from->name),
			STR_ARG(branch->name));
}

static int parent_base(struct revision_base *out, const struct repo *repo, const git_oid *head,
		       const struct revision *from, struct str name, struct err *err)
{
	AUTO(auto_git_commit) git_commit *commit = NULL;
	AUTO(auto_git_commit) git_commit *parent = NULL;
	int code = git_commit_lookup(&commit, repo->git, head);

	if (code < 0)
		return lib_fail(err, code, "read '%.*s'", STR_ARG(from->name));
	if (git_commit_parentcount(commit) == 0) {
		*out = (struct revision_base){ BASE_EMPTY, EMPTY_TREE, name };
		return 0;
	}
	code = git_commit_parent(&parent, commit, 0);
	if (code == GIT_ENOTFOUND && git_repository_is_shallow(repo->git))
		return err_input(
			err,
			"the parent of '%.*s' is not here: the clone is shallow: fetch more history "
			"with `git fetch --unshallow` or name --base",
			STR_ARG(from->name));
	if (code < 0)
		return lib_fail(err, code, "read the parent of '%.*s'", STR_ARG(from->name));
	out->kind = BASE_PARENT;
	out->name = name;
	oid_hex(out->oid, git_commit_id(parent));
	return 0;
}

int revision_base(struct revision_base *out, struct arena *mem, const struct repo *repo,
		  const struct revision *head, const char *against, struct err *err)
{
	struct branch branch = { 0 };
	struct revision named;
	git_oid head_oid, oid;

	if (oid_parse(&head_oid, head->oid, err) < 0)
		return -1;
	if (against) {
		if (revision_find(&named, mem, repo, against, err) < 0 ||
		    oid_parse(&branch.oid, named.oid, err) < 0)
			return -1;
		branch.name = named.name;
	} else if (!default_branch(&branch, mem, repo->git)) {
		return parent_base(out, repo, &head_oid, head, branch.name, err);
	}
	if (merge_base(&oid, repo, &head_oid, &branch, head, err) < 0)
		return -1;
	if (!against && git_oid_equal(&oid, &head_oid))
		return parent_base(out, repo, &head_oid, head, branch.name, err);
	out->kind = BASE_MERGE;
	out->name = branch.name;
	oid_hex(out->oid, &oid);
	return 0;
}
