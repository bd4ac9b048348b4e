/* Opening, naming commits, and reading what a commit holds. */
#include "repo_fixture.h"

#include "repo/revision.h"
#include "repo/tree.h"

static void commit(const char *name)
{
	sh("echo %s >> file && git add -A && git commit -qm %s", name, name);
}

static const char *id(const char *rev)
{
	char line[128];

	snprintf(line, sizeof line, "git rev-parse %s", rev);
	return sh_line(line);
}

static struct revision_base base_of(struct fixture *f, const char *head, const char *against)
{
	struct revision revision = { 0 };
	struct revision_base base = { 0 };

	if (revision_find(&revision, &f->mem, &f->repo, head, &f->err) < 0 ||
	    revision_base(&base, &f->mem, &f->repo, &revision, against, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return base;
}

static void opens_from_a_folder_below(void **state)
{
	struct fixture *f = *state;
	const char *root;

	sh("mkdir -p a/b");
	assert_int_equal(repo_open(&f->repo, "a/b", &f->err), 0);
	assert_int_equal(repo_root(&root, &f->repo, &f->err), 0);
	assert_true(str_ends(str_of(root), STR("/work/")));
}

static void says_when_there_is_no_repository(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(repo_open(&f->repo, "..", &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "'..' is not inside a git repository");
	ASSERT_HAS(f->err.text, "outrider scan PATH");
	assert_int_equal(repo_open(&f->repo, "..", NULL), -1);
}

static void bare_has_no_root_but_commits(void **state)
{
	struct fixture *f = *state;
	struct revision revision;
	const char *root = NULL;

	commit("one");
	sh("git clone -q --bare . ../bare");
	assert_int_equal(repo_open(&f->repo, "../bare", &f->err), 0);
	assert_int_equal(repo_root(&root, &f->repo, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "bare repository");
	assert_null(root);
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "main", &f->err), 0);
}

static void foreign_owner_is_refused(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	sh("git init -q ../foreign && chown -R 12345 ../foreign");
	assert_int_equal(repo_open(&f->repo, "../foreign", &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "dubious ownership");
	ASSERT_HAS(f->err.text, "safe.directory");
	sh("printf '[safe]\\n\\tdirectory = /elsewhere\\n' > $HOME/.gitconfig");
	assert_int_equal(repo_open(&f->repo, "../foreign", &f->err), -1);
	ASSERT_HAS(f->err.text, "dubious ownership");
	sh("printf '[safe]\\n\\tdirectory = *\\n' > $HOME/.gitconfig");
	assert_int_equal(repo_open(&f->repo, "../foreign", &f->err), 0);
	sh("rm $HOME/.gitconfig");
}

static void paths_from_the_root(void **state)
{
	struct fixture *f = *state;
	struct str path;

	sh("mkdir -p a/b && ln -s a link");
	open_here(f);
	assert_int_equal(repo_relative(&path, &f->mem, &f->repo, ".", &f->err), 0);
	ASSERT_STR(path, "");
	assert_int_equal(repo_relative(&path, &f->mem, &f->repo, "./a//b/../c/", &f->err), 0);
	ASSERT_STR(path, "a/c");
	assert_int_equal(repo_relative(&path, &f->mem, &f->repo, "link/b", &f->err), 0);
	ASSERT_STR(path, "a/b");
	assert_int_equal(repo_relative(&path, &f->mem, &f->repo, "new/x/./y", &f->err), 0);
	ASSERT_STR(path, "new/x/y");
	assert_int_equal(repo_relative(&path, &f->mem, &f->repo, "../other", &f->err), -1);
	ASSERT_HAS(f->err.text, "outside of the repository");
	assert_int_equal(repo_relative(&path, &f->mem, &f->repo, "none/../../x", &f->err), -1);
	assert_int_equal(repo_relative(&path, &f->mem, &f->repo, "/", &f->err), -1);
}

static void finds_revisions(void **state)
{
	struct fixture *f = *state;
	struct revision revision;

	commit("one");
	commit("two");
	sh("git tag -a -m x v1 HEAD^");
	open_here(f);
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "HEAD~1", &f->err), 0);
	assert_string_equal(revision.oid, id("HEAD^"));
	ASSERT_STR(revision.name, "HEAD~1");
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "v1", &f->err), 0);
	assert_string_equal(revision.oid, id("HEAD^"));
}

