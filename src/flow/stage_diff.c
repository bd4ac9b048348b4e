#include "stages.h"

static bool below(struct str path, struct str folder)
{
	return folder.len == 0 || str_eq(path, folder) ||
	       (str_starts(path, folder) && path.p[folder.len] == '/');
}

static bool is_wanted(void *payload, struct str path)
{
	const struct run *run = payload;
	bool named = run->options->n_paths == 0;

	for (size_t i = 0; i < run->options->n_paths && !named; i++) {
		struct arena mem;
		struct str relative;

		arena_init(&mem, 1 << 16);
		named = repo_relative(&relative, &mem, &run->repo, run->options->paths[i], NULL) == 0 &&
			below(path, relative);
		arena_release(&mem);
	}
	return named && config_path_skip(&run->config, path, NULL) == SKIP_NONE;
}

static void note_skips(struct run *run)
{
	for (size_t i = 0; i < run->changes.n; i++) {
		struct change *change = &run->changes.items[i];
		struct str detail = change->skip_detail;

		run->review.added_lines += change->added;
		if (change->skip == SKIP_NONE || change->skip == SKIP_DELETED)
			continue;
		if (change->skip == SKIP_FILTERED) {
			enum change_skip why = config_path_skip(&run->config, change->new_path, &detail);

			if (why != SKIP_NONE)
				change->skip = why;
		}
		review_skip(&run->review, change->new_path, change->skip, detail);
		run->review.limited |= change->skip == SKIP_LIMIT || change->skip == SKIP_UNREADABLE;
	}
}

int stage_diff(struct run *run, struct err *err)
{
	struct diff_request request = {
		.kind = run->options->kind,
		.base = run->base.oid,
		.head = run->head.oid,
		.max_files = run->config.caps.files,
		.max_file_bytes = run->config.caps.file_bytes,
		.wanted = is_wanted,
		.payload = run,
	};

	if (repo_diff(&run->changes, &run->mem, &run->repo, &request, err) < 0)
		return -1;
	run->review.changes = &run->changes;
	run->review.changed_files = run->changes.n;
	note_skips(run);
	return 0;
}
