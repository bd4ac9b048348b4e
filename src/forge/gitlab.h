/* gitlab.h - what the files of the GitLab row share. */
#pragma once
#include "type.h"

/* "projects/group%2Fname" */
struct str gitlab_project(struct arena *mem, struct str repository);
int gitlab_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery, const json_t *body,
		 struct err *err);
int gitlab_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err);
int gitlab_pull(struct forge *forge, struct arena *mem, const struct forge_place *place, struct pull *out,
		struct err *err);
int gitlab_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place, enum pull_filter state,
		 size_t max, struct pull_list *out, struct err *err);
int gitlab_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err);
int gitlab_summary(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *id,
		   struct err *err);
int gitlab_permission(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str login,
		      enum permission *out, struct err *err);
int gitlab_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err);
