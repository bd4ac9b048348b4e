#include <unistd.h>

#include "repo/tree.h"

#include "stages.h"

#define CONFIG_NAME ".outrider.yml"

static int load(struct run *run, const char *name, struct str text, struct err *err)
{
	struct config config;

	config_init(&config);
	if (config_load(&config, &run->mem, name, text, err) < 0)
		return -1;
	for (size_t i = 0; i < config.languages.n; i++) {
		const struct config_language *l = &config.languages.items[i];

		if (!language_by_name(l->language))
			return err_input(err, "%s:%u:%u: the language '%.*s' is not supported", name,
					 l->line, l->column, STR_ARG(l->language));
	}
	run->config = config;
	return 0;
}

static int load_file(struct run *run, const char *path, struct err *err)
{
	struct str text;

	if (run_read(&text, run, path, CONFIG_MAX_BYTES, err) < 0)
		return -1;
	return load(run, path, text, err);
}

/* A scan is of the user's own tree: its configuration stands at the root of it. */
static int load_worktree(struct run *run, struct err *err)
{
	struct str path = arena_printf(&run->mem, "%s%s", run->repo.root ? run->repo.root : "",
				       CONFIG_NAME);

	return access(path.p, F_OK) == 0 ? load_file(run, path.p, err) : 0;
}

int stage_config(struct run *run, struct err *err)
{
	struct str text;
	bool found;

	if (run->options->config_file)
		return load_file(run, run->options->config_file, err);
	if (run->options->no_config)
		return 0;
	if (run->review.is_change && !run->config_oid[0])
		return 0; /* before the first commit there is no base */
	if (!run->config_oid[0])
		return load_worktree(run, err);
	/* from the base, never from the change that is under review */
	if (repo_blob(&text, &found, &run->mem, &run->repo, run->config_oid, CONFIG_NAME,
		      CONFIG_MAX_BYTES, err) < 0)
		return -1;
	return found ? load(run, CONFIG_NAME, text, err) : 0;
}
