/*
 * prop_repo_hunks REPOSITORY [COMMITS]: for the newest commits of a repository our hunks and
 * renames must be those of `git diff -M -U3`. Without arguments OUTRIDER_PROP_REPO is taken; without
 * that, or in a repository that has nothing to compare, the test is skipped (77).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "base/scope.h"
#include "repo/diff.h"
#include "repo/revision.h"

enum { SKIPPED = 77, MAX_SHOWN = 20 };

struct git_file {
	struct str old_path, new_path;
	bool deleted;
	struct hunk *hunks;
	size_t n_hunks, cap;
	bool seen;
};

struct git_files {
	struct git_file *items;
	size_t n, cap;
};

struct totals {
	size_t commits, refused, files, hunks, differing, renames, other_renames, skipped;
	double seconds, slowest;
};

/* False when git itself gave up, as it does in a clone that lacks an object. */
static bool run_git(struct buf *out, const char *repository, const char *base, const char *head)
{
	int ends[2];
	char chunk[65536];
	ssize_t n;
	int status = 0;
	pid_t child;

	if (pipe(ends) < 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		execlp("git", "git", "-C", repository, "-c", "core.quotePath=false", "-c",
		       "diff.renameLimit=1000", "diff", "-M", "--no-ext-diff", "--no-textconv",
		       "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "-U3", base, head,
		       (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_add(out, (struct str){ chunk, (size_t)n });
	close(ends[0]);
	if (waitpid(child, &status, 0) < 0)
		abort();
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static uint32_t number(const char **at)
{
	uint32_t value = 0;

	while (**at >= '0' && **at <= '9')
		value = value * 10 + (uint32_t)(*(*at)++ - '0');
	return value;
}

static void range(const char **at, uint32_t *start, uint32_t *lines)
{
	(*at)++; /* '-' or '+' */
	*start = number(at);
	*lines = 1;
	if (**at == ',') {
		(*at)++;
		*lines = number(at);
	}
	(*at)++;
}

static bool head_line(struct git_file *file, struct str line)
{
	static const struct str rename_from = { "rename from ", 12 },
				rename_to = { "rename to ", 10 };

	if (str_starts(line, rename_from))
		file->old_path = str_from(line, rename_from.len);
	else if (str_starts(line, rename_to))
		file->new_path = str_from(line, rename_to.len);
	else if (str_starts(line, STR("--- a/")))
		file->old_path = str_from(line, 6);
	else if (str_starts(line, STR("+++ b/")))
		file->new_path = str_from(line, 6);
	else if (str_eq(line, STR("+++ /dev/null")))
		file->deleted = true;
	else
		return false;
	/* git puts a tab behind a name with a space */
	if (str_ends(file->new_path, STR("\t")))
		file->new_path.len--;
	if (str_ends(file->old_path, STR("\t")))
		file->old_path.len--;
	return true;
}

static void parse(struct git_files *files, struct arena *mem, struct str text)
{
	struct git_file *file = NULL;
	uint32_t old_left = 0, new_left = 0;

	while (text.len) {
		size_t end = str_find_byte(text, '\n');
		struct str line = str_sub(text, 0, end);

		text = end == SIZE_MAX ? (struct str){ 0 } : str_from(text, end + 1);
		if (old_left || new_left) {
			old_left -= line.len && (line.p[0] == ' ' || line.p[0] == '-');
			new_left -= line.len && (line.p[0] == ' ' || line.p[0] == '+');
		} else if (str_starts(line, STR("diff --git "))) {
			struct git_file fresh = { 0 };

			ARENA_PUSH(mem, files, fresh);
			file = &files->items[files->n - 1];
		} else if (file && str_starts(line, STR("@@ -"))) {
			const char *at = line.p + 3;
			struct hunk hunk = { 0 };
			struct {
				struct hunk *items;
				size_t n, cap;
			} list = { file->hunks, file->n_hunks, file->cap };

			range(&at, &hunk.old_start, &hunk.old_lines);
			range(&at, &hunk.new_start, &hunk.new_lines);
			old_left = hunk.old_lines;
			new_left = hunk.new_lines;
			ARENA_PUSH(mem, &list, hunk);
			file->hunks = list.items;
			file->n_hunks = list.n;
			file->cap = list.cap;
		} else if (file) {
			head_line(file, line);
		}
	}
}

static struct git_file *find(struct git_files *files, struct str new_path)
{
	for (size_t i = 0; i < files->n; i++)
		if (!files->items[i].deleted && str_eq(files->items[i].new_path, new_path))
			return &files->items[i];
	return NULL;
}

static bool same_hunk(const struct hunk *a, const struct hunk *b)
{
	return a->old_start == b->old_start && a->old_lines == b->old_lines &&
	       a->new_start == b->new_start && a->new_lines == b->new_lines;
}

/* The lines of our hunk must number both sides without a gap, and count what the header says. */
static bool lines_hold(const struct hunk *hunk)
{
	uint32_t old = hunk->old_start, new = hunk->new_start;

	for (size_t i = 0; i < hunk->n; i++) {
		const struct diff_line *line = &hunk->lines[i];

		if (line->old_line != (line->kind == '+' ? 0 : old) ||
		    line->new_line != (line->kind == '-' ? 0 : new))
			return false;
		old += line->kind != '+';
		new += line->kind != '-';
	}
	return old - hunk->old_start == hunk->old_lines && new - hunk->new_start == hunk->new_lines;
}

static void differ(struct totals *totals, const struct commit *commit, const struct change *change,
		   const char *what)
{
	if (++totals->differing <= MAX_SHOWN)
		printf("%s %.*s: %s\n", commit->oid, STR_ARG(change->new_path), what);
}

static void compare_file(struct totals *totals, const struct commit *commit,
			 const struct change *change, const struct git_file *file)
{
	size_t common = change->n_hunks < file->n_hunks ? change->n_hunks : file->n_hunks;

	if (change->n_hunks != file->n_hunks)
		differ(totals, commit, change, "number of hunks");
	for (size_t i = 0; i < common; i++) {
		totals->hunks++;
		if (!same_hunk(&change->hunks[i], &file->hunks[i]))
			differ(totals, commit, change, "place of a hunk");
		else if (!lines_hold(&change->hunks[i]))
			differ(totals, commit, change, "numbers of lines");
	}
}

static void compare(struct totals *totals, const struct commit *commit,
		    const struct changeset *changes, struct git_files *files)
{
	for (size_t i = 0; i < changes->n; i++) {
		const struct change *change = &changes->items[i];
		struct git_file *file = find(files, change->new_path);

		totals->files++;
		if (file)
			file->seen = true;
		if (change->skip != SKIP_NONE) {
			totals->skipped++;
			continue;
		}
		if (change->status == CHANGE_RENAMED)
			totals->renames++;
		if ((change->status == CHANGE_RENAMED) !=
			    (file && file->old_path.len &&
			     !str_eq(file->old_path, file->new_path)) ||
		    (change->status == CHANGE_RENAMED &&
		     !str_eq(change->old_path, file->old_path))) {
			totals->other_renames++;
			printf("%s %.*s: other rename: ours '%.*s', git's '%.*s'\n", commit->oid,
			       STR_ARG(change->new_path), STR_ARG(change->old_path),
			       STR_ARG(file ? file->old_path : STR("")));
		} else if (file) {
			compare_file(totals, commit, change, file);
		} else if (change->n_hunks) {
			differ(totals, commit, change, "git shows no such file");
		}
	}
	for (size_t i = 0; i < files->n; i++)
		if (!files->items[i].seen && !files->items[i].deleted && files->items[i].n_hunks) {
			struct change missing = { .new_path = files->items[i].new_path };

			differ(totals, commit, &missing, "only git shows this file");
		}
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int one_commit(struct totals *totals, struct arena *mem, const char *path,
		      const struct commit *commit, struct err *err)
{
	AUTO(repo_close) struct repo repo = { 0 };
	AUTO_BUF struct buf text = { 0 };
	struct changeset changes = { 0 };
	struct git_files files = { 0 };
	struct diff_request request = { .kind = DIFF_COMMITS,
					.base = commit->parent,
					.head = commit->oid,
					.keep_generated = true,
					.max_file_bytes = 16 << 20 };
	double start = cpu_seconds(), took;

	if (repo_open(&repo, path, err) < 0 || repo_diff(&changes, mem, &repo, &request, err) < 0)
		return -1;
	took = cpu_seconds() - start;
	totals->seconds += took;
	totals->slowest = took > totals->slowest ? took : totals->slowest;
	totals->commits++;
	if (!run_git(&text, path, commit->parent, commit->oid)) {
		totals->refused++;
		return 0;
	}
	parse(&files, mem, buf_str(&text));
	compare(totals, commit, &changes, &files);
	return 0;
}

static int run(struct totals *totals, const char *path, size_t n, struct err *err)
{
	AUTO(repo_close) struct repo repo = { 0 };
	AUTO_ARENA struct arena lists;
	AUTO_ARENA struct arena mem;
	struct commit_list commits = { 0 };

	arena_init(&lists, (size_t)1 << 30);
	arena_init(&mem, (size_t)2 << 30);
	if (repo_open(&repo, path, err) < 0)
		return -1;
	/* before the first commit */
	if (revision_commits(&commits, &lists, &repo, "HEAD", n, true, err) < 0)
		return 0;
	for (size_t i = 0; i < commits.n; i++) {
		arena_reset(&mem);
		if (one_commit(totals, &mem, path, &commits.items[i], err) < 0)
			return err_wrap(err, "commit %s", commits.items[i].oid);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : getenv("OUTRIDER_PROP_REPO");
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 500;
	struct totals totals = { 0 };
	struct err err;

	if (!path)
		return SKIPPED;
	if (run(&totals, path, n, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	if (totals.commits == totals.refused)
		return SKIPPED;
	printf("%zu commits (%zu refused by git), %zu files (%zu skipped), %zu hunks: %zu differ; %zu renames: %zu differ; "
	       "%.2f ms CPU each, slowest %.2f\n",
	       totals.commits, totals.refused, totals.files, totals.skipped, totals.hunks,
	       totals.differing, totals.renames, totals.other_renames,
	       totals.commits ? totals.seconds * 1000 / (double)totals.commits : 0,
	       totals.slowest * 1000);
	return totals.differing > 0;
}