static void refuses_revisions(void **state)
{
	struct fixture *f = *state;
	struct revision revision = { .oid = "kept" };

	open_here(f);
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "HEAD", &f->err), -1);
	ASSERT_HAS(f->err.text, "no commit yet");
	commit("one");
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "nope", &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "unknown revision 'nope'");
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "HEAD:file", &f->err), -1);
	ASSERT_HAS(f->err.text, "is a blob, not a commit");
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "a..b", &f->err), -1);
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "", &f->err), -1);
	assert_string_equal(revision.oid, "kept");
}

static void base_is_the_merge_base(void **state)
{
	struct fixture *f = *state;
	struct revision_base base;

	commit("one");
	sh("git checkout -qb topic");
	commit("two");
	sh("git checkout -q main");
	sh("echo x > other && git add -A && git commit -qm three && git checkout -q topic");
	open_here(f);
	base = base_of(f, "HEAD", NULL);
	assert_int_equal(base.kind, BASE_MERGE);
	assert_string_equal(base.oid, id("main^"));
	ASSERT_STR(base.name, "main");
	base = base_of(f, "main", "topic");
	assert_int_equal(base.kind, BASE_MERGE);
	assert_string_equal(base.oid, id("main^"));
	ASSERT_STR(base.name, "topic");
}

static void base_prefers_the_remote(void **state)
{
	struct fixture *f = *state;
	struct revision_base base;

	sh("git checkout -qb trunk");
	commit("one");
	sh("git clone -q -o up . ../clone");
	assert_int_equal(chdir("../clone"), 0);
	sh("git checkout -qb main --track up/trunk");
	commit("two");
	open_here(f);
	base = base_of(f, "HEAD", NULL);
	assert_int_equal(base.kind, BASE_MERGE);
	ASSERT_STR(base.name, "up/trunk");
	assert_string_equal(base.oid, id("up/trunk"));
}

static void base_by_configuration(void **state)
{
	struct fixture *f = *state;

	sh("git checkout -qb dev");
	commit("one");
	sh("git checkout -qb topic");
	commit("two");
	open_here(f);
	assert_int_equal(base_of(f, "HEAD", NULL).kind,
			 BASE_PARENT); /* no branch known as the main one */
	sh("git config init.defaultBranch dev");
	open_here(f);
	assert_int_equal(base_of(f, "HEAD^", NULL).kind, BASE_EMPTY);
	assert_int_equal(base_of(f, "HEAD", NULL).kind, BASE_MERGE);
	ASSERT_STR(base_of(f, "HEAD", NULL).name, "dev");
}

static void base_on_the_branch_itself(void **state)
{
	struct fixture *f = *state;
	struct revision_base base;

	commit("one");
	commit("two");
	open_here(f);
	base = base_of(f, "HEAD", NULL);
	assert_int_equal(base.kind, BASE_PARENT);
	assert_string_equal(base.oid, id("HEAD^"));
	ASSERT_STR(base.name, "main");
	base = base_of(f, "HEAD^", NULL);
	assert_int_equal(base.kind, BASE_EMPTY);
	assert_string_equal(base.oid, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
	base = base_of(f, "HEAD", "main");
	assert_int_equal(base.kind, BASE_MERGE);
	assert_string_equal(base.oid, id("HEAD"));
}

static void unrelated_histories(void **state)
{
	struct fixture *f = *state;
	struct revision revision;
	struct revision_base base = { .oid = "kept" };

	commit("one");
	sh("git checkout -q --orphan island");
	commit("two");
	open_here(f);
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "HEAD", &f->err), 0);
	assert_int_equal(revision_base(&base, &f->mem, &f->repo, &revision, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "no common commit");
	assert_string_equal(base.oid, "kept");
}

