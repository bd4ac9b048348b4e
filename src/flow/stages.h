/* stages.h - the stages, one file each. Private to this folder. */
#pragma once
#include "flow/run.h"

stage_fn stage_checkout;  /* repository, head and base */
stage_fn stage_place;     /* scan: the repository around the paths, if any */
stage_fn stage_config;    /* .outrider.yml of the base side */
stage_fn stage_diff;      /* what changed, file by file */
stage_fn stage_walk;      /* scan: the list of files */
stage_fn stage_rules;     /* rules of the languages at hand */
stage_fn stage_findings;  /* parse, match, delta of each changed file */
stage_fn stage_scan;      /* parse, match of each file */
stage_fn stage_import;    /* SARIF of other tools */
stage_fn stage_conclude;  /* fingerprint, dedupe, rank, cap */

/* The language of a file: configuration first, then its name and first line. NULL: none. */
const struct language *run_language(const struct run *run, struct str path, struct str text);
/* By the configuration, or by the profile of the language (NULL: none). */
bool run_is_test(const struct run *run, const struct language *language, struct str path);
/* Reads whole files of the user's own machine (rules, SARIF, configuration). */
int run_read(struct str *out, struct run *run, const char *path, size_t max, struct err *err);
