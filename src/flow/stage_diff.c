#include "stages.h"

static bool below(struct str path, struct str folder)
{
	return folder.len == 0 || str_eq(path, folder) ||
	       (str_starts(path, folder) && path.p[folder.len] == '/');
}

/* The change that is wanted: below one of the paths, if any were given. */
struct filter {
	struct run *run;
	struct str *folders;
	bool       *seen;
	size_t      n;
};

static bool is_named(const struct filter *filter, struct str path)
{
	bool named = filter->n == 0;

	for (size_t i = 0; i < filter->n; i++) {
		if (!below(path, filter->folders[i]))
			continue;
		named = filter->seen[i] = true;
	}
	return named;
}

static bool is_wanted(void *payload, struct str path)
{
	const struct filter *filter = payload;

	return is_named(filter, path) &&
	       config_path_skip(&filter->run->config, path, NULL) == SKIP_NONE;
}

static int read_paths(struct filter *filter, struct run *run, struct err *err)
{
	size_t n = run->options->n_paths;

	filter->run = run;
	filter->folders = ARENA_ARRAY(&run->mem, n + 1, struct str);
	filter->seen = ARENA_ARRAY(&run->mem, n + 1, bool);
	filter->n = n;
	for (size_t i = 0; i < n; i++)
		if (repo_relative(&filter->folders[i], &run->mem, &run->repo,
				  run->options->paths[i], err) < 0)
			return -1;
	return 0;
}

static void note_skips(struct run *run, const struct filter *filter)
{
	for (size_t i = 0; i < run->changes.n; i++) {
		struct change *change = &run->changes.items[i];
		struct str detail = change->skip_detail;

		run->review.added_lines += change->added;
		if (change->skip == SKIP_NONE || change->skip == SKIP_DELETED ||
		    !is_named(filter, change->new_path))
			continue;
		if (change->skip == SKIP_FILTERED) {
			enum change_skip why = config_path_skip(&run->config, change->new_path, &detail);

			if (why != SKIP_NONE)
				change->skip = why;
		}
		review_skip(&run->review, change->new_path, change->skip, detail);
		run->review.limited |= change->skip == SKIP_LIMIT || change->skip == SKIP_UNREADABLE;
	}
	for (size_t i = 0; i < filter->n; i++)
		if (!filter->seen[i])
			review_notice(&run->review, "nothing changed below '%s'",
				      run->options->paths[i]);
}

int stage_diff(struct run *run, struct err *err)
{
	struct filter filter;
	struct diff_request request = {
		.kind = run->options->kind,
		.base = run->base.oid[0] ? run->base.oid : NULL,
		.head = run->head.oid,
		.max_files = run->config.caps.files,
		.max_file_bytes = run->config.caps.file_bytes,
		.wanted = is_wanted,
		.payload = &filter,
	};

	if (read_paths(&filter, run, err) < 0)
		return -1;
	if (repo_diff(&run->changes, &run->mem, &run->repo, &request, err) < 0)
		return -1;
	run->review.changes = &run->changes;
	run->review.changed_files = run->changes.n;
	note_skips(run, &filter);
	return 0;
}