static void shallow_clone_says_how_to_get_more(void **state)
{
	struct fixture *f = *state;
	struct revision revision;
	struct revision_base base;
	struct commit_list commits;

	commit("one");
	commit("two");
	commit("three");
	sh("git clone -q --depth 1 file://$PWD ../shallow");
	assert_int_equal(chdir("../shallow"), 0);
	open_here(f);
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "HEAD~1", &f->err), -1);
	ASSERT_HAS(f->err.text, "git fetch --unshallow");
	assert_int_equal(revision_find(&revision, &f->mem, &f->repo, "HEAD", &f->err), 0);
	assert_int_equal(revision_base(&base, &f->mem, &f->repo, &revision, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "git fetch --unshallow");
	ASSERT_HAS(f->err.text, "--base");
	assert_int_equal(revision_commits(&commits, &f->mem, &f->repo, "HEAD", 5, false, &f->err),
			 0);
	assert_int_equal(commits.n, 0); /* nothing to compare it with */
	assert_int_equal(chdir("../work"), 0);
	sh("git clone -q --depth 2 file://$PWD ../deeper");
	assert_int_equal(chdir("../deeper"), 0);
	open_here(f);
	assert_int_equal(revision_commits(&commits, &f->mem, &f->repo, "HEAD", 5, false, &f->err),
			 0);
	assert_int_equal(commits.n, 1);
	assert_string_equal(commits.items[0].parent, id("HEAD^"));
}

/* What a CI system fetches of a merge commit: both parents, and nothing below. */
static void shallow_clone_with_the_base_above_the_cut(void **state)
{
	struct fixture *f = *state;
	struct revision_base base;

	commit("one");
	commit("two");
	sh("git checkout -qb topic");
	commit("three");
	sh("git checkout -q main && echo > other && git add -A && git commit -qm four");
	sh("git merge -q --no-edit topic && git clone -q --depth 2 file://$PWD ../shallow");
	assert_int_equal(chdir("../shallow"), 0);
	open_here(f);
	base = base_of(f, "HEAD", "HEAD^1");
	assert_int_equal(base.kind, BASE_MERGE);
	assert_string_equal(base.oid, id("HEAD^1"));
}

