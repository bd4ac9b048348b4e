#include "rule_files.h"

#include <sys/stat.h>

#include "base/file.h"
#include "repo/tree.h"
#include "repo/walk.h"

static bool is_yaml(struct str path)
{
	return str_ends(path, STR(".yml")) || str_ends(path, STR(".yaml"));
}

static void add(struct rule_loader *l, const char *name, struct str text, bool utils)
{
	struct rule_source source = { name, text };

	if (utils)
		ruleset_add_utils(l->set, &source, l->complain, l->payload);
	else
		ruleset_add(l->set, &source, l->languages, l->n, l->complain, l->payload);
}

static int add_file(struct rule_loader *l, const char *path, bool utils, struct err *err)
{
	struct str text;

	if (file_read_any(&text, l->mem, path, RULE_FILE_MAX, err) < 0)
		return -1;
	add(l, path, text, utils);
	return 0;
}

int rules_from_path(struct rule_loader *l, const char *path, bool utils, struct err *err)
{
	const char *const paths[] = { path };
	struct walk walk = { 0 };
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return add_file(l, path, utils, err);
	if (repo_walk(&walk, l->mem, paths, 1, err) < 0)
		return -1;
	for (size_t i = 0; i < walk.n; i++)
		if (walk.items[i].skip == SKIP_NONE && is_yaml(walk.items[i].path) &&
		    add_file(l, walk.items[i].path.p, utils, err) < 0)
			return -1;
	return 0;
}

static int from_commit(struct rule_loader *l, const struct run *run, struct str folder,
		       struct err *err)
{
	struct tree_files files = { 0 };

	if (repo_tree_files(&files, l->mem, &run->repo, run->config_oid, arena_z(l->mem, folder),
			    err) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++) {
		struct str text;
		bool found;

		if (!is_yaml(files.items[i]))
			continue;
		if (repo_blob(&text, &found, l->mem, &run->repo, run->config_oid,
			      files.items[i].p, RULE_FILE_MAX, err) < 0)
			return -1;
		if (found)
			add(l, files.items[i].p, text, false);
	}
	return 0;
}

int rules_from_config(struct rule_loader *l, const struct run *run, struct err *err)
{
	const struct config_dirs *dirs = &run->config.rule_dirs;
	const char *root = run->repo.root ? run->repo.root : "";

	for (size_t i = 0; i < dirs->n; i++) {
		struct str path = arena_printf(l->mem, "%s%.*s", root, STR_ARG(dirs->items[i]));

		if (run->config_oid[0] ? from_commit(l, run, dirs->items[i], err) < 0
				       : rules_from_path(l, path.p, false, err) < 0)
			return err_wrap(err, "rule_dirs '%.*s'", STR_ARG(dirs->items[i]));
	}
	return 0;
}

static struct str folder_of(struct str path)
{
	while (path.len && path.p[path.len - 1] != '/')
		path.len--;
	return path;
}

struct str sgconfig_path(struct arena *mem, const char *file, struct str path)
{
	struct str folder = folder_of(str_of(file));

	return arena_printf(mem, "%.*s%.*s", STR_ARG(folder), STR_ARG(path));
}

static int add_dirs(struct rule_loader *l, const char *file, const struct yaml *dirs, bool utils,
		    struct err *err)
{
	for (size_t i = 0; dirs && i < dirs->n; i++) {
		struct str path = sgconfig_path(l->mem, file, dirs->child[i]->text);

		if (dirs->kind != YAML_SEQ || rules_from_path(l, path.p, utils, err) < 0)
			return err_wrap(err, "%s", file);
	}
	return 0;
}

static int add_globs(struct rule_loader *l, const char *file, const struct yaml *map,
		     struct err *err)
{
	for (size_t i = 0; map && l->config && i < map->n; i++) {
		const struct yaml *list = map->child[i];

		if (!language_by_name(map->key[i]->text))
			return yaml_error(err, file, map->key[i],
					  "the language '%.*s' is not supported",
					  STR_ARG(map->key[i]->text));
		for (size_t k = 0; k < list->n; k++) {
			struct config_language entry = { .language = map->key[i]->text };

			if (glob_compile(&entry.glob, l->mem, list->child[k]->text, GLOB_RULE,
					 false, err) < 0)
				return err_wrap(err, "%s", file);
			ARENA_PUSH(l->mem, &l->config->languages, entry);
		}
	}
	return 0;
}

int sgconfig_read(struct yaml **out, struct arena *mem, const char *path, struct err *err)
{
	struct yaml_docs docs;
	struct str text;

	if (file_read(&text, mem, path, RULE_FILE_MAX, err) < 0 ||
	    yaml_load(&docs, mem, path, text, err) < 0)
		return -1;
	if (docs.n != 1 || docs.items[0]->kind != YAML_MAP)
		return err_input(err, "%s:1:1: a mapping with ruleDirs is expected", path);
	*out = docs.items[0];
	return 0;
}

int rules_from_sgconfig(struct rule_loader *l, const char *path, struct err *err)
{
	static const char *const unsupported[] = { "customLanguages", "languageInjections" };
	struct yaml *map = NULL;

	if (sgconfig_read(&map, l->mem, path, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(unsupported); i++)
		if (yaml_get(map, unsupported[i]))
			l->complain(l->payload, arena_printf(l->mem, "%s: `%s` is not supported",
							     path, unsupported[i]).p);
	if (add_globs(l, path, yaml_get(map, "languageGlobs"), err) < 0 ||
	    add_dirs(l, path, yaml_get(map, "utilDirs"), true, err) < 0)
		return -1;
	return add_dirs(l, path, yaml_get(map, "ruleDirs"), false, err);
}
