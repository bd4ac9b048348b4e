/* environment.h - where a repository says what environment it wants. */
#pragma once
#include "environment/environment.h"
#include "repo/repo.h"

/*
 * Reads it from the commit `oid`, which is of the base side: the key `environment` of .outrider.yml, else
 * .devcontainer/devcontainer.json, else .devcontainer.json. *found is false, and *out is what an empty description means, when none of them
 * says anything. ERR_INPUT with file, line and column.
 */
int environment_find(struct environment *out, bool *found, struct arena *mem, const struct repo *repo, const char *oid,
		     struct err *err);
