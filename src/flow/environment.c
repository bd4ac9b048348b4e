#include "flow/environment.h"

#include "flow/config.h"
#include "repo/tree.h"

static int from_config(const struct environment **out, struct arena *mem, const struct repo *repo, const char *oid, struct err *err)
{
	struct config config;
	struct str text;
	bool found;

	if (repo_blob(&text, &found, mem, repo, oid, ".outrider.yml", CONFIG_MAX_BYTES, err))
		return -1;
	*out = NULL;
	if (!found)
		return 0;
	if (config_load(&config, mem, ".outrider.yml", text, err))
		return -1;
	*out = config.environment;
	return 0;
}

int environment_find(struct environment *out, bool *found, struct arena *mem, const struct repo *repo, const char *oid, struct err *err)
{
	static const char *const files[] = { ".devcontainer/devcontainer.json", ".devcontainer.json" };
	const struct environment *described;
	struct str text;
	bool there = false;

	if (from_config(&described, mem, repo, oid, err))
		return -1;
	if (described) {
		*out = *described;
		*found = true;
		return 0;
	}
	for (size_t i = 0; i < COUNT(files); i++) {
		if (repo_blob(&text, &there, mem, repo, oid, files[i], ENVIRONMENT_MAX_BYTES, err))
			return -1;
		if (there && environment_devcontainer(out, mem, files[i], text, err))
			return -1;
		if (there)
			break;
	}
	if (!there)
		environment_init(out, STR("no file"));
	*found = there;
	return 0;
}