static void lists_commits(void **state)
{
	struct fixture *f = *state;
	struct commit_list commits = { 0 };

	commit("one");
	sh("git checkout -qb topic");
	commit("two");
	sh("git checkout -q main && git merge -q --no-ff --no-edit topic");
	open_here(f);
	assert_int_equal(revision_commits(&commits, &f->mem, &f->repo, "HEAD", 10, false, &f->err),
			 0);
	assert_int_equal(commits.n, 3);
	assert_true(commits.items[0].merge);
	assert_string_equal(commits.items[0].oid, id("HEAD"));
	assert_string_equal(commits.items[0].parent, id("HEAD^1"));
	assert_string_equal(commits.items[2].parent, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
	assert_int_equal(revision_commits(&commits, &f->mem, &f->repo, "HEAD", 10, true, &f->err),
			 0);
	assert_int_equal(commits.n, 2);
	assert_int_equal(revision_commits(&commits, &f->mem, &f->repo, "HEAD", 1, true, &f->err),
			 0);
	assert_int_equal(commits.n, 1);
	assert_string_equal(commits.items[0].oid, id("topic"));
}

static void reads_files_of_a_commit(void **state)
{
	struct fixture *f = *state;
	struct str text;
	bool found;

	sh("mkdir -p a && printf 'x: 1\\n' > .outrider.yml && ln -s .outrider.yml link && echo y > a/f");
	commit("one");
	sh("rm .outrider.yml");
	open_here(f);
	const char *head = id("HEAD");

	assert_int_equal(
		repo_blob(&text, &found, &f->mem, &f->repo, head, ".outrider.yml", 100, &f->err),
		0);
	assert_true(found);
	ASSERT_STR(text, "x: 1\n");
	assert_int_equal(repo_blob(&text, &found, &f->mem, &f->repo, head, "a/f", 2, &f->err), 0);
	assert_true(found);
	assert_int_equal(repo_blob(&text, &found, &f->mem, &f->repo, head, "none/x", 100, &f->err),
			 0);
	assert_false(found);
	assert_int_equal(repo_blob(&text, &found, &f->mem, &f->repo, head, "a", 100, &f->err), 0);
	assert_false(found);
	assert_int_equal(repo_blob(&text, &found, &f->mem, &f->repo, head, "link", 100, &f->err),
			 0);
	assert_false(found);
	assert_int_equal(
		repo_blob(&text, &found, &f->mem, &f->repo, head, ".outrider.yml", 4, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	assert_int_equal(repo_blob(&text, &found, &f->mem, &f->repo, "zz", "a", 4, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_BUG);
}

static void lists_files_of_a_commit(void **state)
{
	struct fixture *f = *state;
	struct tree_files files = { 0 };

	sh("mkdir -p r/b r/a && echo > r/b/2.yml && echo > r/a/1.yml && ln -s x r/l && echo > r0");
	commit("one");
	open_here(f);
	assert_int_equal(repo_tree_files(&files, &f->mem, &f->repo, id("HEAD"), "r/", &f->err), 0);
	assert_int_equal(files.n, 2);
	ASSERT_STR(files.items[0], "r/a/1.yml");
	ASSERT_STR(files.items[1], "r/b/2.yml");
	assert_int_equal(repo_tree_files(&files, &f->mem, &f->repo, id("HEAD"), "", &f->err), 0);
	assert_int_equal(files.n, 4); /* and "file" */
	assert_int_equal(repo_tree_files(&files, &f->mem, &f->repo, id("HEAD"), "none", &f->err),
			 0);
	assert_int_equal(files.n, 0);
	assert_int_equal(repo_tree_files(&files, &f->mem, &f->repo, id("HEAD"), "r0", &f->err), 0);
	assert_int_equal(files.n, 0);
}

static void folders_too_deep_to_list(void **state)
{
	struct fixture *f = *state;
	struct tree_files files = { 0 };

	sh("d=d; for i in $(seq 70); do d=$d/d; done; mkdir -p $d; echo > $d/f");
	commit("one");
	open_here(f);
	assert_int_equal(repo_tree_files(&files, &f->mem, &f->repo, id("HEAD"), "d", &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "too deep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(opens_from_a_folder_below),
		FIXTURE_TEST(says_when_there_is_no_repository),
		FIXTURE_TEST(bare_has_no_root_but_commits),
		FIXTURE_TEST(foreign_owner_is_refused),
		FIXTURE_TEST(paths_from_the_root),
		FIXTURE_TEST(finds_revisions),
		FIXTURE_TEST(refuses_revisions),
		FIXTURE_TEST(base_is_the_merge_base),
		FIXTURE_TEST(base_prefers_the_remote),
		FIXTURE_TEST(base_by_configuration),
		FIXTURE_TEST(base_on_the_branch_itself),
		FIXTURE_TEST(unrelated_histories),
		FIXTURE_TEST(shallow_clone_says_how_to_get_more),
		FIXTURE_TEST(shallow_clone_with_the_base_above_the_cut),
		FIXTURE_TEST(lists_commits),
		FIXTURE_TEST(reads_files_of_a_commit),
		FIXTURE_TEST(lists_files_of_a_commit),
		FIXTURE_TEST(folders_too_deep_to_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
