#include "repo/history.h"

#include <stdio.h>

#include "git.h"

/* The first number behind one of the marks that forges leave. */
static uint64_t number_in(struct str text)
{
	static const struct str marks[] = { { "pull request #", 14 }, { "PR #", 4 }, { "(#", 2 },
					    { "merge request !", 15 } };

	for (size_t i = 0; i < COUNT(marks); i++) {
		size_t at = str_find(text, marks[i]), n = 0;
		uint64_t number;

		if (at == SIZE_MAX)
			continue;
		at += marks[i].len;
		while (at + n < text.len && text.p[at + n] >= '0' && text.p[at + n] <= '9')
			n++;
		if (str_to_u64(str_sub(text, at, at + n), &number))
			return number;
	}
	return 0;
}

/* "Fix the parser (#123)" */
static bool is_squash(struct str subject)
{
	size_t n = subject.len;

	if (!str_ends(subject, STR(")")))
		return false;
	n--;
	while (n && subject.p[n - 1] >= '0' && subject.p[n - 1] <= '9')
		n--;
	return n + 1 < subject.len && n >= 2 && subject.p[n - 1] == '#' && subject.p[n - 2] == '(';
}

/* Where forges keep heads of pull requests, if somebody fetched them. */
static bool find_ref(git_oid *out, git_repository *git, uint64_t number)
{
	static const char *const names[][2] = { { "refs/pull/", "/head" },
						{ "refs/remotes/origin/pr/", "" },
						{ "refs/remotes/origin/pull/", "/head" },
						{ "refs/merge-requests/", "/head" } };

	for (size_t i = 0; number && i < COUNT(names); i++) {
		char name[80];

		snprintf(name, sizeof name, "%s%llu%s", names[i][0], (unsigned long long)number,
			 names[i][1]);
		if (git_reference_name_to_id(out, git, name) == 0)
			return true;
	}
	git_error_clear();
	return false;
}

static bool read_commit(struct merged *out, struct arena *mem, git_repository *git,
			const git_commit *commit)
{
	unsigned parents = git_commit_parentcount(commit);
	const char *subject = git_commit_summary((git_commit *)(uintptr_t)commit);
	struct merged m = { .squash = parents == 1 };
	git_oid ref;

	m.subject = arena_str(mem, str_of(subject ? subject : ""));
	if (parents < 1 || parents > 2 || (m.squash && !is_squash(m.subject)))
		return false;
	m.number = number_in(parents == 2 ? str_of(git_commit_message(commit)) : m.subject);
	oid_hex(m.oid, git_commit_id(commit));
	oid_hex(m.base, git_commit_parent_id(commit, 0));
	oid_hex(m.head, m.squash ? git_commit_id(commit) : git_commit_parent_id(commit, 1));
	if (m.squash && find_ref(&ref, git, m.number))
		oid_hex(m.head, &ref);
	*out = m;
	return true;
}

static int start_walk(git_revwalk **out, const struct repo *repo, struct err *err)
{
	int code = git_revwalk_new(out, repo->git);

	if (code == 0)
		code = git_revwalk_simplify_first_parent(*out);
	return code < 0 ? lib_fail(err, code, "walk the history") : 0;
}

int history_merged(struct merged_list *out, struct arena *mem, const struct repo *repo,
		   const char *rev, size_t n, struct err *err)
{
	AUTO(auto_git_revwalk) git_revwalk *walk = NULL;
	struct merged_list list = { 0 };
	struct revision from;
	git_oid oid;

	if (revision_find(&from, mem, repo, rev, err) < 0 || oid_parse(&oid, from.oid, err) < 0 ||
	    start_walk(&walk, repo, err) < 0)
		return -1;
	if (git_revwalk_push(walk, &oid) < 0)
		return lib_fail(err, -1, "walk from %s", rev);
	for (size_t i = 0; list.n < n && i < REVISION_MAX_COMMITS && git_revwalk_next(&oid, walk) == 0; i++) {
		AUTO(auto_git_commit) git_commit *commit = NULL;
		struct merged m;

		if (git_commit_lookup(&commit, repo->git, &oid) < 0)
			return lib_fail(err, -1, "read a commit");
		if (read_commit(&m, mem, repo->git, commit))
			ARENA_PUSH(mem, &list, m);
	}
	*out = list;
	return 0;
}

int history_between(struct commit_list *out, struct arena *mem, const struct repo *repo,
		    const char *base, const char *head, struct err *err)
{
	AUTO(auto_git_revwalk) git_revwalk *walk = NULL;
	struct commit_list list = { 0 };
	git_oid from, to, oid;

	if (oid_parse(&from, base, err) < 0 || oid_parse(&to, head, err) < 0 ||
	    start_walk(&walk, repo, err) < 0)
		return -1;
	if (git_revwalk_push(walk, &to) < 0 || git_revwalk_hide(walk, &from) < 0)
		return lib_fail(err, -1, "walk from %s to %s", base, head);
	while (list.n < HISTORY_MAX_COMMITS && git_revwalk_next(&oid, walk) == 0) {
		struct commit commit = { .merge = false };

		oid_hex(commit.oid, &oid);
		ARENA_PUSH(mem, &list, commit);
	}
	for (size_t i = 0; i < list.n / 2; i++) {
		struct commit swap = list.items[i];

		list.items[i] = list.items[list.n - 1 - i];
		list.items[list.n - 1 - i] = swap;
	}
	*out = list;
	return 0;
}
