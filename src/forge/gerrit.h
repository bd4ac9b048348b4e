/* gerrit.h - what the files of the Gerrit row share. */
#pragma once
#include "type.h"

/* "a/changes/project~number": the form that asks no index. */
struct str gerrit_change(struct arena *mem, struct str repository, uint64_t number);
int gerrit_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery, const json_t *body,
		 struct err *err);
void gerrit_lower(struct lowering *lowering);
void gerrit_lower_comment(struct lowering *lowering, struct str body, struct str key);
int gerrit_lower_reply(struct lowering *lowering, struct str thread, struct str comment, struct str body,
		       struct str key, struct err *err);
int gerrit_split(struct effect *out, struct arena *mem, const struct effect *effect, struct str key, const json_t *body,
		 size_t from, size_t n, bool plain);
int gerrit_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err);
int gerrit_pull(struct forge *forge, struct arena *mem, const struct forge_place *place, struct pull *out,
		struct err *err);
int gerrit_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place, enum pull_filter state,
		 size_t max, struct pull_list *out, struct err *err);
int gerrit_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err);
int gerrit_permission(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str login,
		      enum permission *out, struct err *err);
int gerrit_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err);
