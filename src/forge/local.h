/* local.h - the forge that is a folder (docs/local-forge.md). Shared by its files. */
#pragma once
#include "type.h"

enum { LOCAL_MAX_FILE = 4 << 20 /* one JSON file: a check with all its text */ };

/* "FOLDER/owner/name.forge/REST", with the folders above it made when `make`. */
int local_path(const char **out, struct arena *mem, const struct forge *forge, struct str repository,
	       const char *rest, bool make, struct err *err);
/* NULL when it is not there. */
int local_read(json_t **out, struct arena *mem, const char *path, struct err *err);
/* Old or new, never half; gives `json` up. */
int local_write(const char *path, json_t *json, struct err *err);
/* What may be a file's name: letters, digits, '-', '_', '.', ':'; no dot in front. */
bool local_is_id(struct str id);
/* Held while a file is read, changed and written; others who change files do the same. -1 with *err set. */
int local_lock(struct arena *mem, const struct forge *forge, struct str repository, struct err *err);

void local_lower(struct lowering *lowering);
void local_lower_started(struct lowering *lowering);
void local_lower_comment(struct lowering *lowering, struct str body, struct str key);
int local_lower_reply(struct lowering *lowering, struct str thread, struct str comment, struct str body,
		      struct str key, struct err *err);
int local_lower_reaction(struct lowering *lowering, struct str comment, enum reaction reaction, struct err *err);
int local_send(struct forge *forge, struct arena *mem, const struct effect *effect, struct str needed,
	       struct forge_answer *out, struct err *err);

int local_pull(struct forge *forge, struct arena *mem, const struct forge_place *place, struct pull *out,
	       struct err *err);
int local_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place, enum pull_filter state,
		size_t max, struct pull_list *out, struct err *err);
int local_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		  struct thread_list *out, struct err *err);
int local_summary(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *id,
		  struct err *err);
int local_permission(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str login,
		     enum permission *out, struct err *err);
int local_sweep(struct forge *forge, struct forge_missed *missed, struct err *err);
