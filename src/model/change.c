#include "model/change.h"

static const struct {
	const char *name, *text;
} skips[SKIP_COUNT] = {
	[SKIP_NONE] = { "none", "analysed" },
	[SKIP_DELETED] = { "deleted", "deleted file" },
	[SKIP_SUBMODULE] = { "submodule", "submodule" },
	[SKIP_SYMLINK] = { "symlink", "symbolic link" },
	[SKIP_BINARY] = { "binary", "binary file" },
	[SKIP_MODE_ONLY] = { "mode-only", "only the file mode changed" },
	[SKIP_LFS] = { "lfs", "Git LFS pointer" },
	[SKIP_GENERATED] = { "generated", "generated file" },
	[SKIP_VENDORED] = { "vendored", "vendored file" },
	[SKIP_TOO_LARGE] = { "too-large", "file over the size limit" },
	[SKIP_ENCODING] = { "encoding", "not valid UTF-8" },
	[SKIP_UNREADABLE] = { "unreadable", "cannot be read" },
	[SKIP_FILTERED] = { "filtered", "left out by the configuration" },
	[SKIP_TIME] = { "time", "analysis hit its time limit" },
	[SKIP_MEMORY] = { "memory", "analysis hit its memory limit" },
	[SKIP_LIMIT] = { "limit", "more changed files than the limit" },
};

const char *change_skip_text(enum change_skip skip)
{
	return skips[skip].text;
}

struct str change_skip_plural(enum change_skip skip)
{
	struct str text = str_of(skips[skip].text);
	bool is_noun = str_ends(text, STR("file")) || str_ends(text, STR("submodule")) ||
		       str_ends(text, STR("link")) || str_ends(text, STR("pointer"));

	return is_noun ? STR("s") : (struct str){ 0 };
}

const char *change_skip_name(enum change_skip skip)
{
	return skips[skip].name;
}

const char *change_status_name(enum change_status status)
{
	static const char *const names[] = { "added",  "modified", "deleted", "renamed",
					     "copied", "type",     "mode" };

	return names[status];
}

bool change_anchor(const struct change *change, uint32_t start, uint32_t end, struct anchor *out)
{
	for (size_t i = 0; i < change->n_hunks; i++) {
		const struct hunk *hunk = &change->hunks[i];
		uint32_t last = hunk->new_start + hunk->new_lines; /* one past */
		uint32_t from = start > hunk->new_start ? start : hunk->new_start;
		uint32_t to = end < last ? end + 1 : last;

		if (hunk->new_lines == 0 || from >= to)
			continue;
		*out = (struct anchor){ from, to - 1, i, from == start && to == end + 1 };
		return true;
	}
	return false;
}

bool change_touches(const struct change *change, uint32_t start, uint32_t end)
{
	for (size_t i = 0; i < change->n_hunks; i++) {
		const struct hunk *hunk = &change->hunks[i];

		if (end < hunk->new_start || start >= hunk->new_start + hunk->new_lines)
			continue;
		/* each new line has an entry of its own: none of the range stands before this one */
		for (size_t j = start > hunk->new_start ? start - hunk->new_start : 0; j < hunk->n;
		     j++) {
			const struct diff_line *line = &hunk->lines[j];

			if (line->new_line > end)
				break;
			if (line->kind == '+' && line->new_line >= start && line->new_line <= end)
				return true;
		}
	}
	return false;
}
