/* bitbucket.h - what Bitbucket Cloud and Data Center share: little more than the name. */
#pragma once
#include "type.h"

int bitbucket_verify(const struct forge_config *config, const struct forge_delivery *delivery, struct err *err);
enum { BITBUCKET_BATCH = 100, BITBUCKET_MAX_ANNOTATIONS = 1000 };
/* Report, then its annotations by hundreds, at `path`; `make` gives one as JSON; `wrap` is the member that holds the list, NULL for the list itself. */
void bitbucket_add_report(struct lowering *lowering, struct str path, json_t *report, const char *wrap,
			  json_t *(*make)(struct lowering *lowering, const struct annotation *one, size_t index));
/* `bad` for a check that is red, or that could not be made. */
const char *bitbucket_result(const struct post_plan *plan, const char *good, const char *bad);
