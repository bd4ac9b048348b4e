/* github.h - what the files of the GitHub row share. Gitea's events are close enough to use the same readers. */
#pragma once
#include "type.h"

int github_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery, const json_t *body,
		 struct err *err);
/* An event by its name: "pull_request", "issue_comment", ... */
void github_parse_named(struct event *out, struct arena *mem, struct str name, const json_t *body);

void github_lower(struct lowering *lowering);
/* A commit status in place of a check; Gitea takes the same. */
void github_add_status(struct lowering *lowering, enum status_word word);
void github_lower_started(struct lowering *lowering);
void github_lower_comment(struct lowering *lowering, struct str body, struct str key);
int github_lower_reply(struct lowering *lowering, struct str thread, struct str comment, struct str body,
		       struct str key, struct err *err);
int github_lower_reaction(struct lowering *lowering, struct str comment, enum reaction reaction, struct err *err);
int github_split(struct effect *out, struct arena *mem, const struct effect *effect, struct str key,
		 const json_t *body, size_t from, size_t n, bool plain);

int github_authorize(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct http_request *request, struct err *err);
int github_token(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *token,
		 int64_t *expires_ms, struct err *err);
bool github_forget(struct forge *forge, const struct forge_place *place);
/* The App's own, for /app; ERR_INPUT when the key is none. */
int github_jwt(struct str *out, struct arena *mem, const struct forge_config *config, int64_t now_s, struct err *err);
bool github_key_is_valid(struct str pem);

int github_pull(struct forge *forge, struct arena *mem, const struct forge_place *place, struct pull *out,
		struct err *err);
int github_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place, enum pull_filter state,
		 size_t max, struct pull_list *out, struct err *err);
/* One pull request as GitHub's and Gitea's REST has it. */
void github_read_pull(struct pull *out, struct arena *mem, const json_t *json);
int github_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		   struct thread_list *out, struct err *err);
int github_summary(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str *id,
		   struct err *err);
int github_permission(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str login,
		      enum permission *out, struct err *err);
int github_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err);
int github_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
		struct forge_answer *out, struct err *err);
int github_sweep(struct forge *forge, struct forge_missed *missed, struct err *err);
int github_git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	       const struct pull *pull, struct str token, struct err *err);
/* "admin", "write", ... */
enum permission github_permission_of(struct str word);
