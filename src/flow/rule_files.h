/* rule_files.h - where rules come from beside the program itself. Private to this folder. */
#pragma once
#include "base/yaml.h"
#include "flow/run.h"

struct rule_loader {
	struct arena                 *mem;
	struct ruleset               *set;
	const struct language *const *languages; /* NULL: all */
	size_t                        n;
	rule_complaint               *complain;
	void                         *payload;
	struct config                *config;    /* gets languageGlobs; may be NULL */
};

/* A file, or all .yml and .yaml files of a folder and below it. */
int rules_from_path(struct rule_loader *l, const char *path, bool utils, struct err *err);
/* `rule_dirs` of the configuration: from the base commit, or from the work tree. */
int rules_from_config(struct rule_loader *l, const struct run *run, struct err *err);
/* ruleDirs, utilDirs and languageGlobs of an ast-grep project. */
int rules_from_sgconfig(struct rule_loader *l, const char *path, struct err *err);
/* The project file as YAML: a mapping. */
int sgconfig_read(struct yaml **out, struct arena *mem, const char *path, struct err *err);
/* A path that the project file names, from the folder of that file; NUL behind. */
struct str sgconfig_path(struct arena *mem, const char *file, struct str path);
