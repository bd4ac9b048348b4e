/* bitbucket.h - what Bitbucket Cloud and Data Center share: little more than the name. */
#pragma once
#include "type.h"

int bitbucket_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery, const json_t *body,
		    struct err *err);
/* The account at a path, by its id; and a pull request as the cloud has it, into an event that knows its repository. */
struct actor bitbucket_actor(struct arena *mem, const json_t *json, const char *path);
void bitbucket_read(struct event *out, struct arena *mem, const json_t *pull);
int bitbucket_dc_parse(struct event *out, struct arena *mem, const struct forge_delivery *delivery,
		       const json_t *body, struct err *err);
/* "rest/API/1.0/projects/P/repos/R" */
struct str bitbucket_dc_base(struct arena *mem, struct str repository, const char *api);
/* All items of a list; the path has a query already. */
int bitbucket_dc_list(struct forge *forge, struct arena *mem, const struct forge_place *place, struct str path,
		      take_fn *take, void *ctx, struct err *err);
int bitbucket_dc_permission(struct forge *forge, struct arena *mem, const struct forge_place *place,
			    struct str login, enum permission *out, struct err *err);
/* A pull request as Data Center has it. */
void bitbucket_dc_read(struct pull *out, struct arena *mem, const json_t *json);
int bitbucket_verify(const struct forge_config *config, const struct forge_delivery *delivery, struct err *err);
enum { BITBUCKET_BATCH = 100, BITBUCKET_MAX_ANNOTATIONS = 1000 };
/* Report, then its annotations by hundreds, at `path`; `make` gives one as JSON; `wrap` is the member that holds the list, NULL for the list itself. */
void bitbucket_add_report(struct lowering *lowering, struct str path, json_t *report, const char *wrap,
			  json_t *(*make)(struct lowering *lowering, const struct annotation *one, size_t index));
/* `bad` for a check that is red, or that could not be made. */
const char *bitbucket_result(const struct post_plan *plan, const char *good, const char *bad);
