#include "hunk.h"

enum { CONTEXT_LINES = 3 }; /* what git and the forges show */

/* Adds one line; libgit2's extra entries for "no newline at end of file" are no lines. */
static void add_line(struct hunk *hunk, struct change *change, const git_diff_line *line)
{
	struct diff_line *out = &hunk->lines[hunk->n];

	if (line->origin != GIT_DIFF_LINE_CONTEXT && line->origin != GIT_DIFF_LINE_ADDITION &&
	    line->origin != GIT_DIFF_LINE_DELETION)
		return;
	*out = (struct diff_line){ .old_line =
					   line->old_lineno > 0 ? (uint32_t)line->old_lineno : 0,
				   .new_line =
					   line->new_lineno > 0 ? (uint32_t)line->new_lineno : 0,
				   .kind = line->origin };
	change->added += line->origin == GIT_DIFF_LINE_ADDITION;
	change->removed += line->origin == GIT_DIFF_LINE_DELETION;
	hunk->n++;
}

static int copy_hunk(struct hunk *out, struct change *change, struct arena *mem, git_patch *patch,
		     size_t at)
{
	const git_diff_hunk *from;
	const git_diff_line *line;
	size_t n;
	int code = git_patch_get_hunk(&from, &n, patch, at);

	if (code < 0)
		return code;
	*out = (struct hunk){ .old_start = (uint32_t)from->old_start,
			      .old_lines = (uint32_t)from->old_lines,
			      .new_start = (uint32_t)from->new_start,
			      .new_lines = (uint32_t)from->new_lines,
			      .lines = ARENA_ARRAY(mem, n, struct diff_line) };
	for (size_t i = 0; i < n; i++) {
		code = git_patch_get_line_in_hunk(&line, patch, at, i);
		if (code < 0)
			return code;
		add_line(out, change, line);
	}
	return 0;
}

static size_t count_lines(git_patch *patch)
{
	size_t sum = 0;

	for (size_t i = 0; i < git_patch_num_hunks(patch); i++)
		sum += (size_t)git_patch_num_lines_in_hunk(patch, i);
	return sum;
}

int hunks_make(struct change *change, struct arena *mem, size_t *lines_left, struct err *err)
{
	AUTO(auto_git_patch) git_patch *patch = NULL;
	git_diff_options options = {
		.version = GIT_DIFF_OPTIONS_VERSION,
		.flags = GIT_DIFF_INDENT_HEURISTIC | GIT_DIFF_FORCE_TEXT |
			 GIT_DIFF_SKIP_BINARY_CHECK,
		.context_lines = CONTEXT_LINES,
	};
	struct str old = change->old_text, new = change->new_text;
	size_t n, lines;
	int code;

	code = git_patch_from_buffers(&patch, old.p ? old.p : "", old.len, NULL, new.p ? new.p : "",
				      new.len, NULL, &options);
	if (code < 0)
		return lib_fail(err, code, "compare '%.*s'", STR_ARG(change->new_path));
	lines = count_lines(patch);
	if (lines > *lines_left)
		return 1;
	*lines_left -= lines;
	n = git_patch_num_hunks(patch);
	change->hunks = ARENA_ARRAY(mem, n, struct hunk);
	change->n_hunks = n;
	for (size_t i = 0; i < n; i++) {
		code = copy_hunk(&change->hunks[i], change, mem, patch, i);
		if (code < 0)
			return lib_fail(err, code, "compare '%.*s'", STR_ARG(change->new_path));
	}
	return 0;
}
