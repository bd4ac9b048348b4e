/* sarifout.h - the parts of a SARIF result; render_sarif.c makes the runs around them. */
#pragma once
#include "jsonout.h"

/* The uriBaseId of all paths: the root of the repository. */
#define SARIFOUT_ROOT "%SRCROOT%"

/* "error", "warning", "note" or "none". */
const char *sarifout_level(enum severity severity);
/* {"text": ...}, never empty. */
json_t *sarifout_text(struct jsonout *json, struct str text);
/* A path as an artifactLocation below SARIFOUT_ROOT. */
json_t *sarifout_artifact(struct jsonout *json, struct str path);
/* An array of one item. */
json_t *sarifout_array(struct jsonout *json, json_t *item);
/* `rule` is the index of its rule in the driver of the run. */
json_t *sarifout_result(struct jsonout *json, const struct finding *finding, size_t rule);
