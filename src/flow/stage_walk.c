#include "repo/walk.h"

#include "stages.h"

/* As the repository names it, so that rules' globs and configuration mean the same everywhere. */
static struct str name_of(struct run *run, struct str path)
{
	struct str name;

	if (run->repo.root && repo_relative(&name, &run->mem, &run->repo, path.p, NULL) == 0)
		return name;
	return str_starts(path, STR("./")) ? str_from(path, 2) : path;
}

int stage_walk(struct run *run, struct err *err)
{
	struct walk walk = { 0 };

	if (repo_walk(&walk, &run->mem, run->options->paths, run->options->n_paths, err) < 0)
		return -1;
	run->files = ARENA_ARRAY(&run->mem, walk.n + 1, struct scan_file);
	for (size_t i = 0; i < walk.n; i++) {
		struct walk_file *file = &walk.items[i];
		struct scan_file *to = &run->files[run->n_files];
		struct str detail = file->detail;
		enum change_skip skip = file->skip;

		*to = (struct scan_file){ file->path, name_of(run, file->path), file->size };
		if (skip == SKIP_NONE && !run->options->raw)
			skip = config_path_skip(&run->config, to->name, &detail);
		if (skip == SKIP_NONE && file->size > SCAN_FILE_MAX)
			skip = SKIP_TOO_LARGE;
		if (skip != SKIP_NONE)
			review_skip(&run->review, to->name, skip, detail);
		else
			run->n_files++;
	}
	return 0;
}
